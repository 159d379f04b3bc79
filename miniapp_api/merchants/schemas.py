"""The wire of shops and applications."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from merchants.licences import LicenceKind
from merchants.papers import PaperKind
from merchants.queries import MerchantCard

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Optional = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]


class LicenceInput(Input):
    """The licence, or a natural person's self-statement with its last day."""

    kind: LicenceKind
    number: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9-]{6,40}$(?!\n)")]
    valid_from: date
    valid_until: date | None = None


class PersonInput(Input):
    """Who answers for the merchant. Kept encrypted."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    id_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{8,18}$(?!\n)")]
    phone: Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9-]{5,19}$(?!\n)")]


class ApplicationInput(Input):
    """An application; papers are handed in one by one afterwards."""

    name: Text
    licence: LicenceInput
    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
    person: PersonInput


class PaperInput(Input):
    """A paper; ``picture`` is the number of an uploaded picture, ``subject`` the brand or the person it names."""

    kind: PaperKind
    valid_from: date
    document_number: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9一-鿿()（）〔〕\[\]号第-]{2,40}$(?!\n)")]
    picture: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{8,40}$(?!\n)")] | None = None
    valid_until: date | None = None
    subject: Optional = ""
    issuer: Optional = ""


class StepView(View):
    """What was decided, when and why; by whom stays inside."""

    state: str
    at: datetime
    reason: str | None


class OwnPaperView(View):
    """A paper that the applicant handed in."""

    number: str
    kind: str
    document_number: str
    valid_until: date | None
    state: str
    reason: str | None


class ApplicationView(View):
    """The own application with its steps and papers."""

    merchant: MerchantCard
    steps: list[StepView]
    papers: list[OwnPaperView]


class ApplicationsView(View):
    """The own application, if there is one."""

    applications: list[ApplicationView]
