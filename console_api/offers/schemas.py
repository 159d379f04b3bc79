"""The wire of flash offers."""

from datetime import datetime
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from products.offers import OpenOffer

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class OfferInput(Input, kw_only=True):
    """What an offer promises. ``pieces`` are set aside out of the SKU's stock at once; the price is below the SKU's."""

    price_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    pieces: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    starts_at: Moment
    ends_at: Moment
    limit_per_buyer: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class OffersView(View):
    """Open offers, the one that ends first leading."""

    offers: list[OpenOffer]
