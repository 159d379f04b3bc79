"""A small county: one merchant, two registered households, one neighbour, and their goods."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts.service import AccessLogs
from integrations.wechat_pay.gateway import WeChatPayGateway
from kit.database import rows, transaction
from kit.facts import Fact
from ledger.periods import Periods
from ledger.service import Journals
from orders.events import LineRefunded, LotsAssigned, OrderEarned, OrderPacked, OrderPaid, PaidLine
from payments.differences import Differences
from poverty_alleviation import handlers
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contracts import Contracts, ContractTerms, RuleTerms
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus, ChainTemplate
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.payouts import Payouts
from poverty_alleviation.reserves.clawbacks import Clawbacks
from poverty_alleviation.reserves.terms import Reserves
from poverty_alleviation.sales import SalesBooks
from tests.accounts.people import throwaway_cipher
from tests.conftest import Databases, written_once
from tests.emptied import Lender, Rows
from tests.payments import channel
from tests.products.shelf import TOWNSHIP, VILLAGE, approved_merchant, listed_product
from tests.superuser import as_superuser
from traceability.lots import Lots
from traceability.models import IntakeMode, Supplier, SupplierKind
from traceability.service import Intakes, Reach, Weighing

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
CHANNEL = "wechat_miniprogram"
SOURCE = "live:L1"
OFFICER = "staff:office"
SECOND = "staff:second"


@dataclass
class County:
    """The demo county of a test; ``clock`` stands still unless a test moves ``now``."""

    merchant: str = ""
    product: str = ""
    suppliers: dict[str, str] = field(default_factory=dict)
    households: dict[str, str] = field(default_factory=dict)
    contract: str = ""
    now: datetime = NOW
    intakes_made: int = 0

    def clock(self) -> datetime:
        return self.now

    @property
    def books(self) -> SalesBooks:
        return SalesBooks(Journals(self.clock))

    @property
    def registry(self) -> Households:
        return Households(throwaway_cipher(), AccessLogs(self.clock), self.clock)

    @property
    def contracts(self) -> Contracts:
        return Contracts(self.clock)

    @property
    def payouts(self) -> Payouts:
        return Payouts(Journals(self.clock), self.clock)

    @property
    def corrections(self) -> Corrections:
        return Corrections(Journals(self.clock), self.clock)

    @property
    def reserves(self) -> Reserves:
        return Reserves(Journals(self.clock), self.clock)

    @property
    def clawbacks(self) -> Clawbacks:
        return Clawbacks(Journals(self.clock), self.clock)

    async def correct(self, kind: str, target: str, as_of: date | None = None) -> str:
        """Proposed by the officer, approved by another; answers the number."""
        number = await self.corrections.propose(
            CorrectionKind(kind), target, as_of, CorrectionReason.WRONG_RECORD, "示例更正依据1", OFFICER
        )
        await self.corrections.decide(number, SECOND, "示例核对无误", is_approved=True)
        return number

    @property
    def close(self) -> MonthClose:
        """Nothing of a close asks the channel: its bills are here or not."""
        gateway = WeChatPayGateway(channel.configuration(), httpx.AsyncClient(trust_env=False))
        return MonthClose(Periods(self.clock), Differences(gateway, self.clock), self.clock)

    @property
    def lots(self) -> Lots:
        return Lots(self.clock)

    async def enter_supplier(self, name: str, kind: SupplierKind = SupplierKind.FARMER) -> str:
        """A supplier whose number sorts by its name, because equal remainders go to the smaller number."""
        number = f"S-{name}"
        await Supplier.create(
            number=number,
            name=f"供货人{name}",
            kind=kind,
            township=TOWNSHIP,
            entered_by="staff:keeper",
            entered_at=self.now,
        )
        self.suppliers[name] = number
        return number

    async def register(self, name: str, since: date = date(2020, 1, 1)) -> str:
        """Enter a household for a supplier, registered since a day."""
        code = f"示例{name}"
        identity = Identity(name=f"示例户主{name}", phone="10000000001")
        await self.registry.enter(identity, TOWNSHIP, VILLAGE, OFFICER, code)
        await self.registry.decide(code, AssistanceStatus.REGISTERED, since, "示例文件1号", OFFICER)
        await self.registry.link(code, self.suppliers[name], since, "示例文件2号", OFFICER)
        self.households[name] = code
        return code

    def chain(self, **changes: object) -> ContractTerms:
        """The terms of a contract of the merchant with the cooperative and both households."""
        said: dict[str, object] = {
            "template": ChainTemplate.ENTERPRISE_COOPERATIVE_HOUSEHOLD,
            "merchant": self.merchant,
            "parties": {"enterprise": [self.merchant], "cooperative": ["S-COOP"], "household": ["示例H1", "示例H2"]},
            "document": "示例合同1号",
            "valid_from": date(2026, 1, 1),
            **changes,
        }
        return ContractTerms(**said)  # type: ignore[arg-type]

    async def conclude(self, terms: ContractTerms) -> str:
        """Drafted and submitted by the officer, approved by another; answers the number."""
        number = await self.contracts.draft(terms, OFFICER)
        await self.contracts.submit(number)
        await self.contracts.decide(number, SECOND, "示例核对无误", is_approved=True)
        return number

    async def propose_rule(
        self,
        kind: RuleKind,
        rate: int,
        scope: RuleScope,
        category: IncomeCategory | None = IncomeCategory.PRODUCTION,
        recognition: Recognition | None = Recognition.ORDER_COMPLETED,
        product: str | None = None,
        valid_from: date = date(2026, 1, 1),
        mechanism: Mechanism | None = None,
    ) -> str:
        """Answers the rule's code. Without a mechanism it is a purchase, a consignment, or with a category a return."""
        usual = Mechanism.CONSIGNMENT if category is IncomeCategory.PRODUCTION else Mechanism.RETURN
        if recognition is Recognition.INTAKE_PAID:
            usual = Mechanism.PURCHASE
        terms = RuleTerms(
            mechanism=mechanism or usual,
            kind=kind,
            rate=rate,
            scope=scope,
            category=category,
            recognition=recognition,
            product=product,
            valid_from=valid_from,
        )
        code, _ = await self.contracts.add_rule(self.contract, terms, OFFICER)
        return code

    async def approve_rule(self, code: str) -> None:
        """By the second officer."""
        await self.contracts.decide_rule(self.contract, code, SECOND, "示例核对无误", is_approved=True)

    async def add_rule(self, *said: Any, **more: Any) -> str:
        """What :meth:`propose_rule` proposes, approved; answers the rule's version."""
        code = await self.propose_rule(*said, **more)
        await self.approve_rule(code)
        return f"{code}-1"

    async def take_in(
        self, name: str, mass_gram: int, mode: IntakeMode = IntakeMode.CONSIGNMENT, fen_per_kg: int = 1200
    ) -> str:
        self.intakes_made += 1
        paid = mode is IntakeMode.PAID_AT_SCALE
        return await Intakes(self.clock).accept(
            Reach(caller="staff:keeper", township=TOWNSHIP),
            Weighing(
                client_id=f"phone-{self.intakes_made}",
                supplier=self.suppliers[name],
                merchant=self.merchant,
                product=self.product,
                mass_gram=mass_gram,
                grade="一级",
                unit_price_fen=fen_per_kg,
                mode=mode,
                weighed_at=self.now - timedelta(days=1),
                evidence=f"示例收购单{self.intakes_made}" if paid else "",
            ),
        )

    async def sealed_lot(self, intakes: dict[str, int], mode: IntakeMode = IntakeMode.CONSIGNMENT) -> str:
        """A sealed lot of one delivery by each named supplier, in gram."""
        numbers = [await self.take_in(name, mass, mode) for name, mass in intakes.items()]
        lot = await self.lots.make(self.merchant, self.product, sum(intakes.values()), numbers, "staff:clerk")
        await self.lots.seal(self.merchant, lot, "staff:clerk")
        return lot

    def paid(
        self,
        order: str = "O1",
        *,
        net_fen: int = 10_970,
        quantity: int = 3,
        freight_fen: int = 0,
        source: str | None = SOURCE,
        channel: str = CHANNEL,
        mass_gram: int = 500,
    ) -> OrderPaid:
        line = PaidLine(
            line=f"{order}-1",
            sku="brown-sugar-500",
            product=self.product,
            source=source,
            title="古法红糖 500 g",
            quantity=quantity,
            gross_fen=net_fen,
            discount_fen=0,
            net_fen=net_fen,
            host_commission_bp=800,
            mass_gram=mass_gram,
        )
        return OrderPaid(
            order=order,
            merchant=self.merchant,
            consumer="consumer:1",
            source=source,
            channel=channel,
            amount_fen=net_fen + freight_fen,
            freight_fen=freight_fen,
            paid_at=self.now,
            lines=(line,),
        )

    def packed(self, order: str = "O1") -> OrderPacked:
        return OrderPacked(order=order, merchant=self.merchant, lines=(f"{order}-1",), packed_at=self.now)

    def assigned(self, order: str = "O1") -> LotsAssigned:
        return LotsAssigned(
            order=order, merchant=self.merchant, line=f"{order}-1", assigned_at=self.now, reason="not_scanned"
        )

    def earned(self, order: str = "O1") -> OrderEarned:
        return OrderEarned(order=order, merchant=self.merchant, lines=(f"{order}-1",), earned_at=self.now)

    def refunded(
        self,
        step: int,
        remaining_quantity: int,
        remaining_net_fen: int,
        *,
        order: str = "O1",
        freight_fen: int = 0,
        amount_fen: int = 0,
        quantity: int = 1,
    ) -> LineRefunded:
        return LineRefunded(
            order=order,
            merchant=self.merchant,
            refund=f"{order}-F{step}",
            line=f"{order}-1",
            quantity=quantity,
            amount_fen=amount_fen,
            freight_fen=freight_fen,
            remaining_quantity=remaining_quantity,
            remaining_net_fen=remaining_net_fen,
            refund_step=step,
            occurred_at=self.now,
        )

    async def tell(self, *facts: Fact) -> None:
        """Deliver facts as the dispatcher does, each in its own transaction."""
        react: dict[str, Callable[..., Awaitable[None]]] = {
            "orders.order_paid": handlers.on_order_paid,
            "orders.late_money_refused": handlers.on_late_money_refused,
            "orders.order_packed": handlers.on_order_packed,
            "orders.lots_assigned": handlers.on_lots_assigned,
            "orders.order_earned": handlers.on_order_earned,
            "orders.line_refunded": handlers.on_line_refunded,
            "traceability.intake_paid": handlers.on_intake_paid,
            "payments.payment_settled": handlers.on_payment_settled,
            "payments.payment_succeeded": handlers.on_payment_succeeded,
            "payments.payment_arrived_late": handlers.on_payment_arrived_late,
            "payments.refund_succeeded": handlers.on_refund_succeeded,
            "orders.channel_paid": handlers.on_channel_paid,
            "orders.channel_refunded": handlers.on_channel_refunded,
        }
        for fact in facts:
            async with transaction():
                await react[fact.topic](fact, self.books)

    async def bind(self, lots: dict[str, int], order: str = "O1", mass_gram: int = 500) -> None:
        await self.lots.bind(f"{order}-1", self.product, self.merchant, lots, mass_gram)


