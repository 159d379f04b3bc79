"""Parcels at a station: they arrive, wait, and are handed over against the buyer's code."""

from accounts.actors import MerchantClerk, StationKeeper
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.pickups.schemas import PickupsQuery, PickupsView, RedemptionInput
from orders.handovers.models import PickupState
from orders.pickups import Pickups


@door.get("/pickups")
async def list_pickups(actor: StationKeeper, query: PickupsQuery, pickups: Pickups) -> PickupsView:
    """本乡镇站点的待取包裹与期限；收件人只显示姓氏与手机尾号。"""
    return PickupsView(await pickups.waiting(actor.township, PickupState(query.state)))


@door.put("/pickups/<number:str>/arrival", status=204)
async def note_arrival(actor: StationKeeper | MerchantClerk, number: str, pickups: Pickups) -> None:
    """包裹已到自提点：订单可取，买家可见核销码。"""
    if isinstance(actor, StationKeeper):
        await pickups.arrive(("township", actor.township), number, actor.caller)
    else:
        await pickups.arrive(("merchant", actor.merchant), number, actor.caller)


@door.post("/pickups/redemption", status=204, effect="with_refusal")
async def redeem_pickup(actor: StationKeeper, body: RedemptionInput, key: IdempotencyKey, pickups: Pickups) -> None:
    """核销取件：核对订单号与核销码，订单即为已收货；错误次数有限。"""
    await pickups.redeem(actor.township, body.order, body.code, actor.caller)
