"""Buyers who are no strangers: orders to one address by its mark alone, and what a merchant's own people buy."""

from datetime import timedelta

from msgspec.structs import replace

from kit.database import execute, scalar
from logistics.addresses import Address
from orders.oddities import own_purchases, shared_addresses, shared_devices
from orders.own_records import forget_deliveries
from orders.quotes import CheckoutLine, Expectation
from orders.readdressing import Readdressing
from tests.orders.mall import ADDRESS, Mall, openid_of


async def bought(
    mall: Mall, consumer: str, recipient: str = "示例收货人", address: str = ADDRESS.address, phone: str = ""
) -> str:
    """An order that is paid; answers its number."""
    to = replace(ADDRESS, recipient=recipient, address=address)
    lines = [CheckoutLine(mall.skus[0], 1, None)]
    trade = await mall.checkout.place(consumer, openid_of(consumer), lines, (), to, Expectation(), placed_from=phone)
    await mall.pay(trade.orders[0].number)
    return trade.orders[0].number


async def test_buyers_at_one_address_are_found_whoever_receives_it(mall: Mall) -> None:
    """Fails when the recipient is part of the mark: tried."""
    since = mall.watch() - timedelta(days=1)
    numbers = [await bought(mall, "C1"), await bought(mall, "C1"), await bought(mall, "C2", "示例收货人二")]
    await mall.place(1, consumer="C3")  # never paid
    await bought(mall, "C4", address="云南省德宏州陇川县章凤镇示例路 2 号")
    assert await shared_addresses(since, 3) == []
    (found,) = await shared_addresses(since, 2)
    assert (found.merchant, found.buyers, found.orders) == (mall.merchant, 2, sorted(numbers))
    assert "示例路" not in found.place
    assert await shared_addresses(mall.watch() + timedelta(days=1), 2) == []


async def test_the_mark_goes_where_the_goods_go_and_is_forgotten_with_them(mall: Mall) -> None:
    """Fails when another address keeps the old mark, and when the mark outlives the address: tried."""
    since = mall.watch() - timedelta(days=1)
    await bought(mall, "C1")
    order = await bought(mall, "C2")
    assert len(await shared_addresses(since, 2)) == 1
    kept = Address(recipient="示例", phone="19900000002", region="533124", region_name="示例", street="路 9 号")
    number = await mall.addresses.add("C2", kept)
    await Readdressing(mall.checkout, mall.shipping, mall.watch).change("C2", order, number)
    assert await shared_addresses(since, 2) == []
    await bought(mall, "C3", address="示例 路 9 号")
    assert len(await shared_addresses(since, 2)) == 1
    third = await mall.place(1, consumer="C5")
    await mall.bring_to("received", third)
    mall.watch.forward(days=30)
    await mall.life.earn_due()
    assert await forget_deliveries(mall.watch()) == 1
    assert await scalar("SELECT address_mark FROM customer_order WHERE number = $1", third.number) is None


async def test_buyers_on_one_device_are_found_wherever_it_is_sent_until_the_order_is_forgotten(mall: Mall) -> None:
    since = mall.watch() - timedelta(days=1)
    numbers = [await bought(mall, f"C{n}", address=f"示例路 {n} 号", phone="203.0.113.7 示例机") for n in (1, 2)]
    await bought(mall, "C3", phone="203.0.113.8 示例机")
    await bought(mall, "C4")
    await bought(mall, "C5")  # nobody knows from where: nothing in common
    assert await shared_devices(since, 3) == []
    (found,) = await shared_devices(since, 2)
    assert (found.merchant, found.buyers, found.orders) == (mall.merchant, 2, sorted(numbers))
    kept = await scalar("SELECT device_mark FROM customer_order WHERE number = $1", numbers[0])
    assert b"203.0.113.7" not in kept
    third = await mall.place(1, consumer="C6")
    await execute("UPDATE customer_order SET device_mark = $2 WHERE number = $1", third.number, kept)
    await mall.bring_to("received", third)
    mall.watch.forward(days=30)
    await mall.life.earn_due()
    await forget_deliveries(mall.watch())
    assert await scalar("SELECT device_mark FROM customer_order WHERE number = $1", third.number) is None


async def test_what_a_merchants_own_people_buy_is_found(mall: Mall) -> None:
    since = mall.watch() - timedelta(days=1)
    number = await bought(mall, "C1")
    await bought(mall, "C2")
    (found,) = await own_purchases({mall.merchant: "C1", "M-OTHER": "C2"}, since)
    assert (found.merchant, found.orders) == (mall.merchant, [number])
    assert await own_purchases({}, since) == []
