"""Counting the statements that reach PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import asyncpg


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The text of every statement that the driver sends inside the block, transactions' own included.

    The outbox's bell is left out: a process rings it twice a second, whatever it does. So is what a connection is reset
    with after somebody was cut off (``server.database``): nobody has asked it.
    """
    sent: list[str] = []
    originals = {name: getattr(asyncpg.Connection, name) for name in ("execute", "fetch", "fetchrow", "executemany")}

    def spy(name: str) -> object:
        async def send(self: asyncpg.Connection, query: str, *args: object, **options: object) -> object:
            if "pg_notify" not in query and query != "SELECT":
                sent.append(query)
            return await originals[name](self, query, *args, **options)

        return send

    patches = [mock.patch.object(asyncpg.Connection, name, spy(name)) for name in originals]
    for patch in patches:
        patch.start()
    try:
        yield sent
    finally:
        for patch in patches:
            patch.stop()
