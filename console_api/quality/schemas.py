"""The wire of inspections, holds and recalls."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.traceability.schemas import Gram, Number, Text
from orders.recalled import RecalledLine
from traceability.quality.queries import HoldCard, InspectionCard, RecallCard

Note = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
Document = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]
Amount = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]


class SampleInput(Input):
    """A drawn sample: what is written on its sealed bag, its mass, when it was drawn."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    mass_gram: Gram
    taken_at: Annotated[datetime, msgspec.Meta(tz=True)]


class SamplesInput(Input):
    """All samples of one inspection."""

    samples: Annotated[list[SampleInput], msgspec.Meta(min_length=1, max_length=20)]


class FindingInput(Input):
    """One line of the report. ``allowed`` and ``found`` are as the laboratory wrote them, in ``unit``."""

    name: Text
    allowed: Amount
    found: Amount
    unit: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
    method: Text
    is_good: bool


class ReportInput(Input):
    """The laboratory's report, with its number."""

    laboratory: Text
    report: Text
    findings: Annotated[list[FindingInput], msgspec.Meta(min_length=1, max_length=100)]


class HoldInput(Input):
    """Why a lot is held."""

    reason: Literal["suspicion", "complaint", "storage"]
    note: Note


class ReleaseInput(Input):
    """Why a lot is let go."""

    note: Note


class RecallInput(Input):
    """What is called back, why (it stands on the page that buyers scan), and the paper that says so."""

    lot: Number
    cause: Note
    document: Document


class QualityQuery(Input):
    """Which page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class InspectionsView(View):
    """A page of inspections, newest first."""

    inspections: list[InspectionCard]
    next_cursor: str | None


class HoldsView(View):
    """A page of holds, newest first."""

    holds: list[HoldCard]
    next_cursor: str | None


class RecallsView(View):
    """A page of recalls, newest first."""

    recalls: list[RecallCard]
    next_cursor: str | None


class RecalledLinesView(View):
    """A page of lines that took from a recalled lot."""

    lines: list[RecalledLine]
    next_cursor: str | None
