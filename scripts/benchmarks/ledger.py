"""Whether the books keep their pace: order lines posted in batches, sealed, read, closed, at the size of a county.

``scripts/bench ledger`` makes households, their lots and three months of lines, posts what happens to them, and prints
journals per second, the cost per line early and late, percentiles of what the office's pages read and answer, the time
of a month's close, and of rebuilding the books twice: when the first tenth of the lines is posted, and when all are.
``--lines 300000 --households 5000 --lots 20000`` is the size of the goals.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles

import asyncpg
import msgspec

from kit.clock import china_day, utc_now
from kit.database import rows, scalar, transaction
from ledger.service import Sealer
from payments.events import PaymentSucceeded
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.queries import figures, statement, totals
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.sales import SalesBooks
from scripts.benchmarks.books import MONTHS, Size, enter
from scripts.benchmarks.posting import BATCH, Window, Worker, on_database, post
from scripts.benchmarks.report import machine
from scripts.ledger_rebuild.rebuilding import rebuild
from scripts.ledger_rebuild.scratch import fill_empty, scratch, throw_away_database
from scripts.local_stack.stack import LocalStack
from server.bootstrap import bootstrap
from server.settings import load_settings

CALLS = 100
GOALS = {"rate": 2000.0, "ratio": 1.2, "statement": 50.0, "overview": 200.0, "close": 60.0}


class Found(msgspec.Struct, kw_only=True):
    """What was measured: each window of lines, posting and, in seconds, sealing, and the reads in milliseconds."""

    journals: int = 0
    posting: list[Window] = []
    sealing_s: list[float] = []
    reads_ms: dict[str, list[float]] = {}
    close_s: float = 0.0
    close_lines: int = 0
    rebuilds: list["Rebuild"] = []
    is_rebuilt: bool = True


class Rebuild(msgspec.Struct, frozen=True):
    """A whole rebuild, exports and comparison included: lines in the books, seconds, and those of CPU."""

    lines: int
    clock_s: float
    cpu_s: float


def main() -> None:
    """Run it on a throw-away PostgreSQL."""
    asked = argparse.ArgumentParser(prog="scripts/bench ledger", description=__doc__)
    asked.add_argument("--lines", type=int, default=3_000)
    asked.add_argument("--households", type=int, default=150)
    asked.add_argument("--lots", type=int, default=300)
    asked.add_argument("--window", type=int, default=0, help="lines timed together; a tenth when it is not given")
    options = asked.parse_args()
    first = _months_before(china_day(utc_now()), MONTHS)
    size = Size(options.lines, options.households, options.lots, options.window or options.lines // 10, first)
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), ("postgres",), usual_ports=False)
        try:
            stack.prepare()
            stack.start_first()
            stack.migrate()
            print("\n".join(report(size, asyncio.run(run(stack.environment, size)))))
        finally:
            stack.destroy()


def _months_before(day: date, count: int) -> date:
    for _ in range(count):
        day = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    return day


async def run(environment: dict[str, str], size: Size) -> Found:
    """Everything, on a migrated database without rows. The owner fills it, the application's role is measured."""
    await on_database(environment["MIGRATE_DATABASE_URL"], lambda: enter(size))
    workers = [Worker(environment["DATABASE_URL"], size, part) for part in range(2)]
    found = Found()
    try:
        await on_database(environment["DATABASE_URL"], lambda: _measure(environment, size, workers, found))
    finally:
        for worker in workers:
            worker.end()
    return found


async def _measure(environment: dict[str, str], size: Size, workers: list[Worker], found: Found) -> None:
    for worker in workers:
        worker.done()
    for serials in _windows(size):
        if serials.start == size.window:
            await _analyse(environment["MIGRATE_DATABASE_URL"])
        found.posting.append(await post(workers, serials))
        began = time.perf_counter()
        while await Sealer().seal():
            pass
        found.sealing_s.append(time.perf_counter() - began)
        if serials.start == 0:
            await _rebuild(environment, found)
    found.journals = await scalar("SELECT count(*) FROM ledger_journal")
    await _tell()
    await _read(size, found)
    await _close(environment, size, found)
    await _rebuild(environment, found)


