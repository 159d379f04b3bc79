"""A product as its merchant describes it."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec


class ReturnPolicy(StrEnum):
    """Whether a buyer may send goods back without a reason (domain reference 5, seven-day return).

    Custom-made and fresh goods are outside by law. Three further kinds are outside only when the buyer confirmed it
    at the purchase: what is unsafe or spoilt once unsealed, what loses its value once activated, and what is near its
    expiry or sold with a declared defect.
    """

    SEVEN_DAYS = "seven_days"
    SEVEN_DAYS_UNOPENED = "seven_days_unopened"
    NONE_ACTIVATED = "none_activated"
    NONE_NEAR_EXPIRY = "none_near_expiry"
    NONE_FRESH = "none_fresh"
    NONE_CUSTOM = "none_custom"
    VOUCHER = "voucher"


NEEDS_CONFIRMATION = frozenset(
    {ReturnPolicy.SEVEN_DAYS_UNOPENED, ReturnPolicy.NONE_ACTIVATED, ReturnPolicy.NONE_NEAR_EXPIRY}
)
"""The policies that hold against a buyer only with a tick at the purchase."""

MAX_AXES = 3


class PictureKind(StrEnum):
    """What a picture of a product shows."""

    COVER = "cover"
    GALLERY = "gallery"
    DETAIL = "detail"
    LABEL = "label"


class PictureDraft(msgspec.Struct, frozen=True):
    """A picture by its number."""

    number: str
    kind: PictureKind


class SkuDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU as its merchant describes it; ``code`` names one that exists, ``mass_gram`` is per piece.

    ``options`` has one word for each of the product's axes, ``return_policy`` is the product's unless it is given.
    """

    spec: str
    price_fen: int
    mass_gram: int
    gtin: str | None = None
    code: str | None = None
    options: Sequence[str] = ()
    return_policy: ReturnPolicy | None = None


class ProductDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its merchant describes it; ``township`` is the code of its origin, ``category`` that of a leaf.

    The first cover among ``pictures``, or else the first of them, stands for it in lists, carts and orders.
    ``axes`` are at most three names of what its SKUs differ in; ``description`` may be HTML and is cleaned.
    ``freight_template`` is an opaque code, '' is sent for nothing. ``ships_from`` makes it a pre-sale until that day.
    """

    title: str
    township: str
    category: str
    return_policy: ReturnPolicy
    skus: Sequence[SkuDraft]
    subtitle: str = ""
    description: str = ""
    pictures: Sequence[PictureDraft] = ()
    axes: Sequence[str] = ()
    sale_policy: str = "standard"
    host_commission_bp: int = 0
    freight_template: str = ""
    ships_from: date | None = None
