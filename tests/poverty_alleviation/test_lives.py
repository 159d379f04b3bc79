"""Any life of order lines, everything that can happen to them mixed, keeps both books exact (domain reference 2.5).

And several processes that post the same at once post it once.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest
from tortoise.context import TortoiseContext

from kit.clock import china_day
from kit.database import row, rows, scalar, transaction
from kit.facts import Fact
from ledger.jobs import seal_journals
from ledger.models import Signatory
from ledger.queries import unbalanced_journals, verify_chain
from ledger.service import Journals, Sealer, period_of
from orders.events import OrderEarned, OrderPacked, OrderPaid
from poverty_alleviation.allocation import LINE_KINDS, RuleScope
from poverty_alleviation.confirming.disputes import Disputes, RowName
from poverty_alleviation.confirming.errors import DisputedRowUnknown, RowDisputed
from poverty_alleviation.confirming.models import DisputedKind, DisputeState
from poverty_alleviation.corrections.errors import CorrectionChangesNothing
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.month_close import ITEM_KINDS, certified, checklist
from poverty_alleviation.month_figures import MonthFigures, month_figures
from poverty_alleviation.payouts import due
from poverty_alleviation.reconciliation import ALL_TO_COME, Reconciliation, part_of, reconciliation, together
from poverty_alleviation.reserves.errors import ClawbackTooHigh, NothingToOffset, ReserveTermExists
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.sales import SalesBooks
from poverty_alleviation.targets import SETTLED
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import CHANNEL, NOW, OFFICER, SECOND, SOURCE, County, balances
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_books_of_sales import SUGAR, named

STEPS = 40


class Lives:
    """A few lines of one merchant, and everything that may happen to them, by dice."""

    def __init__(self, county: County, seed: int) -> None:
        self.county, self.seed, self.dice = county, seed, random.Random(seed)
        self.lots: list[str] = []
        self.days: list[date] = []
        self.quantity: dict[str, int] = {}
        self.net_fen: dict[str, int] = {}
        self.refunds: Counter[str] = Counter()
        self.packed: set[str] = set()
        self.unbound: set[str] = set()
        self.earned: set[str] = set()
        self.paid_out: dict[str, int] = {}
        self.claims: list[str] = []
        self.disputes: list[str] = []
        self.told: list[Fact] = []
        self.closed: dict[str, MonthFigures] = {}
        self.step = 0

    async def begin(self) -> None:
        """Lots, further rules, lines, days that differ, and in every second life a reserve from the start."""
        for names in (("H1", "H2", "N1"), ("H2",), ("N1", "H1")):
            self.lots.append(await self.county.sealed_lot({name: self.dice.randrange(1_000, 90_000) for name in names}))
        for _ in range(2):
            kind, scope = self.dice.choice(LINE_KINDS), self.dice.choice(list(RuleScope))
            await self.county.add_rule(kind, self.dice.randrange(1, 900), scope)
        if self.seed % 2:
            await self.reserve("")
        for order in (f"O{i}" for i in range(10)):
            self.quantity[order], self.net_fen[order] = self.dice.randrange(1, 12), self.dice.randrange(0, 40_000)
            source = self.dice.choice([SOURCE, None])
            await self.tell(
                self.county.paid(order, net_fen=self.net_fen[order], quantity=self.quantity[order], source=source)
            )
        self.days = await days_that_differ(self.county)

    async def tell(self, fact: Fact) -> None:
        """Deliver a fact, and remember it."""
        self.told.append(fact)
        await self.county.tell(fact)

    async def go_on(self) -> None:
        """One thing that may happen now."""
        acts = (
            *[self.pack, self.earn, self.pay, self.claim, self.set_off] * 2,
            *(self.pack_without_a_lot, self.bind, self.refund, self.correct, self.take_back, self.dispute),
            *(self.end_dispute, self.take_claim_back, self.reserve, self.release, self.again, self.close),
        )
        self.step += 1
        for act in self.dice.sample(acts, 8):
            before = await self._standing()
            await act(self.dice.choice(sorted(self.quantity)))
            if before != await self._standing():
                return

    async def _standing(self) -> tuple[object, ...]:
        """What tells whether anything has happened."""
        journals = await scalar("SELECT count(*) FROM ledger_journal")
        return journals, len(self.disputes), len(self.closed)

    async def pack_without_a_lot(self, order: str) -> None:
        if order not in self.packed and self.quantity[order]:
            self.packed.add(order)
            self.unbound.add(order)
            await self.tell(self.county.packed(order))

    async def pack(self, order: str) -> None:
        if order not in self.packed and self.quantity[order]:
            self.packed.add(order)
            await self._bind(order)
            await self.tell(self.county.packed(order))

    async def bind(self, order: str) -> None:
        if order in self.unbound and self.quantity[order]:
            self.unbound.discard(order)
            await self._bind(order)
            await self.tell(self.county.assigned(order))

    async def _bind(self, order: str) -> None:
        first = self.dice.randrange(0, self.quantity[order] + 1)
        parts = zip(self.dice.sample(self.lots, 2), (first, self.quantity[order] - first), strict=True)
        await self.county.bind({lot: pieces for lot, pieces in parts if pieces}, order, mass_gram=10)

    async def earn(self, order: str) -> None:
        """Mostly once, mostly after it was packed."""
        if order not in self.earned and (order in self.packed or self.dice.random() < 0.2):
            self.earned.add(order)
            await self.tell(self.county.earned(order))

    async def refund(self, order: str) -> None:
        if self.quantity[order]:
            left = self.dice.randrange(self.quantity[order] // 2, self.quantity[order])
            least = self.net_fen[order] // 2
            await self._refund(order, left, self.dice.randrange(least, self.net_fen[order] + 1) if left else 0)

    async def _refund(self, order: str, left: int, left_fen: int) -> None:
        self.refunds[order] += 1
        self.quantity[order], self.net_fen[order] = left, left_fen
        await self.tell(self.county.refunded(self.refunds[order], left, left_fen, order=order))

    async def pay(self, order: str) -> None:
        """Everything that is due; half of it is confirmed at once."""
        for owed in await due():
            payout = await self.county.payouts.record(
                owed.household, owed.merchant, owed.amount_fen, f"回单{self.step}", date(2026, 11, 24), OFFICER
            )
            self.paid_out[payout] = owed.amount_fen
            if self.dice.random() < 0.5:
                await self.county.payouts.confirm("payout", payout, "visit", "示例走访1", self.county.now, OFFICER)

    async def correct(self, order: str) -> None:
        if order in self.packed:
            with suppress(CorrectionChangesNothing):
                await self.county.correct("line", f"{order}-1", self.dice.choice(self.days))

    async def take_back(self, order: str) -> None:
        if self.paid_out and self.dice.random() < 0.5:
            payout = self.dice.choice(sorted(self.paid_out))
            await self.county.correct("payout", payout)
            del self.paid_out[payout]

    async def dispute(self, order: str) -> None:
        """The household says that a line, or a payout, is wrong."""
        name = RowName(DisputedKind.LINE, f"{order}-1")
        if self.paid_out and self.dice.random() < 0.5:
            name = RowName(DisputedKind.PAYOUT, self.dice.choice(sorted(self.paid_out)))
        with suppress(DisputedRowUnknown, RowDisputed):
            self.disputes.append(await Disputes(self.county.clock).open("示例H1", [name], "示例：不对", OFFICER))

    async def end_dispute(self, order: str) -> None:
        if self.disputes:
            number = self.disputes.pop()
            await Disputes(self.county.clock).answer(number, "示例答复", OFFICER)
            await Disputes(self.county.clock).close(number, DisputeState.REJECTED, "不成立", None, OFFICER)

    async def claim(self, order: str) -> None:
        """A part of what the reserve bears, of the first household and line for which it bears anything."""
        desk, fault = self.county.clawbacks, ClawbackFault.SHORT_WEIGHT
        for line, household in product(sorted(self.packed), ("示例H1", "示例H2")):
            try:
                await desk.propose(f"{line}-1", household, 10**9, fault, "示例报告 1 号", OFFICER)
            except ClawbackTooHigh as refused:
                borne = refused.facts["borne_fen"]
                assert isinstance(borne, int)
                if borne:
                    amount = self.dice.randrange(1, borne + 1)
                    number = await desk.propose(f"{line}-1", household, amount, fault, "示例报告 1 号", OFFICER)
                    await desk.decide(number, SECOND, "", is_approved=True)
                    self.claims.append(number)
                    return

    async def set_off(self, order: str) -> None:
        for number in self.claims:
            with suppress(NothingToOffset):
                await self.county.clawbacks.offset(number, OFFICER)

    async def take_claim_back(self, order: str) -> None:
        if self.claims and self.dice.random() < 0.3:
            await self.county.correct("clawback", self.claims.pop(self.dice.randrange(len(self.claims))))

    async def reserve(self, order: str) -> None:
        """Other terms from tomorrow on; tomorrow comes, unless the month would be over."""
        tomorrow = self.county.now + timedelta(days=1)
        with suppress(ReserveTermExists):
            bp, merchant = self.dice.randrange(0, 3_000), self.county.merchant
            await self.county.reserves.enter(merchant, bp, 2, china_day(tomorrow), "示例协议", OFFICER)
        self.county.now = tomorrow

    async def release(self, order: str) -> None:
        self.county.now += timedelta(days=2)
        await self.county.reserves.release_due()

    async def again(self, order: str) -> None:
        """Facts come again at any time."""
        await self.county.tell(*self.dice.choices(self.told, k=3))

    async def close(self, order: str) -> None:
        if self.dice.random() < 0.3:
            self.closed |= await close_the_month(self.county)

    async def check(self) -> None:
        """What holds after every step."""
        found = await balances()
        assert found.get(("1101", CHANNEL, ""), 0) == sum(self.net_fen.values())
        for book in ("cash", "statistics"):
            assert sum(f for k, f in found.items() if k[0].startswith("9") == (book == "statistics")) == 0
        debts = {key: fen for key, fen in found.items() if key[0] in ("2101", "2102", "2104", "2109", "9101")}
        assert all(fen <= 0 for key, fen in debts.items() if key[2] != "clawback"), "nobody is charged beyond nothing"
        had = sum(-fen for key, fen in debts.items() if key[0] == "2101" and key[2] in ("paid", "confirmed"))
        assert had == sum(self.paid_out.values()), "official income is what was paid"
        assert await _owed_back() >= 0
        assert await unbalanced_journals() == 0
        tied = await reconciliation()
        assert (tied.payables_difference_fen, tied.bank_difference_fen) == (0, 0)
        # From what closed months have kept, the same as from every posting that there is.
        assert _without_parts(tied) == _without_parts(together([await part_of("", ALL_TO_COME)]))
        assert {month: await month_figures(month) for month in self.closed} == self.closed

    async def end(self) -> None:
        """Everything goes back, and whatever was told comes ten times more in any order."""
        for order in sorted(self.quantity):
            await self._refund(order, 0, 0)
        for number in self.claims:
            await self.county.correct("clawback", number)
        left = named(self.county, await balances())
        facts = self.told * 10
        self.dice.shuffle(facts)
        posted = await scalar("SELECT count(*) FROM ledger_journal")
        await self.county.tell(*facts)
        assert await scalar("SELECT count(*) FROM ledger_journal") == posted
        assert named(self.county, await balances()) == left
        assert {key[0] for key in left} <= {"2101", "2107"}
        assert all(key[2] in ("paid", "confirmed") for key in left if key[0] == "2101")
        assert left.get(("2107", "M", ""), 0) == sum(self.paid_out.values())
        if not self.paid_out:
            assert left == {}
        await seal_journals(Sealer())
        assert all(report.broken_at is None for report in await verify_chain())


@pytest.mark.parametrize("seed", range(10))
async def test_any_life_of_lines_keeps_the_books_exact(
    county: County, seed: int, databases: Databases, tmp_path: Path
) -> None:
    """Packing, late binding, refunds, payouts, corrections and claims of two persons, disputes, reserves, facts that
    come again and closes of months, in any order: Σ = 0 after every step, nobody is charged beyond nothing, a closed
    month never moves, and a full refund ends at zero. The facts alone give the same books."""
    lives = Lives(county, seed)
    await lives.begin()
    for _ in range(STEPS):
        await lives.go_on()
        await lives.check()
    await lives.end()
    assert await unlike(databases, tmp_path) == []


def _without_parts(found: Reconciliation) -> tuple[Reconciliation, list[tuple[str, int]]]:
    """Of an order that is off, only by how much."""
    off = [(each.reference, each.told_fen - each.booked_fen) for each in found.mismatches]
    return msgspec.structs.replace(found, mismatches=[]), off


async def _owed_back() -> int:
    """What households owe back in all; a household never pays back more than was claimed."""
    found = await row(
        "SELECT coalesce(min(fen), 0)::bigint AS least FROM (SELECT sum(p.amount_fen) AS fen FROM ledger_posting p"
        " JOIN ledger_account a ON a.id = p.account_id WHERE a.state = $1 GROUP BY a.owner) AS of_household",
        str(SETTLED[-1]),
    )
    assert found is not None
    return int(found["least"])


async def days_that_differ(county: County) -> list[date]:
    """Days of which each has another register or other rules: H1 is struck, H2 stands for nobody, no contract yet."""
    await county.registry.decide("示例H1", AssistanceStatus.CANCELLED, date(2026, 11, 10), "示例文件8号", OFFICER)
    await county.registry.decide("示例H1", AssistanceStatus.REGISTERED, date(2026, 11, 20), "示例文件9号", OFFICER)
    await county.registry.unlink("示例H2", county.suppliers["H2"], date(2026, 11, 5))
    await county.registry.link("示例H2", county.suppliers["H2"], date(2026, 11, 8), "示例文件9号", OFFICER)
    return [date(2025, 12, 31), date(2026, 11, 6), date(2026, 11, 12), date(2026, 11, 22)]


async def close_the_month(county: County) -> dict[str, MonthFigures]:
    """List whatever does not agree, let two sign, and answer the month's figures; time goes on."""
    month = period_of(county.now)
    county.now += timedelta(days=31)
    first = await scalar(
        "SELECT min(j.period) FROM ledger_journal j LEFT JOIN ledger_period p ON p.period = j.period"
        " WHERE p.state IS DISTINCT FROM 'closed'"
    )
    if first is None or first > month:
        return {}
    month = str(first)
    for kind in ITEM_KINDS:
        keys = [matter.key for matter in (await checklist(month)).matters if matter.kind == kind]
        if keys:
            await county.close.list_matters(month, kind, keys, "示例差异说明", OFFICER)
    made = await county.close.begin(month, OFFICER)
    await county.close.sign(month, made.digest, Signatory.POVERTY_OFFICE, OFFICER, "示例扶贫干部")
    await county.close.sign(month, made.digest, Signatory.OPERATOR, SECOND, "示例县级干部")
    return {month: certified(made).figures}


