"""A consumer claims coupons, lists them, and asks which of them fit a cart."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from miniapp_api import door
from miniapp_api.promotions.schemas import (
    CartInput,
    ClaimedCouponView,
    CouponsQuery,
    CouponsView,
    MatchedCouponsView,
    OfferedCampaignsView,
)
from products.queries import sku_offers
from promotions.coupons import Coupons, PricedLine
from promotions.queries import coupons_of, matched_coupons, offered_campaigns


@door.get("/coupon-campaigns")
async def list_offered_campaigns(actor: Consumer) -> OfferedCampaignsView:
    """当前可领取的优惠券活动。"""
    return OfferedCampaignsView(await offered_campaigns(actor.number))


@door.post("/coupon-campaigns/<number:str>/coupons")
async def claim_coupon(actor: Consumer, number: str, key: IdempotencyKey, coupons: Coupons) -> ClaimedCouponView:
    """领取一张优惠券。"""
    return ClaimedCouponView(await coupons.claim(actor.number, number))


@door.get("/coupons")
async def list_my_coupons(actor: Consumer, query: CouponsQuery) -> CouponsView:
    """我的优惠券，可按状态筛选。"""
    return CouponsView(*await coupons_of(actor.number, query.state, query.cursor, query.limit))


@door.post("/coupon-matches", status=200)
async def match_coupons(actor: Consumer, body: CartInput) -> MatchedCouponsView:
    """购物车可用的优惠券及各自能优惠的金额；不改变任何数据。"""
    wanted = {line.sku: line.quantity for line in body.lines}
    offers = await sku_offers(list(wanted))
    lines = [
        PricedLine(sku, offer.merchant, offer.product, offer.unit_price_fen * wanted[sku])
        for sku, offer in offers.items()
        if offer.listed
    ]
    return MatchedCouponsView(await matched_coupons(actor.number, lines))
