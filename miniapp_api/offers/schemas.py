"""The wire of flash offers."""

from api_kit.schemas import View
from products.offers import OpenOffer


class OffersView(View):
    """Offers that run or begin soon, the one that ends first leading."""

    offers: list[OpenOffer]
