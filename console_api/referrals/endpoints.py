"""The county sets the programme, merchants take part, and the county pays what is due."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.referrals.schemas import (
    OptInsView,
    PaidView,
    PayoutInput,
    ReferrersDueView,
    ResultsQuery,
    ResultsView,
    TakePartInput,
    TermsInput,
    TermsListView,
)
from products.dossiers import product_dossier
from referrals.queries import programme_results, referrers_due
from referrals.service import Referrers
from referrals.terms import Programme, TermsView, all_terms, opt_ins


@door.post("/referral-terms")
async def set_referral_terms(
    actor: CountyOfficer, body: TermsInput, key: IdempotencyKey, programme: Programme
) -> TermsListView:
    """设定推荐活动规则：自某日起的佣金比例、每单与每人每月上限及依据文件；只有一级。"""
    await programme.set_terms(msgspec.convert(body, TermsView, from_attributes=True), actor.caller)
    return TermsListView(await all_terms())


@door.get("/referral-terms")
async def list_referral_terms(actor: MerchantClerk | CountyOfficer | Auditor) -> TermsListView:
    """推荐活动规则及历次变更。"""
    return TermsListView(await all_terms())


@door.get("/referral-opt-ins")
async def list_opt_ins(actor: MerchantClerk | CountyOfficer | Auditor) -> OptInsView:
    """参加推荐活动、承担佣金的商品；商户人员只看到自己的。"""
    return OptInsView(await opt_ins(own_merchant(actor)))


@door.put("/referral-opt-in", status=204)
async def take_part(actor: MerchantClerk, body: TakePartInput, programme: Programme) -> None:
    """本商户全部商品参加推荐活动并承担佣金，或不再整体参加；单独参加的商品不受影响。"""
    step = programme.opt_in if body.takes_part else programme.opt_out
    await step(actor.merchant, "", actor.caller)


@door.put("/products/<code:str>/referral-opt-in", status=204)
async def opt_in(actor: MerchantClerk, code: str, programme: Programme) -> None:
    """一个商品参加推荐活动并承担佣金。"""
    await product_dossier(code, actor.merchant)
    await programme.opt_in(actor.merchant, code, actor.caller)


@door.delete("/products/<code:str>/referral-opt-in")
async def opt_out(actor: MerchantClerk, code: str, programme: Programme) -> None:
    """一个商品不再参加推荐活动；已下单的不受影响。"""
    await product_dossier(code, actor.merchant)
    await programme.opt_out(actor.merchant, code, actor.caller)


@door.get("/referral-results")
async def show_results(actor: MerchantClerk | CountyOfficer | Auditor, query: ResultsQuery) -> ResultsView:
    """推荐活动效果：按商户的订单数、货款、佣金及其状态；商户人员只看到自己的。"""
    return ResultsView(await programme_results(own_merchant(actor), query.first, query.last))


@door.get("/referrers-due")
async def list_referrers_due(actor: CountyOfficer) -> ReferrersDueView:
    """有应付佣金的推荐人。"""
    return ReferrersDueView(await referrers_due())


@door.post("/referrers/<code:str>/payouts")
async def pay_referrer(
    actor: CountyOfficer, code: str, body: PayoutInput, key: IdempotencyKey, referrers: Referrers
) -> PaidView:
    """登记已向推荐人支付全部应付佣金及银行凭证号；其间应付金额有变的，须按新金额支付。"""
    return PaidView(await referrers.pay(code, body.amount_fen, body.voucher, actor.caller))
