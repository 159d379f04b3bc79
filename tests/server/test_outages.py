"""What is away costs a line, what is broken costs a traceback; both are counted where /metrics finds them."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from structlog.testing import capture_logs
from tortoise.exceptions import OperationalError

from kit.database import rows
from kit.errors import NotFound, Unavailable
from server.bootstrap import Bootstrap
from server.dispatcher import Failures
from server.jobs import Job, run_job
from server.live_supervisor import _try
from server.outages import is_outage
from server.tallies import DELIVERY_FAILURES, Tallies
from tests.conftest import Databases
from tests.doors.house import start_house
from tests.integrations.redis_server import ThrowAwayRedis


@dataclass
class OnlyTallies:
    """The one part of a worker that a run needs besides its job."""

    tallies: Tallies


@pytest_asyncio.fixture
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ThrowAwayRedis]:
    server = ThrowAwayRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


async def counted(metrics: str) -> dict[tuple[str, ...], float]:
    """The samples of the two shared counters and of ``redis_up``, by name and labels."""
    return {
        (sample.name, *(label for _, label in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if family.name in ("job_runs", "outbox_delivery_failures", "redis_up")
    }


async def database_restarts() -> None:
    raise OperationalError("wrapped") from asyncpg.exceptions.AdminShutdownError("terminating connection")


async def a_fault(*_: object) -> int:
    await rows("SELECT no_such_column FROM outbox_message")
    return 1


async def one(*_: object) -> int:
    return 1


async def away(*_: object) -> int:
    await database_restarts()
    return 1


def told(lines: list[MutableMapping[str, Any]]) -> list[tuple[str, str, bool]]:
    """Level, event and whether a traceback comes with it."""
    return [(line["log_level"], line["event"], "exc_info" in line) for line in lines]


async def test_runs_and_failures_of_other_processes_stand_in_the_metrics_of_the_api(
    database: str,
    databases: Databases,
    redis: ThrowAwayRedis,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    client = Redis.from_url(redis.url)
    worker = cast(Bootstrap, OnlyTallies(Tallies(client)))
    failures = Failures(Tallies(client))
    with capture_logs() as lines:
        for run in (one, one, away, a_fault):
            await run_job(Job("test.job", 1, run), worker)
        for error in (KeyError("a fault"), asyncpg.exceptions.CannotConnectNowError("starting up")):
            failures.note("orders.order_paid", "live.on_order_paid", error)
        await failures.count()
    assert told(lines) == [
        ("info", "job_done", False),
        ("info", "job_done", False),
        ("warning", "job_unavailable", False),
        ("error", "job_failed", True),
        ("error", "reaction_failed", True),
        ("warning", "reaction_unavailable", False),
    ]
    await client.aclose()

    name = await databases.create()
    house = await asyncio.to_thread(
        start_house, tmp_path_factory.mktemp("api"), databases.url(name), REDIS_URL=redis.url
    )
    try:
        async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=10) as http:
            answer = await http.get("/metrics")
            assert await counted(answer.text) == {
                ("redis_up",): 1,
                ("job_runs_total", "test.job", "done"): 2,
                ("job_runs_total", "test.job", "unavailable"): 1,
                ("job_runs_total", "test.job", "failed"): 1,
                (f"{DELIVERY_FAILURES}_total", "live.on_order_paid", "orders.order_paid"): 2,
            }
            redis.stop()
            without = await http.get("/metrics")
            assert await counted(without.text) == {("redis_up",): 0}
            assert "http_requests_total" in without.text
    finally:
        await asyncio.to_thread(house.stop)
        await databases.drop(name)


async def test_a_count_that_nobody_keeps_fails_nobody() -> None:
    client = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    with capture_logs() as lines:
        await Tallies(client).count(DELIVERY_FAILURES, "topic", "handler")
    await client.aclose()
    assert told(lines) == [("warning", "count_lost", False)]


class Watch:
    """A supervision whose looks end as they are told."""

    def __init__(self, *ends: Exception | None) -> None:
        self._ends = iter(ends)

    async def look(self) -> bool:
        end = next(self._ends)
        if end is not None:
            raise end
        return True


async def test_the_supervisor_says_once_that_the_database_is_away() -> None:
    gone = asyncpg.exceptions.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    watch = Watch(None, gone, ConnectionRefusedError(), gone, None, KeyError("a fault"), None)
    state = False
    with capture_logs() as lines:
        for _ in range(7):
            state = await _try(watch.look, state)
    assert told(lines) == [
        ("warning", "look_unavailable", False),
        ("info", "looking_again", False),
        ("error", "look_failed", True),
    ]


def test_a_refusal_and_a_fault_are_no_outage() -> None:
    assert is_outage(Unavailable())
    assert not is_outage(NotFound())
    assert not is_outage(asyncpg.exceptions.UndefinedColumnError("no such column"))
