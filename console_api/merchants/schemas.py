"""The wire of merchants."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from merchants.commissions import CommissionTerms
from merchants.licences import LicenceKind
from merchants.queries import MerchantCard, MerchantStep

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


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


class PayeeInput(Input):
    """The merchant's own WeChat Pay number."""

    sub_mchid: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,10}$(?!\n)")]


Phone = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9-]{5,19}$(?!\n)")]


class ContactInput(Input):
    """Where a buyer calls, and where goods go back to. ``return_region`` is a county code of 6 digits."""

    service_phone: Phone
    return_recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    return_phone: Phone
    return_region: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)")]
    return_street: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]


class PersonInput(Input):
    """Who answers for the merchant. Kept encrypted."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    id_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{8,18}$(?!\n)")]
    phone: Phone


class PurposeQuery(Input):
    """For what the person is looked at; it is recorded."""

    purpose: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]


class HistoryView(View):
    """Every step of a merchant, oldest first."""

    steps: list[MerchantStep]


class CommissionInput(Input):
    """From a day on, the county's share of a merchant's goods money, in basis points, and the document it stands in."""

    valid_from: date
    basis_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    source_document: Reason


class CommissionsView(View):
    """Terms, newest first. Without ``is_offered`` nothing is split here and no commission is taken (direct mode)."""

    is_offered: bool
    limit_bp: int
    terms: list[CommissionTerms]
