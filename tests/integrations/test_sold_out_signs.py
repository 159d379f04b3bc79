"""Signs of what is sold out, on a real Redis."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from integrations.redis.sold_out import KEY, LIFE_S, READ_EVERY_S, RedisSoldOutSigns
from tests.integrations.redis_server import ThrowAwayRedis

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThrowAwayRedis]:
    running = ThrowAwayRedis(Path(tmp_path_factory.mktemp("redis")))
    running.start()
    yield running
    running.stop()


@dataclass
class Watch:
    """A clock that stands until the test moves it."""

    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch(time.time())


def signs(redis: "Redis", watch: Watch) -> RedisSoldOutSigns:
    """The signs of one process, with the patience of a busy machine."""
    return RedisSoldOutSigns(redis, watch, patience_s=30)


@pytest_asyncio.fixture
async def redis(server: ThrowAwayRedis) -> AsyncIterator["Redis"]:
    client: Redis = Redis.from_url(server.url)
    await client.flushall()
    yield client
    await client.aclose()


async def test_a_sign_is_seen_by_every_process_and_falls_within_a_second_however_often_it_is_read(
    redis: "Redis", watch: Watch
) -> None:
    here, there = signs(redis, watch), signs(redis, watch)
    assert await there.hangs(["K1"]) is None
    await here.hang("K1")
    assert await here.hangs(["K0", "K1"]) == "K1"
    watch.now += READ_EVERY_S
    assert await there.hangs(["K0", "K1"]) == "K1"
    for _ in range(round((LIFE_S - READ_EVERY_S - 0.1) / 0.05)):
        watch.now += 0.05
        assert await there.hangs(["K1"]) == await here.hangs(["K1"]) == "K1"
    watch.now += 0.3
    assert await there.hangs(["K1"]) is await here.hangs(["K1"]) is None


async def test_a_flush_loses_signs_and_nothing_else(redis: "Redis", watch: Watch) -> None:
    here, there = signs(redis, watch), signs(redis, watch)
    await here.hang("K1")
    await redis.flushall()
    assert await there.hangs(["K1"]) is None
    await there.hang("K2")
    watch.now += READ_EVERY_S
    assert await here.hangs(["K2"]) == "K2"


async def test_a_clock_that_is_ahead_makes_no_sign_longer(redis: "Redis", watch: Watch) -> None:
    await redis.zadd(KEY, {"K1": watch.now + 3600})
    here = signs(redis, watch)
    assert await here.hangs(["K1"]) == "K1"
    await redis.delete(KEY)
    watch.now += LIFE_S + 0.05
    assert await here.hangs(["K1"]) is None


async def test_without_redis_a_process_knows_its_own_signs(watch: Watch) -> None:
    gone: Redis = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    alone = signs(gone, watch)
    await alone.hang("K1")
    assert await alone.hangs(["K1"]) == "K1"
    await gone.aclose()
