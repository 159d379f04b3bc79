"""Receipt by the buyer, by WeChat, by delivery and by time: once, and never over an open case."""

import asyncio
from datetime import timedelta

import pytest

from kit.database import row, scalar
from orders.cases.models import CaseKind
from orders.errors import OrderNotFound, OrderStateConflict, ReceiptNotExtendable, RemindedAlready
from orders.events import OrderEarned, OrderReceived, ShipmentReminded
from orders.jobs import pass_after_sales_windows, pass_case_deadlines, receive_of_itself
from tests.orders.cases import CLERK, claim, order_of
from tests.orders.mall import Mall, facts, replayed, state_of


async def test_a_shipped_order_that_nobody_confirms_is_received_and_then_earned(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    mall.watch.forward(days=9, hours=23)
    assert await receive_of_itself(mall.receipts) == 0
    mall.watch.forward(hours=2)
    done = await asyncio.gather(*(receive_of_itself(mall.receipts) for _ in range(8)))
    assert sum(done) == 1
    assert (await replayed(order.number))[-1] == "received"
    assert len(await facts(OrderReceived)) == 1
    mall.watch.forward(days=7)
    assert await pass_after_sales_windows(mall.life) == 1
    assert len(await facts(OrderEarned)) == 1


async def test_an_open_case_holds_receipt_back_until_it_ends(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    case = await claim(mall, order, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=1)
    await mall.after_sales.refuse(mall.merchant, case, "运输中", CLERK)
    mall.watch.forward(days=11)
    assert await receive_of_itself(mall.receipts) == 0
    assert await pass_case_deadlines(mall.after_sales) == 1, "the refusal stands after three days"
    assert await receive_of_itself(mall.receipts) == 1


async def test_a_case_that_nobody_decides_no_longer_keeps_an_order_unearned(mall: Mall) -> None:
    order = await order_of(mall, "received")
    await claim(mall, order, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=8)
    assert await pass_after_sales_windows(mall.life) == 0
    assert await pass_case_deadlines(mall.after_sales) == 1
    await mall.receive_notice(await mall.refund_notice(str(await scalar("SELECT number FROM after_sales_case"))))
    assert await pass_after_sales_windows(mall.life) == 1


async def test_receipt_is_extended_once(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    was = await scalar("SELECT receive_by FROM customer_order")
    assert await mall.receipts.extend("C1", order.number) == was + timedelta(days=3)
    with pytest.raises(ReceiptNotExtendable):
        await mall.receipts.extend("C1", order.number)
    with pytest.raises(OrderNotFound):
        await mall.receipts.extend("C2", order.number)
    mall.watch.forward(days=12)
    assert await receive_of_itself(mall.receipts) == 0
    mall.watch.forward(days=1, minutes=1)
    assert await receive_of_itself(mall.receipts) == 1
    with pytest.raises(ReceiptNotExtendable):
        await mall.receipts.extend("C1", (await order_of(mall, "paid")).number)


async def test_delivery_brings_receipt_nearer_and_is_noted_once(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    at = mall.watch()
    await mall.receipts.note_delivery(order.number, at)
    await mall.receipts.note_delivery(order.number, at + timedelta(days=1))
    found = await row("SELECT delivered_at, receive_by FROM customer_order")
    assert found == {"delivered_at": at, "receive_by": at + timedelta(days=7)}
    early = await order_of(mall, "paid")
    await mall.receipts.note_delivery(early.number, at)
    assert await scalar("SELECT delivered_at FROM customer_order WHERE number = $1", early.number) is None


async def test_every_way_to_receive_ends_in_one_receipt(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    mall.watch.forward(days=11)
    await asyncio.gather(
        mall.life.receive("C1", order.number),
        mall.receipts.confirm_elsewhere(order.number, "wechat", mall.watch()),
        receive_of_itself(mall.receipts),
        mall.life.receive("C1", order.number),
    )
    assert await state_of(order.number) == "received"
    assert len(await facts(OrderReceived)) == 1
    paid = await order_of(mall, "paid")
    await mall.receipts.confirm_elsewhere(paid.number, "wechat", mall.watch())
    assert await state_of(paid.number) == "paid"


async def test_the_merchant_is_reminded_once_a_day(mall: Mall) -> None:
    order = await order_of(mall, "paid")
    await mall.receipts.remind("C1", order.number)
    mall.watch.forward(hours=23)
    with pytest.raises(RemindedAlready):
        await mall.receipts.remind("C1", order.number)
    mall.watch.forward(hours=1)
    done = await asyncio.gather(*(mall.receipts.remind("C1", order.number) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in done].count(RemindedAlready) == 4
    assert len(await facts(ShipmentReminded)) == 2
    with pytest.raises(OrderStateConflict):
        await mall.receipts.remind("C1", (await order_of(mall, "shipped")).number)
