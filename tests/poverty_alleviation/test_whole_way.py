"""An order from checkout to the poverty officer's answer, through real services, outbox and subscriptions."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.actors import Auditor, CountyOfficer, Host, MerchantClerk, PovertyOfficer, StationKeeper
from console_api import door
from kit.clock import CHINA
from kit.database import rows
from ledger.queries import posted
from orders.errors import OrderNotFound
from orders.jobs import pass_after_sales_windows
from payments.bills import Bills
from payments.jobs import compare_bills
from payments.ports import BillLineKind, TradeBill, TradeBillRow
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contracts import Contracts, ContractTerms, RuleTerms
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus, ChainTemplate
from poverty_alleviation.payouts import Payouts, due
from poverty_alleviation.queries import statement
from poverty_alleviation.reconciliation import reconciliation
from server.app import load_doors
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import Mall
from tests.payments import channel
from tests.products.shelf import TOWNSHIP, VILLAGE
from traceability.models import IntakeMode, SupplierKind
from traceability.service import Intakes, Reach, Suppliers, Weighing

OFFICER = "staff:office"
SINCE = date(2020, 1, 1)


async def open_books(mall: Mall) -> dict[str, str]:  # noqa: F811
    """Two households and a neighbour who deliver to the merchant; answers supplier numbers by name."""
    register = mall.built.services[Households]
    contracts = mall.built.services[Contracts]
    assert isinstance(register, Households)
    assert isinstance(contracts, Contracts)
    reach = Reach(caller="staff:keeper", township=TOWNSHIP)
    numbers = {}
    for name in ("甲", "乙", "丙"):
        numbers[name] = await Suppliers().enter(reach, f"示例{name}", SupplierKind.FARMER, TOWNSHIP)
    for name in ("甲", "乙"):
        await register.enter(Identity(name=f"示例{name}"), TOWNSHIP, VILLAGE, OFFICER, f"示例{name}")
        await register.decide(f"示例{name}", AssistanceStatus.REGISTERED, SINCE, "示例文件1号", OFFICER)
        await register.link(f"示例{name}", numbers[name], SINCE, "示例文件2号", OFFICER)
    cooperative = await Suppliers().enter(reach, "示例社", SupplierKind.COOPERATIVE, TOWNSHIP)
    terms = ContractTerms(
        template=ChainTemplate.ENTERPRISE_COOPERATIVE_HOUSEHOLD,
        merchant=mall.merchant,
        parties={"enterprise": [mall.merchant], "cooperative": [cooperative], "household": ["示例甲", "示例乙"]},
        document="示例合同1号",
        valid_from=SINCE,
    )
    contract = await contracts.draft(terms, OFFICER)
    per_kg = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind.PER_UNIT,
        rate=1200,
        scope=RuleScope.ALL_SUPPLIERS,
        category=IncomeCategory.PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=SINCE,
    )
    await contracts.add_rule(contract, per_kg, OFFICER)
    await contracts.submit(contract)
    await contracts.decide(contract, "staff:second", "", is_approved=True)
    return numbers


async def lot_of(mall: Mall, deliveries: dict[str, int], mode: IntakeMode) -> str:  # noqa: F811
    """A sealed lot of one delivery by each supplier number."""
    taken = []
    for supplier, mass in deliveries.items():
        weighing = Weighing(
            client_id=f"phone-{supplier}-{mode}",
            supplier=supplier,
            merchant=mall.merchant,
            product=mall.product,
            mass_gram=mass,
            grade="一级",
            unit_price_fen=1000,
            mode=mode,
            weighed_at=datetime.now(UTC) - timedelta(minutes=1),
            evidence="示例收购单" if mode is IntakeMode.PAID_AT_SCALE else "",
        )
        taken.append(await Intakes().accept(Reach(caller="staff:keeper", township=TOWNSHIP), weighing))
    number = await mall.lots.make(mall.merchant, mall.product, sum(deliveries.values()), taken, "staff:clerk")
    await mall.lots.seal(mall.merchant, number, "staff:clerk")
    return number


async def test_a_purchase_becomes_a_households_record(mall: Mall) -> None:  # noqa: F811
    """Two lots (consignment, paid at the scale), a refund, the window passes, a payout, a confirmation.

    Consignment lot: 甲 6 kg, 丙 4 kg. Scale lot: 乙 10 kg at 10.00 = 100.00 income at once.
    Order 1: 2 jars of 500 g from the first lot, 79.80; order 2: 2 jars from the second, one
    of them refunded. 甲: 12.00 × 0.6 kg = 7.20 earned; attributed 79.80 × 0.6 = 47.88. 乙:
    income 100.00, attributed 39.90.
    """
    suppliers = await open_books(mall)
    consigned = await lot_of(mall, {suppliers["甲"]: 6_000, suppliers["丙"]: 4_000}, IntakeMode.CONSIGNMENT)
    bought = await lot_of(mall, {suppliers["乙"]: 10_000}, IntakeMode.PAID_AT_SCALE)
    orders = [await mall.place(2, consumer=f"C{i}") for i in range(2)]
    for order, lot in zip(orders, (consigned, bought), strict=True):
        await mall.pay(order.number)
        line = order.lines[0].reference
        await mall.fulfilment.pack(mall.merchant, order.number, {line: {lot: 2}}, "staff:clerk")
        await mall.fulfilment.ship(mall.merchant, order.number, "SF", f"SF{order.number[:10]}", "staff:clerk")
        await mall.life.receive(await mall.consumer(order.number), order.number)
    await mall.deliver()
    provisional = (await statement("示例甲")).figures
    assert (provisional.provisional_sales_fen, provisional.attributed_sales_fen) == (4_788, 0)
    await mall.refund(orders[1], 0, 1)
    mall.watch.forward(days=8)
    await pass_after_sales_windows(mall.life)
    await mall.deliver()

    first, second = (await statement("示例甲")).figures, (await statement("示例乙")).figures
    assert (first.attributed_sales_fen, first.income_earned_fen, first.income_paid_fen) == (4_788, 720, 0)
    assert (second.attributed_sales_fen, second.income_earned_fen, second.income_paid_fen) == (
        3_990,
        0,
        10_000,
    )
    (owed,) = await due()
    payouts = mall.built.services[Payouts]
    assert isinstance(payouts, Payouts)
    number = await payouts.record(owed.household, owed.merchant, owed.amount_fen, "回单1", date(2026, 11, 24), OFFICER)
    await payouts.confirm("payout", number, "visit", "示例走访1", datetime.now(UTC), OFFICER)
    first = (await statement("示例甲")).figures
    assert (first.income_paid_fen, first.income_confirmed_fen, first.income_earned_fen) == (720, 720, 0)

    found = await reconciliation()
    assert found.is_exact
    assert found.movement_fen == 2 * 7_980 - 3_990
    assert found.unattributed_fen == 0


async def settle(mall: Mall, number: str, refund: str = "") -> None:  # noqa: F811
    """The channel's bill lists the capture of an order's payment, or one of its refunds."""
    found = (
        await rows(
            "SELECT p.number, p.transaction_id, p.sub_mchid, p.captured_fen, r.number AS refund, r.refund_id,"
            " r.amount_fen FROM payment p LEFT JOIN payment_refund r ON r.payment_id = p.id AND r.reference = $2"
            " WHERE p.reference = $1",
            number,
            refund,
        )
    )[0]
    line = TradeBillRow(
        line_number=1,
        kind=BillLineKind.REFUND if refund else BillLineKind.CAPTURE,
        traded_at=datetime.now(UTC),
        appid=channel.APPID,
        mchid=channel.MCHID,
        sub_mchid=found["sub_mchid"],
        transaction_id=found["transaction_id"],
        number=found["number"],
        refund_id=found["refund_id"],
        refund_number=found["refund"],
        refund_state="SUCCESS" if refund else None,
        gross_fen=found["amount_fen"] if refund else found["captured_fen"],
        fee_fen=-1436 if refund else 1436,
    )
    bills = Bills(mall.gateway)
    await bills._keep(TradeBill(day=datetime.now(UTC).astimezone(CHINA).date(), sha1="0" * 40, rows=(line,)))
    assert await compare_bills(bills) == 1
    await mall.deliver()


async def test_money_without_an_order_leaves_every_comparison_exact(mall: Mall) -> None:  # noqa: F811
    """Late money for goods that are gone: captured, settled, its refund failed, repeated, paid back, settled."""
    late = await mall.place(60)
    await mall.expire()
    sold = await mall.place(50, consumer="C2")
    await mall.pay(sold.number)
    number, fen = late.number, 60 * 3_990
    await mall.pay(number)
    owed = await reconciliation()
    assert owed.is_exact, owed
    assert owed.movement_fen == 50 * 3_990 + fen
    await settle(mall, number)
    assert (await reconciliation()).is_exact
    await mall.life.give_back_again(number)
    await mall.receive_notice(await mall.refund_notice(f"{number}L", "CLOSED"))
    assert (await reconciliation()).is_exact
    for _ in range(2):
        await mall.life.give_back_again(number)
    raw = await mall.refund_notice(f"{number}L-2")
    for _ in range(2):
        await mall.receive_notice(raw)
    assert [r["reference"] for r in await rows("SELECT reference FROM payment_refund ORDER BY id")] == [
        f"{number}L",
        f"{number}L-2",
    ]
    paid_back = await reconciliation()
    assert paid_back.is_exact, paid_back
    await settle(mall, number, f"{number}L-2")
    end = await reconciliation()
    assert end.is_exact, end
    (of_channel,) = end.channels
    assert (of_channel.told_refunded_fen, of_channel.booked_refunded_fen) == (fen, fen)
    assert (of_channel.settled_gross_fen, of_channel.fees_fen, of_channel.bank_fen) == (0, 0, 0)
    assert of_channel.in_transit_fen == end.movement_fen == 50 * 3_990
    assert [each.amount_fen for each in await posted([number])] == []
    with pytest.raises(OrderNotFound):
        await mall.life.give_back_again(sold.number)


async def test_no_fact_names_a_household(mall: Mall) -> None:  # noqa: F811
    """The outbox carries suppliers and lots, never a household's code or name (domain reference 5)."""
    suppliers = await open_books(mall)
    lot = await lot_of(mall, {suppliers["甲"]: 6_000}, IntakeMode.PAID_AT_SCALE)
    order = await mall.place(2)
    await mall.pay(order.number)
    line = order.lines[0].reference
    await mall.fulfilment.pack(mall.merchant, order.number, {line: {lot: 2}}, "staff:clerk")
    await mall.deliver()
    messages = await rows("SELECT payload::text AS payload FROM outbox_message")
    assert len(messages) > 4
    for message in messages:
        assert "household" not in message["payload"]
        assert "示例甲" not in message["payload"]


@pytest.mark.parametrize("stranger", [MerchantClerk, StationKeeper, Host, CountyOfficer])
def test_nobody_but_the_poverty_office_and_auditors_has_a_way_to_households(stranger: type) -> None:
    load_doors()
    own = [e for e in door.endpoints if "/poverty/" in e.path]
    assert len(own) > 20
    assert not [e.path for e in own if e.public or stranger in e.actors]
    assert all(set(e.actors) <= {PovertyOfficer, Auditor} for e in own)
    # Looking at a sealed photograph is a POST, because the look is on record; so is asking whose a leaked file is,
    # because the file is sent. They change nothing else.
    looks = ("/views", "/leaked-files")
    changing = [e for e in own if (e.method != "GET" and not e.path.endswith(looks)) or "identity" in e.path]
    assert all(Auditor not in e.actors for e in changing)
