"""The wire of after-sales cases for merchants and the county."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from content.pictures import PictureView
from orders.cases.queries import CaseCount, CaseDossier
from orders.models import CaseState

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CasesQuery(Input):
    """Which after-sales cases to list; what is due first stands first."""

    state: CaseState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class EscalatedQuery(Input):
    """Which page of escalated cases."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class CaseCountsView(View):
    """The merchant's open cases by state."""

    counts: list[CaseCount]


class MerchantCaseView(View):
    """A case with its history and its pictures as far as they may be shown."""

    case: CaseDossier
    pictures: list[PictureView]


class Decision(Input):
    """Agree, agree without the goods coming back, or refuse with a reason the buyer reads."""

    decision: Literal["approve", "approve_without_return", "refuse"]
    reason: Annotated[str, msgspec.Meta(max_length=160)] = ""


class OfferInput(Input):
    """A part of the claim's goods money, in fen; the buyer would keep the goods."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    reason: Words


class TakenBack(Input):
    """The returned parcel is right; ``fit_for_sale`` puts its pieces back on sale."""

    fit_for_sale: bool


class ParcelInput(Input):
    """The carrier's code and the waybill number."""

    carrier: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,16}$(?!\n)")]
    waybill: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{6,40}$(?!\n)")]


class ReturnAddressInput(Input):
    """Where the merchant takes goods back."""

    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
    address: Annotated[str, msgspec.Meta(min_length=4, max_length=200)]


class ReturnAddressView(View):
    """Where the merchant takes goods back; null when it has not said."""

    address: ReturnAddressInput | None


class SettlementInput(Input):
    """The county's decision and its reason."""

    grants: bool
    reason: Words
