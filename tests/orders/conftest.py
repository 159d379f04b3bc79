"""The mall on a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.orders.mall import Mall, settings_for


@pytest_asyncio.fixture
async def mall(database: str, tmp_path: Path) -> AsyncIterator[Mall]:
    """One merchant with one SKU, 100 pieces of it."""
    built = Mall(settings_for(tmp_path, database))
    await built.open()
    yield built
    await built.built.stop()
