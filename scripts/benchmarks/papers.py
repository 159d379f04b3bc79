"""What printing a village costs, and what it costs others: its statements as one PDF, made in a thread beside a loop.

``scripts/bench papers`` prints pages, size, seconds by the clock and of CPU, and how late the loop came back to a
timer of a millisecond meanwhile, and before.
"""

import argparse
import asyncio
import time
from datetime import UTC, date, datetime
from statistics import quantiles

import msgspec

from poverty_alleviation.office.net_income import CropCost, Estimate
from poverty_alleviation.queries import CategoryIncome
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.statements.claims import ClaimStep, ClaimStepKind
from poverty_alleviation.statements.figures import CATEGORIES, ProductLine, StatementText
from poverty_alleviation.statements.paper import bundle_paper
from poverty_alleviation.statements.service import MOST_OF_A_VILLAGE, PrintedStatement
from scripts.benchmarks.report import machine

PRODUCTS = 6
CLAIMED = 10
"""One household of so many has a claim on its statement."""
LISTENING_S = 1.0


class Printed(msgspec.Struct, frozen=True):
    """Seconds by the clock and of CPU, octets, and how late the loop was before and meanwhile, in milliseconds."""

    wall_s: float
    cpu_s: float
    octets: int
    late_before_ms: list[float]
    late_meanwhile_ms: list[float]


def main() -> None:
    """Print a made-up village."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=MOST_OF_A_VILLAGE)
    households = parser.parse_args().households
    print(machine())
    print("\n".join(report(households, asyncio.run(measure(households)))))


def shown(serial: int) -> PrintedStatement:
    """A household with six products, an estimate and sometimes a claim."""
    fen = 1_000 * (serial + 1)
    step = ClaimStep(
        claim=f"K{serial:026}", fault=ClawbackFault.SHORT_WEIGHT, kind=ClaimStepKind.CLAIMED, day=date(2026, 11, 23),
        amount_fen=200, left_fen=200,
    )  # fmt: skip
    cost = CropCost(crop="cash_crop", received_fen=fen, rate_bp=4_000, source="示例明白卡", cost_fen=fen * 2 // 5)
    text = StatementText(
        number=f"T{serial:026}",
        household=f"示例H{serial}",
        township="533124100",
        village="陇川县示例镇示例村",
        quarter="2026-Q4",
        roots={},
        attributed_sales_fen=8 * fen,
        income_paid_fen=fen,
        income_confirmed_fen=0,
        income_by_category=[CategoryIncome(each, fen if each == "production" else 0, 0) for each in CATEGORIES],
        lines=[
            ProductLine(product=f"P{at}", title=f"示例产品 {at} 号", attributed_sales_fen=fen, income_paid_fen=fen // 8)
            for at in range(PRODUCTS)
        ],
        estimate=Estimate(
            cost_fen=cost.cost_fen, uncosted_fen=0, net_fen=fen - cost.cost_fen, persons=4,
            per_person_fen=(fen - cost.cost_fen) // 4, crops=[cost],
        ),
        claims=[] if serial % CLAIMED else [step],
        lineage=[],
    )  # fmt: skip
    return PrintedStatement(
        text=text,
        digest=f"{serial:064}",
        issued_at=datetime(2027, 1, 5, tzinfo=UTC),
        name=f"示例户主{serial}",
        link=f"https://longchuan.example/h/{serial:032}",
    )


async def measure(households: int) -> Printed:
    """As the console prints, with a timer beside it."""
    village, late = [shown(serial) for serial in range(households)], list[float]()
    ticking = asyncio.create_task(_tick(late))
    await asyncio.sleep(LISTENING_S)
    before = late[:]
    late.clear()
    clock, cpu = time.perf_counter(), time.process_time()
    paper = await asyncio.to_thread(bundle_paper, village)
    wall_s, cpu_s = time.perf_counter() - clock, time.process_time() - cpu
    ticking.cancel()
    return Printed(wall_s, cpu_s, len(paper), before, late)


async def _tick(late: list[float]) -> None:
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - asked - 0.001) * 1000)


def report(households: int, found: Printed) -> list[str]:
    """One line for each figure."""
    return [
        f"{households} statements, {found.octets / 2**20:.1f} MiB",
        f"{found.wall_s:.1f} s by the clock, {found.cpu_s:.1f} s of CPU, {found.cpu_s / households * 1000:.1f} ms each",
        f"loop late, p50 and p99: before {_late(found.late_before_ms)}, meanwhile {_late(found.late_meanwhile_ms)}",
    ]


def _late(late_ms: list[float]) -> str:
    cut = quantiles(late_ms, n=100)
    return f"{cut[49]:.1f} and {cut[98]:.1f} ms"


if __name__ == "__main__":
    main()
