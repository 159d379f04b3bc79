"""Settlement entries re-add to the fen and equal payments, refunds and bills, whatever happens to an order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tortoise.exceptions import OperationalError

from kit.clock import CHINA, china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.outbox import Delivery
from orders.events import LineRefunded
from payments.bills import Bills
from payments.ports import BillLineKind, TradeBill, TradeBillRow
from server.subscriptions import reactions
from settlements.entries import SettlementEntries
from settlements.errors import DayNotOver, SpanInvalid, StatementEmpty, StatementTaken, StatementUnknown
from settlements.queries import (
    entries,
    every_entry,
    every_entry_of_statement,
    figures,
    figures_by_merchant,
    figures_of_statement,
    reconciliation,
    statement,
    statements,
)
from settlements.statements import Statements
from tests.orders.mall import CheckoutLine, Mall
from tests.payments import channel
from tests.promotions.shop import claimed_coupon
from tests.superuser import as_superuser

FEE_PPM = 6000


def fee(fen: int) -> int:
    return (fen * FEE_PPM + 500_000) // 1_000_000


async def bill_of_everything(mall: Mall) -> None:
    """WeChat's bill of all that has moved, compared and settled."""
    lines = []
    for number, payment in enumerate(await rows("SELECT * FROM payment WHERE captured_fen > 0 ORDER BY id"), 1):
        capture = TradeBillRow(
            line_number=number, kind=BillLineKind.CAPTURE, traded_at=payment["captured_at"], appid=channel.APPID,
            mchid=channel.MCHID, sub_mchid=payment["sub_mchid"], transaction_id=payment["transaction_id"],
            number=payment["number"], refund_id=None, refund_number=None, refund_state=None,
            gross_fen=payment["captured_fen"], fee_fen=fee(payment["captured_fen"]),
        )  # fmt: skip
        lines.append(capture)
        for refund in await rows("SELECT * FROM payment_refund WHERE payment_id = $1 ORDER BY id", payment["id"]):
            lines.append(
                TradeBillRow(
                    line_number=number,
                    kind=BillLineKind.REFUND,
                    traded_at=refund["created_at"],
                    appid=channel.APPID,
                    mchid=channel.MCHID,
                    sub_mchid=payment["sub_mchid"],
                    transaction_id=payment["transaction_id"],
                    number=payment["number"],
                    refund_id=refund["refund_id"],
                    refund_number=refund["number"],
                    refund_state="SUCCESS",
                    gross_fen=refund["amount_fen"],
                    fee_fen=-fee(refund["amount_fen"]),
                )
            )
    bills = Bills(mall.gateway, mall.watch)
    day = mall.watch().astimezone(CHINA).date()
    await bills._keep(TradeBill(day=day, sha1="0" * 40, rows=tuple(lines)))
    await bills.compare_again()
    await mall.deliver()


async def earned(mall: Mall, consumer: str, quantity: int, source: str | None = None) -> str:
    order = await mall.place(quantity, consumer=consumer, source=source)
    await mall.bring_to("received", order)
    return order.number


async def check_exact(mall: Mall) -> None:
    found = await reconciliation(mall.gateway.channel)
    assert found.is_exact, found.mismatches
    assert (found.received_fen, found.fee_fen) == (found.told_received_fen, found.told_fee_fen)


