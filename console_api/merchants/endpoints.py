"""The county enters, approves and suspends merchants; a clerk sees the own one."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk
from console_api import door
from console_api.merchants.schemas import MerchantInput, MerchantsQuery, MerchantsView, ReasonInput
from merchants.errors import MerchantUnknown
from merchants.licences import Licence
from merchants.queries import MerchantCard, merchant, merchants
from merchants.service import Merchants


@door.post("/merchants")
async def enter_merchant(actor: CountyOfficer, body: MerchantInput, county: Merchants) -> MerchantCard:
    """登记商户申请。"""
    licence = msgspec.convert(body.licence, Licence, from_attributes=True)
    return await merchant(await county.enter(body.name, licence, body.township, body.sub_mchid, actor.caller))


@door.get("/merchants")
async def list_merchants(actor: CountyOfficer | Auditor | MerchantClerk, query: MerchantsQuery) -> MerchantsView:
    """商户列表；商户人员只看到自己的商户。"""
    if isinstance(actor, MerchantClerk):
        return MerchantsView([await merchant(actor.merchant)], None)
    return MerchantsView(*await merchants(query.state, query.cursor, query.limit))


@door.get("/merchants/<number:str>")
async def show_merchant(actor: CountyOfficer | Auditor | MerchantClerk, number: str) -> MerchantCard:
    """商户详情。"""
    if isinstance(actor, MerchantClerk) and actor.merchant != number:
        raise MerchantUnknown()
    return await merchant(number)


@door.put("/merchants/<number:str>/approval")
async def approve_merchant(actor: CountyOfficer, number: str, county: Merchants) -> MerchantCard:
    """审核通过，或恢复被停用的商户。"""
    await county.approve(number, actor.caller)
    return await merchant(number)


@door.put("/merchants/<number:str>/suspension")
async def suspend_merchant(actor: CountyOfficer, number: str, body: ReasonInput, county: Merchants) -> MerchantCard:
    """停用商户：其商品立即不再展示。"""
    await county.suspend(number, body.reason, actor.caller)
    return await merchant(number)
