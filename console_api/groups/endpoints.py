"""A merchant publishes group offers; it or the county ends them before their time."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.groups.schemas import EndInput, GroupOfferInput, GroupOffersView, GroupOfferView, PageQuery
from orders.groups.queries import groups_under
from orders.groups.service import Groups
from products.group_offers import GroupOffer, GroupOffers, GroupPromise, group_offer, group_offers_of
from products.offers import OfferTerms


@door.post("/skus/<code:str>/group-offers")
async def publish_group_offer(
    actor: MerchantClerk, code: str, body: GroupOfferInput, key: IdempotencyKey, offers: GroupOffers
) -> GroupOffer:
    """发布社区团购：团购价、专用数量、成团人数与件数、时限、自提点；发布后不可修改。"""
    terms = msgspec.convert(body, OfferTerms, from_attributes=True)
    promise = msgspec.convert(body, GroupPromise, from_attributes=True)
    return await group_offer(await offers.publish(code, terms, promise, actor.caller, actor.merchant))


@door.get("/group-offers")
async def list_group_offers(actor: MerchantClerk | CountyOfficer | Auditor, query: PageQuery) -> GroupOffersView:
    """社区团购，最新在前；商户人员只看到自己的。"""
    return GroupOffersView(*await group_offers_of(own_merchant(actor), query.cursor, query.limit))


@door.get("/group-offers/<number:str>")
async def show_group_offer(
    actor: MerchantClerk | CountyOfficer | Auditor, number: str, query: PageQuery
) -> GroupOfferView:
    """一个社区团购与它的各团进度。"""
    offer = await group_offer(number, own_merchant(actor))
    return GroupOfferView(offer, *await groups_under(number, query.cursor, query.limit))


@door.put("/group-offers/<number:str>/end")
async def end_group_offer(
    actor: MerchantClerk | CountyOfficer, number: str, body: EndInput, groups: Groups
) -> GroupOfferView:
    """提前截止社区团购并说明理由：视同到期，已成团的照常履约，未成团的自动全额退款。"""
    await groups.end_offer(number, body.reason, actor.caller, own_merchant(actor))
    return GroupOfferView(await group_offer(number), *await groups_under(number))
