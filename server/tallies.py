"""Counts that processes without an HTTP port of their own leave in Redis, for ``/metrics`` of the API to show.

A count that is lost with Redis begins again at zero, which is what Prometheus expects of any counter. Every API process
shows the same totals: take the highest, never the sum.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.asyncio import Redis
from redis.exceptions import RedisError

KEY = "longchuan:tallies"
DELIVERY_FAILURES = "outbox_delivery_failures"
JOB_RUNS = "job_runs"
SPACE_DIFFERENCES = "live_space_differences"
_SHOWN = {
    DELIVERY_FAILURES: ("Failed reactions", ("topic", "handler")),
    JOB_RUNS: ("Runs of timed jobs: done, unavailable (something outside is away) or failed", ("job", "outcome")),
    SPACE_DIFFERENCES: ("Daily walks over the recordings that came to another sum than is reckoned", ()),
}
_BETWEEN = "|"

log = structlog.get_logger("tallies")


@dataclass(frozen=True)
class Tallies:
    """The counts in one Redis hash: a field per metric and labels."""

    redis: "Redis"

    async def count(self, metric: str, *labels: str) -> None:
        """One more. Counting never fails its caller: without Redis the count is lost."""
        try:
            await self.redis.hincrby(KEY, _BETWEEN.join((metric, *labels)), 1)
        except (RedisError, OSError) as error:
            log.warning("count_lost", name=metric, cause=type(error).__name__)

    async def families(self) -> Iterable[Metric]:
        """Everything that was counted, as Prometheus shows it; without Redis its own state alone."""
        up = GaugeMetricFamily("redis_up", "Whether this process reaches Redis")
        shown = {
            name: CounterMetricFamily(name, help_text, labels=labels) for name, (help_text, labels) in _SHOWN.items()
        }
        try:
            found = await self.redis.hgetall(KEY)
        except (RedisError, OSError):
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        for field, count in found.items():
            name, *labels = (field.decode() if isinstance(field, bytes) else field).split(_BETWEEN)
            if name in shown and len(labels) == len(_SHOWN[name][1]):
                shown[name].add_metric(labels, int(count))
        return [up, *shown.values()]