async def test_every_way_of_an_order_adds_up_with_payments_and_bills_to_the_fen(mall: Mall) -> None:
    """Paid, partly refunded, refunded in full, late and sold, late and given back, never paid; fees both ways."""
    await execute("UPDATE product SET host_commission_bp = 800")
    day = china_day(utc_now())
    await earned(mall, "C1", 2, source="live:1")
    partly = await mall.place(3, consumer="C2", source="live:1")
    await mall.bring_to("received", partly)
    await mall.refund(partly, 0, 1)
    whole = await mall.place(2, consumer="C3")
    await mall.bring_to("paid", whole)
    await mall.refund(whole, 0, 2)
    late = await mall.place(1, consumer="C4")
    late_notice = await mall.payment_notice(late.number)
    lost = await mall.place(90, consumer="C5")
    lost_notice = await mall.payment_notice(lost.number)
    unpaid = await mall.place(1, consumer="C6")
    await mall.expire()
    await mall.receive_notice(late_notice)
    await earned(mall, "C7", 90)
    await mall.receive_notice(lost_notice)
    await check_exact(mall)
    refund = f"{lost.number}L"
    await mall.receive_notice(await mall.refund_notice(refund))
    await bill_of_everything(mall)
    await check_exact(mall)
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()

    found = await figures(mall.merchant, day, day + timedelta(days=10))
    gross = 3990 * (2 + 3 + 2 + 1 + 90)
    assert (found.orders, found.gross_fen) == (5, gross)
    assert found.refund_fen == -3990 * 3
    assert found.late_money_fen == 0
    assert found.received_fen == gross - 3990 * 3
    told = await scalar(
        "SELECT (SELECT sum(captured_fen) FROM payment) - (SELECT sum(amount_fen) FROM payment_refund"
        " WHERE state = 'succeeded')"
    )
    assert found.received_fen == told
    assert found.fee_fen == -await scalar("SELECT sum(fee_fen)::bigint FROM payment_settlement")
    assert found.landed_fen == found.received_fen + found.fee_fen
    assert found.commission_fen == -(3990 * 2 * 800 // 10000 + 3990 * 2 * 800 // 10000)
    assert await scalar("SELECT count(*) FROM settlement_entry WHERE order_number = $1", unpaid.number) == 0
    page, cursor = await entries(mall.merchant, day, day + timedelta(days=10), partly.number)
    assert cursor is None
    assert [(each.kind, each.amount_fen) for each in page] == [
        ("gross", 3990 * 3), ("refund", -3990), ("fee", -fee(3990 * 3)), ("fee", fee(3990)),
        ("commission", -(3990 * 2 * 800 // 10000)),
    ]  # fmt: skip


async def test_a_fact_that_comes_twice_writes_nothing_twice(mall: Mall) -> None:
    """Fails when the unique source is dropped: tried."""
    order = await mall.place(3, source="live:1")
    await mall.bring_to("received", order)
    await mall.refund(order, 0, 1)
    await bill_of_everything(mall)
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()
    before = await rows("SELECT to_jsonb(e)::text AS r FROM settlement_entry e ORDER BY id")
    await execute("DELETE FROM outbox_receipt WHERE handler LIKE 'settlements.%'")
    await execute("UPDATE outbox_message SET delivered_at = NULL, next_attempt_at = created_at")
    own = tuple(each for each in reactions(mall.built) if each.name.startswith("settlements."))
    delivery = Delivery(own, mall.watch)
    while await delivery.deliver_due():
        pass
    assert await rows("SELECT to_jsonb(e)::text AS r FROM settlement_entry e ORDER BY id") == before


async def test_an_amount_that_payments_do_not_know_is_a_mismatch(mall: Mall) -> None:
    order = await mall.place(1)
    await mall.pay(order.number)
    await check_exact(mall)
    await execute("UPDATE payment SET captured_fen = captured_fen + 1")
    found = await reconciliation(mall.gateway.channel)
    assert (found.is_exact, found.mismatch_count) == (False, 1)
    assert found.mismatches[0].told_received_fen - found.mismatches[0].received_fen == 1
    await execute("UPDATE payment SET captured_fen = 0, state = 'pending', transaction_id = NULL")
    found = await reconciliation(mall.gateway.channel)
    assert [(each.reference, each.told_received_fen) for each in found.mismatches] == [(order.number, 0)]


async def test_a_refund_after_the_commission_was_due_takes_its_part_back(mall: Mall) -> None:
    await execute("UPDATE product SET host_commission_bp = 333")
    order = await mall.place(3, source="live:1")
    await mall.bring_to("received", order)
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()
    refunded = LineRefunded(
        order=order.number, merchant=mall.merchant, refund="R1", line=order.lines[0].reference, quantity=1,
        amount_fen=3990, freight_fen=0, remaining_quantity=2, remaining_net_fen=2 * 3990, refund_step=1,
        occurred_at=mall.watch(),
    )  # fmt: skip
    for _ in range(2):
        async with transaction():
            await SettlementEntries().record_refunded_line(refunded)
    told = await rows("SELECT amount_fen FROM settlement_entry WHERE kind = 'commission' ORDER BY id")
    assert [each["amount_fen"] for each in told] == [
        -(3990 * 3 * 333 // 10000), 3990 * 3 * 333 // 10000 - 3990 * 2 * 333 // 10000,
    ]  # fmt: skip


async def test_a_discount_that_the_county_bears_is_its_debt_once_the_order_is_earned(mall: Mall) -> None:
    """The merchant receives less, and the county owes it its part once the order is earned; all of it to the fen."""
    coupon = await claimed_coupon(merchant_bears_bp=2500)
    trade = await mall.place_trade([CheckoutLine(mall.skus[0], 3)], coupons=[coupon])
    order = trade.orders[0]
    await mall.bring_to("received", order)
    day = china_day(utc_now())
    found = await figures(mall.merchant, day, day + timedelta(days=10))
    assert (found.merchant_discount_fen, found.county_discount_fen, found.county_owes_fen) == (-500, -1500, 0)
    assert found.received_fen == 3 * 3990 - 2000
    await check_exact(mall)
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()
    assert (await figures(mall.merchant, day, day + timedelta(days=10))).county_owes_fen == 1500


async def test_a_statement_takes_each_entry_once_and_re_adds(mall: Mall) -> None:
    for consumer in ("C1", "C2"):
        await mall.pay((await mall.place(1, consumer=consumer)).number)
    day = china_day(utc_now())
    desk = Statements(lambda: utc_now() + timedelta(days=1))
    with pytest.raises(DayNotOver):
        await Statements().issue(mall.merchant, day, "staff:officer")
    with pytest.raises(StatementEmpty):
        await desk.issue(mall.merchant, day - timedelta(days=1), "staff:officer")
    first = await desk.issue(mall.merchant, day, "staff:officer")
    with pytest.raises(StatementEmpty):
        await desk.issue(mall.merchant, day, "staff:officer")
    card = await statement(first, mall.merchant)
    assert (card.first_day, card.last_day, card.landed_fen, card.entry_count) == (day, day, 2 * 3990, 2)
    assert (await figures_of_statement(first)).landed_fen == card.landed_fen
    with pytest.raises(StatementUnknown):
        await statement(first, "M2")
    await mall.pay((await mall.place(1, consumer="C3")).number)  # comes after the statement of its day
    with pytest.raises(StatementTaken):
        await desk.issue(mall.merchant, day, "staff:officer")
    later = Statements(lambda: utc_now() + timedelta(days=2))
    second = await later.issue(mall.merchant, day + timedelta(days=1), "staff:officer")
    both = [each async for each in every_entry_of_statement(first)]
    both += [each async for each in every_entry_of_statement(second)]
    assert sum(each.amount_fen for each in both) == 3 * 3990
    assert sorted(each.id for each in both) == [each.id async for each in every_entry(mall.merchant, day, day)]
    page, cursor = await statements(mall.merchant, None, 1)
    rest, end = await statements(mall.merchant, cursor, 1)
    assert [each.number for each in page + rest] == [second, first]
    assert end is None
    for change in (
        "UPDATE settlement_entry SET amount_fen = 1",
        "UPDATE settlement_entry SET statement_id = NULL",
        "DELETE FROM settlement_entry",
        "UPDATE settlement_statement SET landed_fen = 1",
    ):
        with pytest.raises(OperationalError):
            await execute(change)


async def test_last_months_statements_are_issued_once_and_not_on_the_first(mall: Mall) -> None:
    await mall.pay((await mall.place(1)).number)
    await as_superuser("DROP TRIGGER settlement_entry_only_into_statement ON settlement_entry")
    await execute("UPDATE settlement_entry SET day = '2026-10-31'")
    first = Statements(lambda: datetime(2026, 11, 1, 15, 59, tzinfo=UTC))
    assert await first.issue_month() == 0
    second = Statements(lambda: datetime(2026, 11, 1, 16, 0, tzinfo=UTC))
    assert await second.issue_month() == 1
    assert await second.issue_month() == 0
    ((card,), _) = await statements(None, None, 20)
    assert (card.first_day, card.last_day, card.issued_by) == (date(2026, 10, 31), date(2026, 10, 31), "clock")


async def test_spans_are_bounded_and_merchants_are_told_apart(mall: Mall) -> None:
    await mall.pay((await mall.place(1)).number)
    day = china_day(utc_now())
    for first, last in ((day, day - timedelta(days=1)), (day, day + timedelta(days=400))):
        with pytest.raises(SpanInvalid):
            await figures(mall.merchant, first, last)
    assert (await figures("M2", day, day)).orders == 0
    assert {number: each.orders for number, each in (await figures_by_merchant(day, day)).items()} == {mall.merchant: 1}
