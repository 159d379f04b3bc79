"""Whether goods may leave: merchants ask and hold, the county samples, judges and releases what it held."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.quality.schemas import (
    HoldInput,
    HoldsView,
    InspectionsView,
    QualityQuery,
    RecalledLinesView,
    RecallInput,
    RecallsView,
    ReleaseInput,
    ReportInput,
    SamplesInput,
)
from orders.recalled import recalled_lines
from traceability.quality.holds import Holds, Placing
from traceability.quality.inspections import Inspections, Report, Sample
from traceability.quality.queries import (
    InspectionCard,
    RecallCard,
    holds,
    inspection,
    inspections,
    recall,
    recalls,
)
from traceability.quality.recalls import RecallOrder, Recalls


@door.post("/lots/<number:str>/inspections")
async def request_inspection(
    actor: MerchantClerk | CountyOfficer, number: str, key: IdempotencyKey, register: Inspections
) -> InspectionCard:
    """申请检验：同一批次同时只有一次未完成的检验。"""
    return await inspection(None, await register.request(own_merchant(actor), number, actor.caller))


@door.get("/inspections")
async def list_inspections(actor: MerchantClerk | CountyOfficer | Auditor, query: QualityQuery) -> InspectionsView:
    """检验及抽样、结果，最新在前；商户只看本商户批次的。"""
    return InspectionsView(*await inspections(own_merchant(actor), query.cursor, query.limit))


@door.get("/inspections/<number:str>")
async def show_inspection(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> InspectionCard:
    """一次检验。"""
    return await inspection(own_merchant(actor), number)


@door.put("/inspections/<number:str>/samples")
async def draw_samples(actor: CountyOfficer, number: str, body: SamplesInput, register: Inspections) -> InspectionCard:
    """登记抽样：样品编号、重量与抽样时间，不得早于批次组成。"""
    await register.sample(
        number, [msgspec.convert(s, Sample, from_attributes=True) for s in body.samples], actor.caller
    )
    return await inspection(None, number)


@door.put("/inspections/<number:str>/report")
async def judge_inspection(
    actor: CountyOfficer, number: str, body: ReportInput, register: Inspections
) -> InspectionCard:
    """登记检验结果：各项均合格为合格；不合格的批次立即暂停出库。"""
    await register.judge(number, msgspec.convert(msgspec.to_builtins(body), Report), actor.caller)
    return await inspection(None, number)


@door.put("/inspections/<number:str>/withdrawal")
async def withdraw_inspection(
    actor: MerchantClerk | CountyOfficer, number: str, register: Inspections
) -> InspectionCard:
    """撤回检验：商户限抽样之前，县级主管部门限出结果之前。"""
    await register.withdraw(own_merchant(actor), number, actor.caller)
    return await inspection(own_merchant(actor), number)


@door.put("/lots/<number:str>/hold", status=204)
async def hold_lot(actor: MerchantClerk | CountyOfficer, number: str, body: HoldInput, register: Holds) -> None:
    """暂停批次出库：装箱、波次、补录与加工领料均不得再用。"""
    await register.place(own_merchant(actor), number, msgspec.convert(msgspec.to_builtins(body), Placing), actor.caller)


@door.put("/lots/<number:str>/release", status=204)
async def release_lot(actor: MerchantClerk | CountyOfficer, number: str, body: ReleaseInput, register: Holds) -> None:
    """解除暂停：县级主管部门暂停的由其解除；检验不合格的须复检合格。"""
    await register.release(own_merchant(actor), number, body.note, actor.caller)


@door.get("/lot-holds")
async def list_lot_holds(actor: MerchantClerk | CountyOfficer | Auditor, query: QualityQuery) -> HoldsView:
    """批次暂停与解除的记录，最新在前。"""
    return HoldsView(*await holds(own_merchant(actor), query.cursor, query.limit))


@door.post("/recalls")
async def call_back(
    actor: MerchantClerk | CountyOfficer, body: RecallInput, key: IdempotencyKey, register: Recalls
) -> RecallCard:
    """召回批次：由其加工而成的批次一并召回、停止出库，扫码页显示召回公告；召回不可撤销。"""
    told = msgspec.convert(body, RecallOrder, from_attributes=True)
    return await recall(None, await register.call_back(own_merchant(actor), told, actor.caller))


@door.get("/recalls")
async def list_recalls(actor: MerchantClerk | CountyOfficer | Auditor, query: QualityQuery) -> RecallsView:
    """召回，最新在前。"""
    return RecallsView(*await recalls(own_merchant(actor), query.cursor, query.limit))


@door.get("/recalls/<number:str>/lines")
async def list_recalled_lines(
    actor: MerchantClerk | CountyOfficer, number: str, query: QualityQuery
) -> RecalledLinesView:
    """召回涉及的订单行与包裹，供商户逐单联系买家。"""
    await recall(own_merchant(actor), number)
    return RecalledLinesView(*await recalled_lines(own_merchant(actor), number, query.cursor, query.limit))