async def _computed() -> float:
    """Seconds of CPU that this process and the database for its clients have used."""
    backends = await rows("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    return _cpu_s([os.getpid(), *(each["pid"] for each in backends)])


def _cpu_s(pids: Sequence[int]) -> float:
    """Read from ``/proc``, so on Linux alone. Of a process that has just ended nothing is known."""
    spent = 0
    for pid in pids:
        with suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


async def _analyse(url: str) -> None:
    """As autovacuum does every minute: the first window was planned for tables without rows."""
    owner = await asyncpg.connect(url)
    await owner.execute("ANALYZE")
    await owner.close()


def _windows(size: Size) -> Iterator[range]:
    for first in range(0, size.lines, size.window):
        yield range(first, min(first + size.window, size.lines))


async def _read(size: Size, found: Found) -> None:
    first, last = size.first_month, (size.first_month + timedelta(days=32)).replace(day=1)
    serial = 0

    async def page(since: date | None, until: date | None) -> None:
        nonlocal serial
        serial = (serial + 7) % size.households
        msgspec.json.encode(await statement(f"示例H{serial}", since, until))

    async def overview(since: date | None, until: date | None) -> None:
        found = await figures(since, until)
        msgspec.json.encode((found, totals(found)))

    measured: tuple[tuple[str, Callable[[], Awaitable[object]], int], ...] = (
        ("statement, ever", lambda: page(None, None), CALLS),
        ("statement, a month", lambda: page(first, last), CALLS),
        ("overview, ever", lambda: overview(None, None), CALLS),
        ("overview, a month", lambda: overview(first, last), CALLS),
        ("reconciliation", reconciliation, 3),
    )
    for name, read, calls in measured:
        spent = []
        for _ in range(calls):
            began = time.perf_counter()
            await read()
            spent.append((time.perf_counter() - began) * 1000)
        found.reads_ms[name] = spent


async def _tell() -> None:
    """What the payments room says that it took for each order."""
    paid = await rows("SELECT order_number, merchant, channel, net_fen, paid_at FROM line_basis ORDER BY line")
    for first in range(0, len(paid), BATCH):
        async with transaction():
            await SalesBooks().record_captures(
                [
                    PaymentSucceeded(
                        reference=each["order_number"], number=each["order_number"], payee=each["merchant"],
                        channel=each["channel"], amount_fen=each["net_fen"], transaction_id="",
                        occurred_at=each["paid_at"],
                    )
                    for each in paid[first : first + BATCH]
                ]
            )  # fmt: skip


async def _close(environment: dict[str, str], size: Size, found: Found) -> None:
    """Of the first month."""
    period = f"{size.first_month:%Y-%m}"
    close = bootstrap(load_settings(environment)).services[MonthClose]
    assert isinstance(close, MonthClose)
    found.close_lines = await scalar("SELECT count(*) FROM channel_money WHERE period = $1", period)
    began = time.perf_counter()
    await close.begin(period, "staff:bench")
    found.close_s = time.perf_counter() - began


async def _rebuild(environment: dict[str, str], found: Found) -> None:
    """From the facts alone, in a database beside the books."""
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        async with throw_away_database(environment["MIGRATE_DATABASE_URL"]) as url:
            await fill_empty(url)
            async with scratch(url) as beside:
                began, computed = time.perf_counter(), await _computed()
                found.is_rebuilt &= (await rebuild(beside, Path(folder))).is_same
                clock_s, cpu_s = time.perf_counter() - began, await _computed() - computed
                found.rebuilds.append(Rebuild(await scalar("SELECT count(*) FROM line_basis"), clock_s, cpu_s))


def report(size: Size, found: Found) -> list[str]:
    """One line for each figure, with its goal where it has one."""
    early, late = found.posting[1], found.posting[-1]
    rate = found.journals / sum(each.clock_s for each in found.posting)
    lines = [
        f"{size.lines:,} lines, {size.households:,} households, {size.lots:,} lots; {machine()}",
        _line("journals per second, posting", f"{rate:,.0f}", GOALS["rate"], rate >= GOALS["rate"]),
        _line("journals per second, sealing", f"{found.journals / sum(found.sealing_s):,.0f}", None, True),
        _line(f"cost of the last {size.window:,} lines to the second", f"{late.cost / early.cost:.2f}", GOALS["ratio"],
              late.cost <= GOALS["ratio"] * early.cost),
        _line("the same by the clock alone", f"{late.clock_s / early.clock_s:.2f}", None, True),
        _line("pages they touched to the second's", f"{late.pages / early.pages:.2f}", GOALS["ratio"],
              late.pages <= GOALS["ratio"] * early.pages),
    ]  # fmt: skip
    for name, spent in found.reads_ms.items():
        p99 = quantiles(spent, n=100, method="inclusive")[98]
        goal = GOALS.get(name.split(",")[0])
        lines.append(_line(f"{name}, p99 ms", f"{p99:.1f}", goal, goal is None or p99 <= goal))
    close = f"close of {found.close_lines:,} lines, s"
    lines.append(_line(close, f"{found.close_s:.1f}", GOALS["close"], found.close_s <= GOALS["close"]))
    small, large = found.rebuilds[0], found.rebuilds[-1]
    lines.append(_line(f"rebuild of {large.lines:,} lines, s", f"{large.clock_s:.1f}", None, True))
    lines.append(_line("lines per second, rebuilding", f"{large.lines / large.clock_s:,.0f}", None, True))
    for name, ratio in (
        (f"a line of {large.lines:,} rebuilt to one of {small.lines:,}", large.clock_s / small.clock_s),
        ("that line in seconds of CPU", large.cpu_s / small.cpu_s),
    ):
        ratio *= small.lines / large.lines
        lines.append(_line(name, f"{ratio:.2f}", GOALS["ratio"], ratio <= GOALS["ratio"]))
    lines.append(_line("rebuild, byte for byte", "same" if found.is_rebuilt else "DIFFERS", None, True))
    return lines


def _line(name: str, figure: str, goal: float | None, met: bool) -> str:
    verdict = "" if goal is None else f"  goal {goal:g}  {'met' if met else 'NOT met'}"
    return f"{name:<44}{figure:>10}{verdict}"


if __name__ == "__main__":
    main()
