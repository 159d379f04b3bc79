"""Where suppliers grow what, and of which plots too much is delivered. Nobody here learns anybody's status."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, PovertyOfficer, StationKeeper
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.plots.schemas import (
    CropInput,
    CropsView,
    PlotEndInput,
    PlotEnteredView,
    PlotInput,
    PlotsQuery,
    PlotsView,
    YearQuery,
    YieldNormInput,
    YieldsAboveNormView,
)
from console_api.traceability.endpoints import reach_of, seen_by
from kit.clock import china_day, utc_now
from traceability.plots.queries import crops, plots, yields_above_norm
from traceability.plots.service import Land, Norm, Plots


@door.post("/plots")
async def enter_plot(
    actor: StationKeeper | MerchantClerk, body: PlotInput, key: IdempotencyKey, register: Plots
) -> PlotEnteredView:
    """登记供货人的地块：所在村、作物、面积、株数；不记录位置。"""
    return PlotEnteredView(await register.enter(reach_of(actor), msgspec.convert(body, Land, from_attributes=True)))


@door.get("/plots")
async def list_plots(
    actor: StationKeeper | MerchantClerk | CountyOfficer | PovertyOfficer | Auditor, query: PlotsQuery
) -> PlotsView:
    """地块：站点看本乡镇的，商户看自己登记或收购过的供货人的。"""
    reach = reach_of(actor)
    page, following = await plots(reach.township, reach.merchant, query.supplier, query.cursor, query.limit)
    return PlotsView(
        [msgspec.structs.replace(each, supplier_name=seen_by(actor, each.supplier_name)) for each in page], following
    )


@door.put("/plots/<number:str>/end", status=204)
async def end_plot(actor: StationKeeper | MerchantClerk, number: str, body: PlotEndInput, register: Plots) -> None:
    """终止地块：登记的商户或本乡镇站点；面积或作物变更时另行登记。"""
    await register.end(reach_of(actor), number, body.valid_until)


@door.put("/crops", status=204)
async def name_crop(actor: CountyOfficer, body: CropInput, register: Plots) -> None:
    """登记作物或更正名称。"""
    await register.name_crop(body.code, body.name)


@door.get("/crops")
async def list_crops(actor: StationKeeper | MerchantClerk | CountyOfficer | PovertyOfficer | Auditor) -> CropsView:
    """作物及当日施行的产量标准。"""
    return CropsView(await crops(china_day(utc_now())))


@door.post("/yield-norms", status=204)
async def set_yield_norm(actor: CountyOfficer, body: YieldNormInput, key: IdempotencyKey, register: Plots) -> None:
    """登记作物的合理产量上限（每亩、每株），注明依据；自该日起施行，旧标准保留。"""
    await register.set_norm(msgspec.convert(body, Norm, from_attributes=True), actor.caller)


@door.get("/yields-above-norm")
async def list_yields_above_norm(
    actor: CountyOfficer | PovertyOfficer | Auditor, query: YearQuery
) -> YieldsAboveNormView:
    """当年交售量超过合理产量的地块，超出最多者在前。"""
    return YieldsAboveNormView(await yields_above_norm(query.year))
