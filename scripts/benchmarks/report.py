"""Rounds as a table, and whether each goal is met. Says what was measured; judges nothing else."""

import os
import platform
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from scripts.benchmarks.load import Round
from scripts.benchmarks.loads import Load

Rounds = Mapping[str, Sequence[Round]]


def ratio(rounds: Rounds, name: str, yardstick: str) -> float:
    """The median over the rounds of rate divided by the yardstick's rate in the same round."""
    return median(a.rate / b.rate for a, b in zip(rounds[name], rounds[yardstick], strict=True) if b.rate)


def percentiles(rounds: Sequence[Round]) -> tuple[float, float]:
    """The 50th and 99th percentile over all rounds together, in milliseconds."""
    cuts = quantiles([ms for each in rounds for ms in each.latencies_ms], n=100, method="inclusive")
    return cuts[49], cuts[98]


def machine() -> str:
    """Cores and Python, as far as they explain figures."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores, {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"
    )


def table(loads: Sequence[Load], rounds: Rounds) -> list[str]:
    """One line per load."""
    lines = [
        f"{'load':<34}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'bytes':>8}{'refused':>9}{'/ static':>10}{'/ yardstick':>13}"
    ]
    for load in loads:
        done = rounds[load.name]
        p50, p99 = percentiles(done)
        static = f"{ratio(rounds, load.name, load.static):.3f}" if load.static else ""
        against = f"{ratio(rounds, load.name, load.yardstick):.3f}" if load.yardstick else ""
        lines.append(
            f"{load.title:<34}{median(r.rate for r in done):>8.0f}{p50:>9.1f}{p99:>9.1f}{done[-1].body_bytes:>8}"
            f"{sum(r.refused for r in done):>9}{static:>10}{against:>13}"
        )
    return lines


def goals(loads: Sequence[Load], rounds: Rounds) -> list[str]:
    """One line per goal."""
    found = []
    for load in loads:
        if load.goal:
            reached = ratio(rounds, load.name, load.yardstick)
            verdict = "met" if reached >= load.goal else "NOT met"
            found.append(f"{load.title:<34}goal {load.goal:.2f}  measured {reached:.3f}  {verdict}")
    return found
