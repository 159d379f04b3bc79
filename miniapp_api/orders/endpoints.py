"""A consumer's orders."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from live.service import Attributions
from miniapp_api import door
from miniapp_api.orders.schemas import (
    OrdersQuery,
    PaymentParametersView,
    PlacedLineView,
    PlacedOrderView,
    PlaceOrder,
    ReceiptExtendedView,
)
from orders.checkout import Checkout, CheckoutLine, Delivery
from orders.errors import OrderNotFound
from orders.life import OrderLife
from orders.queries import OrderPage, OrderSummary, order_of, orders_of
from orders.receipts import Receipts


@door.post("/orders")
async def place_order(
    actor: Consumer, body: PlaceOrder, key: IdempotencyKey, checkout: Checkout, attributions: Attributions
) -> PlacedOrderView:
    """下单：锁定库存与价格，等待支付。"""
    source = attributions.verify(body.attribution) if body.attribution else None
    placed = await checkout.place(
        actor.number,
        actor.openid,
        [CheckoutLine(line.sku, line.quantity) for line in body.lines],
        Delivery(body.delivery.recipient, body.delivery.phone, body.delivery.address),
        source,
    )
    return PlacedOrderView(
        number=placed.number,
        state="pending_payment",
        merchant=placed.merchant,
        amount_fen=placed.amount_fen,
        freight_fen=placed.freight_fen,
        discount_fen=placed.discount_fen,
        expires_at=placed.expires_at.isoformat(),
        lines=[
            PlacedLineView(
                line=line.reference,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price_fen=line.unit_price_fen,
                net_fen=line.net_fen,
            )
            for line in placed.lines
        ],
    )


@door.post("/orders/<number:str>/payment", effect="resumable")
async def open_payment(actor: Consumer, number: str, key: IdempotencyKey, life: OrderLife) -> PaymentParametersView:
    """发起支付：返回 wx.requestPayment 所需的签名参数。"""
    found = await life.pay(actor.number, number)
    return PaymentParametersView(
        timeStamp=found.time_stamp,
        nonceStr=found.nonce_str,
        package=found.package,
        signType=found.sign_type,
        paySign=found.pay_sign,
    )


@door.get("/orders")
async def list_orders(actor: Consumer, query: OrdersQuery) -> OrderPage:
    """我的订单，最新在前。"""
    return await orders_of("consumer", actor.number, query.state, query.cursor, query.limit)


@door.get("/orders/<number:str>")
async def show_order(actor: Consumer, number: str) -> OrderSummary:
    """订单详情。"""
    found = await order_of("consumer", actor.number, number)
    if found is None:
        raise OrderNotFound()
    return found


@door.post("/orders/<number:str>/cancellation", status=202)
async def cancel_order(actor: Consumer, number: str, key: IdempotencyKey, life: OrderLife) -> None:
    """取消未支付的订单：先在微信侧关单，随后订单关闭并释放库存。"""
    await life.cancel(actor.number, number)


@door.post("/orders/<number:str>/receipt", status=204)
async def confirm_receipt(actor: Consumer, number: str, key: IdempotencyKey, life: OrderLife) -> None:
    """确认收货。"""
    await life.receive(actor.number, number)


@door.post("/orders/<number:str>/receipt-extension")
async def extend_receipt(actor: Consumer, number: str, key: IdempotencyKey, receipts: Receipts) -> ReceiptExtendedView:
    """延长收货：每单一次，推迟自动确认收货。"""
    return ReceiptExtendedView(await receipts.extend(actor.number, number))


@door.post("/orders/<number:str>/reminder", status=204)
async def remind_to_ship(actor: Consumer, number: str, key: IdempotencyKey, receipts: Receipts) -> None:
    """提醒商家发货：每天一次。"""
    await receipts.remind(actor.number, number)
