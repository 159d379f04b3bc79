"""A connection goes back to the pool without a reset, and all the same without what the last user left open."""

import asyncio
import contextlib
import logging
import os
import signal
import threading

import asyncpg
import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from kit.database import connection, in_open_transaction, scalar, transaction
from server.database import PooledConnection, tortoise_config
from server.outages import is_outage
from server.settings import DatabaseSettings
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
                await left.execute("BEGIN; SELECT set_config('longchuan.left_open', 'yes', true)")
        async with pool.acquire() as next_user:
            assert await next_user.fetchval("SELECT pg_backend_pid()") == first, "the same connection"
            assert not next_user.is_in_transaction()
            assert not await next_user.fetchval("SELECT current_setting('longchuan.left_open', true)")
    finally:
        await pool.close()


async def test_the_pool_of_the_house_is_made_of_such_connections(database: str) -> None:
    async with transaction():
        await scalar("SELECT 1")
    async with connection().acquire_connection() as borrowed:
        assert isinstance(borrowed, asyncpg.pool.PoolConnectionProxy)
        assert isinstance(borrowed._con, PooledConnection)


def cut_every_line(url: str) -> None:
    """End all sessions of the database while this loop stands still, so that the pool cannot have noticed."""

    async def cut() -> None:
        other = await asyncpg.connect(url)
        await other.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        await other.close()

    outside = threading.Thread(target=lambda: asyncio.run(cut()))
    outside.start()
    outside.join()


async def test_a_task_that_lives_on_forgets_the_connection_that_died(database: str) -> None:
    """A worker's jobs run in one context for ever. More rounds than the pool has places: none is lost either."""
    lost = 0
    for _ in range(25):
        async with transaction():
            assert await scalar("SELECT 1") == 1
        cut_every_line(database)
        try:
            async with transaction():
                await scalar("SELECT 2")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, BaseORMException):
            lost += 1
        assert not in_open_transaction()
    assert lost > 0, "the pool noticed every time: this test shows nothing"
    assert await scalar("SELECT 3") == 3


async def test_a_task_that_is_cancelled_at_the_begin_gives_its_connection_back(database_url: str) -> None:
    """The pool has one place; the backend stands still when BEGIN reaches it."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=database_url, pool_max=1)))
        backend = await scalar("SELECT pg_backend_pid()")
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3), transaction():
                    raise AssertionError("BEGIN was answered")
        finally:
            os.kill(backend, signal.SIGCONT)
        async with asyncio.timeout(10):
            assert await scalar("SELECT 1") == 1
        await context.close_connections()


async def test_whatever_a_dying_connection_says_is_an_outage(database: str) -> None:
    """The pool may hand one out between PostgreSQL's last words and the end of its line."""
    said: list[Exception] = []
    for steps in range(12):
        await scalar("SELECT 1")
        cut_every_line(database)
        for _ in range(steps):
            await asyncio.sleep(0)
        try:
            await scalar("SELECT 2")
        except Exception as error:
            said.append(error)
    assert [error for error in said if not is_outage(error)] == []
    assert "InternalClientError" in {type(error).__name__ for error in said}, said


async def test_who_was_cut_off_leaves_no_clock_running_for_the_next(database: str) -> None:
    """As a request whose client has gone. Fails, in one of ten tries, when the connection goes back as it is: tried."""
    pool = await asyncpg.create_pool(
        database,
        min_size=1,
        max_size=1,
        connection_class=PooledConnection,
        server_settings={"statement_timeout": "200"},
    )

    async def ask(number: int) -> None:
        async with pool.acquire() as borrowed:
            await borrowed.fetchval(f"SELECT {number}")

    try:
        for number in range(48):
            asked = asyncio.create_task(ask(number))
            for _ in range(1 + number % 8):
                await asyncio.sleep(0)
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asked
            await asyncio.sleep(0.22)
            async with pool.acquire() as borrowed:
                assert await borrowed.fetchval("SELECT 'next'") == "next"
    finally:
        await pool.close()
