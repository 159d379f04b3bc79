"""Whether the books keep their pace: order lines posted in batches, sealed, read, closed, at the size of a county.

``scripts/bench ledger`` makes households, their lots and three months of lines, posts what happens to them from one
process per core, and prints journals per second, the cost per line early and late, percentiles of the office's pages,
the time of a month's close and of rebuilding all of it. ``--lines 300000 --households 5000 --lots 20000`` is the size
of the goals.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import asyncpg
import msgspec
from tortoise.context import TortoiseContext

from kit.clock import CHINA, china_day, utc_now
from kit.database import connection, execute, rows, scalar, transaction
from ledger.service import Journals, Sealer
from orders.events import OrderEarned, OrderPacked, OrderPaid, PaidLine
from payments.events import PaymentSucceeded
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.queries import figures, statement, totals
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.sales import SalesBooks
from scripts.benchmarks.report import machine
from scripts.ledger_rebuild.rebuilding import CHUNK, rebuild
from scripts.ledger_rebuild.scratch import fill_empty, scratch, throw_away_database
from scripts.local_stack.stack import LocalStack
from server.bootstrap import bootstrap
from server.database import tortoise_config
from server.settings import DatabaseSettings, load_settings

MERCHANTS = 40
TOWNSHIPS = 12
MONTHS = 3
SHARES = 3
"""Contributions of a lot: two of households, one of somebody else."""
BATCH = 250
CALLS = 100
GOALS = {"rate": 2000.0, "ratio": 1.2, "statement": 50.0, "overview": 200.0, "close": 60.0}


class Size(msgspec.Struct, frozen=True):
    """How much there is. ``first_month`` is the first day of the first of three months, ``window`` lines are timed."""

    lines: int
    households: int
    lots: int
    window: int
    first_month: date


class Found(msgspec.Struct, kw_only=True):
    """What was measured: seconds for each window of lines, posting and sealing, and the reads in milliseconds.

    ``posting_cpu_s`` is what workers and database have computed meanwhile: other work on the machine moves it least.
    ``rebuild_s``: for each chunk of inputs, the last one without what did not fill it.
    """

    journals: int = 0
    posting_s: list[float] = []
    posting_cpu_s: list[float] = []
    sealing_s: list[float] = []
    reads_ms: dict[str, list[float]] = {}
    close_s: float = 0.0
    close_lines: int = 0
    rebuild_s: list[float] = []
    is_rebuilt: bool = False


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
    await _with(environment["MIGRATE_DATABASE_URL"], lambda: _enter(size))
    workers = [_Worker(environment["DATABASE_URL"], size, part) for part in range(2)]
    found = Found()
    try:
        await _with(environment["DATABASE_URL"], lambda: _measure(environment, size, workers, found))
    finally:
        for worker in workers:
            worker.end()
    return found


async def _with(url: str, work: Callable[[], Awaitable[None]]) -> None:
    async with TortoiseContext() as context:
        settings = DatabaseSettings(url=url, pool_max=4, statement_timeout_ms=600_000)
        await context.init(config=tortoise_config(settings), _enable_global_fallback=True)
        await work()
        await context.close_connections()


_NUMBERS = "generate_series(0, $1::int - 1) AS n"
_ENTER = (
    "INSERT INTO household.household (code, name_cipher, township, village, entered_by, entered_at)"
    f" SELECT '示例H' || n, '示例', 'T' || n % {TOWNSHIPS}, 'V' || n % 60, 'staff:bench', $2 FROM {_NUMBERS}",
    "INSERT INTO household.household_status (household_id, status, valid_from, document, recorded_by, recorded_at)"
    " SELECT id, 'registered', '2020-01-01', '示例文件', 'staff:bench', $2 FROM household.household"
    " WHERE id > $1::int * 0",
    "INSERT INTO supplier (number, name, kind, township, entered_by, entered_at)"
    f" SELECT 'S' || n, '示例供货人', 'farmer', 'T' || n % {TOWNSHIPS}, 'staff:bench', $2"
    " FROM generate_series(0, 2 * $1::int - 1) AS n",
    "INSERT INTO household.supplier_link (supplier, household_id, valid_from, document, linked_by, linked_at)"
    " SELECT 'S' || substr(code, 4), id, '2020-01-01', '示例文件', 'staff:bench', $2 FROM household.household"
    " WHERE id > $1::int * 0",
)
_PROMISE = (
    "INSERT INTO benefit_contract (number, state, template, merchant, document, valid_from, made_by, made_at,"
    " decided_by, decided_at, decision_note) SELECT 'C' || n, 'approved', 'centre_station_household', 'M' || n,"
    f" '示例合同', '2020-01-01', 'staff:bench', $2, 'staff:second', $2, '' FROM {_NUMBERS}",
    "INSERT INTO benefit_rule (code, version, contract_id, state, mechanism, kind, rate, scope, category, recognition,"
    " valid_from, made_by, made_at, decided_by, decided_at, decision_note) SELECT 'R' || c.id || k.kind, 1, c.id,"
    " 'approved', k.mechanism, k.kind, k.rate, k.scope, k.category, 'order_completed', '2020-01-01', 'staff:bench', $2,"
    " 'staff:second', $2, '' FROM benefit_contract c, (VALUES"
    " ('consignment', 'per_unit', 1200, 'all_suppliers', 'production'),"
    " ('return', 'pct_net', 200, 'registered_only', 'transfer'))"
    " AS k (mechanism, kind, rate, scope, category) WHERE c.id > $1::int * 0",
)
# Every lot is of its merchant's one product, of two households' and one other supplier's goods, and large enough.
_LOTS = (
    "INSERT INTO lot (number, kind, product, merchant, input_gram, bound_gram, made_by, made_at, sealed_by, sealed_at,"
    f" unit, in_batch_no, out_batch_no) SELECT 'L' || n, 'intake', 'P' || n % {MERCHANTS}, 'M' || n % {MERCHANTS},"
    f" 60000000, 0, 'staff:bench', $2, 'staff:bench', $2, 'gram', '', '' FROM {_NUMBERS}",
    "INSERT INTO intake (number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen, amount_fen, mode,"
    " evidence, weighed_at, taken_by, township, site, client_id, received_at)"
    " SELECT 'I' || l.id || '-' || k.place, s.id, l.merchant, l.product, k.gram, '一级', 1200, k.gram * 12 / 10,"
    " 'consignment', '', $2, 'staff:bench', 'T', '', l.number || k.place, $2 FROM lot l CROSS JOIN (VALUES"
    " (0, 25000000), (1, 20000000), (2, 15000000)) AS k (place, gram) JOIN supplier s ON s.number = 'S' || CASE k.place"
    " WHEN 0 THEN l.id * 2 % $1::int WHEN 1 THEN (l.id * 2 + 1) % $1::int ELSE $1::int + l.id % $1::int END",
    "INSERT INTO lot_contribution (lot_id, intake_id, supplier_id, mass_gram) SELECT l.id, i.id, i.supplier_id,"
    " i.mass_gram FROM intake i JOIN lot l ON l.id = split_part(substr(i.number, 2), '-', 1)::bigint"
    " WHERE $2::timestamptz IS NOT NULL AND $1::int > 0",
    "INSERT INTO line_lot (line, lot_id, quantity, mass_gram, bound_at) SELECT 'O' || n || '-1', l.id, 3, 1500, $2"
    f" FROM {_NUMBERS} JOIN lot l ON l.number = 'L' || (n % $3::int)",
)


async def _guards(word: str) -> None:
    for guard in (
        "lot_contribution {} TRIGGER lot_contribution_before_seal",
        "benefit_contract {} TRIGGER benefit_contract_begins_drafted",
        "benefit_rule {} TRIGGER benefit_rule_begins_proposed",
    ):
        await connection().execute_script(f"ALTER TABLE {guard.format(word)}")


async def _enter(size: Size) -> None:
    """By SQL, lots sealed from the start; nothing of this is measured."""
    at = datetime(2020, 1, 1, tzinfo=CHINA)
    await _guards("DISABLE")
    for each in _ENTER:
        await execute(each, size.households, at)
    for each in _PROMISE:
        await execute(each, MERCHANTS, at)
    await execute(_LOTS[0], size.lots, at)
    await execute(_LOTS[1], size.households, at)
    await execute(_LOTS[2], 1, at)
    await execute(_LOTS[3], size.lines, at, size.lots)
    await _guards("ENABLE")
    await connection().execute_script("ANALYZE household.supplier_link, lot, lot_contribution, intake, line_lot")


def paid_at(size: Size, serial: int) -> datetime:
    """Lines come in the order of their days, a third of them in each month."""
    of_month = -(-size.lines // MONTHS)
    month, place = divmod(serial, of_month)
    first = size.first_month
    for _ in range(month):
        first = (first + timedelta(days=32)).replace(day=1)
    return datetime(first.year, first.month, 1, 12, tzinfo=CHINA) + timedelta(days=place * 27 // of_month)


def facts_of(size: Size, serials: range) -> tuple[list[OrderPaid], list[OrderPacked], list[OrderEarned]]:
    """What happens to some lines: three jars of the worked vector each (domain reference 2.5), one line an order."""
    paid, packed, earned = [], [], []
    for serial in serials:
        order, merchant, at = f"O{serial}", f"M{serial % size.lots % MERCHANTS}", paid_at(size, serial)
        line = PaidLine(
            line=f"{order}-1", sku="S", product=merchant.replace("M", "P"), source="live:L1", title="示例红糖 500 g",
            quantity=3, gross_fen=11_970, discount_fen=1_000, net_fen=10_970, host_commission_bp=800, mass_gram=500,
        )  # fmt: skip
        paid.append(
            OrderPaid(order=order, merchant=merchant, consumer="C1", source="live:L1", channel="wechat_miniprogram",
                      amount_fen=10_970, freight_fen=0, paid_at=at, lines=(line,))
        )  # fmt: skip
        packed.append(OrderPacked(order=order, merchant=merchant, lines=(line.line,), packed_at=at))
        earned.append(OrderEarned(order=order, merchant=merchant, lines=(line.line,), earned_at=at))
    return paid, packed, earned


async def _post(size: Size, serials: range) -> None:
    """Everything of these lines, in batches as the dispatcher makes them."""
    books = SalesBooks(Journals())
    for first in range(serials.start, serials.stop, BATCH):
        paid, packed, earned = facts_of(size, range(first, min(first + BATCH, serials.stop)))
        async with transaction():
            await books.record_paid_orders(paid)
        async with transaction():
            await books.record_packed_orders(packed)
        async with transaction():
            await books.record_earned_orders(earned)


class _Worker:
    """A process that posts its half of every window."""

    def __init__(self, url: str, size: Size, part: int) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_work, args=(url, size, part, there), daemon=True)
        self._process.start()

    def begin(self, serials: range) -> None:
        """Let it post; ``done`` waits for it."""
        self._pipe.send((serials.start, serials.stop))

    def done(self) -> None:
        """Wait until what was begun is in the books."""
        if (error := self._pipe.recv()) is not None:
            raise RuntimeError(error)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process.pid
        return self._process.pid

    def end(self) -> None:
        """Let it go."""
        self._process.terminate()
        self._process.join()


def _work(url: str, size: Size, part: int, pipe: Connection) -> None:
    async def serve() -> None:
        pipe.send(None)
        while True:
            first, last = pipe.recv()
            middle = (first + last) // 2
            try:
                await _post(size, range(middle, last) if part else range(first, middle))
                pipe.send(None)
            except Exception as error:
                pipe.send(repr(error))

    asyncio.run(_with(url, serve))


async def _measure(environment: dict[str, str], size: Size, workers: list[_Worker], found: Found) -> None:
    for worker in workers:
        worker.done()
    for serials in _windows(size):
        if serials.start == size.window:
            await _analyse(environment["MIGRATE_DATABASE_URL"])
        began, computed = time.perf_counter(), await _computed(workers)
        for worker in workers:
            worker.begin(serials)
        for worker in workers:
            await asyncio.to_thread(worker.done)
        found.posting_s.append(time.perf_counter() - began)
        found.posting_cpu_s.append(await _computed(workers) - computed)
        began = time.perf_counter()
        while await Sealer().seal():
            pass
        found.sealing_s.append(time.perf_counter() - began)
    found.journals = await scalar("SELECT count(*) FROM ledger_journal")
    await _read(size, found)
    await _close(environment, size, found)
    await _rebuild(environment, found)


async def _computed(workers: Sequence[_Worker]) -> float:
    """Seconds of CPU that the workers and the database's processes for them have used."""
    backends = await rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return _cpu_s([*(worker.pid for worker in workers), *(each["pid"] for each in backends)])


