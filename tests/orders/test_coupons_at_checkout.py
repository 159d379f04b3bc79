"""Coupons on the whole way: priced, held, spent, given back (commerce reference R7, R17)."""

import asyncio

import pytest

from kit.database import scalar
from orders.quotes import CheckoutLine
from promotions.coupons import Coupons
from promotions.errors import CouponNotUsable
from promotions.queries import campaign_result
from tests.orders.mall import Mall
from tests.orders.mall import state_of as order_state
from tests.promotions.shop import running_campaign, state_of

pytestmark = pytest.mark.asyncio


async def a_coupon(mall: Mall) -> tuple[str, str]:
    """A campaign of 10 yuan off from 50 on, and a coupon of it."""
    campaign = await running_campaign(
        threshold_fen=5_000, off_fen=1_000, merchant_bears_bp=3_000, products=[mall.product]
    )
    return campaign, await Coupons().claim("C1", campaign)


async def test_r07_fifty_checkouts_at_once_with_one_coupon_make_one_trade(mall: Mall) -> None:
    """Fails when ``c.state = 'claimed'`` is removed from the hold: tried."""
    _, coupon = await a_coupon(mall)
    line = CheckoutLine(mall.skus[0], 2)
    found = await asyncio.gather(
        *(mall.place_trade([line], coupons=[coupon]) for _ in range(50)), return_exceptions=True
    )
    placed = [each for each in found if not isinstance(each, BaseException)]
    assert len(placed) == 1
    assert {type(each) for each in found if isinstance(each, BaseException)} == {CouponNotUsable}
    assert await scalar("SELECT count(*) FROM trade") == 1
    assert await state_of(coupon) == ("held", placed[0].number)
    assert placed[0].amount_fen == 2 * 3990 - 1_000


async def test_r17_a_trade_that_is_not_paid_gives_its_coupon_back_and_a_paid_one_spends_it(mall: Mall) -> None:
    campaign, coupon = await a_coupon(mall)
    line = CheckoutLine(mall.skus[0], 2)
    first = await mall.place_trade([line], coupons=[coupon])
    await mall.expire()
    assert await order_state(first.orders[0].number) == "closed"
    assert await state_of(coupon) == ("claimed", None)
    second = await mall.place_trade([line], coupons=[coupon])
    await mall.pay(second.orders[0].number)
    assert await state_of(coupon) == ("spent", second.number)
    # The first one's money comes late: its price is owed no more, so all of it goes back.
    await mall.pay(first.orders[0].number)
    assert await order_state(first.orders[0].number) == "closed"
    assert await state_of(coupon) == ("spent", second.number)
    result = await campaign_result(campaign, None)
    assert (result.claimed, result.held, result.spent) == (1, 0, 1)
    assert (result.discount_fen, result.merchant_fen, result.county_fen) == (1_000, 300, 700)
    assert result.paid_fen == second.amount_fen
    discounts = await scalar(
        "SELECT discounts::text FROM order_line l JOIN customer_order o ON o.id = l.order_id WHERE o.number = $1",
        second.orders[0].number,
    )
    assert coupon in discounts
