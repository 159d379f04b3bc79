"""Freight templates, carriers, parcels, and what WeChat is told of them."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.logistics.schemas import (
    CarrierAccountInput,
    CarrierAccountsView,
    CarrierInput,
    CarriersView,
    FreightTemplateInput,
    FreightTemplatesView,
    ReportDecision,
    ReportsView,
)
from logistics.carriers import CarrierContract, CarrierRecord, Carriers, accounts_of, carriers
from logistics.errors import CarrierUnknown, ReportUnknown
from logistics.models import ReportKind
from logistics.reports import ShippingReports, reports_for_a_person
from logistics.templates import (
    FreightDraft,
    FreightTemplateRecord,
    FreightTemplates,
    freight_template,
    freight_templates,
)


def _draft(body: FreightTemplateInput) -> FreightDraft:
    return msgspec.convert(body, FreightDraft, from_attributes=True)


@door.get("/freight-templates")
async def list_freight_templates(actor: MerchantClerk) -> FreightTemplatesView:
    """本商户在用的运费模板。"""
    return FreightTemplatesView(await freight_templates(actor.merchant))


@door.post("/freight-templates")
async def make_freight_template(
    actor: MerchantClerk, body: FreightTemplateInput, key: IdempotencyKey, templates: FreightTemplates
) -> FreightTemplateRecord:
    """新建运费模板：按件或按重量，按地区首费与续费，满额或满件包邮。"""
    return await freight_template(actor.merchant, await templates.make(actor.merchant, _draft(body), actor.caller))


@door.get("/freight-templates/<code:str>")
async def show_freight_template(actor: MerchantClerk, code: str) -> FreightTemplateRecord:
    """运费模板的当前版本。"""
    return await freight_template(actor.merchant, code)


@door.put("/freight-templates/<code:str>")
async def change_freight_template(
    actor: MerchantClerk, code: str, body: FreightTemplateInput, templates: FreightTemplates
) -> FreightTemplateRecord:
    """修改运费模板：生成新版本，已下的订单保留原版本。"""
    await templates.change(actor.merchant, code, _draft(body), actor.caller)
    return await freight_template(actor.merchant, code)


@door.put("/freight-templates/<code:str>/retirement", status=204)
async def retire_freight_template(actor: MerchantClerk, code: str, templates: FreightTemplates) -> None:
    """停用运费模板：商品不能再选用，已选用的商品继续使用。"""
    await templates.retire(actor.merchant, code, actor.caller)


@door.get("/carriers")
async def list_carriers(actor: MerchantClerk | CountyOfficer | Auditor) -> CarriersView:
    """承运商及其在微信、快递100的编码。"""
    return CarriersView(await carriers())


@door.put("/carriers/<code:str>", status=204)
async def enter_carrier(actor: CountyOfficer, code: str, body: CarrierInput, service: Carriers) -> None:
    """登记或修改承运商。"""
    if not (2 <= len(code) <= 16 and code.isascii() and code.isalnum() and code == code.upper()):
        raise CarrierUnknown(carrier=code[:16])
    await service.enter(
        CarrierRecord(
            code=code,
            name=body.name,
            wechat_id=body.wechat_id,
            kuaidi100_code=body.kuaidi100_code,
            asks_phone=body.asks_phone,
            is_active=body.is_active,
        )
    )


@door.get("/carrier-accounts")
async def list_carrier_accounts(actor: MerchantClerk) -> CarrierAccountsView:
    """本商户已配置电子面单账号的承运商。"""
    return CarrierAccountsView(await accounts_of(actor.merchant))


@door.put("/carrier-accounts/<carrier:str>", status=204)
async def sign_carrier_account(
    actor: MerchantClerk, carrier: str, body: CarrierAccountInput, service: Carriers
) -> None:
    """配置电子面单账号与寄件人，加密保存。"""
    contract = msgspec.convert(body, CarrierContract, from_attributes=True)
    await service.sign(actor.merchant, carrier, contract, actor.caller)


@door.delete("/carrier-accounts/<carrier:str>")
async def end_carrier_account(actor: MerchantClerk, carrier: str, service: Carriers) -> None:
    """删除电子面单账号。"""
    await service.end(actor.merchant, carrier)


@door.get("/shipping-reports")
async def list_shipping_reports(actor: MerchantClerk | CountyOfficer | Auditor) -> ReportsView:
    """需要人工处理的微信发货信息上报。"""
    return ReportsView(await reports_for_a_person(own_merchant(actor)))


@door.put("/shipping-reports/<reference:str>/<kind:str>/decision", status=204)
async def decide_shipping_report(
    actor: MerchantClerk | CountyOfficer, reference: str, kind: str, body: ReportDecision, reports: ShippingReports
) -> None:
    """重新上报，或确认已在微信后台处理。"""
    if kind not in set(ReportKind):
        raise ReportUnknown()
    decide = reports.try_again if body.decision == "again" else reports.dismiss
    await decide(reference, ReportKind(kind), actor.caller, own_merchant(actor))
