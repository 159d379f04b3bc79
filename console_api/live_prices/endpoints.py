"""A merchant's price in a live room, its pieces, and its end."""

from accounts.actors import Host, MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.live_prices.schemas import MorePieces, NewStockView, RoomPriceInput, RoomPriceView
from live.shop.prices import RoomPrices, RoomTerms


@door.post("/live/sessions/<number:str>/shelf/<code:str>/price")
async def open_room_price(
    actor: MerchantClerk, number: str, code: str, body: RoomPriceInput, key: IdempotencyKey, prices: RoomPrices
) -> RoomPriceView:
    """为本场一件商品开启直播价：只在本直播间、限时、限量、可限每人件数，从库存中划出；原价七日内有更低价的不并列展示。"""
    terms = RoomTerms(
        price_fen=body.price_fen, pieces=body.pieces, seconds=body.seconds, limit_per_buyer=body.limit_per_buyer
    )
    opened = await prices.open(number, actor.merchant, code, terms, actor.caller)
    return RoomPriceView(opened.offer, opened.compared_fen)


@door.post("/live/sessions/<number:str>/shelf/<code:str>/price/pieces", status=204)
async def add_room_pieces(
    actor: MerchantClerk, number: str, code: str, body: MorePieces, key: IdempotencyKey, prices: RoomPrices
) -> None:
    """直播中为直播价追加数量，从库存中划出。"""
    await prices.add_pieces(number, actor.merchant, code, body.pieces, body.reason, actor.caller)


@door.post("/live/sessions/<number:str>/shelf/<code:str>/stock")
async def add_room_stock(
    actor: MerchantClerk, number: str, code: str, body: MorePieces, key: IdempotencyKey, prices: RoomPrices
) -> NewStockView:
    """直播中补充库存并说明原因。"""
    return NewStockView(await prices.add_stock(number, actor.merchant, code, body.pieces, body.reason, actor.caller))


@door.delete("/live/sessions/<number:str>/shelf/<code:str>/price")
async def end_room_price(actor: Host | MerchantClerk, number: str, code: str, prices: RoomPrices) -> None:
    """提前结束直播价；剩余数量退回库存。"""
    if isinstance(actor, MerchantClerk):
        await prices.end(number, code, actor.caller, merchant=actor.merchant)
    else:
        await prices.end(number, code, actor.caller, host=actor.number)