async def balances() -> dict[tuple[str, str, str], int]:
    """Every account that is not zero: (code, owner, state) -> debits − credits."""
    found = await rows(
        "SELECT a.code, a.owner, a.state, sum(p.amount_fen)::bigint AS fen FROM ledger_posting p"
        " JOIN ledger_account a ON a.id = p.account_id GROUP BY 1, 2, 3 HAVING sum(p.amount_fen) <> 0"
    )
    return {(each["code"], each["owner"], each["state"]): each["fen"] for each in found}


@asynccontextmanager
async def closed_quarter(county: County) -> AsyncIterator[date]:
    """It is January and the months of the quarter before are closed, as two signatures would have it; the day."""
    before, county.now = county.now, datetime(2027, 1, 5, 2, 0, tzinfo=UTC)
    months = "('2026-10'), ('2026-11'), ('2026-12')"
    await as_superuser(
        "SET session_replication_role = replica",
        "INSERT INTO ledger_period (period, state, round, root, closed_at)"
        f" SELECT month, 'closed', 1, 'root', now() FROM (VALUES {months}) AS m(month)",
    )
    yield county.now.date()
    await as_superuser("SET session_replication_role = replica", "DELETE FROM ledger_period")
    county.now = before


async def make_county() -> County:
    """With rules A (12.00 per kg, all) and B (2 %, registered only) of the worked vector."""
    place = County()
    place.merchant = await approved_merchant()
    place.product, _ = await listed_product(place.merchant)
    for name in ("H1", "H2", "N1"):
        await place.enter_supplier(name)
    await place.register("H1")
    await place.register("H2")
    await place.enter_supplier("COOP", SupplierKind.COOPERATIVE)
    place.contract = await place.conclude(place.chain())
    await place.add_rule(RuleKind.PER_UNIT, 1200, RuleScope.ALL_SUPPLIERS)
    await place.add_rule(RuleKind.PCT_NET, 200, RuleScope.REGISTERED_ONLY, IncomeCategory.TRANSFER)
    return place


@pytest.fixture(scope="session")
def county_rows(databases: Databases, lender: Lender) -> tuple[County, Rows]:
    """The county that every test begins with."""
    return written_once(databases, lender, make_county)


@pytest.fixture
def county(county_rows: tuple[County, Rows], database: str, lender: Lender) -> County:
    """The county with rules A (12.00 per kg, all) and B (2 %, registered only) of the worked vector."""
    place, kept = county_rows
    lender.put(kept)
    return deepcopy(place)
