"""Pre-sales: the day of shipment is shown, copied and kept to; until it is sent the buyer gives it up freely."""

from datetime import timedelta

import pytest

from kit.clock import china_day
from kit.database import execute, rows
from logistics.reports import Reporter
from orders.errors import OrderStateConflict, QuoteChanged, ShipmentNotDue
from orders.placements import PlacedOrder
from orders.queries import order_of
from orders.quotes import CheckoutLine, Expectation
from products.errors import ShipsFromInvalid
from products.queries import product_page, sku_offers
from tests.logistics.test_reports import Desk
from tests.orders.mall import ADDRESS, Mall, openid_of, state_of, stock_of


async def presale(mall: Mall, state: str, days: int = 20) -> PlacedOrder:
    """An order of a pre-sale."""
    _, (sku,) = await mall.another_product(ships_from=china_day(mall.watch()) + timedelta(days=days))
    order = await mall.place(lines=[CheckoutLine(sku, 2)])
    await mall.bring_to(state, order)
    return order


@pytest.mark.parametrize("days", [0, -1, 91])
async def test_a_presale_ships_on_a_day_to_come_and_not_too_far_ahead(mall: Mall, days: int) -> None:
    with pytest.raises(ShipsFromInvalid):
        await mall.another_product(ships_from=china_day(mall.watch()) + timedelta(days=days))


async def test_the_day_of_shipment_is_shown_and_copied_and_is_over_when_it_has_come(mall: Mall) -> None:
    day = china_day(mall.watch()) + timedelta(days=20)
    product, (sku,) = await mall.another_product(ships_from=day)
    assert (await product_page(product)).ships_from == day
    quote = await mall.checkout.quote("C1", [CheckoutLine(sku, 1)], (), "533124")
    assert quote.orders[0].lines[0].ships_from == day
    order = await mall.place(lines=[CheckoutLine(sku, 1)])
    found = await order_of("consumer", "C1", order.number)
    assert found is not None
    assert found.lines[0].ships_from == day
    later = await sku_offers([sku], mall.watch() + timedelta(days=20))
    assert later[sku].ships_from is None


async def test_another_day_of_shipment_is_another_quote(mall: Mall) -> None:
    """Fails when the day is left out of the digest: tried."""
    product, (sku,) = await mall.another_product(ships_from=china_day(mall.watch()) + timedelta(days=20))
    lines = [CheckoutLine(sku, 1)]
    quote = await mall.checkout.quote("C1", lines, (), "533124")

    await execute("UPDATE product SET ships_from = ships_from + 1 WHERE code = $1", product)
    with pytest.raises(QuoteChanged):
        await mall.checkout.place("C1", openid_of("C1"), lines, (), ADDRESS, Expectation(digest=quote.digest))


async def test_nobody_is_urged_before_the_day(mall: Mall) -> None:
    order = await presale(mall, "packed")
    with pytest.raises(ShipmentNotDue):
        await mall.receipts.remind("C1", order.number)
    mall.watch.forward(days=20)
    await mall.receipts.remind("C1", order.number)


@pytest.mark.parametrize("state", ["paid", "packed"])
async def test_a_presale_is_given_up_freely_until_it_is_sent(mall: Mall, state: str) -> None:
    order = await presale(mall, state)
    case = await mall.after_sales.cancel("C1", order.number, "不想等了")
    await mall.receive_notice(await mall.refund_notice(case))
    assert await state_of(order.number) == "closed"
    if state == "paid":
        assert await stock_of(order.lines[0].sku) == (100, 0, 0)
    sent = await presale(mall, "shipped")
    with pytest.raises(OrderStateConflict):
        await mall.after_sales.cancel("C1", sent.number, "不想等了")


@pytest.mark.parametrize(("days", "is_told"), [(13, False), (20, True)])
async def test_wechat_is_told_of_a_presale_that_it_would_not_wait_for(mall: Mall, days: int, is_told: bool) -> None:
    """More than fifteen days from the payment to the last hour of sending (wechat reference 2.7)."""
    order = await presale(mall, "paid", days)
    await mall.place(1, consumer="C2")
    found = await rows("SELECT reference, promised_at, due_at, state FROM shipping_report WHERE kind = 'presale'")
    assert [each["reference"] for each in found] == ([order.number] if is_told else [])
    if is_told:
        assert china_day(found[0]["promised_at"]) == china_day(mall.watch()) + timedelta(days=days + 2)
        desk = Desk(10060001, 0)
        for _ in range(3):
            mall.watch.forward(minutes=5)
            await Reporter(desk, mall.watch).tell_due()
        assert len(desk.heard) == 2
        found = await rows("SELECT state FROM shipping_report WHERE kind = 'presale'")
        assert found == [{"state": "sent"}]
