"""Merchants and the county give out coupons and see what came of them."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, Staff, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.promotions.schemas import (
    CampaignInput,
    CampaignsQuery,
    CampaignStateInput,
    CampaignsView,
    CampaignView,
    VoidInput,
)
from live.shop.coupons import source_of_room
from promotions.campaigns import CampaignDraft, Campaigns
from promotions.coupons import Coupons
from promotions.models import CampaignState
from promotions.queries import CampaignSummary, campaign_result, campaign_summaries, campaign_summary


def _sees_all(actor: Staff) -> bool:
    return not isinstance(actor, MerchantClerk)


@door.post("/coupon-campaigns")
async def draft_campaign(
    actor: MerchantClerk | CountyOfficer, body: CampaignInput, key: IdempotencyKey, campaigns: Campaigns
) -> CampaignSummary:
    """新建优惠券活动草稿：商户发自己的券（名称经县级审核后方可启动），县里发平台券。"""
    issuer = own_merchant(actor)
    draft = msgspec.convert(body, CampaignDraft, from_attributes=True)
    if body.live_session is not None:
        draft = msgspec.structs.replace(draft, source=await source_of_room(body.live_session, issuer))
    if issuer is not None:
        draft = msgspec.structs.replace(draft, merchant_bears_bp=10_000)
    return await campaign_summary(await campaigns.draft(issuer, draft, actor.caller), issuer)


@door.get("/coupon-campaigns")
async def list_campaigns(actor: MerchantClerk | CountyOfficer | Auditor, query: CampaignsQuery) -> CampaignsView:
    """优惠券活动；商户人员只看到自己的。"""
    found = await campaign_summaries(own_merchant(actor), _sees_all(actor), query.state, query.cursor, query.limit)
    return CampaignsView(*found)


@door.get("/coupon-campaigns/<number:str>")
async def show_campaign(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> CampaignView:
    """优惠券活动与效果：领取、占用、核销、各方承担的优惠和实付货款。"""
    issuer, every = own_merchant(actor), _sees_all(actor)
    summary = await campaign_summary(number, issuer, every)
    return CampaignView(summary, await campaign_result(number, issuer, every))


@door.put("/coupon-campaigns/<number:str>/state")
async def move_campaign(
    actor: MerchantClerk | CountyOfficer, number: str, body: CampaignStateInput, campaigns: Campaigns
) -> CampaignSummary:
    """启动、暂停或结束优惠券活动。"""
    await campaigns.move(own_merchant(actor), number, CampaignState(body.state), actor.caller)
    return await campaign_summary(number, own_merchant(actor))


@door.put("/coupons/<number:str>/void", status=204)
async def void_coupon(actor: MerchantClerk | CountyOfficer, number: str, body: VoidInput, coupons: Coupons) -> None:
    """作废一张尚未使用的优惠券并说明理由。"""
    await coupons.void(own_merchant(actor), number, body.reason)
