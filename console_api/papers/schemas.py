"""The wire of papers."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from merchants.paper_queries import ExemptionRuleView, PaperCard
from merchants.papers import PaperKind

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


class ReasonInput(Input):
    """Why a paper is refused."""

    reason: Reason


class PaperInput(Input):
    """A paper; ``picture`` is the number of an uploaded picture, ``subject`` the brand or the person it names."""

    kind: PaperKind
    document_number: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9一-鿿()（）〔〕\[\]号第-]{2,40}$(?!\n)")]
    valid_from: date
    valid_until: date | None = None
    issuer: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""
    subject: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""
    picture: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{8,40}$(?!\n)")] | None = None


class PapersQuery(Input):
    """Which papers to list."""

    state: Literal["submitted", "accepted", "refused", "expired"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class EndingQuery(Input):
    """Papers that end within this many days from today, and those that have ended."""

    days: Annotated[int, msgspec.Meta(ge=0, le=730)] = 60


class PapersView(View):
    """Papers with their reviews."""

    papers: list[PaperCard]
    next_cursor: str | None = None


class ExemptionRuleInput(Input):
    """Turnover in fen of a calendar year, and after how many days a self-statement must be made anew."""

    valid_from: date
    yearly_limit_fen: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    recheck_days: Annotated[int, msgspec.Meta(ge=1, le=3660)]
    source_document: Reason


class ExemptionRulesView(View):
    """Every rule for natural persons, oldest first."""

    rules: list[ExemptionRuleView]
