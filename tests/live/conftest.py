"""What the tests of the live centre share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import Databases
from tests.live.centre import Centre


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def running_centre(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> AsyncIterator[Centre]:
    """The system of all tests of this folder that are on air: starting it takes longer than most of them."""
    name = await databases.create()
    made = Centre(tmp_path_factory.mktemp("centre"), databases.url(name), MEDIA_SECOND_RUNG="true")
    try:
        await made.open()
        yield made
    finally:
        await made.close()
        await databases.drop(name)


@pytest_asyncio.fixture(loop_scope="package")
async def centre(running_centre: Centre) -> AsyncIterator[Centre]:
    """The same, in which nobody publishes when a test begins."""
    yield running_centre
    print(*running_centre.outages()[-20:], sep="\n")  # pytest shows it where a test has failed
    running_centre.stop_pushing()
