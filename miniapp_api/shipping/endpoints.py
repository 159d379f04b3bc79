"""The parcels of an order, and another address before it is packed."""

from accounts.actors import Consumer
from miniapp_api import door
from miniapp_api.shipping.schemas import OrderAddress, ShipmentsView
from orders.readdressing import Readdressing
from orders.shipments import shipments_for


@door.put("/orders/<number:str>/address", status=204)
async def change_order_address(actor: Consumer, number: str, body: OrderAddress, readdressing: Readdressing) -> None:
    """修改收货地址：仅限已支付且未装箱的订单；运费更高的地区不可改。"""
    await readdressing.change(actor.number, number, body.address)


@door.get("/orders/<number:str>/shipments")
async def list_shipments(actor: Consumer, number: str) -> ShipmentsView:
    """订单的包裹与物流轨迹，轨迹最新在前。"""
    return ShipmentsView(await shipments_for(actor.number, number))
