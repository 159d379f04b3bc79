"""The county enters, approves and suspends merchants; a clerk sees the own one."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, Staff
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.merchants.schemas import (
    CommissionInput,
    CommissionsView,
    ContactInput,
    HistoryView,
    MerchantInput,
    MerchantsQuery,
    MerchantsView,
    PayeeInput,
    PersonInput,
    PurposeQuery,
    ReasonInput,
)
from merchants.applications import LegalPersons, Person
from merchants.commissions import CommissionDesk, commission_terms
from merchants.errors import MerchantUnknown
from merchants.licences import Licence
from merchants.queries import MerchantCard, ShopContact, history, merchant, merchants, shop_contact
from merchants.service import Merchants


def check_own(actor: Staff, number: str) -> None:
    """A clerk's merchant is the one of the token. Raises :class:`MerchantUnknown`."""
    if isinstance(actor, MerchantClerk) and actor.merchant != number:
        raise MerchantUnknown()


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
    check_own(actor, number)
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


@door.put("/merchants/<number:str>/refusal")
async def refuse_merchant(actor: CountyOfficer, number: str, body: ReasonInput, county: Merchants) -> MerchantCard:
    """退回入驻申请并说明理由；申请人可修改后重新提交。"""
    await county.refuse(number, body.reason, actor.caller)
    return await merchant(number)


@door.get("/merchants/<number:str>/history")
async def show_merchant_history(actor: CountyOfficer | Auditor | MerchantClerk, number: str) -> HistoryView:
    """商户的全部审核、停用与恢复记录。"""
    check_own(actor, number)
    return HistoryView(await history(number))


@door.put("/merchants/<number:str>/payee")
async def set_payee(actor: CountyOfficer, number: str, body: PayeeInput, county: Merchants) -> MerchantCard:
    """登记特约商户号：之后的订单款项进入该账户。"""
    await county.set_payee(number, body.sub_mchid)
    return await merchant(number)


@door.put("/merchants/<number:str>/contact")
async def set_contact(
    actor: MerchantClerk | CountyOfficer, number: str, body: ContactInput, county: Merchants
) -> ShopContact:
    """登记客服电话与退货地址。"""
    check_own(actor, number)
    contact = msgspec.convert(body, ShopContact, from_attributes=True)
    await county.set_contact(number, contact)
    return contact


@door.get("/merchants/<number:str>/contact")
async def show_contact(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> ShopContact | None:
    """客服电话与退货地址；未登记时为空。"""
    check_own(actor, number)
    return await shop_contact(number)


@door.put("/merchants/<number:str>/legal-person", status=204)
async def enter_legal_person(
    actor: MerchantClerk | CountyOfficer, number: str, body: PersonInput, persons: LegalPersons
) -> None:
    """登记法定代表人或经营者（逐项加密保存）。"""
    check_own(actor, number)
    await persons.enter(number, msgspec.convert(body, Person, from_attributes=True), actor.caller)


@door.get("/merchants/<number:str>/legal-person")
async def show_legal_person(actor: CountyOfficer, number: str, query: PurposeQuery, persons: LegalPersons) -> Person:
    """查看法定代表人或经营者的完整信息；须填写目的，查看留痕。"""
    return await persons.show(number, actor, query.purpose)


@door.get("/merchants/<number:str>/commissions")
async def list_commissions(
    actor: MerchantClerk | CountyOfficer | Auditor, number: str, desk: CommissionDesk
) -> CommissionsView:
    """与商户约定的平台佣金（按生效日期，最新在前）；直连模式下不分账、不收佣金。"""
    check_own(actor, number)
    await merchant(number)
    return CommissionsView(desk.is_offered, desk.limit_bp, await commission_terms(number))


@door.post("/merchants/<number:str>/commissions", status=201)
async def agree_commission(
    actor: CountyOfficer, number: str, body: CommissionInput, key: IdempotencyKey, desk: CommissionDesk
) -> CommissionsView:
    """登记平台佣金约定：从某日起按商品实付金额的万分之几分账；已下的订单不受影响。"""
    await desk.agree(number, body.valid_from, body.basis_points, body.source_document, actor.caller)
    return CommissionsView(desk.is_offered, desk.limit_bp, await commission_terms(number))
