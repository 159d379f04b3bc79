"""R2: money after the close sells the goods after all or goes back in full, never silently (commerce reference 2).

Fails when the reaction to ``PaymentArrivedLate`` is taken out of ``server.subscriptions``: tried; the money stays and
nobody has goods.
"""

from kit.database import row, rows, scalar, transaction
from kit.outbox import announce
from orders.events import OrderPaid
from payments.events import PaymentArrivedLate, RefundSucceeded
from tests.orders.mall import Mall, facts, replayed, state_of, stock_of, trade


async def late_money(mall: Mall, quantity: int) -> str:
    """An order that expired before its payer paid; answers its number."""
    order = await mall.place(quantity)
    await mall.expire()
    assert await state_of(order.number) == "closed"
    return order.number


async def test_r02_late_money_revives_the_order_while_the_goods_are_there(mall: Mall) -> None:
    number = await late_money(mall, 3)
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    await mall.pay(number)
    assert await state_of(number) == "paid"
    assert await stock_of(mall.skus[0]) == (97, 0, 3)
    assert [f.order for f in await facts(OrderPaid)] == [number]
    assert await scalar("SELECT count(*) FROM payment_refund") == 0
    assert (await mall.payment(number))["state"] == "succeeded", "the money has been taken over"
    assert await replayed(number) == ["pending_payment", "closed", "paid"]
    found = await row("SELECT closed_at, close_reason FROM customer_order WHERE number = $1", number)
    assert found == {"closed_at": None, "close_reason": None}, "an order that lives does not look closed"
    await mall.fulfilment.pack(mall.merchant, number, {}, "staff:clerk")


async def test_r02_late_money_goes_back_in_full_when_the_goods_are_gone(mall: Mall) -> None:
    number = await late_money(mall, 60)
    await mall.place(50, consumer="C2")
    await mall.pay(number)
    assert await state_of(number) == "closed"
    assert await stock_of(mall.skus[0]) == (50, 50, 0), "no piece moved"
    assert await facts(OrderPaid) == []
    refunds = await rows("SELECT reference, amount_fen FROM payment_refund")
    assert refunds == [{"reference": f"{number}L", "amount_fen": 60 * 3990}]
    await mall.receive_notice(await mall.refund_notice(f"{number}L"))
    assert [f.amount_fen for f in await facts(RefundSucceeded)] == [60 * 3990]
    assert await state_of(number) == "closed"
    assert await scalar("SELECT close_reason FROM customer_order WHERE number = $1", number) == "paid_too_late"


async def test_r02_told_again_after_the_goods_came_back_nobody_sells_what_is_being_refunded(
    mall: Mall,
) -> None:
    number = await late_money(mall, 60)
    other = await mall.place(50, consumer="C2")
    await mall.pay(number)
    await mall.trades.cancel("C2", other.trade)
    await mall.deliver()
    before = await trade()
    (late,) = await facts(PaymentArrivedLate)
    async with transaction():
        await announce(late)
    await mall.deliver()
    assert {**await trade(), "facts": None} == {**before, "facts": None}