def _cpu_s(pids: Sequence[int]) -> float:
    """Read from ``/proc``, so on Linux alone."""
    spent = 0
    for pid in pids:
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
        await statement(f"示例H{serial}", since, until)

    async def overview(since: date | None, until: date | None) -> None:
        totals(await figures(since, until))

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


async def _close(environment: dict[str, str], size: Size, found: Found) -> None:
    """Of the first month; what the payments room tells of it comes before."""
    period = f"{size.first_month:%Y-%m}"
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
    close = bootstrap(load_settings(environment)).services[MonthClose]
    assert isinstance(close, MonthClose)
    found.close_lines = await scalar("SELECT count(*) FROM channel_money WHERE period = $1", period)
    began = time.perf_counter()
    await close.begin(period, "staff:bench")
    found.close_s = time.perf_counter() - began


async def _rebuild(environment: dict[str, str], found: Found) -> None:
    """From the facts alone, in a database beside the books."""
    began = time.perf_counter()

    def booked(inputs: int) -> None:
        nonlocal began
        now = time.perf_counter()
        if inputs % CHUNK == 0:
            found.rebuild_s.append(now - began)
        began = now

    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        async with throw_away_database(environment["MIGRATE_DATABASE_URL"]) as url:
            await fill_empty(url)
            async with scratch(url) as beside:
                began = time.perf_counter()
                found.is_rebuilt = (await rebuild(beside, Path(folder), booked)).is_same


