"""Orders under a flash offer."""

from datetime import timedelta

import pytest

from kit.clock import utc_now
from products.errors import OfferLimitReached, SoldOut
from products.offers import Offers
from products.queries import stock_differences
from tests.orders.mall import CheckoutLine, Mall, stock_of
from tests.orders.mall import state_of as order_state
from tests.products.test_offers import FLASH_FEN, LIST_FEN, terms

pytestmark = pytest.mark.asyncio


async def test_an_order_pays_the_offers_price_and_a_closed_one_frees_the_limit(mall: Mall) -> None:
    sku = mall.skus[0]
    offer = await Offers(mall.watch).open(sku, terms(2, limit=2, ends_at=utc_now() + timedelta(days=1)), "staff:test")
    order = await mall.place(2)
    assert (order.amount_fen, order.lines[0].unit_price_fen) == (2 * FLASH_FEN, FLASH_FEN)
    with pytest.raises(OfferLimitReached):
        await mall.place(1)
    with pytest.raises(SoldOut):
        await mall.place(1, consumer="C2")
    await mall.expire()
    assert await order_state(order.number) == "closed"
    second = await mall.place(2)
    await mall.expire()
    # Both payments come late: the first sells the pieces after all, the second finds the buyer's limit used up.
    await mall.pay(order.number)
    assert await order_state(order.number) == "paid"
    await mall.pay(second.number)
    assert await order_state(second.number) == "closed"
    await Offers(mall.watch).end(offer, "staff:test")
    assert await stock_of(sku) == (98, 0, 2)
    mixed = await mall.place(lines=[CheckoutLine(sku, 1)])
    assert mixed.lines[0].unit_price_fen == LIST_FEN
    assert await stock_differences() == []
