"""A consumer recommends goods, and sees what that brings; nothing of who has bought."""

from accounts.actors import Consumer
from accounts.consents import agreeing
from accounts.own_data_models import DocumentKind
from api_kit.doors import IdempotencyKey
from miniapp_api import door
from miniapp_api.referrals.schemas import ReferralLink, ReferrerPage
from referrals.queries import months_of, referrer_of
from referrals.service import ReferralTokens, Referrers
from referrals.terms import TermsView, terms_in_force


@door.get("/referral-terms", public=True)
async def show_referral_terms() -> TermsView:
    """推荐活动现行规则：佣金比例、每单与每月上限。只有一级，不设下线。"""
    return await terms_in_force()


@door.post("/referrer")
async def become_referrer(actor: Consumer, key: IdempotencyKey, referrers: Referrers) -> ReferrerPage:
    """加入推荐活动：须先同意现行推荐活动协议；得到自己的推荐码。"""
    await referrers.join(actor.number)
    return await _page(actor.number)


@door.get("/referrer")
async def show_referrer(actor: Consumer) -> ReferrerPage:
    """我的推荐码与佣金合计：待结清、应付、已付；不显示任何买家。"""
    return await _page(actor.number)


@door.delete("/referrer")
async def leave_programme(actor: Consumer, referrers: Referrers) -> None:
    """退出推荐活动；已产生的佣金不受影响。"""
    await referrers.leave(actor.number)


@door.get("/referrals/<code:str>", public=True)
async def follow_referral(code: str, tokens: ReferralTokens) -> ReferralLink:
    """打开推荐链接：得到下单时带回的来源凭据。"""
    return ReferralLink(code, await tokens.token(code))


async def _page(consumer: str) -> ReferrerPage:
    agreed = await agreeing([consumer], DocumentKind.REFERRAL_TERMS)
    return ReferrerPage(await referrer_of(consumer), consumer in agreed, await months_of(consumer))
