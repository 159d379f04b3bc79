"""Goods of a combined payment, told as parts of it: together, on different days, and without one that was refunded."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from integrations.wechat.background import BackgroundClient
from integrations.wechat.shipping import WeChatShipping
from kit.database import execute, row, rows, scalar
from logistics.ports import ShippingNews, WeChatSilent
from logistics.reports import Reporter
from orders.placements import PlacedOrder
from orders.quotes import CheckoutLine
from tests.integrations.redis_server import ThrowAwayRedis
from tests.logistics.test_parcels import CLERK
from tests.logistics.test_reports import Desk
from tests.orders.mall import Mall
from tests.products.shelf import approved_merchant, listed_product
from tests.wechat_sandbox.sandbox_process import APP_SECRET, APPID, MCHID, SUB_MCHID, SandboxProcess
from tests.wechat_sandbox.test_combined import BASE, OTHER, combination, number, part


async def bought(mall: Mall) -> tuple[PlacedOrder, ...]:
    """A paid trade of two merchants, two pieces of each."""
    other = await approved_merchant(2, "另一家合作社")
    _, (foreign,) = await listed_product(other)
    trade = await mall.place_trade([CheckoutLine(mall.skus[0], 2), CheckoutLine(foreign, 2)])
    for order in trade.orders:
        await mall.pay(order.number)
    mall.watch.forward(minutes=5)
    return trade.orders


async def ship(mall: Mall, order: PlacedOrder) -> None:
    await mall.fulfilment.pack(order.merchant, order.number, {}, CLERK)
    await mall.fulfilment.ship(order.merchant, order.number, "SF", f"SF{order.number[-10:]}", CLERK)


async def paid_as(order: PlacedOrder) -> str:
    """What WeChat Pay calls the payment of one order."""
    return str(await scalar("SELECT transaction_id FROM payment WHERE reference = $1", order.number))


async def report(order: PlacedOrder) -> Any:
    return await row("SELECT * FROM shipping_report WHERE reference = $1 AND kind = 'shipping'", order.number)


async def test_parts_are_told_together_when_they_are_due_together(mall: Mall) -> None:
    """Fails when parts are told one by one: tried."""
    first, second = await bought(mall)
    for order in (first, second):
        await ship(mall, order)
    desk = Desk()
    assert await Reporter(desk, mall.watch, is_combined=True).tell_due() == 2
    ((named, told),) = desk.combined
    assert named == await scalar("SELECT combination FROM payment WHERE reference = $1", first.number)
    assert sorted(told) == sorted([await paid_as(first), await paid_as(second)])
    assert desk.heard == []
    assert [(await report(order))["state"] for order in (first, second)] == ["sent", "sent"]


async def test_of_itself_each_part_is_told_as_the_payment_that_it_is(mall: Mall) -> None:
    orders = await bought(mall)
    for order in orders:
        await ship(mall, order)
    desk = Desk()
    assert await Reporter(desk, mall.watch).tell_due() == 2
    told = [each.transaction_id for each in desk.heard if isinstance(each, ShippingNews)]
    assert (sorted(told), desk.combined) == (sorted([await paid_as(order) for order in orders]), [])


async def test_a_part_is_told_when_it_is_shipped_and_not_again_with_the_next(mall: Mall) -> None:
    first, second = await bought(mall)
    desk = Desk()
    reporter = Reporter(desk, mall.watch, is_combined=True)
    line = first.lines[0].reference
    await mall.fulfilment.pack(first.merchant, first.number, {}, CLERK)
    for n in (1, 2):
        made = await mall.shipping.make(first.merchant, {first.number: {line: 1}}, "SF", f"SF000000000{n}", CLERK)
        await mall.shipping.hand_over(first.merchant, made, CLERK)
        assert await reporter.tell_due() == 1
        mall.watch.forward(days=1)
    await ship(mall, second)
    assert await reporter.tell_due() == 1
    assert [told for _, told in desk.combined] == [[await paid_as(first)]] * 2 + [[await paid_as(second)]]
    assert await reporter.tell_due() == 0


async def test_a_refusal_of_several_is_asked_for_one_by_one(mall: Mall) -> None:
    """One part was refunded after it was sent. Fails when a refused call is recorded for all its parts: tried."""
    first, second = await bought(mall)
    for order in (first, second):
        await ship(mall, order)
    desk = Desk(10060004, 10060004, 0)
    assert await Reporter(desk, mall.watch, is_combined=True).tell_due() == 2
    assert [len(told) for _, told in desk.combined] == [2, 1, 1]
    refused, taken = (each for _, (each,) in desk.combined[1:])
    states = {await paid_as(order): (await report(order))["state"] for order in (first, second)}
    assert (states[refused], states[taken]) == ("for_a_person", "sent")


async def test_silence_is_repeated_together_with_growing_pauses(mall: Mall) -> None:
    orders = await bought(mall)
    for order in orders:
        await ship(mall, order)
    desk = Desk(WeChatSilent("timeout"), 10060001, 0)
    reporter = Reporter(desk, mall.watch, is_combined=True)
    for pause_s in (61, 121):
        assert await reporter.tell_due() == 2
        assert await reporter.tell_due() == 0, "not before its pause is over"
        mall.watch.forward(seconds=pause_s)
    assert await reporter.tell_due() == 2
    assert [len(told) for _, told in desk.combined] == [2, 2, 2]
    assert [(await report(order))["state"] for order in orders] == ["sent", "sent"]


# WeChat's own behaviour, played by the sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    running = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def wechat(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeChatShipping]:
    server = ThrowAwayRedis(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    client = BackgroundClient(APPID, APP_SECRET, base=sandbox.url, redis=Redis.from_url(server.url))
    yield WeChatShipping(client, MCHID)
    server.stop()


async def paid_there(sandbox: SandboxProcess, orders: Sequence[PlacedOrder]) -> str:
    """The orders' reports are those of a combined payment at the sandbox; answers its number."""
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": OTHER, "name": "示例茶厂"})
    openid, url = sandbox.new_person(), "https://shop.example.com/notices"
    body = combination(openid, [part(SUB_MCHID), part(OTHER)], url)
    prepay_id = sandbox.call("POST", f"{BASE}/jsapi", body).json()["prepay_id"]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:ok"
    named = str(body["combine_out_trade_no"])
    seen = sandbox.call("GET", f"{BASE}/out-trade-no/{named}").json()
    for order, each in zip(orders, seen["sub_orders"], strict=True):
        await execute(
            "UPDATE shipping_report SET transaction_id = $2, payer_openid = $3, combination = $4 WHERE reference = $1",
            order.number,
            each["transaction_id"],
            openid,
            named,
        )
    return named


