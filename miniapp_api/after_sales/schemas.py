"""The wire of a consumer's after-sales cases."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from content.pictures import PictureView
from orders.cases.models import CaseKind, Cause
from orders.cases.queries import CaseDossier

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class OpenCase(Input):
    """A claim on some pieces of a line. ``pictures`` are numbers of pictures that were uploaded for it."""

    kind: CaseKind
    cause: Cause
    quantity: Annotated[int, msgspec.Meta(ge=1, le=999)]
    reason: Words
    pictures: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{18,32}$(?!\n)")]], msgspec.Meta(max_length=9)
    ] = []


class CancelPaidOrder(Input):
    """Why a paid order is given up."""

    reason: Words


class CaseView(View):
    """The number of the case that was opened."""

    number: str
    state: Literal["requested"]


class CasesQuery(Input):
    """Which page of cases."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ReturnAddressView(View):
    """Where the goods are to be sent."""

    recipient: str
    phone: str
    address: str


class CaseDossierView(View):
    """A case with its history and, once goods are to come back, the merchant's address."""

    case: CaseDossier
    pictures: list[PictureView]
    return_address: ReturnAddressView | None


class OfferAnswer(Input):
    """Whether the offered part is taken."""

    accepts: bool


class EscalationInput(Input):
    """What the county should know."""

    reason: Words


class ParcelInput(Input):
    """The carrier's code and the waybill number."""

    carrier: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,16}$(?!\n)")]
    waybill: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{6,40}$(?!\n)")]
