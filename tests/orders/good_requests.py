"""Requests of buying, packing and sending that succeed; those of giving back stand in ``good_requests_of_cases``."""

import secrets
from datetime import timedelta

from kit.clock import china_day, utc_now
from kit.database import scalar
from orders.groups.joining import GroupWish
from orders.pickups import Pickups
from orders.quotes import CheckoutLine, Expectation
from products.group_offers import GroupPromise
from products.offers import OfferTerms
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, consumer_of, good, mall_of
from tests.orders.lodging import GUEST, codes_of, open_lodging, stay
from tests.orders.mall import ADDRESS
from tests.products.shelf import TOWNSHIP

OPENID = "openid-consumer"


@good("miniapp.place_order")
async def place(owner: Owner) -> GoodRequest:
    """Two merchants' goods to an address of the book, by the digest of the quote."""
    lines = [{"sku": sku, "quantity": 2} for sku in (owner.house.sku, owner.house.foreign_sku)]
    home = owner.found.by_pattern["/v1/miniapp/addresses/"]["number"]
    quote = await owner.ask("consumer", "POST", "/v1/miniapp/quotes", {"lines": lines, "address": home})
    return GoodRequest(body={"lines": lines, "address": home, "quote": quote["digest"]})


@good("miniapp.show_quote")
async def quote(owner: Owner) -> GoodRequest:
    lines = [{"sku": sku, "quantity": 2} for sku in (owner.house.sku, owner.house.foreign_sku)]
    return GoodRequest(body={"lines": lines, "address": owner.found.by_pattern["/v1/miniapp/addresses/"]["number"]})


@good("miniapp.open_payment", "miniapp.cancel_trade")
async def unpaid(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await bought(owner)).trade})


@good("miniapp.confirm_receipt", "miniapp.extend_receipt")
async def shipped(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await bought(owner, "shipped")).number})


@good("miniapp.cancel_paid_order")
async def give_up(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await bought(owner, "paid")).number}, body={"reason": "示例原因"})


@good("miniapp.change_order_address")
async def send_elsewhere(owner: Owner) -> GoodRequest:
    home = owner.found.by_pattern["/v1/miniapp/addresses/"]["number"]
    return GoodRequest(names={"number": (await bought(owner, "paid")).number}, body={"address": home})


@good("miniapp.add_to_cart")
async def more_pieces(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"sku": owner.house.sku, "quantity": 1})


@good("miniapp.put_in_cart")
async def pieces(owner: Owner) -> GoodRequest:
    await owner.ask("consumer", "POST", "/v1/miniapp/cart/lines", {"sku": owner.house.sku, "quantity": 1})
    return GoodRequest(names={"sku": owner.house.sku}, body={"quantity": 2})


@good("console.pack_order")
async def pack(owner: Owner) -> GoodRequest:
    """From a sealed lot."""
    order, mall = await bought(owner, "paid"), mall_of(owner.house)
    lot = await mall.sealed_lot(5000)
    return GoodRequest(names={"number": order.number}, body={"lines": {order.line: {lot: 2}}})


@good("console.assign_lots")
async def bind_afterwards(owner: Owner) -> GoodRequest:
    """A line that was packed without its lot, which was there by then."""
    lot = await mall_of(owner.house).sealed_lot(5000)
    order = await bought(owner, "packed")
    return GoodRequest(names={"line": order.line}, body={"lots": {lot: 2}, "reason": "not_scanned"})


def waybill() -> str:
    """A number that no parcel has."""
    return f"SF{secrets.randbelow(10**10):010d}"


@good("console.ship_order")
async def ship(owner: Owner) -> GoodRequest:
    order = await bought(owner, "packed")
    return GoodRequest(names={"number": order.number}, body={"carrier": "SF", "waybill": waybill()})


@good("console.import_waybills")
async def ship_by_file(owner: Owner) -> GoodRequest:
    numbers = [(await bought(owner, "packed")).number for _ in range(2)]
    lines = ["订单号,承运商,运单号", *(f"{number},SF,{waybill()}" for number in numbers)]
    return GoodRequest(body="\n".join(lines).encode())


@good("console.report_shortage")
async def short(owner: Owner) -> GoodRequest:
    order = await bought(owner, "paid")
    return GoodRequest(names={"number": order.number, "line": order.line}, body={"quantity": 1, "reason": "示例原因"})


@good("console.make_parcel")
async def parcel(owner: Owner) -> GoodRequest:
    order = await bought(owner, "packed")
    return GoodRequest(body={"orders": {order.number: {order.line: 2}}, "carrier": "SF", "waybill": waybill()})


