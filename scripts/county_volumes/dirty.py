"""The dirty set (domain reference 2.6 and 6.4): of each thing that an alarm is for one, planted in a clean county.

Everybody in it is its own, so that nothing planted is found twice. What is given back after a closed month is of an
order of another channel; a county that has signed for none has nothing of this rule.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from accounts.service import AccessLogs
from county.disclosure.models import DisclosureComplaintKind
from county.disclosure.service import ComplaintDraft, Disclosure
from county.funds.service import BankPayment, Funds, LineDraft
from county.meetings.models import MeetingKind
from county.meetings.service import Meetings, Rhythm
from kit.clock import china_day, utc_now
from kit.database import execute, scalar, transaction
from kit.encryption import FieldCipher
from kit.facts import Fact
from kit.numbers import public_number
from kit.outbox import announce
from ledger.service import Journals
from orders.events import LineRefunded, OrderEarned, OrderPacked, OrderPaid, PaidLine
from orders.models import Order, OrderLine, OrderState, Trade
from orders.placements import device_mark
from payments.events import PaymentSucceeded, RefundSucceeded
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation import handlers
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.income.agreements import AgreementDraft, Agreements, WorkedMonth
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.payouts import Payouts, due
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.sales import SalesBooks
from scripts.county_volumes.dirty_refund import refund_after_close
from scripts.county_volumes.dirty_shelf import DirtyShelf
from scripts.demo_county.trail import signed_readings
from traceability.lots import Lots
from traceability.models import IntakeMode, Supplier, SupplierKind
from traceability.plots.service import Land, Norm, Plots
from traceability.service import Intakes, Reach, Suppliers, Weighing
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms, RoomTerms

FactT = TypeVar("FactT", bound=Fact)
CHANNEL = "wechat_miniprogram"
BY, SECOND = "staff:DEMO-DIRTY-1", "staff:DEMO-DIRTY-2"
SINCE = date(2020, 1, 1)
MARKET_FEN, WAGE_FEN, DIVIDEND_FEN, RENT_FEN = 1_000, 120_000, 300_000, 5_000

PLANTED = (
    "blade_forbidden",
    "buyer_is_staff",
    "carried_below_floor",
    "delivery_twice",
    "device_silent",
    "disclosure_unanswered",
    "equal_dividend",
    "fund_line_over",
    "lot_without_contributions",
    "meeting_missed",
    "monitored_without_help",
    "paper_run_out",
    "price_above_market",
    "proof_twice",
    "refund_after_close",
    "related_suppliers",
    "reserve_overdrawn",
    "shared_account",
    "shared_address",
    "shared_device",
    "shared_phone",
    "station_idle",
    "status_ended_mid_period",
    "third_person_payout",
    "wage_without_attendance",
    "yield_above_norm",
)
"""Each of these rules finds one thing."""


async def is_planted() -> bool:
    """Whether the set is there."""
    return await Supplier.filter(entered_by=BY).exists()


@dataclass(frozen=True)
class DirtySet:
    """Where it is planted: a merchant and its product, and the village of everybody in it."""

    merchant: str
    product: str
    village: str
    cipher: FieldCipher
    now: datetime = field(default_factory=utc_now)

    async def plant(self) -> None:
        """All of it, once: a second time finds the households there and changes nothing."""
        if await is_planted():
            return
        await self._accounts_and_phones()
        await self._deliveries()
        await self._goods()
        await self._incomes()
        await self._reserve()
        await refund_after_close(BY, self.now)
        await self._buyers()
        await self._project()
        await DirtyShelf(self.merchant, self.village[:9], BY, self.now).plant()
        await self._household("无帮扶", AssistanceStatus.MONITORED, self.today - timedelta(days=70))

    def clock(self) -> datetime:
        """Everything is planted at one moment."""
        return self.now

    @property
    def today(self) -> date:
        """The day in China."""
        return china_day(self.now)

    @property
    def last_quarter(self) -> date:
        """The fifteenth of the last month of the quarter before this one."""
        first = date(self.today.year, (self.today.month - 1) // 3 * 3 + 1, 1)
        return (first - timedelta(days=1)).replace(day=15)

    @property
    def _reach(self) -> Reach:
        return Reach(caller=BY, township=self.village[:9])

    async def _household(
        self, name: str, status: AssistanceStatus = AssistanceStatus.REGISTERED, since: date = SINCE
    ) -> str:
        households = Households(self.cipher, AccessLogs(self.clock), self.clock)
        code = await households.enter(
            Identity(name=f"示例户主{name}"), self.village[:9], self.village, BY, f"示例脏户-{name}"
        )
        await households.decide(code, status, since, f"DEMO-认定-{name}", BY)
        return code

    async def _son(self, household: str, phone: str | None = None) -> str:
        members = Members(self.cipher, AccessLogs(self.clock), self.clock)
        son = MemberDraft(name="示例之子", birth_year=1990, phone=phone, relation=Relation.CHILD)
        return await members.enter(household, son, SINCE, "DEMO-户口簿", BY)

    async def _accounts_and_phones(self) -> None:
        """One card of four households, a card of a stranger's, one phone of two households."""
        accounts = BankAccounts(self.cipher, AccessLogs(self.clock), self.clock)
        for serial in range(4):
            code = await self._household(f"同卡{serial + 1}")
            draft = AccountDraft(
                bank="示例银行", number="6200000000009001", holder_relation=Relation.CHILD, member=await self._son(code)
            )
            await accounts.enter(code, draft, SINCE, "DEMO-存折", BY)
        draft = AccountDraft(
            bank="示例银行", number="6200000000009002", holder_relation=Relation.OTHER, holder_name="示例外人"
        )
        await accounts.enter(await self._household("外人卡"), draft, SINCE, "DEMO-存折", BY)
        for serial in range(2):
            await self._son(await self._household(f"同号{serial + 1}"), "10000009001")

    async def _supplier(self, name: str) -> str:
        return await Suppliers(self.clock).enter(
            self._reach, f"示例供货人{name}", SupplierKind.FARMER, self.village[:9]
        )

    async def _weigh(
        self, supplier: str, client_id: str, mass_gram: int, fen_per_kg: int = 900, hours: int = 1, **more: object
    ) -> str:
        at = self.now - timedelta(hours=hours)
        weighing = Weighing(
            client_id=f"DEMO-DIRTY-{client_id}", supplier=supplier, merchant=self.merchant, product=self.product,
            mass_gram=mass_gram, grade="一级", unit_price_fen=fen_per_kg, mode=IntakeMode.CONSIGNMENT, weighed_at=at,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return await Intakes(self.clock).accept(self._reach, weighing)

    async def _deliveries(self) -> None:
        """One weighing under two numbers, a price far above the market's, more than a plot bears, a supplier twice."""
        twice = await self._supplier("重复")
        for serial in range(2):
            await self._weigh(twice, f"twice-{serial}", 5_000)
        await self._weigh(await self._supplier("高价"), "dear", 6_000, 2 * await self._market_price())
        plots, rich = Plots(self.clock), await self._supplier("超产")
        await plots.name_crop("dirty_cane", "示例作物")
        norm = Norm(
            crop="dirty_cane", max_gram_per_mu=10_000_000, max_gram_per_tree=None, effective_from=SINCE,
            source_document="DEMO-标准",
        )  # fmt: skip
        await plots.set_norm(norm, BY)
        land = Land(supplier=rich, village=self.village, crop="dirty_cane", area_mu_milli=10, valid_from=SINCE)
        plot = await plots.enter(self._reach, land)
        await self._weigh(rich, "rich", 100_001, plot=plot, harvested_on=china_day(self.now - timedelta(hours=1)))
        for _ in range(2):
            await self._supplier("同名")

    async def _market_price(self) -> int:
        """What the product's goods cost, in fen per kilogram; entered where nobody has."""
        found = await scalar(
            "SELECT fen_per_kg FROM market_price WHERE product = $1 ORDER BY valid_from DESC LIMIT 1", self.product
        )
        if found is None:
            await OfficeRules(self.clock).enter_market_price(self.product, MARKET_FEN, SINCE, "DEMO-行情", BY)
        return int(found or MARKET_FEN)

    async def _goods(self) -> None:
        """A lot of nobody's goods, and goods whose cold nobody has read for days."""
        begun = self.now - timedelta(days=5)
        earlier = Lots(lambda: begun)
        await earlier.make(self.merchant, self.product, 1_000, [], BY)
        intake = await self._weigh(await self._supplier("冷库"), "cold", 7_000)
        lot = await earlier.make(self.merchant, self.product, 7_000, [intake], BY)
        await earlier.seal(self.merchant, lot, BY)
        rooms = ColdRooms(self.cipher, lambda: begun)
        terms = RoomTerms(name="示例无人读数冷库", min_celsius_milli=2_000, max_celsius_milli=6_000)
        room = await rooms.open(self.merchant, terms, BY)
        device = await rooms.install(self.merchant, room, "示例探头", BY)
        body, signature = signed_readings(await rooms.renew_key(self.merchant, device), [(begun, 4_000)])
        await SensorReadings(self.cipher, lambda: begun).receive(device, body, signature)
        await rooms.place(self.merchant, lot, room, begun, BY)

    async def _incomes(self) -> None:
        """A wage nobody worked for, a dividend equal for all, a rent of next to nothing; two that one paper confirms;
        one household whose support ends in the month in which it was paid."""
        sheets, agreements = IncomeSheets(Journals(self.clock), self.clock), Agreements(self.clock)
        period = self.last_quarter.isoformat()[:7]
        idle = await self._household("未出工")
        work = await self._agreed(idle, AgreementKind.EMPLOYMENT, member=await self._son(idle))
        worked = WorkedMonth(period=period, half_days=40, pieces=0, document="DEMO-考勤表")
        await agreements.note_work(work, worked, BY)
        sheet = await sheets.propose_wages(self._payment("工资"), [(work, WAGE_FEN)], BY)
        await sheets.decide(sheet, SECOND, "DEMO-核对", is_approved=True)
        nothing = WorkedMonth(period=period, half_days=0, pieces=0, document="DEMO-更正考勤")
        await agreements.note_work(work, nothing, BY)
        for serial in range(3):
            await self._agreed(await self._household(f"均分{serial + 1}"), AgreementKind.SHARE, shares=10)
        sheet = await sheets.propose_dividends(self._payment("决议"), self.last_quarter, DIVIDEND_FEN, BY)
        await sheets.decide(sheet, SECOND, "DEMO-核对", is_approved=True)
        for line in (f"{sheet}-1", f"{sheet}-2"):
            payouts = Payouts(Journals(self.clock), self.clock)
            await payouts.confirm("period_income", line, "signed_statement", "DEMO-同一签字单", self.now, BY)
        households = Households(self.cipher, AccessLogs(self.clock), self.clock)
        ended = self.last_quarter + timedelta(days=5)
        await households.decide("示例脏户-均分3", AssistanceStatus.CANCELLED, ended, "DEMO-退出", BY)
        lease = await self._agreed(
            await self._household("微利"), AgreementKind.LEASE, rent_fen=RENT_FEN, every_months=1
        )
        sheet = await sheets.propose_rents(self._payment("租金"), [lease], BY)
        await sheets.decide(sheet, SECOND, "DEMO-核对", is_approved=True)

    def _payment(self, what: str) -> Payment:
        return Payment(
            payer=self.merchant, period=self.last_quarter.isoformat()[:7], document=f"DEMO-{what}",
            slip=f"DEMO-回单-{what}", paid_on=self.last_quarter,
        )  # fmt: skip

    async def _agreed(self, household: str, kind: AgreementKind, **said: object) -> str:
        draft = AgreementDraft(
            kind=kind, household=household, payer=self.merchant, about="示例", document="DEMO-协议", valid_from=SINCE,
            **said,  # type: ignore[arg-type]
        )  # fmt: skip
        return await Agreements(self.clock).enter(draft, BY)

    async def _project(self) -> None:
        """A line that the bank has overdrawn by a fen, a half-year without a review, a station idle for forty days, and
        a complaint that was not answered."""
        funds, over_fen = Funds(self.clock), 10_000_001
        fund = await funds.enter("示例超支资金", over_fen, "DEMO-下达文件", BY)
        terms = LineDraft(name="示例超支科目", scope="示例", standard="示例", procedure="示例")
        line = await funds.add_line(fund, terms, BY)
        change = await funds.propose_change(fund, {line: over_fen - 1}, "DEMO-安排", BY)
        await funds.decide_change(change, SECOND, "DEMO-核对", is_approved=True)
        paid = BankPayment(
            reference="DEMO-超支流水", line=line, payee="示例单位", amount_fen=over_fen, paid_on=self.today
        )
        await funds.import_bank_payments([paid], BY)
        for every_months, month in ((6, 1), (0, 7)):
            since = date(self.today.year - 1, month, 1)
            rhythm = Rhythm(kind=MeetingKind.REVIEW, every_months=every_months, valid_from=since, source="DEMO-方案")
            await Meetings(self.clock).enter_rhythm(rhythm, BY)
        said = ComplaintDraft(
            kind=DisclosureComplaintKind.REPORT, about="示例举报", document="DEMO-来件", received_on=SINCE
        )
        await Disclosure(self.clock).receive(said, BY)
        village = f"{self.village[:9]}999"
        await Places().enter_division(village, "示例闲置村")
        await Places().enter_site(
            f"S{village}", "示例闲置点", SiteKind.SERVICE, SiteLevel.POINT, village, SiteState.OPERATING, SINCE
        )
        await self._weigh(await self._supplier("闲置"), "idle", 8_000, hours=40 * 24, site=f"S{village}")

    async def _reserve(self) -> None:
        """A household is paid for goods that come back whole afterwards: a reserve bears it that never held anything.

        The books alone hear of the sale, as if the outbox had told them.
        """
        code, supplier = await self._household("预留金"), await self._supplier("预留金")
        await Households(self.cipher, AccessLogs(self.clock), self.clock).link(code, supplier, SINCE, "DEMO-关联", BY)
        lots, order = Lots(self.clock), public_number(self.now, "O")
        intake = await self._weigh(supplier, "reserve", 1_000)
        lot = await lots.make(self.merchant, self.product, 1_000, [intake], BY)
        await lots.seal(self.merchant, lot, BY)
        line = PaidLine(
            line=f"{order}-1", sku="DEMO-DIRTY", product=self.product, source=None, title="示例", quantity=2,
            gross_fen=20_000, discount_fen=0, net_fen=20_000, host_commission_bp=0, mass_gram=500,
        )  # fmt: skip
        await lots.bind(line.line, self.product, self.merchant, {lot: line.quantity}, line.mass_gram)
        whose = {"order": order, "merchant": self.merchant}
        money: dict[str, Any] = {
            "reference": order, "number": order, "payee": self.merchant, "channel": CHANNEL, "amount_fen": 20_000,
            "transaction_id": "DEMO-DIRTY", "occurred_at": self.now,
        }  # fmt: skip
        paid = OrderPaid(
            **whose, consumer="DEMO-DIRTY", source=None, channel=CHANNEL, amount_fen=20_000, freight_fen=0,
            paid_at=self.now, lines=(line,),
        )  # fmt: skip
        await self._tell(paid, handlers.on_order_paid)
        await self._tell(PaymentSucceeded(**money), handlers.on_payment_succeeded)
        await self._tell(OrderPacked(**whose, lines=(line.line,), packed_at=self.now), handlers.on_order_packed)
        await self._tell(OrderEarned(**whose, lines=(line.line,), earned_at=self.now), handlers.on_order_earned)
        (owed,) = [each for each in await due(self.merchant) if each.household == code]
        payouts = Payouts(Journals(self.clock), self.clock)
        await payouts.record(code, self.merchant, owed.amount_fen, "DEMO-回单-预留金", self.today, BY)
        returned = LineRefunded(
            **whose, refund=f"{order}-F1", line=line.line, quantity=2, amount_fen=20_000, freight_fen=0,
            remaining_quantity=0, remaining_net_fen=0, refund_step=1, occurred_at=self.now, source_offset_ms=None,
        )  # fmt: skip
        await self._tell(returned, handlers.on_line_refunded)
        back = RefundSucceeded(**money, refund_reference=f"{order}-F1", refund_number=f"{order}-R1", refund_id="DEMO")
        await self._tell(back, handlers.on_refund_succeeded)

    async def _tell(self, fact: FactT, react: Callable[[FactT, SalesBooks], Awaitable[None]]) -> None:
        async with transaction():
            await announce(fact)
            await execute(
                "UPDATE outbox_message SET delivered_at = $2 WHERE subject = $1 AND delivered_at IS NULL",
                fact.key,
                self.now,
            )
            await react(fact, SalesBooks(Journals(self.clock)))

    async def _buyers(self) -> None:
        """The merchant's own applicant buys of it, and three strangers have goods sent to one door, three more buy on
        one phone.

        The orders are rows alone, as if they had been paid: nothing is sold and no stock moves.
        """
        await execute(
            "UPDATE merchant SET applicant = coalesce(applicant, 'DEMO-DIRTY-OWNER') WHERE number = $1", self.merchant
        )
        owner = await scalar("SELECT applicant FROM merchant WHERE number = $1", self.merchant)
        await self._bought(owner, None)
        for serial in range(3):
            mark = self.cipher.blind_index("customer_order|address", "533124 示例刷单地址")
            await self._bought(f"DEMO-DIRTY-{serial + 1}", mark)
            await self._bought(f"DEMO-DIRTY-{serial + 4}", None, device_mark("203.0.113.7 MicroMessenger", self.cipher))

    async def _bought(self, consumer: str, mark: bytes | None, device: bytes | None = None) -> None:
        now = self.now
        number = public_number(now, "O")
        async with transaction():
            trade = await Trade.create(
                number=public_number(now, "T"), consumer=consumer, amount_fen=100, order_count=1, placed_at=now,
                expires_at=now,
            )  # fmt: skip
            order = await Order.create(
                number=number, trade_id=trade.id, consumer=consumer, merchant=self.merchant,
                state=OrderState.RECEIVED, channel=CHANNEL, goods_fen=100, amount_fen=100, delivery=b"",
                address_mark=mark, device_mark=device, after_sales_window_s=1, placed_at=now, expires_at=now,
                paid_at=now, received_at=now, earned_at=now,
            )  # fmt: skip
            await OrderLine.create(
                order_id=order.id, reference=f"{number}-1", position=1, sku="DEMO-DIRTY", product=self.product,
                title="示例", spec="示例", image="", marks=[], unit_price_fen=100, quantity=1, gross_fen=100,
                net_fen=100, mass_gram=1, return_policy="none_fresh",
            )  # fmt: skip
