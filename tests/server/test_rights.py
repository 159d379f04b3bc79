"""What the application's role may not do (decision 0046), tried on a real PostgreSQL as that role."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from kit.database import connection, execute, rows, scalar, transaction
from poverty_alleviation.vault import HOUSEHOLD_TABLES, household_rights
from server.database import migrate, tortoise_config
from server.rights import ONLY_COLUMNS, refuse_owner
from server.settings import DatabaseSettings, SettingsInvalid
from tests.conftest import Databases
from tests.servers import ThrowAwayPostgres, owner_url, role_url
from tests.superuser import as_superuser

APPEND_ONLY = ("ledger_posting", "ledger_account", "ledger_certificate", "intake", "line_lot", "access_log",
               "order_event", "stock_movement", "channel_money", "parcel_event")  # fmt: skip
KEPT = ("ledger_journal", "ledger_period", "ledger_anchor", "customer_order", "lot", "settlement_entry")
DENIED = asyncpg.InsufficientPrivilegeError


@pytest_asyncio.fixture
async def application(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A bare connection of the application's role, as an injected statement would have it."""
    found = await asyncpg.connect(database_url, server_settings={"search_path": "public, household"})
    yield found
    await found.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_append_only_may_be_added_to_and_nothing_else(
    application: asyncpg.Connection, table: str
) -> None:
    """By the rights alone: the guards' triggers never run, or the table's name would be in another sentence."""
    for attack in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DENIED, match=f"permission denied for table {table}"):
            await application.execute(attack)
    assert await application.fetchval("SELECT has_table_privilege($1, 'INSERT')", table)
    assert await application.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("table", KEPT)
async def test_what_is_kept_may_not_go(application: asyncpg.Connection, table: str) -> None:
    for attack in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DENIED, match="permission denied for table"):
            await application.execute(attack)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ledger_journal SET note = 'x'",
        "UPDATE ledger_anchor SET signature = 'x'",
        "ALTER TABLE ledger_posting DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_journal DISABLE TRIGGER ledger_journal_balance",
        "DROP TRIGGER no_update ON ledger_posting",
        "ALTER TABLE ledger_posting ADD COLUMN more int",
        "DROP TABLE ledger_posting CASCADE",
        "DROP SCHEMA household CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE own (n int)",
        "CREATE SCHEMA own",
        "SET session_replication_role = replica",
        "SET ROLE longchuan_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION longchuan_owner",
        "GRANT UPDATE ON ledger_posting TO longchuan; UPDATE ledger_posting SET id = id",
        "GRANT longchuan_owner TO longchuan",
        "ALTER ROLE longchuan SUPERUSER",
        "CREATE ROLE own SUPERUSER",
        "REASSIGN OWNED BY longchuan_owner TO longchuan",
        "COPY ledger_posting TO PROGRAM 'cat'",
        "CREATE DATABASE own",
    ],
)
@pytest.mark.parametrize("role", ["none", "longchuan_household"])
async def test_no_role_of_the_application_gets_past_the_guards(
    application: asyncpg.Connection, attack: str, role: str
) -> None:
    """The household's role is no way round the books either."""
    await application.execute(f"SET ROLE {role}")
    with pytest.raises(DENIED):
        await application.execute(attack)


async def test_the_shops_connection_knows_nothing_of_households(database: str) -> None:
    """Fails when the application's role inherits the household's, or gets the schema: tried."""
    for table in sorted(HOUSEHOLD_TABLES):
        for statement in (
            f"SELECT count(*) FROM household.{table}",
            f"SELECT 1 FROM customer_order o WHERE EXISTS (SELECT FROM household.{table})",
            f"DELETE FROM household.{table}",
        ):
            with pytest.raises(BaseORMException, match="permission denied for schema household"):
                await rows(statement)
        with pytest.raises(BaseORMException, match=f'relation "{table}" does not exist'):
            await rows(f"SELECT 1 FROM {table}")
    async with household_rights():
        for table in sorted(HOUSEHOLD_TABLES):
            assert await scalar(f"SELECT count(*) FROM {table}") == 0
    with pytest.raises(BaseORMException, match="permission denied for schema household"):
        await rows("SELECT 1 FROM household.household")


async def test_every_household_table_stands_in_its_schema(database: str) -> None:
    async with household_rights():
        found = await rows("SELECT schemaname AS s, tablename AS t FROM pg_tables WHERE tablename = ANY($1)",
                           list(HOUSEHOLD_TABLES))  # fmt: skip
    assert {(each["s"], each["t"]) for each in found} == {("household", table) for table in HOUSEHOLD_TABLES}


async def role() -> str:
    return str(await scalar("SELECT current_user::text"))


