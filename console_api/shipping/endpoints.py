"""Parcels of a merchant's orders, waybills one by one and by file, and pieces that are not there."""

import msgspec

from accounts.actors import MerchantClerk
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.spreadsheets import read_sheet
from api_kit.uploads import FileBody
from console_api import door
from console_api.shipping.schemas import (
    WAYBILL_COLUMNS,
    ImportedView,
    LabelView,
    ParcelInput,
    ParcelNumberView,
    ParcelsQuery,
    PickListQuery,
    PickListView,
    ShortageInput,
    ShortageView,
    WaybillInput,
)
from logistics.errors import ParcelUnknown
from logistics.queries import ParcelPage, parcels_of, pieces_in
from orders.errors import WaybillsRefused
from orders.gifts import PackingSlip, gift_slips, packing_slip
from orders.labels import Labels
from orders.parcels import Shipping
from orders.shipments import pick_list
from orders.shortages import Shortages
from orders.waybills import MAX_ROWS, WaybillRow, ship_all


@door.get("/pick-list")
async def show_pick_list(actor: MerchantClerk, query: PickListQuery) -> PickListView:
    """拣货单：已支付订单待拣的件数，按规格汇总；礼物订单附审核通过的留言与是否隐藏价格。"""
    picks = await pick_list(actor.merchant, query.orders.split(",") if query.orders else None)
    return PickListView(picks, await gift_slips(sorted({order for pick in picks for order in pick.orders})))


@door.get("/orders/<number:str>/packing-slip")
async def show_packing_slip(actor: MerchantClerk, number: str) -> PackingSlip:
    """随箱清单：件数、价格（买家要求隐藏时为空）与审核通过的礼物留言。"""
    return await packing_slip(actor.merchant, number)


@door.post("/orders/<number:str>/lines/<line:str>/shortage")
async def report_shortage(
    actor: MerchantClerk, number: str, line: str, body: ShortageInput, key: IdempotencyKey, shortages: Shortages
) -> ShortageView:
    """缺货：取消未发出的件数并按订单行退款，同时核销库存。"""
    return ShortageView(await shortages.report(actor.merchant, number, line, body.quantity, body.reason, actor.caller))


@door.post("/waybill-imports", effect="resumable")
async def import_waybills(
    actor: MerchantClerk, file: FileBody, key: IdempotencyKey, shipping: Shipping
) -> ImportedView:
    """用 CSV 或 XLSX 文件批量发货：逐行校验，有一行有误则一行也不导入，重复导入不产生变化。

    The body is the file, or a form with it. Its first row names the columns 订单号, 承运商, 运单号.
    """
    sheet = await read_sheet(file.content, WAYBILL_COLUMNS, MAX_ROWS)
    if sheet.problems:
        raise WaybillsRefused(rows=msgspec.to_builtins(sheet.problems), count=sheet.problem_count)
    rows = [WaybillRow(row=each.number, **each.values) for each in sheet.rows]
    return ImportedView(await ship_all(shipping, actor.merchant, rows, actor.caller))


@door.get("/parcels")
async def list_parcels(actor: MerchantClerk, query: ParcelsQuery) -> ParcelPage:
    """本商户的包裹，最新在前。"""
    return await parcels_of(actor.merchant, query.state, query.cursor, query.limit)


@door.post("/parcels")
async def make_parcel(
    actor: MerchantClerk, body: ParcelInput, key: IdempotencyKey, shipping: Shipping
) -> ParcelNumberView:
    """新建包裹：一单可拆成多个包裹，同一买家同一地址的多单可合并为一个。"""
    return ParcelNumberView(await shipping.make(actor.merchant, body.orders, body.carrier, body.waybill, actor.caller))


@door.put("/parcels/<number:str>/waybill", status=204)
async def correct_waybill(actor: MerchantClerk, number: str, body: WaybillInput, shipping: Shipping) -> None:
    """填写或更正运单号；发货后更正会重新上报微信，仅一次机会。"""
    await shipping.correct(actor.merchant, number, body.carrier, body.waybill, actor.caller)


@door.post("/parcels/<number:str>/label", status=200, effect="resumable")
async def print_label(
    actor: MerchantClerk, number: str, key: IdempotencyKey, labels: Labels, access_logs: AccessLogs
) -> LabelView:
    """打印电子面单；收货信息随面单交给承运商，并留下访问记录。"""
    if not await pieces_in(actor.merchant, number):
        raise ParcelUnknown()
    await access_logs.record(actor, purpose="fulfilment", subject=f"parcel:{number}", fields=("delivery",))
    label = await labels.print(actor.merchant, number)
    return LabelView(label.waybill, label.url)


@door.put("/parcels/<number:str>/handover", status=204)
async def hand_over_parcel(actor: MerchantClerk, number: str, shipping: Shipping) -> None:
    """交给承运商；订单余下的件都已交出时，订单即为已发货。"""
    await shipping.hand_over(actor.merchant, number, actor.caller)


@door.put("/parcels/<number:str>/cancellation", status=204)
async def cancel_parcel(actor: MerchantClerk, number: str, shipping: Shipping) -> None:
    """拆开尚未交出的包裹。"""
    await shipping.cancel(actor.merchant, number, actor.caller)