def report(size: Size, found: Found) -> list[str]:
    """One line for each figure, with its goal where it has one."""
    early, late = found.posting_s[1], found.posting_s[-1]
    cpu_early, cpu_late = found.posting_cpu_s[1], found.posting_cpu_s[-1]
    rate = found.journals / sum(found.posting_s)
    lines = [
        f"{size.lines:,} lines, {size.households:,} households, {size.lots:,} lots; {machine()}",
        _line("journals per second, posting", f"{rate:,.0f}", GOALS["rate"], rate >= GOALS["rate"]),
        _line("journals per second, sealing", f"{found.journals / sum(found.sealing_s):,.0f}", None, True),
        _line(
            f"cost of the last {size.window:,} lines to the second", f"{late / early:.2f}", GOALS["ratio"],
            late <= GOALS["ratio"] * early,
        ),
        _line("the same in seconds of CPU", f"{cpu_late / cpu_early:.2f}", GOALS["ratio"],
              cpu_late <= GOALS["ratio"] * cpu_early),
    ]  # fmt: skip
    for name, spent in found.reads_ms.items():
        p99 = quantiles(spent, n=100, method="inclusive")[98]
        goal = GOALS.get(name.split(",")[0])
        lines.append(_line(f"{name}, p99 ms", f"{p99:.1f}", goal, goal is None or p99 <= goal))
    close = f"close of {found.close_lines:,} lines, s"
    lines.append(_line(close, f"{found.close_s:.1f}", GOALS["close"], found.close_s <= GOALS["close"]))
    if len(found.rebuild_s) > 2:
        early, late = found.rebuild_s[1], found.rebuild_s[-1]
        rate = CHUNK * len(found.rebuild_s) / sum(found.rebuild_s)
        cost = f"rebuild, the last {CHUNK:,} to the second"
        lines.append(_line("rebuild, inputs per second", f"{rate:,.0f}", None, True))
        lines.append(_line(cost, f"{late / early:.2f}", GOALS["ratio"], late <= GOALS["ratio"] * early))
    lines.append(_line("rebuild, byte for byte", "same" if found.is_rebuilt else "DIFFERS", None, True))
    return lines


def _line(name: str, figure: str, goal: float | None, met: bool) -> str:
    verdict = "" if goal is None else f"  goal {goal:g}  {'met' if met else 'NOT met'}"
    return f"{name:<44}{figure:>10}{verdict}"


if __name__ == "__main__":
    main()
