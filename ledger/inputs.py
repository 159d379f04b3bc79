"""What the books follow from, in the order in which it took effect (decision 0051)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from kit.database import execute, row, rows, transaction
from kit.facts import Fact


class Input(NamedTuple):
    """Something to be booked, named by kind and source. ``body`` is JSON of what no record of its own says."""

    kind: str
    source_id: str
    body: str = "{}"


class NotedInput(msgspec.Struct, frozen=True):
    """An input with its place and the moment that its journals have."""

    id: int
    kind: str
    source_id: str
    body: dict[str, Any]
    booked_at: datetime


class Mark(msgspec.Struct, frozen=True):
    """A place in the log, and the last journal that follows from what stands up to there."""

    input: int
    journal: int


def told(fact: Fact, source_id: str, **more: Sequence[str]) -> Input:
    """A fact as an input, with members that its reader ignores."""
    return Input(fact.topic, source_id, msgspec.json.encode(msgspec.to_builtins(fact) | more).decode())


async def stand_alone() -> None:
    """Wait for every posting under way; the next ones wait for the caller's transaction and see what it decides."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger.periods', 0))")


async def mark() -> Mark:
    """How far the log and the journals are, at a moment at which nobody posts."""
    async with transaction():
        await stand_alone()
        found = await row(
            "SELECT coalesce((SELECT max(id) FROM ledger_input), 0) AS input,"
            " coalesce((SELECT max(id) FROM ledger_journal), 0) AS journal"
        )
    return msgspec.convert(found, Mark)


async def inputs_between(after: int, until: int, limit: int) -> list[NotedInput]:
    """The next inputs behind one place and up to another, in their order."""
    found = await rows(
        "SELECT id, kind, source_id, body::text AS body, booked_at FROM ledger_input WHERE id > $1 AND id <= $2"
        " ORDER BY id LIMIT $3",
        after,
        until,
        limit,
    )
    return [NotedInput(**{**each, "body": msgspec.json.decode(each["body"])}) for each in found]
