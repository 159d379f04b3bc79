"""A merchant opens flash offers of its SKUs and ends them."""

import msgspec

from accounts.actors import MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.offers.schemas import OfferInput, OffersView
from products.offer_models import OfferKind
from products.offers import Offers, OfferTerms, OpenOffer, offer_of, open_offers


@door.post("/skus/<code:str>/offers")
async def open_offer(
    actor: MerchantClerk, code: str, body: OfferInput, key: IdempotencyKey, offers: Offers
) -> OpenOffer:
    """为一个规格设置限时价，并从库存中划出专用数量。"""
    terms = msgspec.convert(body, OfferTerms, from_attributes=True)
    return await offer_of(await offers.open(code, terms, actor.caller, actor.merchant))


@door.get("/offers")
async def list_offers(actor: MerchantClerk) -> OffersView:
    """本商户未结束的限时价。"""
    return OffersView(await open_offers(actor.merchant))


@door.get("/offers/<number:str>")
async def show_offer(actor: MerchantClerk, number: str) -> OpenOffer:
    """一个限时价及其剩余数量。"""
    return await offer_of(number, actor.merchant)


@door.put("/offers/<number:str>/end")
async def end_offer(actor: MerchantClerk, number: str, offers: Offers) -> OpenOffer:
    """提前结束限时价；剩余数量退回库存。"""
    await offers.end(number, actor.caller, actor.merchant, OfferKind.FLASH)
    return await offer_of(number, actor.merchant)
