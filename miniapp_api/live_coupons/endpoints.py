"""A viewer claims a coupon of the room."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from live.shop.coupons import RoomCoupons
from miniapp_api import door
from miniapp_api.live_coupons.schemas import ClaimInRoom
from miniapp_api.promotions.schemas import ClaimedCouponView


@door.post("/live/sessions/<number:str>/coupons/<campaign:str>")
async def claim_room_coupon(
    actor: Consumer, number: str, campaign: str, body: ClaimInRoom, key: IdempotencyKey, coupons: RoomCoupons
) -> ClaimedCouponView:
    """在直播间内领取优惠券；凭直播间的归属凭据。"""
    return ClaimedCouponView(await coupons.claim(number, actor.number, campaign, body.attribution))