async def test_the_sandbox_takes_parts_together_and_one_after_the_other(
    mall: Mall, sandbox: SandboxProcess, wechat: WeChatShipping
) -> None:
    """Too early, both, the same again, a corrected waybill of one, one too many for it alone."""
    orders = await bought(mall)
    for order in orders:
        await ship(mall, order)
    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0})
    await paid_there(sandbox, orders)
    reporter = Reporter(wechat, mall.watch, is_combined=True)

    async def tell() -> list[tuple[str, int]]:
        assert await reporter.tell_due() > 0
        found = [await report(order) for order in orders]
        mall.watch.forward(hours=2)
        return [(each["state"], each["last_code"]) for each in found]

    assert await tell() == [("pending", 10060001)] * 2
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    await asyncio.sleep(0.1)
    assert await tell() == [("sent", 0)] * 2
    await execute("UPDATE shipping_report SET state = 'pending'")
    assert await tell() == [("sent", 10060023)] * 2, "an answer that was lost changes nothing"
    parcel = str(await scalar("SELECT parcel.number FROM parcel WHERE merchant = $1", mall.merchant))
    for waybill, outcome in (("SF0000000002", ("sent", 0)), ("SF0000000003", ("for_a_person", 10060003))):
        await mall.shipping.correct(mall.merchant, parcel, "SF", waybill, CLERK)
        assert outcome in await tell()
    assert len(await rows("SELECT 1 FROM shipping_report WHERE state = 'for_a_person'")) == 1


async def test_the_sandbox_bears_a_refunded_part_beside_the_others(
    mall: Mall, sandbox: SandboxProcess, wechat: WeChatShipping
) -> None:
    first, second = await bought(mall)
    for order in (first, second):
        await ship(mall, order)
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    named = await paid_there(sandbox, (first, second))
    alone, _ = sandbox.buy("https://shop.example.com/notices")
    await asyncio.sleep(0.1)  # the minute in which WeChat does not know a payment yet, a thousand times as fast
    refund = {
        "out_refund_no": number("R"),
        "transaction_id": (await report(second))["transaction_id"],
        "sub_mchid": OTHER,
        "amount": {"refund": 4990, "total": 4990, "currency": "CNY"},
    }
    assert sandbox.call("POST", "/v3/refund/domestic/refunds", refund).status_code == 200
    assert await Reporter(wechat, mall.watch, is_combined=True).tell_due() == 2
    found = [await report(order) for order in (first, second)]
    assert [(each["state"], each["last_code"]) for each in found] == [("sent", 0), ("for_a_person", 10060004)]
    news = [await Reporter(wechat, mall.watch)._news(each) for each in found]
    assert (await wechat.tell_combined(number("B"), news[:1])).code == 10060001
    assert (await wechat.tell_combined(named, [news[0], news[0]])).code == 10060013
    strange = msgspec.structs.replace(news[0], transaction_id=sandbox.query(alone).json()["transaction_id"])
    assert (await wechat.tell_combined(named, [strange])).code == 10060014
