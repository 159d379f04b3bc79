"""A merchant's orders: look, pack, ship."""

from accounts.actors import CountyOfficer, MerchantClerk
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.orders.schemas import (
    MerchantOrdersQuery,
    MerchantOrderView,
    Packing,
    ShipmentInput,
)
from kit.encryption import FieldCipher
from live.media.playback import Playback
from live.shop.moments import Moment, moment_of
from orders.errors import OrderNotFound
from orders.fulfilment import Fulfilment
from orders.life import OrderLife
from orders.own_records import opened
from orders.placements import Delivery
from orders.queries import OrderPage, line_in, order_of, orders_of, sealed_delivery


@door.get("/orders")
async def list_merchant_orders(actor: MerchantClerk, query: MerchantOrdersQuery) -> OrderPage:
    """本商户的订单，最新在前。"""
    return await orders_of("merchant", actor.merchant, query.state, query.cursor, query.limit)


@door.get("/orders/<number:str>")
async def show_merchant_order(
    actor: MerchantClerk, number: str, cipher: FieldCipher, access_logs: AccessLogs
) -> MerchantOrderView:
    """订单与收货信息；查看收货信息会留下访问记录。"""
    order = await order_of("merchant", actor.merchant, number)
    sealed = await sealed_delivery(actor.merchant, number)
    if order is None or sealed is None:
        raise OrderNotFound()
    await access_logs.record(actor, purpose="fulfilment", subject=f"order:{number}", fields=("delivery",))
    delivery = opened(cipher, number, sealed) or Delivery("", "", "", "")  # forgotten when retention is over
    return MerchantOrderView(order, delivery.recipient, delivery.phone, delivery.address)


@door.get("/orders/<number:str>/lines/<line:str>/moment")
async def show_merchant_moment(actor: MerchantClerk, number: str, line: str, playback: Playback) -> Moment | None:
    """订单行的直播时刻：成交场次、画面位置、当时讲解的商品与价格、回放地址；不是在直播间买的为空。"""
    found = await order_of("merchant", actor.merchant, number)
    bought = line_in(found, line) if found else None
    if bought is None:
        raise OrderNotFound()
    return await moment_of(bought.source, bought.source_offset_ms, playback)


@door.put("/orders/<number:str>/packing", status=204)
async def pack_order(actor: MerchantClerk, number: str, body: Packing, fulfilment: Fulfilment) -> None:
    """按批次装箱；未指定批次的订单行照常发货，记为未归属。"""
    await fulfilment.pack(actor.merchant, number, body.lines, actor.caller)


@door.put("/orders/<number:str>/shipment", status=204)
async def ship_order(actor: MerchantClerk, number: str, body: ShipmentInput, fulfilment: Fulfilment) -> None:
    """发货：登记承运商与运单号。"""
    await fulfilment.ship(actor.merchant, number, body.carrier, body.waybill, actor.caller)


@door.post("/orders/<number:str>/late-refund", status=202)
async def repeat_late_refund(actor: CountyOfficer, number: str, key: IdempotencyKey, life: OrderLife) -> None:
    """迟到支付款的退款最终失败后，重新发起退款；未失败时不产生变化。"""
    await life.give_back_again(number)
