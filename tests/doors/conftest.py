"""One API process for all tests of the doors."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol, TypeVar
from zlib import crc32

import httpx
import pytest
import pytest_asyncio
from tortoise.context import TortoiseContext

from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.doors.house import House, start_house

T = TypeVar("T")


class Some(Protocol):
    """Of many things that each route is asked, a few that its address chooses; with ``--whole`` all."""

    def __call__(self, things: Sequence[T], few: int, of: str) -> Sequence[T]:
        """So many of the things, the same in every run and for all methods of an address."""


@pytest.fixture
def some(request: pytest.FixtureRequest) -> Some:
    """The choice of this run."""

    def take(things: Sequence[T], few: int, of: str) -> Sequence[T]:
        if request.config.getoption("--whole"):
            return things
        begin = crc32(of.encode())
        return [things[(begin + n) % len(things)] for n in range(few)]

    return take


@pytest.fixture(scope="session")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The API with its people."""
    name = asyncio.run(databases.create())
    running = start_house(tmp_path_factory.mktemp("house"), databases.url(name))
    yield running
    running.stop()
    asyncio.run(databases.drop(name))


@pytest_asyncio.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=15) as client:
        yield client


@pytest_asyncio.fixture
async def inside(house: House) -> AsyncIterator[House]:
    """The API's own database, connected to this test as well."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        yield house
        await context.close_connections()
