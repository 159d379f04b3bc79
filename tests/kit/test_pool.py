"""A connection goes back to the pool without a reset, and all the same without what the last user left open."""

import logging

import asyncpg
import pytest

from kit.database import connection, scalar, transaction
from server.database import PooledConnection
from tests.statements import counted_statements


async def test_giving_a_connection_back_costs_no_round_trip(database: str) -> None:
    await scalar("SELECT 1")
    with counted_statements() as sent:
        await scalar("SELECT 2")
    assert sent == ["SELECT 2"]


async def test_a_transaction_left_open_is_rolled_back_when_the_connection_goes_back(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Past Tortoise's own transactions, as a fault would: BEGIN by hand, then gone."""
    pool = await asyncpg.create_pool(database, min_size=1, max_size=1, connection_class=PooledConnection)
    try:
        with caplog.at_level(logging.CRITICAL, "asyncio"):
            async with pool.acquire() as left:
                first = await left.fetchval("SELECT pg_backend_pid()")
                await left.execute("BEGIN; CREATE TABLE left_open (n int)")
        async with pool.acquire() as next_user:
            assert await next_user.fetchval("SELECT pg_backend_pid()") == first, "the same connection"
            assert not next_user.is_in_transaction()
            assert await next_user.fetchval("SELECT to_regclass('left_open')") is None
    finally:
        await pool.close()


async def test_the_pool_of_the_house_is_made_of_such_connections(database: str) -> None:
    async with transaction():
        await scalar("SELECT 1")
    async with connection().acquire_connection() as borrowed:  # type: ignore[attr-defined]
        assert isinstance(borrowed, asyncpg.pool.PoolConnectionProxy)
        assert isinstance(borrowed._con, PooledConnection)