async def made_parcel(owner: Owner, carrier: str = "SF", number: str | None = None) -> str:
    """A parcel of a packed order that was not handed over."""
    order = await bought(owner, "packed")
    picks = {order.number: {order.line: 2}}
    return await mall_of(owner.house).shipping.make(owner.house.merchant, picks, carrier, number, "staff:clerk")


@good("console.hand_over_parcel", "console.cancel_parcel")
async def packed_parcel(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await made_parcel(owner, number=waybill())})


@good("console.correct_waybill")
async def right_waybill(owner: Owner) -> GoodRequest:
    """Of a parcel that has left, so that WeChat is told again."""
    number = await made_parcel(owner, number=waybill())
    await mall_of(owner.house).shipping.hand_over(owner.house.merchant, number, "staff:clerk")
    return GoodRequest(names={"number": number}, body={"carrier": "SF", "waybill": waybill()})


@good("console.print_label")
async def label(owner: Owner) -> GoodRequest:
    sender = {"name": "示例合作社", "phone": "19900000099", "address": "云南省德宏州陇川县示例路 9 号"}
    contract = {"partner_id": "demo", "partner_key": "demo-partner-key", "sender": sender}
    await owner.ask("merchant_clerk", "PUT", "/v1/console/carrier-accounts/YTO", contract)
    return GoodRequest(names={"number": await made_parcel(owner, "YTO")})


@good("console.redeem_pickup")
async def fetch(owner: Owner) -> GoodRequest:
    fetching = {"site": f"S{owner.turn}", "recipient": "示例取件人", "phone": "19900000001"}
    order, mall = await bought(owner, "packed", delivery=None, pickup=fetching), mall_of(owner.house)
    pickups = Pickups(mall.cipher, mall.watch)
    await pickups.arrive(("township", TOWNSHIP), order.number, "staff:keeper")
    code = (await pickups.of_buyer(order.consumer, order.number)).code
    return GoodRequest(body={"order": order.number, "code": code})


@good("console.redeem_voucher")
async def use_voucher(owner: Owner) -> GoodRequest:
    """On the day of the stay."""
    mall, consumer = mall_of(owner.house), await consumer_of("consumer")
    line = stay(mall, await open_lodging(mall), begins_in=0)
    placed = await mall.checkout.place(consumer, OPENID, [line], (), GUEST, Expectation())
    number = placed.orders[0].number
    await mall.pay(number)
    return GoodRequest(body={"order": number, "code": (await codes_of(mall, number, consumer))[0]})


@good("miniapp.show_calendar")
async def calendar(owner: Owner) -> GoodRequest:
    mall = mall_of(owner.house)
    today = china_day(utc_now())
    span = {"first": today.isoformat(), "last": (today + timedelta(days=29)).isoformat()}
    return GoodRequest(names={"sku": await open_lodging(mall)}, query=span)


@good("console.repeat_late_refund")
async def late_refund(owner: Owner) -> GoodRequest:
    """Money that came when the goods were gone, and whose refund has failed."""
    mall = mall_of(owner.house)
    _, (sku,) = await mall.another_product(stock=1)
    late = await mall.place(lines=[CheckoutLine(sku, 1)], consumer="C-LATE")
    await mall.bring_to("closed", late)
    await mall.pay((await mall.place(lines=[CheckoutLine(sku, 1)], consumer="C-FASTER")).number)
    await mall.pay(late.number)
    await mall.receive_notice(await mall.refund_notice(f"{late.number}L", "CLOSED"))
    return GoodRequest(names={"number": late.number})


async def running_group_offer(owner: Owner) -> str:
    """An offer of a product of its own, in whose group one has paid."""
    mall, now = mall_of(owner.house), utc_now()
    _, (sku,) = await mall.another_product(stock=20)
    terms = OfferTerms(
        price_fen=2990, pieces=10, limit_per_buyer=None, starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=2),
    )  # fmt: skip
    promise = GroupPromise(min_buyers=2, min_pieces=1, form_within_s=86_400)
    offer = await mall.group_offers.publish(sku, terms, promise, "staff:clerk", owner.house.merchant)
    trade = await mall.checkout.place(
        "C-GROUP", OPENID, [CheckoutLine(sku, 1)], (), ADDRESS, Expectation(), GroupWish(offer, None)
    )
    await mall.pay(trade.orders[0].number)
    return offer


@good("miniapp.show_group_offer")
async def group_offer(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await running_group_offer(owner)})


@good("miniapp.show_group")
async def group(owner: Owner) -> GoodRequest:
    offer = await running_group_offer(owner)
    return GoodRequest(names={"number": str(await scalar("SELECT number FROM buying_group WHERE offer = $1", offer))})