LINES = 48


def facts_of(
    merchant: str, product: str, orders: list[str]
) -> tuple[list[OrderPaid], list[OrderPacked], list[OrderEarned]]:
    """What happens to the worked vector's line, of each order."""
    of = County(merchant=merchant, product=product, now=NOW)
    return [of.paid(o) for o in orders], [of.packed(o) for o in orders], [of.earned(o) for o in orders]


def post_in_a_process(url: str, merchant: str, product: str, seed: int) -> None:
    """Post everything twice, in batches of its own size and order, by a pool of its own."""

    async def post() -> None:
        dice = random.Random(seed)
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=url)), _enable_global_fallback=True)
            books = SalesBooks(Journals())
            size = 5 + 3 * seed
            firsts = list(range(0, LINES, size)) * 2
            dice.shuffle(firsts)
            for first in firsts:
                orders = [f"O{i:02}" for i in range(first, min(first + size, LINES))]
                paid, packed, earned = facts_of(merchant, product, orders)
                async with transaction():
                    await books.record_paid_orders(paid)
                async with transaction():
                    await books.record_packed_orders(packed)
                async with transaction():
                    await books.record_earned_orders(earned)
            await context.close_connections()

    asyncio.run(post())


async def test_processes_that_post_overlapping_batches_post_each_journal_once(county: County, database: str) -> None:
    """Three processes with pools of their own, each with every line in other batches, at once.

    By hand for each line: H1 8.72, H2 6.97, N1 4.50, host 8.77, merchant 80.74 (the worked vector).
    """
    lot = await county.sealed_lot({name: 100 * gram for name, gram in SUGAR.items()})
    for i in range(LINES):
        await county.bind({lot: 3}, f"O{i:02}")
    context = get_context("spawn")
    said = [(database, county.merchant, county.product, seed) for seed in range(3)]
    processes = [context.Process(target=post_in_a_process, args=each) for each in said]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    counted = await rows("SELECT source_type, count(*) AS n, count(DISTINCT source_id) AS sources FROM ledger_journal"
        " GROUP BY 1")  # fmt: skip
    assert {(each["n"], each["sources"]) for each in counted} == {(LINES, LINES)}
    assert len(counted) == 3
    found = named(county, await balances())
    earned = {(code, owner): fen for (code, owner, state), fen in found.items() if state == "earned"}
    assert {key: fen for key, fen in earned.items() if key[0] != "9101"} == {
        ("2101", "H1"): -872 * LINES, ("2101", "H2"): -697 * LINES, ("2102", "N1"): -450 * LINES,
        ("2104", "live"): -877 * LINES, ("2103", "M"): -8_074 * LINES,
    }  # fmt: skip
    assert not [key for key in found if key[2] == "accrued"]
    assert await unbalanced_journals() == 0
    assert await seal_journals(Sealer()) == 3 * LINES
    assert (await verify_chain())[0].broken_at is None
