"""A consumer's trades and orders."""

from sanic import Request

from accounts.actors import Consumer
from accounts.consents import demand_consents
from api_kit.addresses import client_address
from api_kit.doors import IdempotencyKey
from live.media.playback import Playback
from live.shop.attributions import Attributions
from live.shop.moments import Moment, Seen, moment_of, places_of
from miniapp_api import door
from miniapp_api.orders.schemas import (
    CalendarQuery,
    CartSelection,
    MorePieces,
    OrdersQuery,
    PaymentParametersView,
    PickupSitesQuery,
    PickupSitesView,
    PiecesInCart,
    PlacedLineView,
    PlacedOrderView,
    PlacedTradeView,
    PlaceOrder,
    QuoteRequest,
    ReceiptExtendedView,
    StayQuery,
    VouchersView,
)
from miniapp_api.orders.turnstile import OrderTurnstile
from orders.carts import Cart, Carts
from orders.checkout import Checkout
from orders.errors import OrderNotFound, TradeNotFound
from orders.gifts import Gift, GiftView, gift_of
from orders.groups.joining import GroupWish
from orders.life import OrderLife
from orders.pickups import Pickups, PickupView
from orders.placements import Delivery, PlacedOrder
from orders.queries import OrderPage, OrderSummary, TradeSummary, line_in, order_of, orders_of, trade_of
from orders.quotes import CheckoutLine, Expectation, Quote
from orders.receipts import Receipts
from orders.trades import Trades
from orders.vouchers import Vouchers
from places.queries import pickup_point, pickup_points
from products.calendars import Calendar, calendar_of
from referrals.service import ReferralTokens
from scans.service import ScanTokens


def _seen(
    token: str | None, attributions: Attributions, scans: ScanTokens, referrals: ReferralTokens
) -> tuple[str | None, str | None]:
    """The verified source, and whose goods it shows if it says so; a token that is false or too old names none."""
    if not token:
        return None, None
    return attributions.verify(token) or (scans.verify(token) or referrals.verify(token), None)


async def _wanted(
    body: QuoteRequest | PlaceOrder, attributions: Attributions, scans: ScanTokens, referrals: ReferralTokens
) -> list[CheckoutLine]:
    """The lines with what their tokens, or else the body's, are worth now."""
    told = [
        (line.attribution, line.position_ms)
        if line.attribution
        else (body.attribution, body.position_ms if line.position_ms is None else line.position_ms)
        for line in body.lines
    ]
    found = [_seen(token, attributions, scans, referrals) for token, _ in told]
    seen = [
        Seen(line.sku, source, position)
        for line, (source, _), (_, position) in zip(body.lines, found, told, strict=True)
    ]
    places = await places_of(seen, attributions.clock())
    return [
        CheckoutLine(line.sku, line.quantity, source, line.confirmed, line.check_in, line.check_out, seller, offset)
        for line, (_, seller), (source, offset) in zip(body.lines, found, places, strict=True)
    ]


@door.post("/quotes", status=200)
async def show_quote(
    actor: Consumer,
    body: QuoteRequest,
    checkout: Checkout,
    attributions: Attributions,
    scans: ScanTokens,
    referrals: ReferralTokens,
) -> Quote:
    """试算：逐行、逐商户、合计金额与优惠、运费；下单时按同一算法计价。"""
    region = body.region
    if body.pickup is not None:
        await pickup_point(body.pickup)
    elif body.address is not None:
        region = (await checkout.delivery(actor.number, body.address)).region
    lines = await _wanted(body, attributions, scans, referrals)
    return await checkout.quote(
        actor.number, lines, body.coupons, region, GroupWish(body.group_offer) if body.group_offer else None
    )


@door.post("/orders", turnstile=OrderTurnstile)
async def place_order(
    actor: Consumer,
    body: PlaceOrder,
    key: IdempotencyKey,
    checkout: Checkout,
    attributions: Attributions,
    scans: ScanTokens,
    referrals: ReferralTokens,
    request: Request,
) -> PlacedTradeView:
    """下单：一次结算，每个商户一张订单，合并付款；金额与客户端所见不一致时拒绝并返回新的试算；未同意现行协议时拒绝。"""
    await demand_consents(actor.number)
    if given := body.delivery:
        delivery = Delivery(given.recipient, given.phone, given.region, given.address)
    elif fetching := body.pickup:
        delivery = await checkout.fetching(fetching.site, fetching.recipient, fetching.phone)
    elif guest := body.guest:
        delivery = Delivery(guest.name, guest.phone, "", "", is_guest=True)
    else:
        delivery = await checkout.delivery(actor.number, body.address or "")
    placed = await checkout.place(
        actor.number,
        actor.openid,
        await _wanted(body, attributions, scans, referrals),
        body.coupons,
        delivery,
        Expectation(body.amount_fen, body.quote),
        GroupWish(body.group.offer, body.group.group) if body.group else None,
        {gift.merchant: Gift(gift.message.strip(), gift.hides_price) for gift in body.gifts},
        f"{client_address(request)} {request.headers.get('user-agent', '')}",
    )
    return PlacedTradeView(
        trade=placed.number,
        state="pending_payment",
        amount_fen=placed.amount_fen,
        expires_at=placed.expires_at.isoformat(),
        orders=[_placed_view(order) for order in placed.orders],
    )


def _placed_view(order: PlacedOrder) -> PlacedOrderView:
    return PlacedOrderView(
        number=order.number,
        merchant=order.merchant,
        amount_fen=order.amount_fen,
        freight_fen=order.freight_fen,
        discount_fen=order.discount_fen,
        lines=[
            PlacedLineView(
                line=line.reference,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price_fen=line.unit_price_fen,
                discount_fen=line.discount_fen,
                net_fen=line.net_fen,
                freight_fen=line.freight_fen,
            )
            for line in order.lines
        ],
    )


