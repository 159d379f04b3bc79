"""What the tests of the live centre share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import Databases
from tests.live.centre import Centre


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> AsyncIterator[Centre]:
    """The system of this module."""
    name = await databases.create()
    made = Centre(tmp_path_factory.mktemp("centre"), databases.url(name), MEDIA_SECOND_RUNG="true")
    try:
        await made.open()
        yield made
    finally:
        await made.close()
        await databases.drop(name)
