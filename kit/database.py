"""Transactions and plain SQL through the one Tortoise connection.

Hot reads and conditional updates are SQL (model hydration costs half of a list page); they join whatever transaction
is open, because Tortoise hands out the transaction's own connection inside one.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.context import require_context
from tortoise.transactions import in_transaction

CONNECTION = "default"

Row = dict[str, Any]

Step = Callable[[], Awaitable[None]]

_after_commit: ContextVar[list[Step]] = ContextVar("after_commit")


def connection() -> BaseDBAsyncClient:
    """The pool, or the open transaction's connection when called inside one."""
    return require_context().connections.get(CONNECTION)


def in_open_transaction() -> bool:
    """Whether a transaction is open in this task."""
    return isinstance(connection(), TransactionalDBClient)


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All or nothing. Nested use is a savepoint, so an IntegrityError caught around it leaves the outer one usable.

    Never call the network, ``gather`` or ``create_task`` inside (architecture law 6).
    """
    if in_open_transaction():
        async with in_transaction(CONNECTION):
            yield
        return
    opened, steps = in_transaction(CONNECTION), list[Step]()
    outside = _after_commit.set(steps)
    try:
        async with opened:
            yield
    finally:
        _after_commit.reset(outside)
        if in_open_transaction():
            await _abandon(opened)
    for step in steps:
        with contextlib.suppress(Exception):
            await step()


@asynccontextmanager
async def one_moment() -> AsyncIterator[None]:
    """Whatever is read in the block stands as at one moment, and nothing is written. Never inside a transaction."""
    async with transaction():
        await execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def after_commit(step: Step) -> None:
    """Take the step, once, when the open transaction has committed; not at all when it rolls back.

    For what may be lost: a process can die between the two, and the step's own error is swallowed.
    """
    steps = _after_commit.get()
    if step not in steps:
        steps.append(step)


async def _abandon(opened: TransactionContext) -> None:
    """Give back what Tortoise keeps when BEGIN or the giving back itself fails: the connection and the task's place.

    Otherwise a pool that finds a dead connection after a restart of the database loses it, and a task that lives on
    (a worker's, the dispatcher's) goes on asking that dead connection for ever.
    """
    pooled = cast(TransactionContextPooled, opened)
    require_context().connections.reset(pooled.token)
    with contextlib.suppress(Exception):
        await pooled.client._parent._pool.release(pooled.client._connection)


@asynccontextmanager
async def joined() -> AsyncIterator[None]:
    """The transaction that is open, or a new one when none is.

    Without the two round trips of a savepoint: an error must pass through to whoever opened the transaction,
    which then changes nothing. Where an error is caught inside, use :func:`transaction`.
    """
    if in_open_transaction():
        yield
        return
    async with transaction():
        yield


async def rows(sql: str, *parameters: object) -> list[Row]:
    """Every row as a dict. Parameters are ``$1``, ``$2`` ..."""
    return await connection().execute_query_dict(sql, list(parameters))


async def records(sql: str, *parameters: object) -> Sequence[Any]:
    """Every row as the driver has it, its values in their order: for reads of thousands, where dicts cost the most."""
    _, found = await connection().execute_query(sql, list(parameters))
    return found


async def row(sql: str, *parameters: object) -> Row | None:
    """The first row, or None."""
    found = await rows(sql, *parameters)
    return found[0] if found else None


async def scalar(sql: str, *parameters: object) -> Any:
    """The first column of the first row, or None."""
    found = await row(sql, *parameters)
    return next(iter(found.values())) if found else None


async def execute(sql: str, *parameters: object) -> int:
    """Run an UPDATE or a DELETE; answers how many rows it changed. An INSERT counts by ``RETURNING``, not by this."""
    count, _ = await connection().execute_query(sql, list(parameters))
    return count


@asynccontextmanager
async def single_runner(name: str) -> AsyncIterator[bool]:
    """Yields True to at most one caller at a time for ``name``, over all processes; the others get False.

    The lock lives in the transaction that this opens and dies with its connection, so a killed runner frees it.
    """
    async with transaction():
        got = await scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", name)
        yield bool(got)
