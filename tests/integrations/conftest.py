"""The WeChat sandbox and a Redis, both of this run alone."""

from collections.abc import Iterator

import pytest

from tests.integrations.redis_server import ThrowAwayRedis
from tests.payments.sandbox import Sandbox, start_sandbox


@pytest.fixture(scope="session")
def wechat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for these tests."""
    running = start_sandbox(tmp_path_factory.mktemp("wechat"))
    yield running
    running.stop()


@pytest.fixture
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty Redis."""
    server = ThrowAwayRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()
