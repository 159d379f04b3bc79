"""R7: one coupon used in many parallel orders (commerce reference 2)."""

import asyncio

import pytest

from kit.database import rows, transaction
from promotions.coupons import Coupons, DiscountedLine
from promotions.errors import CouponNotUsable
from promotions.queries import campaign_result
from tests.promotions.shop import running_campaign

pytestmark = pytest.mark.asyncio


async def test_r07_fifty_parallel_trades_with_one_coupon_one_wins(database: str) -> None:
    """Fails when ``c.state = 'claimed'`` is removed from the hold: tried."""
    campaign = await running_campaign()
    coupon = await Coupons().claim("C1", campaign)
    won: list[str] = []

    async def order(trade: str) -> None:
        async with transaction():
            # Everybody has read the same good terms before.
            await Coupons().hold("C1", [coupon], trade, [DiscountedLine(f"{trade}-1", 15_000, {coupon: 2_000})])
        won.append(trade)

    found = await asyncio.gather(*(order(f"T{i}") for i in range(50)), return_exceptions=True)
    assert [type(each) for each in found if each is not None] == [CouponNotUsable] * 49
    assert [(r["reference"], r["state"]) for r in await rows("SELECT reference, state FROM coupon")] == [
        (won[0], "held")
    ]
    assert [r["reference"] for r in await rows("SELECT reference FROM coupon_share")] == won
    result = await campaign_result(campaign, None)
    assert (result.held, result.spent) == (1, 0)
