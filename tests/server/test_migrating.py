"""The quick way to the first schema, against Tortoise's own."""

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate

from server.database import tortoise_config
from server.migrating import apply_migrations
from server.settings import DatabaseSettings
from tests.servers import ThrowAwayPostgres

COLUMNS = """SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
 character_maximum_length FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"""
CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


async def schema(url: str) -> list[list[tuple[object, ...]]]:
    """Everything the migrations make: columns, constraints and indexes."""
    connection = await asyncpg.connect(url)
    try:
        return [[tuple(row) for row in await connection.fetch(query)] for query in (COLUMNS, CONSTRAINTS, INDEXES)]
    finally:
        await connection.close()


@pytest.mark.whole
async def test_both_ways_leave_the_same_schema(postgres: ThrowAwayPostgres) -> None:
    """Whole, because Tortoise's own way takes half a minute."""
    found = []
    for name, way in (("quick", apply_migrations), ("tortoises", migrate)):
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        url = postgres.url.rsplit("/", 1)[0] + f"/{name}"
        config = tortoise_config(DatabaseSettings(url=url))
        # On a busy machine Tortoise's own way thinks between two statements for longer than a request may.
        config["connections"]["default"]["credentials"]["server_settings"]["idle_in_transaction_session_timeout"] = "0"
        await way(config=config)
        await Tortoise.close_connections()
        found.append(await schema(url))
    assert len(found[0][0]) > 1000
    assert found[0] == found[1]
