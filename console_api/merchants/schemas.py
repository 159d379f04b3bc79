"""The wire of merchants."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from merchants.licences import LicenceKind
from merchants.queries import MerchantCard

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]


class LicenceInput(Input):
    """The licence; without ``valid_until`` it has no end."""

    kind: LicenceKind
    number: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9-]{6,40}$(?!\n)")]
    valid_from: date
    valid_until: date | None = None


class MerchantInput(Input):
    """A merchant that applies. ``sub_mchid`` is its WeChat Pay number, none when the county sells."""

    name: Text
    licence: LicenceInput
    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
    sub_mchid: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,10}$(?!\n)")] | None = None


class ReasonInput(Input):
    """Why a merchant may not sell for now, or why its application is refused."""

    reason: Reason


class MerchantsQuery(Input):
    """Which merchants to list."""

    state: Literal["applied", "refused", "approved", "suspended"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class MerchantsView(View):
    """A page of merchants, oldest first."""

    merchants: list[MerchantCard]
    next_cursor: str | None
