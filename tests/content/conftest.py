"""Pictures on a throw-away folder and database."""

from pathlib import Path

import pytest

from content.pictures import PictureLimits, Pictures
from integrations.object_storage.folder import FolderStorage
from tests.orders.mall import Watch

BASE = "https://pictures.example.cn"


@pytest.fixture
def watch() -> Watch:
    """A clock that can be set forward."""
    return Watch()


@pytest.fixture
def pictures(database: str, tmp_path: Path, watch: Watch) -> Pictures:
    """The room's service on a folder, with a small quota."""
    limits = PictureLimits(max_pixels=1_000_000, consumer_per_day=5)
    return Pictures(FolderStorage(tmp_path / "pictures"), BASE, limits, watch)
