"""What a merchant's clerk says of the lots that parcels were packed from."""

from accounts.actors import MerchantClerk, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.packing.schemas import LateLots, UnattributedQuery, UnattributedView
from orders.fulfilment import Fulfilment
from orders.unattributed import unattributed_lines


@door.get("/unattributed-lines")
async def list_unattributed_lines(actor: MerchantClerk | PovertyOfficer, query: UnattributedQuery) -> UnattributedView:
    """未归集的订单行：装箱时未指定批次、尚待补录，最早的在前。"""
    merchant = actor.merchant if isinstance(actor, MerchantClerk) else None
    return UnattributedView(*await unattributed_lines(merchant, query.cursor, query.limit))


@door.post("/order-lines/<line:str>/lots", status=204)
async def assign_lots(
    actor: MerchantClerk, line: str, body: LateLots, key: IdempotencyKey, fulfilment: Fulfilment
) -> None:
    """补录批次：装箱时未指定批次的订单行，事后按件数归集到批次并注明原因；已退款的件数不计。"""
    await fulfilment.assign(actor.merchant, line, body.lots, body.reason, actor.caller)
