"""A request that takes longer than an answer may is given up whole: 503, and the same key makes it once, later."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest_asyncio
from sanic import Sanic
from structlog.testing import capture_logs

from api_kit.doors import Door, IdempotencyKey
from api_kit.mounting import mount
from kit.database import scalar, transaction
from server.problems import problem_for
from tests.servers import free_port

NOTE = (
    "INSERT INTO login_failure (subject_hash, failures, last_failed_at) VALUES (gen_random_uuid(), 1, now())"
    " RETURNING failures"
)
COUNT = "SELECT count(*) FROM login_failure"


class Noted(msgspec.Struct):
    """How many notes there are."""

    count: int


class Pace:
    """How long PostgreSQL takes for a note."""

    seconds = 10.0


@pytest_asyncio.fixture
async def slow(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, Pace]]:
    """A door with one keyed route, behind a server that gives an answer half a second."""
    door, pace = Door("slow", "/v1/slow", "Slow"), Pace()

    @door.post("/notes", public=True, status=201)
    async def note(key: IdempotencyKey, pace: Pace) -> Noted:
        async with transaction():
            await scalar(NOTE)
            await scalar("SELECT pg_sleep($1)::text", pace.seconds)
        return Noted(await scalar(COUNT))

    app: Sanic[Any, Any] = Sanic("slow", configure_logging=False)
    Sanic.test_mode = True  # else Sanic rewrites its own methods, which works once per process
    app.config.RESPONSE_TIMEOUT = 0.5
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]

    async def nobody(_: object) -> None:
        return None

    mount(app, door, {Pace: pace}, nobody)
    server = await app.create_server("127.0.0.1", port := free_port(), return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()  # type: ignore[no-untyped-call]
    await server.start_serving()  # type: ignore[no-untyped-call]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/v1/slow", trust_env=False, timeout=30) as http:
        yield http, pace
    await server.close()  # type: ignore[no-untyped-call]
    Sanic._app_registry.clear()


async def test_what_takes_too_long_is_undone_and_may_come_again(slow: tuple[httpx.AsyncClient, Pace]) -> None:
    """Fails when a lapsed answer is told as a fault of ours: tried."""
    http, pace = slow
    keyed = {"idempotency-key": "one"}
    for _ in range(2):
        with capture_logs() as lines:
            late = await http.post("/notes", headers=keyed)
        assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "unavailable", "2")
        assert [(line["log_level"], line["event"]) for line in lines] == [("warning", "unavailable")]
        assert await scalar(COUNT) == 0
        assert await scalar("SELECT count(*) FROM idempotency_claim") == 0
    pace.seconds = 0
    for _ in range(2):
        made = await http.post("/notes", headers=keyed)
        assert (made.status_code, made.json()) == (201, {"count": 1})
