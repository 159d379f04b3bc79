"""A host or an assistant of the shelf shows the coupons of the room and takes them down."""

from accounts.actors import Host
from console_api import door
from live.shop.coupons import RoomCoupons


@door.put("/live/sessions/<number:str>/coupons/<campaign:str>", status=204)
async def show_room_coupon(actor: Host, number: str, campaign: str, coupons: RoomCoupons) -> None:
    """在本场发放一个直播间优惠券活动。"""
    await coupons.show(number, actor.number, campaign)


@door.delete("/live/sessions/<number:str>/coupons/<campaign:str>")
async def take_down_room_coupon(actor: Host, number: str, campaign: str, coupons: RoomCoupons) -> None:
    """停止在本场发放；已领取的仍然有效。"""
    await coupons.take_down(number, actor.number, campaign)
