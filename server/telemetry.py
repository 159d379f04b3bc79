"""JSON logs without personal data, metrics, and the two health questions."""

import asyncio
import logging
import math
import random
import re
import sys
import time
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse, HTTPResponse, json

from kit.clock import utc_now
from kit.database import scalar
from kit.outbox import oldest_undelivered_at
from server.outages import is_outage
from server.request_lines import RequestLines

REQUESTS = Counter("http_requests_total", "Requests by route and status", ["route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer", ["route"], buckets=(0.005, 0.02, 0.1, 0.5, 2, 10))
OUTBOX_AGE = Gauge("outbox_oldest_undelivered_seconds", "Age of the oldest undelivered fact")

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUOTED_ROW = re.compile(r"^(\s*(?:DETAIL|CONTEXT):).*$", re.MULTILINE)
_ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "logger",
        "request_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "topic",
        "handler",
        "job",
        "error",
        "exc_info",
        "exception",
        "cause",
        "port",
        "pid",
        "count",
        "order",
        "payment",
        "refund",
        "session",
        "name",
        "state",
        "reason",
        "attempt",
        "code",
    ]
)


def _only_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every member that is not on the list, so that no personal datum gets into a log by accident."""
    return {name: value for name, value in event.items() if name in _ALLOWED}


def _without_rows(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut what PostgreSQL quotes of a refused row out of an exception: it may hold anybody's data."""
    if isinstance(event.get("exception"), str):
        event["exception"] = _QUOTED_ROW.sub(r"\1 ...", event["exception"])
    return event


def configure_logging(level: str = "INFO") -> None:
    """One JSON object a line on standard output; third-party logs go the same way."""
    logging.basicConfig(level=level, stream=sys.stdout, format="%(message)s", force=True)
    for noisy in ("httpx", "httpcore", "asyncio", "tortoise", "sanic.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.format_exc_info,
            _without_rows,
            structlog.processors.JSONRenderer(serializer=_encoded),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        cache_logger_on_first_use=True,
    )


def _encoded(event: Mapping[str, Any], **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)


@dataclass(frozen=True)
class _Families(Collector):
    """What was collected elsewhere."""

    found: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.found


async def _outbox_age_s() -> float:
    """NaN when the database cannot be asked: the other metrics are needed then more than ever."""
    try:
        oldest = await oldest_undelivered_at()
    except Exception as error:
        if not is_outage(error):
            raise
        return math.nan
    return (utc_now() - oldest).total_seconds() if oldest else 0.0


@cache
def _measures(route: str, status: int) -> tuple[Counter, Histogram]:
    """What a route's answers with a status are counted in; there are as many as routes times statuses."""
    return REQUESTS.labels(route, status), SECONDS.labels(route)


def add_telemetry(app: Sanic[Any, Any]) -> None:
    """Request ids, their lines in the log, metrics and health routes on the application."""
    lines = RequestLines()

    async def begin(request: Request) -> None:
        given = request.headers.get("x-request-id", "")
        # It names one request among others and opens nothing, so it may be guessed.
        request.ctx.request_id = given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        request.ctx.begun = time.perf_counter()

    async def end(request: Request, response: BaseHTTPResponse) -> None:
        request_id = getattr(request.ctx, "request_id", "none")
        seconds = time.perf_counter() - getattr(request.ctx, "begun", time.perf_counter())
        route = request.route.path if request.route else "unmatched"
        counted, timed = _measures(route, response.status)
        counted.inc()
        timed.observe(seconds)
        response.headers["x-request-id"] = request_id
        response.headers["x-content-type-options"] = "nosniff"
        if request.path.startswith("/v1/"):
            response.headers.setdefault("cache-control", "no-store")
        if not request.path.startswith("/health"):
            lines.add(request_id, request.method, route, response.status, seconds)

    async def live(_: Request) -> HTTPResponse:
        return json({"state": "live"})

    async def ready(request: Request) -> HTTPResponse:
        if request.app.ctx.draining:
            return json({"state": "draining"}, status=503)
        try:
            async with asyncio.timeout(2):
                await scalar("SELECT 1")
        except Exception:
            return json({"state": "database_unavailable"}, status=503)
        return json({"state": "ready"})

    async def metrics(request: Request) -> HTTPResponse:
        OUTBOX_AGE.set(await _outbox_age_s())
        shared = _Families(await request.app.ctx.built.tallies.families())
        return HTTPResponse(generate_latest() + generate_latest(shared), content_type=CONTENT_TYPE_LATEST)

    app.ctx.draining = False
    app.register_middleware(begin, "request", priority=100)
    app.register_middleware(end, "response", priority=0)
    app.add_route(live, "/health/live", name="health_live")
    app.add_route(ready, "/health/ready", name="health_ready")
    app.add_route(metrics, "/metrics", name="metrics")
