"""The wire of help."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from console_api.poverty_alleviation.schemas import Code, Cursor, Document, Limit, Number, Text
from console_api.register.schemas import LabelCode
from poverty_alleviation.help.measures import Fit, MeasureCard
from poverty_alleviation.help.models import NeedState
from poverty_alleviation.help.needs import NeedCard
from poverty_alleviation.help.responsible import HelperCard
from poverty_alleviation.help.visits import VisitCard

_LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]+$(?!\n)"
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=_LINES)]
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=_LINES)]
Outcome = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_LINES)]


class PageQuery(Input):
    """Which page."""

    cursor: Cursor | None = None
    limit: Limit = 20


class HelperInput(Input):
    """Somebody of a unit who is to help households."""

    name: Text
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
    unit: Text
    post: Text


class HelperEntered(View):
    """The code alone: the answer is kept under its Idempotency-Key, outside the register."""

    code: str


class HelpersView(View):
    """A page of helpers, masked, in the order of entry."""

    helpers: list[HelperCard]
    next_cursor: str | None


class AssignmentInput(Input):
    """Which helper is responsible from which day on, by a document."""

    helper: Code
    valid_from: date
    document: Document


class AssignmentEndInput(Input):
    """The first day on which the helper is no longer responsible."""

    valid_until: date


class VisitInput(Input):
    """Who was there and what was seen; without a helper it was the officer who writes it down."""

    visited_on: date
    seen: Words
    document: Document
    helper: Code | None = None


class HelpRecorded(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class VisitsView(View):
    """A page of visits, the last recorded first."""

    visits: list[VisitCard]
    next_cursor: str | None


class MeasureInput(Input):
    """What is done from a day on; ``kind`` and ``risk`` are labels (measure, cause), funds name their source."""

    kind: LabelCode
    about: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=_LINES)]
    document: Document
    valid_from: date
    risk: LabelCode | None = None
    funds_fen: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    funds_source: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""


class MeasureEndInput(Input):
    """The first day on which nothing is done any more, and what came of it."""

    valid_until: date
    result: Outcome


class MeasuresView(View):
    """A page of measures, the last recorded first."""

    measures: list[MeasureCard]
    next_cursor: str | None


class FitInput(Input):
    """Whether a kind of measure answers a risk; ``source`` is the document that says so."""

    measure: LabelCode
    risk: LabelCode
    fits: bool
    source: Document


class FitsView(View):
    """What holds, by risk and measure."""

    rules: list[Fit]


class NeedInput(Input):
    """What a household asks for, in its words; ``kind`` is the label of a measure."""

    kind: LabelCode
    said: Words
    raised_on: date
    visit: Number | None = None


class NeedsQuery(Input):
    """Whose needs, in which state, and which page."""

    household: Code | None = None
    state: NeedState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class NeedsView(View):
    """A page of needs with their steps, the last recorded first."""

    needs: list[NeedCard]
    next_cursor: str | None


class NeedStepInput(Input):
    """Where it goes, why, and by which measure of the household."""

    state: Literal["answered", "met", "refused"]
    note: Note
    measure: Number | None = None
