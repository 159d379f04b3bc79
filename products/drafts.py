"""A product as its merchant describes it."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class ReturnPolicy(StrEnum):
    """Whether a buyer may send goods back without a reason (domain reference 5, seven-day return)."""

    SEVEN_DAYS = "seven_days"
    SEVEN_DAYS_UNOPENED = "seven_days_unopened"
    NONE_FRESH = "none_fresh"
    NONE_CUSTOM = "none_custom"
    VOUCHER = "voucher"


class SkuDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU as its merchant describes it; ``code`` names one that exists, ``mass_gram`` is per piece."""

    spec: str
    price_fen: int
    mass_gram: int
    gtin: str | None = None
    code: str | None = None


class ProductDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its merchant describes it; ``township`` is the code of its origin.

    ``freight_template`` is an opaque code, '' is sent for nothing.
    """

    title: str
    township: str
    return_policy: ReturnPolicy
    skus: Sequence[SkuDraft]
    subtitle: str = ""
    description: str = ""
    image: str = ""
    sale_policy: str = "standard"
    host_commission_bp: int = 0
    freight_template: str = ""
