"""Signs of what is sold out, on a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
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


@pytest_asyncio.fixture
async def redis(server: ThrowAwayRedis) -> AsyncIterator["Redis"]:
    client: Redis = Redis.from_url(server.url)
    await client.flushall()
    yield client
    await client.aclose()


async def test_a_sign_is_seen_by_every_process_and_falls_within_a_second_however_often_it_is_read(
    redis: "Redis",
) -> None:
    here, there = RedisSoldOutSigns(redis), RedisSoldOutSigns(redis)
    assert await there.hangs(["K1"]) is None
    began = time.monotonic()
    await here.hang("K1")
    assert await here.hangs(["K0", "K1"]) == "K1"
    await asyncio.sleep(READ_EVERY_S)
    assert await there.hangs(["K0", "K1"]) == "K1"
    for _ in range(round((began + LIFE_S - 0.1 - time.monotonic()) / 0.05)):
        await asyncio.sleep(0.05)
        assert await there.hangs(["K1"]) == await here.hangs(["K1"]) == "K1" or time.monotonic() > began + LIFE_S
    await asyncio.sleep(began + 1.0 - time.monotonic())
    assert await there.hangs(["K1"]) is await here.hangs(["K1"]) is None


async def test_a_flush_loses_signs_and_nothing_else(redis: "Redis") -> None:
    here, there = RedisSoldOutSigns(redis), RedisSoldOutSigns(redis)
    await here.hang("K1")
    await redis.flushall()
    assert await there.hangs(["K1"]) is None
    await there.hang("K2")
    await asyncio.sleep(READ_EVERY_S)
    assert await here.hangs(["K2"]) == "K2"


async def test_a_clock_that_is_ahead_makes_no_sign_longer(redis: "Redis") -> None:
    await redis.zadd(KEY, {"K1": time.time() + 3600})
    signs = RedisSoldOutSigns(redis)
    assert await signs.hangs(["K1"]) == "K1"
    await redis.delete(KEY)
    await asyncio.sleep(LIFE_S + 0.05)
    assert await signs.hangs(["K1"]) is None


async def test_without_redis_a_process_knows_its_own_signs(redis: "Redis") -> None:
    gone: Redis = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    signs = RedisSoldOutSigns(gone)
    began = time.monotonic()
    await signs.hang("K1")
    assert await signs.hangs(["K1"]) == "K1"
    assert time.monotonic() - began < 0.5
    await gone.aclose()
