"""R18: a notice and a query race for the same payment; and money nobody told us of is found (commerce reference 2)."""

import asyncio
from datetime import UTC

import pytest

from kit.clock import utc_now
from kit.database import row, scalar
from orders.events import OrderPaid
from payments.confirmations import Confirmation
from payments.ports import TradeState, Transaction
from tests.orders.mall import Mall, facts, state_of, stock_of
from tests.payments import channel


async def seen(mall: Mall, number: str) -> Transaction:
    """What a query is answered once the payer has paid, the same as the notice says."""
    payment = await mall.payment(number)
    return Transaction(
        number=payment["number"],
        state=TradeState.SUCCESS,
        mchid=channel.MCHID,
        sub_mchid=payment["sub_mchid"],
        appid=channel.APPID,
        transaction_id=f"42{payment['number']}",
        amount_fen=payment["amount_fen"],
        currency="CNY",
        payer_openid=payment["payer_openid"],
        succeeded_at=utc_now().astimezone(UTC),
        combination=payment["combination"],
    )


async def race(mall: Mall, times: int) -> None:
    """Both ways to paid together, ``times`` times."""
    orders = [await mall.place(1, consumer=f"C{n}") for n in range(times)]

    async def both(number: str) -> None:
        raw, told = await mall.payment_notice(number), await seen(mall, number)
        headers = channel.signed_headers(raw)
        made = await asyncio.gather(mall.notices.receive(headers, raw), mall.payments.confirm(told))
        assert made[1] in (Confirmation.APPLIED, Confirmation.REPEATED)

    for start in range(0, times, 20):
        await asyncio.gather(*(both(order.number) for order in orders[start : start + 20]))
        await asyncio.gather(*(mall.delivery.deliver_due() for _ in range(2)))
    await mall.deliver()
    assert {await state_of(order.number) for order in orders} == {"paid"}
    paid = [fact.order for fact in await facts(OrderPaid)]
    assert sorted(paid) == sorted(order.number for order in orders)
    assert await stock_of(mall.skus[0]) == (1000 - times, 0, times)
    assert await scalar("SELECT count(*) FROM order_event WHERE state = 'paid'") == times


async def test_r18_both_ways_together_make_one_paid_order(mall: Mall) -> None:
    """Fails when the lock (``FOR UPDATE``) and ``transaction_id IS NULL`` are taken out of the confirmation: tried."""
    await mall.stock.add(mall.skus[0], 900, "入库")
    await race(mall, 60)


@pytest.mark.whole
async def test_r18_five_hundred_times(mall: Mall) -> None:
    await mall.stock.add(mall.skus[0], 900, "入库")
    await race(mall, 500)


async def test_r18_a_captured_payment_whose_order_was_not_told_is_found(mall: Mall) -> None:
    """The fact waits in the outbox with the capture: whoever delivers next makes the order paid."""
    order = await mall.place(2)
    raw = await mall.payment_notice(order.number)
    await mall.notices.receive(channel.signed_headers(raw), raw)
    assert await state_of(order.number) == "pending_payment", "everybody died here"
    reborn = Mall(mall.settings)
    await reborn.deliver()
    await reborn.built.stop()
    assert await state_of(order.number) == "paid"
    assert await row("SELECT 1 AS one FROM outbox_message WHERE delivered_at IS NULL") is None
