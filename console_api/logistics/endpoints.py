"""Freight templates of a merchant."""

import msgspec

from accounts.actors import MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.logistics.schemas import FreightTemplateInput, FreightTemplatesView
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