@door.get("/trades/<number:str>")
async def show_trade(actor: Consumer, number: str) -> TradeSummary:
    """交易单：一次结算的全部订单。"""
    found = await trade_of(actor.number, number)
    if found is None:
        raise TradeNotFound()
    return found


@door.post("/trades/<number:str>/payment", effect="resumable")
async def open_payment(actor: Consumer, number: str, key: IdempotencyKey, trades: Trades) -> PaymentParametersView:
    """发起支付：返回 wx.requestPayment 所需的签名参数；多商户为合单支付，一次输入密码。"""
    found = await trades.pay(actor.number, number)
    return PaymentParametersView(
        timeStamp=found.time_stamp,
        nonceStr=found.nonce_str,
        package=found.package,
        signType=found.sign_type,
        paySign=found.pay_sign,
    )


@door.post("/trades/<number:str>/cancellation", status=202)
async def cancel_trade(actor: Consumer, number: str, key: IdempotencyKey, trades: Trades) -> None:
    """取消未支付的交易：先在微信侧关单，随后订单关闭并释放库存。"""
    await trades.cancel(actor.number, number)


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


@door.get("/orders/<number:str>/lines/<line:str>/moment")
async def show_moment(actor: Consumer, number: str, line: str, playback: Playback) -> Moment | None:
    """订单行的直播时刻：成交场次、画面位置、当时讲解的商品与价格、回放地址；不是在直播间买的为空。"""
    found = await order_of("consumer", actor.number, number)
    bought = line_in(found, line) if found else None
    if bought is None:
        raise OrderNotFound()
    return await moment_of(bought.source, bought.source_offset_ms, playback, actor.caller)


@door.get("/orders/<number:str>/gift")
async def show_gift(actor: Consumer, number: str) -> GiftView | None:
    """礼物留言与是否隐藏价格；留言通过审核后才会随包裹打印；非礼物订单为空。"""
    return await gift_of(actor.number, number)


@door.post("/orders/<number:str>/receipt", status=204)
async def confirm_receipt(actor: Consumer, number: str, key: IdempotencyKey, life: OrderLife) -> None:
    """确认收货。"""
    await life.receive(actor.number, number)


@door.post("/orders/<number:str>/receipt-check", status=202)
async def check_receipt(actor: Consumer, number: str, key: IdempotencyKey, receipts: Receipts) -> None:
    """用微信收货组件确认后调用：稍后向微信核实，属实即视为收货。"""
    await receipts.expect_at_wechat(actor.number, number)


@door.get("/orders/<number:str>/pickup")
async def show_pickup(actor: Consumer, number: str, pickups: Pickups) -> PickupView:
    """自提：站点、期限与核销码；二维码即同一串数字。"""
    return await pickups.of_buyer(actor.number, number)


@door.get("/orders/<number:str>/vouchers")
async def list_vouchers(actor: Consumer, number: str, vouchers: Vouchers) -> VouchersView:
    """预约凭证与核销码；二维码即同一串数字。"""
    return VouchersView(await vouchers.of_buyer(actor.number, number))


@door.get("/skus/<sku:str>/calendar", public=True)
async def show_calendar(sku: str, query: CalendarQuery) -> Calendar:
    """可预约日期：每日余量与价格，以及取消与过期规则。"""
    return await calendar_of(sku, query.first, query.last)


@door.get("/pickup-sites", public=True)
async def list_pickup_sites(query: PickupSitesQuery) -> PickupSitesView:
    """可自提的站点，可按乡镇筛选。"""
    return PickupSitesView(await pickup_points(query.township))


@door.post("/orders/<number:str>/receipt-extension")
async def extend_receipt(actor: Consumer, number: str, key: IdempotencyKey, receipts: Receipts) -> ReceiptExtendedView:
    """延长收货：每单一次，推迟自动确认收货。"""
    return ReceiptExtendedView(await receipts.extend(actor.number, number))


@door.post("/orders/<number:str>/reminder", status=204)
async def remind_to_ship(actor: Consumer, number: str, key: IdempotencyKey, receipts: Receipts) -> None:
    """提醒商家发货：每天一次。"""
    await receipts.remind(actor.number, number)


@door.get("/cart")
async def show_cart(actor: Consumer, carts: Carts) -> Cart:
    """购物车：按商户分组，逐行显示是否有效、价格变化与库存。"""
    return await carts.read(actor.number)


@door.post("/cart/lines")
async def add_to_cart(actor: Consumer, body: MorePieces, key: IdempotencyKey, carts: Carts) -> None:
    """加入购物车：在已有数量上增加。"""
    await carts.add(
        actor.number, body.sku, body.quantity, body.attribution, (body.check_in, body.check_out), body.position_ms
    )


@door.put("/cart/lines/<sku:str>", status=204)
async def put_in_cart(actor: Consumer, sku: str, body: PiecesInCart, carts: Carts) -> None:
    """修改购物车中某规格的数量与勾选；预约类按日期区分，不同日期为不同的行。"""
    await carts.put(actor.number, sku, body.quantity, body.selected, (body.check_in, body.check_out))


@door.delete("/cart/lines/<sku:str>")
async def take_out_of_cart(actor: Consumer, sku: str, query: StayQuery, carts: Carts) -> None:
    """从购物车移除；预约类给出日期时只移除该日期的一行。"""
    await carts.remove(actor.number, sku, (query.check_in, query.check_out))


@door.put("/cart/selection", status=204)
async def select_in_cart(actor: Consumer, body: CartSelection, carts: Carts) -> None:
    """勾选或取消勾选；不列规格时为全选或全不选。"""
    await carts.select(actor.number, body.skus, body.selected)
