"""Rounds as a table, and whether each goal is met. Says what was measured; judges nothing else."""

import os
import platform
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from scripts.benchmarks.load import Round
from scripts.benchmarks.loads import Load

WIDTHS = (8, 9, 9, 8, 9, 10, 13)

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
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}"


def table(loads: Sequence[Load], rounds: Rounds) -> list[str]:
    """One line per load."""
    lines = [_line("load", "req/s", "p50 ms", "p99 ms", "bytes", "refused", "/ static", "/ yardstick")]
    for load in loads:
        done = rounds[load.name]
        p50, p99 = percentiles(done)
        static = f"{ratio(rounds, load.name, load.static):.3f}" if load.static else ""
        against = f"{ratio(rounds, load.name, load.yardstick):.3f}" if load.yardstick else ""
        rate, refused = f"{median(r.rate for r in done):.0f}", str(sum(r.refused for r in done))
        size = f"{done[-1].body_bytes:,}"
        lines.append(_line(load.title, rate, f"{p50:.1f}", f"{p99:.1f}", size, refused, static, against))
    return lines


def _line(title: str, *figures: str) -> str:
    return f"{title:<32}" + "".join(f"{figure:>{w}}" for figure, w in zip(figures, WIDTHS, strict=True))


def goals(loads: Sequence[Load], rounds: Rounds) -> list[str]:
    """One line per goal, and one for each load that was answered from memory: how much of it was not."""
    found = []
    for load in loads:
        if load.goal:
            reached = ratio(rounds, load.name, load.yardstick)
            verdict = "met" if reached >= load.goal else "NOT met"
            found.append(f"{load.title:<32}goal {load.goal:.2f}  measured {reached:.3f}  {verdict}")
    for load in loads:
        if made := sum(each.made for each in rounds[load.name]):
            answered = sum(len(each.latencies_ms) for each in rounds[load.name])
            found.append(f"{load.title:<32}{made:,} answers made for {answered:,} requests")
    return found
