"""What a merchant's clerk says of the lots that parcels were packed from."""

from accounts.actors import MerchantClerk, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.packing.schemas import LateLots, PackingQuery, UnattributedView, WaveInput, WavesView
from orders.fulfilment import Fulfilment
from orders.unattributed import unattributed_lines
from orders.waves.queries import WaveCard, wave_card
from orders.waves.queries import waves as waves_of
from orders.waves.service import PackingWaves


@door.get("/unattributed-lines")
async def list_unattributed_lines(actor: MerchantClerk | PovertyOfficer, query: PackingQuery) -> UnattributedView:
    """未归集的订单行：装箱时未指定批次、尚待补录，最早的在前。"""
    merchant = actor.merchant if isinstance(actor, MerchantClerk) else None
    return UnattributedView(*await unattributed_lines(merchant, query.cursor, query.limit))


@door.post("/order-lines/<line:str>/lots", status=204)
async def assign_lots(
    actor: MerchantClerk, line: str, body: LateLots, key: IdempotencyKey, fulfilment: Fulfilment
) -> None:
    """补录批次：装箱时未指定批次的订单行，事后按件数归集到批次并注明原因；已退款的件数不计。"""
    await fulfilment.assign(actor.merchant, line, body.lots, body.reason, actor.caller)


@door.post("/packing-waves")
async def make_packing_wave(
    actor: MerchantClerk, body: WaveInput, key: IdempotencyKey, waves: PackingWaves
) -> WaveCard:
    """生成装箱波次：按保质期先到先出为待发订单建议批次，一行可分多批；批次不足的订单行照常列出。"""
    number = await waves.propose(actor.merchant, body.orders, actor.caller)
    return await wave_card(actor.merchant, number)


@door.get("/packing-waves")
async def list_packing_waves(actor: MerchantClerk, query: PackingQuery) -> WavesView:
    """本商户的装箱波次，最新在前；尚待扫码的单数在内。"""
    return WavesView(*await waves_of(actor.merchant, query.cursor, query.limit))


@door.get("/packing-waves/<number:str>")
async def show_packing_wave(actor: MerchantClerk, number: str) -> WaveCard:
    """装箱波次与建议批次。"""
    return await wave_card(actor.merchant, number)


@door.put("/packing-waves/<number:str>/packing")
async def pack_wave(actor: MerchantClerk, number: str, waves: PackingWaves) -> WaveCard:
    """扫一次波次号，整波装箱：逐单给出结果，批次不可用的订单行照常发货、记为未归集；可重复提交。"""
    await waves.pack(actor.merchant, number, actor.caller)
    return await wave_card(actor.merchant, number)
