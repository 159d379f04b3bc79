"""R17: cancel and expiry give coupon and stock back, exactly once, also after a kill (commerce reference 2)."""

import asyncio
from collections.abc import Sequence

import pytest

from kit.database import row, scalar
from orders.events import OrderClosed
from orders.placements import PlacedTrade
from orders.quotes import CheckoutLine
from payments.jobs import close_expired_payments
from products.errors import SoldOut
from products.queries import stock_differences
from promotions.errors import CouponNotUsable
from tests.orders.mall import Mall, facts, state_of, stock_of
from tests.products.shelf import approved_merchant, listed_product
from tests.promotions.shop import claimed_coupon


async def coupon_of(number: str) -> tuple[str, str | None]:
    found = await row("SELECT state, reference FROM coupon WHERE number = $1", number)
    assert found is not None
    return found["state"], found["reference"]


async def two_orders(mall: Mall, coupons: Sequence[str] = ()) -> PlacedTrade:
    """A trade of two merchants that takes the last pieces of the second."""
    other = await approved_merchant(2, "另一家合作社")
    _, (sku,) = await listed_product(other, stock=3)
    return await mall.place_trade([CheckoutLine(mall.skus[0], 3), CheckoutLine(sku, 3)], coupons=coupons)


async def test_r17_a_cancelled_trade_gives_coupon_and_stock_back_once(mall: Mall) -> None:
    """Fails when ``_is_over`` is taken out of ``OrderLife.close_unpaid``: tried; the coupon never comes back."""
    coupon = await claimed_coupon()
    trade = await two_orders(mall, [coupon])
    assert await coupon_of(coupon) == ("held", trade.number)
    await asyncio.gather(*(mall.trades.cancel("C1", trade.number) for _ in range(20)))
    for _ in range(3):
        await mall.deliver()
    assert [await state_of(order.number) for order in trade.orders] == ["closed", "closed"]
    assert [await stock_of(line.sku) for order in trade.orders for line in order.lines] == [(100, 0, 0), (3, 0, 0)]
    assert await coupon_of(coupon) == ("claimed", None)
    assert len(await facts(OrderClosed)) == 2
    again = await mall.place_trade([CheckoutLine(mall.skus[0], 3)], coupons=[coupon])
    assert await coupon_of(coupon) == ("held", again.number)


async def test_r17_nothing_is_lost_when_everybody_dies_between_order_and_expiry(mall: Mall) -> None:
    """No queue in memory knows of the trade: the sweep finds it by its rows alone."""
    coupon = await claimed_coupon()
    trade = await two_orders(mall, [coupon])
    reborn = Mall(mall.settings)  # other objects, other clocks: nothing but the database is left
    reborn.watch.forward(minutes=31)
    await asyncio.gather(*(close_expired_payments(reborn.payments) for _ in range(3)))
    await reborn.deliver()
    await reborn.built.stop()
    assert [await state_of(order.number) for order in trade.orders] == ["closed", "closed"]
    assert await scalar("SELECT sum(reserved) FROM sku") == 0
    assert await coupon_of(coupon) == ("claimed", None)
    assert await stock_differences() == []


async def test_r17_what_is_paid_keeps_its_coupon_and_late_money_takes_it_only_while_it_is_there(
    mall: Mall,
) -> None:
    """Fails when ``Coupons.revive`` is taken out of ``settle_late_payment``: tried; the order is then paid cheaper than
    it may be, with a coupon that has bought something else.
    """
    coupon = await claimed_coupon()
    lines = [CheckoutLine(mall.skus[0], 3)]
    trade = await mall.place_trade(lines, coupons=[coupon])
    number = trade.orders[0].number
    await mall.expire()
    assert await coupon_of(coupon) == ("claimed", None)
    second = await mall.place_trade(lines, consumer="C1", coupons=[coupon])
    await mall.pay(second.orders[0].number)
    assert await coupon_of(coupon) == ("spent", second.number)
    await mall.pay(number)
    assert await state_of(number) == "closed"
    assert await scalar("SELECT amount_fen FROM payment_refund") == trade.amount_fen, "all of it goes back"
    assert await stock_of(mall.skus[0]) == (97, 0, 3)
    with pytest.raises(CouponNotUsable):
        await mall.place_trade(lines, coupons=[coupon])


async def test_r17_late_money_revives_an_order_with_its_coupon(mall: Mall) -> None:
    coupon = await claimed_coupon()
    trade = await mall.place_trade([CheckoutLine(mall.skus[0], 3)], coupons=[coupon])
    await mall.expire()
    await mall.pay(trade.orders[0].number)
    assert await state_of(trade.orders[0].number) == "paid"
    assert await coupon_of(coupon) == ("spent", trade.number)


async def test_r17_one_part_closed_and_one_paid(mall: Mall) -> None:
    """The coupon of a trade is spent by the order that was paid; the other gives back its stock alone."""
    coupon = await claimed_coupon()
    trade = await two_orders(mall, [coupon])
    paid, closed = (order.number for order in trade.orders)
    await mall.pay(paid)
    await mall.trades.cancel("C1", trade.number)
    await mall.deliver()
    assert [await state_of(paid), await state_of(closed)] == ["paid", "closed"]
    assert await coupon_of(coupon) == ("spent", trade.number)
    assert await stock_of(trade.orders[1].lines[0].sku) == (3, 0, 0)


async def test_r17_expiry_gives_back_once_and_the_last_pieces_too(mall: Mall) -> None:
    order = await mall.place(100)
    with pytest.raises(SoldOut):
        await mall.place(1, consumer="C2")
    await mall.expire()
    await mall.expire()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    assert [(f.order, f.reason) for f in await facts(OrderClosed)] == [(order.number, "expired")]
    again = await mall.place(100, consumer="C2")
    await mall.trades.cancel("C2", again.trade)
    await mall.deliver()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    await mall.place(100, consumer="C3")


async def test_r17_an_order_that_was_paid_in_time_outlives_the_expiry(mall: Mall) -> None:
    order = await mall.place(5)
    await mall.pay(order.number)
    await mall.expire()
    assert await state_of(order.number) == "paid"
    assert await stock_of(mall.skus[0]) == (95, 0, 5)
