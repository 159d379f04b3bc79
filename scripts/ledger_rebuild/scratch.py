"""A database of one's own for the rebuilt books, and doing things there while Tortoise is connected elsewhere."""

import asyncio
import contextvars
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
from tortoise.context import TortoiseContext

from server.database import migrate, tortoise_config
from server.settings import DatabaseSettings

T = TypeVar("T")
STATEMENT_TIMEOUT_MS = 3_600_000


class NotEmpty(Exception):
    """The database that is to be filled has tables."""


class Scratch:
    """The rebuilt books: a Tortoise of their own, in a context of their own."""

    def __init__(self) -> None:
        self._context = contextvars.copy_context()

    async def do(self, work: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Await ``work`` where the rebuilt books are; what is done at once does not meet."""
        return await _in(self._context.copy(), work, *arguments)

    async def change(self, work: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """The same, and what ``work`` changes of the context stays. One at a time."""
        return await _in(self._context, work, *arguments)


async def _in(context: contextvars.Context, work: Callable[..., Awaitable[T]], *arguments: object) -> T:
    async def run() -> T:
        return await work(*arguments)

    return await asyncio.create_task(run(), context=context)


async def fill_empty(url: str) -> None:
    """Migrate the empty database at an address, whose role owns it. Raises :class:`NotEmpty`."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'household')"):
            raise NotEmpty(urlsplit(url).path.lstrip("/"))
    finally:
        await connection.close()
    # Migrations connect the context that they find to their database: one of their own, not whoever is connected.
    made, context = Scratch(), TortoiseContext()
    await made.change(context.__aenter__)
    await made.change(migrate, DatabaseSettings(url=url))
    await made.change(lambda: context.__aexit__(None, None, None))


@asynccontextmanager
async def scratch(url: str) -> AsyncIterator[Scratch]:
    """Connect to a migrated database without rows, as the owner of its tables."""
    settings = DatabaseSettings(url=url, pool_max=2, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    made, context = Scratch(), TortoiseContext()
    await made.change(context.__aenter__)
    await made.change(lambda: context.init(config=tortoise_config(settings)))
    try:
        yield made
    finally:
        await made.change(context.close_connections)
        await made.change(lambda: context.__aexit__(None, None, None))


@asynccontextmanager
async def throw_away_database(owner_url: str) -> AsyncIterator[str]:
    """A new database on the server of an address, made and dropped by its role; answers its address."""
    name = f"longchuan_rebuild_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        try:
            yield urlsplit(owner_url)._replace(path=f"/{name}").geturl()
        finally:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()
