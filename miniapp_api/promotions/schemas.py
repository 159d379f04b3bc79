"""The wire of a consumer's coupons."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from promotions.queries import MatchedCoupon, MyCoupon, OfferedCampaign


class OfferedCampaignsView(View):
    """What can be claimed now."""

    campaigns: list[OfferedCampaign]


class CouponsQuery(Input):
    """Which of my coupons to list."""

    state: Literal["claimed", "held", "spent", "expired", "void"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class CouponsView(View):
    """A page of my coupons, newest first."""

    coupons: list[MyCoupon]
    next_cursor: str | None


class ClaimedCouponView(View):
    """The number of a coupon that was claimed."""

    number: str


class CartLine(Input):
    """A SKU and how many pieces."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=999)]


class CartInput(Input):
    """A cart, each SKU once."""

    lines: Annotated[list[CartLine], msgspec.Meta(min_length=1, max_length=50)]


class MatchedCouponsView(View):
    """My coupons for a cart, the one that takes off most first."""

    coupons: list[MatchedCoupon]
