"""What one test leaves behind, the next does not find: neither rows nor anything else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tortoise.context import TortoiseContext

from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.emptied import Lender
from tests.orders.mall import Mall, settings_for
from tests.servers import owner_url

LOOKS = (
    "SELECT relname, relkind, relpages, reltuples, relallvisible, relallfrozen, pg_relation_size(oid) FROM pg_class"
    " WHERE relnamespace IN ('public'::regnamespace, 'household'::regnamespace) AND relkind IN ('r', 'S') ORDER BY 1",
    "SELECT relname, relpages, reltuples FROM pg_class WHERE relkind = 'i'"
    " AND relnamespace IN ('public'::regnamespace, 'household'::regnamespace) ORDER BY 1",
    "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2",
    "SELECT to_jsonb(c)::text FROM carrier c ORDER BY 1",
)


async def looks_of(url: str) -> list[list[asyncpg.Record]]:
    connection = await asyncpg.connect(owner_url(url))
    try:
        return [await connection.fetch(look) for look in LOOKS]
    finally:
        await connection.close()


@pytest.fixture
def lending(databases: Databases) -> Iterator[Lender]:
    """A lender of this test alone."""
    alone = Lender(databases.create, databases.drop, lambda name: owner_url(databases.url(name)))
    yield alone
    alone.close()


def shop_in(url: str, directory: Path) -> None:
    async def shop() -> None:
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=url)))
            mall = Mall(settings_for(directory, url))
            await mall.open()
            await mall.pay((await mall.place(2)).number)
            await mall.built.stop()
            await context.close_connections()

    asyncio.run(shop())


def test_the_next_finds_the_same_database_as_if_it_were_new(
    lending: Lender, databases: Databases, tmp_path: Path
) -> None:
    """Fails when rows are not vacuumed, when a sequence goes on, when the planner remembers: tried."""
    lent = lending.lend()
    url = databases.url(lent.name)
    new = asyncio.run(looks_of(url))
    shop_in(url, tmp_path)
    assert asyncio.run(looks_of(url)) != new
    lending.take_back(lent)
    assert lending.lend() is lent
    assert asyncio.run(looks_of(url)) == new
    shop_in(url, tmp_path)
    lending.take_back(lent)


async def content_of(url: str) -> dict[str, str | None]:
    """Every row of every table, and every sequence."""
    connection = await asyncpg.connect(owner_url(url))
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace IN ('public'::regnamespace, 'household'::regnamespace)"
        )
        rows = {
            name: await connection.fetchval(f"SELECT string_agg(t::text, ';' ORDER BY t::text) FROM {name} t")
            for (name,) in tables
        }
        return rows | {"sequences": str(await connection.fetch(LOOKS[2]))}
    finally:
        await connection.close()


def test_what_was_kept_stands_in_the_next_as_if_it_had_been_written_there(
    lending: Lender, databases: Databases, tmp_path: Path
) -> None:
    """Fails when a sequence is left where it was, or a table: tried."""
    written: list[dict[str, str | None]] = []

    def write(name: str) -> None:
        shop_in(databases.url(name), tmp_path)
        written.append(asyncio.run(content_of(databases.url(name))))

    kept = lending.keep(write)
    lent = lending.lend()
    new = asyncio.run(content_of(databases.url(lent.name)))
    assert new != written[0]
    lending.put(kept)
    assert asyncio.run(content_of(databases.url(lent.name))) == written[0]
    lending.take_back(lent)
    assert lending.lend() is lent
    assert asyncio.run(content_of(databases.url(lent.name))) == new
    lending.take_back(lent)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE ledger_posting DISABLE TRIGGER ALL",
        "GRANT DELETE ON ledger_posting TO longchuan",
        "CREATE TABLE public.left_behind (id int)",
        "CREATE OR REPLACE FUNCTION public.left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX ON customer_order (consumer, state)",
        "ALTER TABLE sku DROP CONSTRAINT IF EXISTS left_behind, ADD CONSTRAINT left_behind CHECK (true)",
        "UPDATE carrier SET name = name || '!'",
        "SET session_replication_role = replica; DELETE FROM carrier",
        "SELECT nextval('carrier_id_seq')",
        "ANALYZE customer_order, carrier",
        "ALTER DATABASE {name} SET timezone = 'Asia/Shanghai'",
        "ALTER DATABASE {name} OWNER TO longchuan_owner",
    ],
)
def test_who_has_changed_more_than_rows_leaves_nothing(lending: Lender, databases: Databases, change: str) -> None:
    async def alter(url: str) -> None:
        connection = await asyncpg.connect(owner_url(url))
        await connection.execute(change.format(name=lent.name))
        await connection.close()

    lent = lending.lend()
    asyncio.run(alter(databases.url(lent.name)))
    lending.take_back(lent)
    after = lending.lend()
    assert after.name != lent.name
    lending.take_back(after)


def test_who_has_ended_every_connection_leaves_nothing(lending: Lender, databases: Databases) -> None:
    async def end_all(url: str) -> None:
        connection = await asyncpg.connect(owner_url(url))
        await connection.fetch("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                               " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
        await connection.close()

    lent = lending.lend()
    asyncio.run(end_all(databases.url(lent.name)))
    lending.take_back(lent)
    after = lending.lend()
    assert after.name != lent.name
    lending.take_back(after)
