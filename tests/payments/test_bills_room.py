"""What a bill leads to, without a channel: bills and answers are made by the test."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from kit.clock import CHINA
from kit.database import execute, row, rows, scalar, transaction
from payments.events import PaymentArrivedLate, PaymentSettled
from payments.jobs import compare_bills
from payments.ports import BillLineKind, RefundState, TradeBill, TradeBillRow
from payments.queries import PaymentQueries
from tests.payments import channel
from tests.payments.conftest import Shop
from tests.payments.test_payments_room import a_refund, refund_seen, seen

DAY = date(2026, 11, 20)


def captured_line(number: str, transaction_id: str, amount_fen: int) -> TradeBillRow:
    return TradeBillRow(
        line_number=1, kind=BillLineKind.CAPTURE, traded_at=datetime(2026, 11, 20, 3, tzinfo=UTC),
        appid=channel.APPID, mchid=channel.MCHID, sub_mchid=channel.SUB_MCHID, transaction_id=transaction_id,
        number=number, refund_id=None, refund_number=None, refund_state=None, gross_fen=amount_fen, fee_fen=6,
    )  # fmt: skip


async def keep(shop: Shop, *lines: TradeBillRow) -> None:
    await shop.bills._keep(TradeBill(day=shop.watch().astimezone(CHINA).date(), sha1="0" * 40, rows=lines))


async def test_money_that_the_bill_knows_for_a_closed_payment_is_asked_about(shop: Shop) -> None:
    """R2: the close was confirmed, the person had paid, and the notice was lost. It must not stay silent."""
    reference = await shop.open(700)
    await shop.payments.request_close(reference)
    paid = await seen(shop, reference)
    await keep(shop, captured_line(paid.number, str(paid.transaction_id), 700))
    assert await compare_bills(shop.bills) == 0
    assert [p["number"] for p in await shop.payments.claim_queries(9)] == [paid.number]
    shop.watch.forward(hours=2)
    assert await shop.payments.claim_queries(9) == [], "one question for each comparison, and no schedule"
    await shop.payments.confirm(paid)
    assert [f.amount_fen for f in await shop.facts(PaymentArrivedLate)] == [700]
    assert await compare_bills(shop.bills) == 1
    assert [f.gross_fen for f in await shop.facts(PaymentSettled)] == [700]


async def test_lines_are_compared_one_by_one_and_hold_no_lock_on_each_other(shop: Shop) -> None:
    lines = []
    for reference in (await shop.open(700), await shop.open(800)):
        paid = await seen(shop, reference)
        await shop.payments.confirm(paid)
        lines.append(captured_line(paid.number, str(paid.transaction_id), int(paid.amount_fen or 0)))
    await keep(shop, *lines)
    second_held, compared = asyncio.Event(), asyncio.Event()

    async def hold_the_second() -> None:
        async with transaction():
            await row("SELECT 1 FROM payment WHERE number = $1 FOR UPDATE", lines[1].number)
            second_held.set()
            await compared.wait()

    holding = asyncio.create_task(hold_the_second())
    await second_held.wait()
    with pytest.raises(asyncpg.LockNotAvailableError, match="lock timeout"):
        await compare_bills(shop.bills)
    compared.set()
    await holding
    found = await rows("SELECT payment_number FROM payment_bill_line WHERE difference IS NULL")
    assert [line["payment_number"] for line in found] == [lines[0].number]
    assert await compare_bills(shop.bills) == 1


@pytest.mark.parametrize("hour", [0, 9, 15, 16, 23])
async def test_a_day_without_a_bill_is_missing_whatever_the_hour_of_its_trade(shop: Shop, hour: int) -> None:
    """Days are China's: 00:30 and 23:30 of the twentieth there are the twentieth."""
    at = datetime(DAY.year, DAY.month, DAY.day, hour, 30, tzinfo=CHINA)
    await shop.open()
    await execute("UPDATE payment SET created_at = $1", at)
    assert await shop.bills.missing_days(DAY - timedelta(days=1)) == []
    assert await shop.bills.missing_days(DAY) == [DAY]
    later = DAY + timedelta(days=2)
    assert await shop.bills.missing_days(later) == [DAY, DAY + timedelta(days=1), later], "quiet days too"
    await execute(
        "INSERT INTO payment_bill (channel, day, sha1, line_count, imported_at) VALUES ($1, $2, '', 0, now())",
        shop.gateway.channel,
        DAY,
    )
    assert await shop.bills.missing_days(later) == [DAY + timedelta(days=1), later]


async def test_before_the_first_payment_no_bill_is_missing(shop: Shop) -> None:
    assert await shop.bills.missing_days(DAY) == []


async def test_a_refund_that_the_bill_does_not_know_is_a_difference(shop: Shop) -> None:
    number = await a_refund(shop)
    await shop.refunds.confirm(await refund_seen(shop, number, RefundState.SUCCESS))
    payment = await shop.row("ORDER1")
    line = captured_line(payment["number"], payment["transaction_id"], payment["captured_fen"])
    await keep(shop, line)
    await compare_bills(shop.bills)
    today = shop.watch().astimezone(CHINA).date()
    (missing,) = await PaymentQueries().differences(today)
    assert (missing.reason, missing.refund_number, missing.gross_fen) == ("missing_in_bill", number, 400)
    refunded = replace(line, kind=BillLineKind.REFUND, refund_number=number, gross_fen=400, fee_fen=-2)
    await keep(shop, line, refunded)
    await compare_bills(shop.bills)
    assert await PaymentQueries().differences(today) == []


async def test_a_refund_that_was_paid_after_it_had_failed_is_refused_for_a_person_to_see(shop: Shop) -> None:
    number = await a_refund(shop)
    await shop.refunds.confirm(await refund_seen(shop, number, RefundState.CLOSED))
    assert not (await shop.refunds.confirm(await refund_seen(shop, number, RefundState.SUCCESS))).is_accepted
    assert await scalar("SELECT state FROM payment_refund") == "closed"


async def test_what_is_due_is_found_by_an_index(shop: Shop) -> None:
    """Finished payments only grow, and the jobs come by every few seconds."""
    await shop.open()
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        plan = await rows(
            "EXPLAIN SELECT id FROM payment WHERE state IN ('pending', 'held', 'closed') AND next_query_at <= now()"
        )
        assert "payment_query_due" in str(plan)
        plan = await rows(
            "EXPLAIN SELECT o.id FROM customer_order o WHERE o.state = 'received' AND o.earned_at IS NULL"
            " AND o.received_at + make_interval(secs => o.after_sales_window_s) <= now()"
        )
        assert "customer_order_unearned" in str(plan)
