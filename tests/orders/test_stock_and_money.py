"""Cancellations that race with money, and carts that are no order. The numbered regressions: ``tests/regressions``."""

import asyncio

import pytest

from kit.database import row, scalar
from orders.errors import AmountTooLarge, CartEmpty, NotOnSale, SkuRepeated
from products.drafts import SkuDraft
from products.errors import SkuUnknown, SoldOut
from products.stock import Stock
from tests.orders.mall import CheckoutLine, Mall, state_of, stock_of, trade
from tests.payments.channel import signed_headers


async def test_a_payer_who_was_faster_than_the_cancellation_has_a_paid_order(mall: Mall) -> None:
    """The wish to cancel leaves no mark on an order that was paid, not even on its later end."""
    order = await mall.place(2)
    raw = await mall.payment_notice(order.number)
    await asyncio.gather(mall.trades.cancel("C1", order.trade), mall.receive_notice(raw))
    await mall.deliver()
    state = await state_of(order.number)
    assert state == "paid"
    await mall.refund(order, 0, 2)
    assert await scalar("SELECT close_reason FROM customer_order WHERE number = $1", order.number) == "refunded"
    assert await stock_of(mall.skus[0]) == (100, 0, 0)


async def test_captured_money_beats_a_cancellation_that_comes_before_its_fact(mall: Mall) -> None:
    order = await mall.place(2)
    raw = await mall.payment_notice(order.number)
    await mall.notices.receive(signed_headers(raw), raw)
    await mall.trades.cancel("C1", order.trade)
    await mall.deliver()
    found = await row("SELECT state, close_reason, closed_at FROM customer_order WHERE number = $1", order.number)
    assert found == {"state": "paid", "close_reason": None, "closed_at": None}


async def test_carts_that_are_no_order(mall: Mall) -> None:
    _, (dear,) = await mall.another_product(skus=[SkuDraft(spec="贵", price_fen=20_000_000, mass_gram=1)])
    (sku,) = mall.skus
    before = await trade()
    for lines, refusal in (
        ([], CartEmpty),
        ([CheckoutLine(sku, 1), CheckoutLine(sku, 2)], SkuRepeated),
        ([CheckoutLine("K0", 1)], NotOnSale),
        ([CheckoutLine(dear, 6)], AmountTooLarge),
        ([CheckoutLine(sku, 101)], SoldOut),
    ):
        with pytest.raises(refusal):
            await mall.place_trade(lines)
        assert await trade() == before
    with pytest.raises(SkuUnknown):
        await Stock().add("K0", 1, "x")
