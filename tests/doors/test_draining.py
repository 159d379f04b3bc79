"""The end of an API process, seen by those who use it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.conftest import Databases
from tests.doors.house import House, start_house

DRAIN_S = 3.0


@pytest_asyncio.fixture
async def draining(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """An API that drains, for as long as the test says."""
    drain_s = getattr(request, "param", DRAIN_S)
    name = await databases.create()
    directory = tmp_path_factory.mktemp("draining")
    running = await asyncio.to_thread(start_house, directory, databases.url(name), API_DRAIN_S=str(drain_s))
    yield running
    await asyncio.to_thread(running.stop)
    await databases.drop(name)


async def readiness(house: House) -> tuple[int, str]:
    """Asked on a connection of its own, as a proxy would."""
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=5) as fresh:
        answer = await fresh.get("/health/ready")
        return answer.status_code, answer.json()["state"]


async def says_draining(house: House) -> bool:
    return await readiness(house) == (503, "draining")


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the answer is yes, as long as a drain lasts."""
    for _ in range(int(DRAIN_S / 0.02)):
        if await question():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to that")


async def test_readiness_turns_first_new_connections_are_served_and_begun_requests_finish(draining: House) -> None:
    blocker = await asyncpg.connect(draining.database_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
    async with httpx.AsyncClient(base_url=draining.base, trust_env=False, timeout=20) as http:
        begun = asyncio.create_task(http.get("/v1/miniapp/products"))
        await until(lambda: blocker.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))
        assert await readiness(draining) == (200, "ready")

        told_at = time.monotonic()
        draining.process.send_signal(signal.SIGTERM)
        await until(lambda: says_draining(draining))
        async with httpx.AsyncClient(base_url=draining.base, trust_env=False, timeout=5) as fresh:
            assert (await fresh.get("/v1/miniapp/me")).status_code == 401
        assert not begun.done()

        # The request outlasts the drain, and still gets its answer.
        await asyncio.sleep(max(0.0, DRAIN_S + 0.5 - (time.monotonic() - told_at)))
        with pytest.raises(httpx.TransportError):
            await readiness(draining)
        assert draining.process.poll() is None
        await transaction.rollback()
        assert (await begun).status_code == 200
    await blocker.close()
    assert await asyncio.to_thread(draining.process.wait, 10) == 0


@pytest.mark.parametrize("draining", [60.0], indirect=True)
async def test_a_second_signal_stops_it_at_once(draining: House) -> None:
    """It does not wait for the drain, which would take longer than the test does."""
    draining.process.send_signal(signal.SIGTERM)
    await until(lambda: says_draining(draining))
    draining.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(draining.process.wait, 30) == 0
