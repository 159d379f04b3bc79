"""The wire of reserves and claims."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.corrections.schemas import DecisionInput as DecisionInput
from poverty_alleviation.reserves.models import ClawbackFault, ClawbackState
from poverty_alleviation.reserves.queries import ClawbackCard, ReserveCard

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]


class ReserveTermInput(Input):
    """What part of its own share of a line a merchant leaves in its reserve, and for how many days."""

    merchant: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=PLAIN)]
    basis_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    hold_days: Annotated[int, msgspec.Meta(ge=1, le=365)]
    valid_from: date
    document: Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]


class ReservesView(View):
    """Every merchant's reserve."""

    reserves: list[ReserveCard]


class ClawbackInput(Input):
    """On which line, of whom, how much, and by which paper the fault was found."""

    order_line: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
    household: Code
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    fault: ClawbackFault
    finding: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]


class ClawbackProposed(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class ClawbacksQuery(Input):
    """Which claims, and which page."""

    state: ClawbackState | None = None
    household: Code | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class ClawbacksView(View):
    """A page of claims, newest first."""

    clawbacks: list[ClawbackCard]
    next_cursor: str | None
