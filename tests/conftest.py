"""Real servers on throw-away directories: a PostgreSQL for the run, a migrated template, an empty database per test."""

import asyncio
import gc
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
from tortoise.context import TortoiseContext

from server.database import migrate, tortoise_config
from server.settings import DatabaseSettings
from tests.emptied import Lender, Rows
from tests.once import do_once
from tests.servers import ThrowAwayPostgres, owner_url, role_url

T = TypeVar("T")

do_once()
gc.disable()  # while tests are read, hardly anything becomes garbage


FIRST = (
    "tests/privacy/test_nobody_learns_of_a_household.py",
    "tests/doors/test_query_counts.py",
    "tests/poverty_alleviation/test_rebuild.py",
)
"""Files of few tests and long: a worker that took one of them last would work on when the others have ended."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the long forms of the heavy suites too")
    parser.addoption("--write", action="store_true", help="write tables that tests hold anew")


def pytest_collection_finish() -> None:
    """What has been read is there to the end: whoever collects garbage need not look at it each time."""
    gc.enable()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``--whole`` the long forms are deselected, as pytest says at the end. Workers begin with long files."""
    long = {item for item in items if item.get_closest_marker("whole")}
    if long and not config.getoption("--whole"):
        config.hook.pytest_deselected(items=[item for item in items if item in long])
        items[:] = [item for item in items if item not in long]
    if hasattr(config, "workerinput"):
        tests = Counter(item.location[0] for item in items)
        items.sort(key=lambda item: (item.location[0] not in FIRST, -tests[item.location[0]], item.location[0]))


@dataclass(frozen=True)
class Databases:
    """The server of this run and its migrated template."""

    server_url: str
    template: str

    def url(self, name: str) -> str:
        """The address of one database on the server, for the application's role."""
        port = urlsplit(self.server_url).port
        assert port
        return role_url("longchuan", port, name)

    async def create(self) -> str:
        """A new database, as the migrations leave it; answers its name."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        connection = await asyncpg.connect(self.server_url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY')
        finally:
            await connection.close()
        return name

    async def drop(self, name: str) -> None:
        """Drop a database that :meth:`create` made."""
        assert name.startswith("t_")
        connection = await asyncpg.connect(self.server_url)
        try:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[ThrowAwayPostgres]:
    """A PostgreSQL server of this test run alone."""
    server = ThrowAwayPostgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(postgres: ThrowAwayPostgres) -> Databases:
    """The migrated template database."""
    template = "template_longchuan"

    async def prepare() -> None:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(f'CREATE DATABASE "{template}" OWNER longchuan_owner')
        await connection.close()
        application, owner = (role_url(role, postgres.port, template) for role in ("longchuan", "longchuan_owner"))
        await migrate(DatabaseSettings(url=application, migrate_url=owner))
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(f'ALTER DATABASE "{template}" ALLOW_CONNECTIONS false')
        await connection.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", template)
        await connection.close()

    asyncio.run(prepare())
    return Databases(postgres.url, template)


@pytest.fixture(scope="session")
def lender(databases: Databases) -> Iterator[Lender]:
    """The databases that tests use one after another."""
    lending = Lender(databases.create, databases.drop, lambda name: owner_url(databases.url(name)))
    yield lending
    lending.close()


@pytest.fixture
def database_url(databases: Databases, lender: Lender) -> Iterator[str]:
    """The address of a migrated database in which nobody has written yet."""
    lent = lender.lend()
    yield databases.url(lent.name)
    lender.take_back(lent)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[None]:
    """Tortoise connected to a database."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=url, pool_max=20)))
        yield
        await context.close_connections()


def written_once(databases: Databases, lender: Lender, write: Callable[[], Awaitable[T]]) -> tuple[T, Rows]:
    """What many tests begin with, written by the product into one new database: its answer, and the rows of it.

    Each test then gets the rows themselves: writing them through the product again was most of what it took.
    """
    made: list[T] = []

    async def run(url: str) -> None:
        async with connected(url):
            made.append(await write())

    rows = lender.keep(lambda name: asyncio.run(run(databases.url(name))))
    return made[0], rows


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """A fresh database with Tortoise connected to it in this test's loop; the value is its address."""
    async with connected(database_url):
        yield database_url


os.environ.setdefault("LONGCHUAN_ENV", "development")
