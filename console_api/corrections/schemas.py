"""The wire of corrections."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason, CorrectionState
from poverty_alleviation.corrections.queries import CorrectionCard


class CorrectionInput(Input):
    """What is wrong, why, and by which paper one knows. ``as_of``: the day whose links, statuses and rules a line is to
    be divided by, or a delivery booked anew by; without it a delivery is taken back."""

    kind: CorrectionKind
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
    reason: CorrectionReason
    evidence: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]
    as_of: date | None = None


class CorrectionProposed(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class DecisionInput(Input):
    """Approved or refused, and what is to be said about it."""

    is_approved: bool
    note: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""


class CorrectionsQuery(Input):
    """Which corrections, and which page."""

    state: CorrectionState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class CorrectionsView(View):
    """A page of corrections, newest first."""

    corrections: list[CorrectionCard]
    next_cursor: str | None
