"""The wire of evidence, calls, sheets and disputes."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceCard
from kit.paging import MAX_PAGE
from poverty_alleviation.confirming.disputes import MOST_ROWS, DisputeCard
from poverty_alleviation.confirming.models import CallAnswer, DisputedKind, DisputeState, SheetState
from poverty_alleviation.confirming.sheets import SheetCard, TakenSheet
from poverty_alleviation.proofs import Proved

_Number = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
_Words = Annotated[str, msgspec.Meta(min_length=2, max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]+$(?!\n)")]
_Note = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]


class ProvedQuery(Input):
    """A record that photographs prove, by type and number."""

    proved: Proved
    number: _Number


class EvidenceQuery(ProvedQuery):
    """And what the photograph shows."""

    kind: EvidenceKind


class EvidenceTakenView(View):
    """The photograph's number."""

    number: str


class EvidenceListView(View):
    """What proves one record."""

    items: list[EvidenceCard]


class CallInput(Input):
    """A call about a statement: when, what was read out, what the household said."""

    called_at: Annotated[datetime, msgspec.Meta(tz=True)]
    script: _Words
    answer: CallAnswer
    note: _Note = ""


class TakenSheetsView(View):
    """What has become of each photograph, in their order."""

    items: list[TakenSheet]


class SheetsQuery(Input):
    """A page of sheets."""

    state: SheetState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class SheetsView(View):
    """Sheets, oldest first; ``next_cursor`` is null at the end."""

    items: list[SheetCard]
    next_cursor: str | None


class SheetStatement(Input):
    """The statement that a person has read on a sheet."""

    statement: _Number


class SheetAcceptance(Input):
    """The day that stands beside the household's signature."""

    signed_on: date
    note: _Note = ""


class SheetRejection(Input):
    """Why the photograph shows no signed sheet."""

    note: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]


class DisputedRowInput(Input):
    """A row by its number: a payout, a delivery paid at the scale, a line of a sheet of wages, dividends, rents or
    returns, an order line that is earned and not paid, or a claim on the household."""

    kind: DisputedKind
    source_id: _Number


class DisputeInput(Input):
    """Which rows the household says are wrong, and why."""

    rows: Annotated[list[DisputedRowInput], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
    reason: _Words


class DisputeOpened(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class DisputeAnswer(Input):
    """What was found out, as it was told the household."""

    answer: _Words


class DisputeVerdict(Input):
    """``correction`` names the approved correction that settled it, if one did."""

    state: Literal["settled", "rejected"]
    verdict: _Words
    correction: _Number | None = None


class DisputesQuery(Input):
    """A page of disputes."""

    state: DisputeState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class DisputesView(View):
    """Disputes, oldest first; ``next_cursor`` is null at the end."""

    items: list[DisputeCard]
    next_cursor: str | None
