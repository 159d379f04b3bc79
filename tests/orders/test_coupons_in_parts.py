"""A trade that is paid in part: a coupon is spent by the lines it made cheaper, a share counts with its line."""

import asyncio
from dataclasses import dataclass

import pytest

from kit.database import rows, transaction
from orders.placements import PlacedOrder
from orders.quotes import CheckoutLine
from promotions.coupons import Coupons
from promotions.queries import CampaignResult, campaign_result
from tests.orders.mall import Mall, stock_of
from tests.orders.mall import state_of as order_state
from tests.products.shelf import approved_merchant, listed_product
from tests.promotions.shop import running_campaign, state_of

pytestmark = pytest.mark.asyncio


@dataclass
class Parts:
    """A trade of two merchants under a coupon of each and one of the county, which bears 70 % of it."""

    mall: Mall
    campaigns: list[str]
    coupons: list[str]
    skus: tuple[str, str]
    trade: str
    first: PlacedOrder
    second: PlacedOrder

    async def states(self) -> list[str]:
        return [(await state_of(coupon))[0] for coupon in self.coupons]

    async def results(self) -> list[CampaignResult]:
        return [await campaign_result(number, None, every=True) for number in self.campaigns]

    def share(self, order: PlacedOrder, coupon: int) -> int:
        """What one of the three coupons takes off an order, by the order's own lines."""
        return sum(sum(d.fen for d in line.discounts if d.coupon == self.coupons[coupon]) for line in order.lines)


async def parts_of(mall: Mall, stock: int = 10) -> Parts:
    other = await approved_merchant(2, "另一家合作社")
    _, (foreign,) = await listed_product(other, stock=stock)
    campaigns = [
        await running_campaign(merchant=mall.merchant, threshold_fen=2_000, off_fen=333),
        await running_campaign(merchant=other, threshold_fen=2_000, off_fen=777),
        await running_campaign(threshold_fen=9_000, off_fen=1_001, merchant_bears_bp=3_000),
    ]
    coupons = [await Coupons().claim("C1", campaign) for campaign in campaigns]
    lines = [CheckoutLine(mall.skus[0], 1), CheckoutLine(foreign, 2)]
    trade = await mall.place_trade(lines, coupons=coupons)
    first, second = trade.orders
    return Parts(mall, campaigns, coupons, (mall.skus[0], foreign), trade.number, first, second)


async def check_first_alone(parts: Parts) -> None:
    """Only the first order is paid: its merchant's coupon and the county's are spent, each for its share of it."""
    assert await parts.states() == ["spent", "claimed", "spent"]
    own, other, county = await parts.results()
    assert (own.spent, own.held, own.discount_fen, own.merchant_fen) == (1, 0, 333, 333)
    assert (other.spent, other.held, other.discount_fen, other.paid_fen) == (0, 0, 0, 0)
    share = parts.share(parts.first, 2)
    assert 0 < share < 1_001
    assert (county.spent, county.discount_fen, county.merchant_fen + county.county_fen) == (1, share, share)
    assert own.paid_fen == county.paid_fen == parts.first.amount_fen
    entries = await rows(
        "SELECT bearer, sum(amount_fen)::bigint AS fen FROM settlement_entry WHERE kind = 'discount' GROUP BY bearer"
    )
    assert {e["bearer"]: e["fen"] for e in entries} == {
        "merchant": -333 - county.merchant_fen, "county": -county.county_fen,
    }  # fmt: skip


async def test_what_an_unpaid_part_held_is_given_back(mall: Mall) -> None:
    """Fails when ``spend`` takes every coupon of the trade: tried."""
    parts = await parts_of(mall)
    await mall.pay(parts.first.number)
    assert await parts.states() == ["spent", "held", "spent"], "the other order may still be paid"
    await mall.expire()
    assert await order_state(parts.second.number) == "closed"
    await check_first_alone(parts)
    again = await mall.place_trade([CheckoutLine(parts.skus[1], 2)], coupons=[parts.coupons[1]])
    assert again.amount_fen == 2 * 3990 - 777
    await mall.pay(again.orders[0].number)
    assert (await parts.results())[1].discount_fen == 777


async def test_both_parts_paid_are_the_whole_discount(mall: Mall) -> None:
    parts = await parts_of(mall)
    await mall.pay(parts.first.number)
    await mall.pay(parts.second.number)
    assert await parts.states() == ["spent"] * 3
    assert [result.discount_fen for result in await parts.results()] == [333, 777, 1_001]


async def test_of_late_money_a_part_that_goes_back_takes_no_coupon(mall: Mall) -> None:
    """Fails when ``revive`` takes every coupon of the trade: tried."""
    parts = await parts_of(mall, stock=2)
    await mall.expire()
    assert await parts.states() == ["claimed"] * 3
    await mall.place_trade([CheckoutLine(parts.skus[1], 2)], consumer="C2")
    await mall.pay(parts.first.number)
    await mall.pay(parts.second.number)
    assert [await order_state(o.number) for o in (parts.first, parts.second)] == ["paid", "closed"]
    refunds = await rows("SELECT reference, amount_fen FROM payment_refund")
    assert refunds == [{"reference": f"{parts.second.number}L", "amount_fen": parts.second.amount_fen}]
    await check_first_alone(parts)
    assert await stock_of(parts.skus[1]) == (0, 2, 0)


async def test_late_money_of_both_parts_spends_each_coupon_once(mall: Mall) -> None:
    parts = await parts_of(mall)
    await mall.expire()
    await mall.pay(parts.first.number)
    assert await parts.states() == ["spent", "claimed", "spent"]
    await mall.pay(parts.second.number)
    assert await parts.states() == ["spent"] * 3
    assert [result.discount_fen for result in await parts.results()] == [333, 777, 1_001]


@pytest.mark.parametrize("paid_first", [True, False])
async def test_paid_and_closed_at_the_same_moment_strand_no_coupon(mall: Mall, paid_first: bool) -> None:
    """Fails when ``mark_paid`` does not hold the trade, or gives nothing back at its end: tried."""
    parts = await parts_of(mall)

    async def pay() -> None:
        async with transaction():
            await mall.life.mark_paid(parts.first.number, mall.watch())
            await asyncio.sleep(0.2 if paid_first else 0)

    async def close() -> None:
        async with transaction():
            await mall.life.close_unpaid(parts.second.number)
            await asyncio.sleep(0 if paid_first else 0.2)

    acts = [pay(), close()] if paid_first else [close(), pay()]
    await asyncio.gather(*acts)
    assert await parts.states() == ["spent", "claimed", "spent"]