async def test_the_rights_end_with_their_block_however_it_ends(database: str) -> None:
    """Inside an open transaction they are given back; with the transaction, or a savepoint's rollback, they end."""
    async with household_rights():
        assert await role() == "longchuan_household"
        async with household_rights():
            assert await role() == "longchuan_household"
        assert await role() == "longchuan_household"
    assert await role() == "longchuan"
    async with transaction():
        async with household_rights():
            assert await role() == "longchuan_household"
        assert await role() == "longchuan"
        with pytest.raises(LookupError):
            async with household_rights():
                raise LookupError
        assert await role() == "longchuan"
        with pytest.raises(BaseORMException):
            async with transaction(), household_rights():
                await execute("SELECT 1 / 0")
        assert await role() == "longchuan"
        async with household_rights():
            with pytest.raises(BaseORMException):
                async with transaction():
                    await execute("SELECT 1 / 0")
            assert await role() == "longchuan_household"
    with pytest.raises(BaseORMException):
        async with household_rights():
            await execute("SELECT 1 / 0")
    assert await role() == "longchuan"


async def test_production_refuses_a_role_that_owns_or_always_sees(database: str) -> None:
    await refuse_owner(connection())
    for url in (owner_url(database), database.replace("//longchuan:", "//longchuan_owner:")):
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=url)))
            with pytest.raises(SettingsInvalid, match="owner of the tables"):
                await refuse_owner(connection())
            await context.close_connections()
    await as_superuser("GRANT USAGE ON SCHEMA household TO longchuan")
    with pytest.raises(SettingsInvalid, match="household's rights"):
        await refuse_owner(connection())


async def test_migrating_again_takes_back_what_somebody_granted(database_url: str) -> None:
    application = await asyncpg.connect(database_url)
    superuser = await asyncpg.connect(owner_url(database_url))
    try:
        await superuser.execute("GRANT ALL ON ledger_posting TO longchuan; GRANT DELETE ON intake TO PUBLIC")
        await superuser.execute("GRANT SELECT ON household.household TO longchuan")
        assert await application.fetchval("SELECT has_table_privilege('ledger_posting', 'UPDATE')")
        owner = database_url.replace("//longchuan:", "//longchuan_owner:")
        await superuser.execute(f'ALTER DATABASE "{database_url.rsplit("/", 1)[1]}" OWNER TO longchuan_owner')
        await migrate(DatabaseSettings(url=database_url, migrate_url=owner))
        await Tortoise.close_connections()
        for table, right in (("ledger_posting", "UPDATE"), ("intake", "DELETE"), ("household.household", "SELECT")):
            assert not await superuser.fetchval("SELECT has_table_privilege('longchuan', $1::text, $2)", table, right)
    finally:
        await application.close()
        await superuser.close()


async def test_migrate_says_what_the_roles_lack(postgres: ThrowAwayPostgres, databases: Databases) -> None:
    """A missing household's role, one that the application inherits, an application that is the owner's member."""
    name = await databases.create()
    superuser = await asyncpg.connect(postgres.url)
    try:
        await superuser.execute(f'ALTER DATABASE "{name}" OWNER TO longchuan_owner')
        await superuser.execute("CREATE ROLE shop LOGIN PASSWORD 'throwaway'")
        owner = role_url("longchuan_owner", postgres.port, name)
        settings = DatabaseSettings(url=role_url("shop", postgres.port, name), migrate_url=owner)
        with pytest.raises(SettingsInvalid, match="lacks the role"):
            await migrate(settings)
        await superuser.execute("CREATE ROLE shop_household; GRANT shop_household TO shop WITH INHERIT TRUE")
        with pytest.raises(SettingsInvalid, match="INHERIT FALSE"):
            await migrate(settings)
        await superuser.execute("GRANT shop_household TO shop WITH INHERIT FALSE; GRANT longchuan_owner TO shop")
        with pytest.raises(SettingsInvalid, match="member of the owner"):
            await migrate(settings)
    finally:
        await databases.drop(name)
        await superuser.execute("DROP ROLE IF EXISTS shop; DROP ROLE IF EXISTS shop_household")
        await superuser.close()


async def test_a_developers_own_server_with_one_role_goes_on_working(postgres: ThrowAwayPostgres) -> None:
    superuser = await asyncpg.connect(postgres.url)
    await superuser.execute("CREATE DATABASE t_one_role")
    settings = DatabaseSettings(url=role_url("postgres", postgres.port, "t_one_role"))
    try:
        await migrate(settings)
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(settings))
            async with household_rights():
                assert await scalar("SELECT count(*) FROM household") == 0
            await context.close_connections()
    finally:
        await superuser.execute("DROP DATABASE t_one_role WITH (FORCE)")
        await superuser.close()


async def test_the_named_columns_exist(application: asyncpg.Connection) -> None:
    for table, columns in ONLY_COLUMNS.items():
        for column in columns:
            assert await application.fetchval(
                "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                " WHERE c.relname = $1 AND a.attname = $2", table, column)  # fmt: skip
