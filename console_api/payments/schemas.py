"""The wire of payment bills."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from payments.differences import Difference
from payments.queries import AbnormalRefund, BillDifference, HeldPayment
from payments.sharing.queries import SplitView


class BillDay(Input):
    """A day in China."""

    day: date


class ImportedBillView(View):
    """``settled`` lines agree with our payments now; ``differences`` are listed by the day."""

    day: date
    settled: int
    differences: int


class DifferencesView(View):
    """Whatever the bill of the day and our rows do not agree on. Empty is the goal."""

    day: date
    differences: list[BillDifference]


class FundBillInput(Input):
    """A day in China and an account: a merchant number, our own when none is named."""

    day: date
    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,10}$(?!\n)")] | None = None


class ImportedFundBillView(View):
    """How many movements the bill has."""

    day: date
    account: str
    lines: int


class DifferenceItemsQuery(Input):
    """Which items to list."""

    state: Literal["open", "assigned", "closed", "resolved"] | None = None
    owner: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class DifferenceItemsView(View):
    """Items, oldest first, each with its whole history."""

    differences: list[Difference]
    next_cursor: str | None


Note = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


class OwnerInput(Input):
    """Whose the item becomes, by the staff number of a county officer, and what there is to say."""

    owner: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")]
    note: Note


class ClosureInput(Input):
    """Why the item stays as it is."""

    reason: Note


class HeldPaymentsView(View):
    """The payments on hold, at most 200. Empty is the goal."""

    payments: list[HeldPayment]


class AbnormalRefundsView(View):
    """The refunds that need a person, at most 200. Empty is the goal."""

    refunds: list[AbnormalRefund]


class SplitsQuery(Input):
    """Which splits to list; a clerk sees the own merchant's whatever ``merchant`` says."""

    state: Literal["planned", "asked", "processing", "split", "unfrozen", "owed"] | None = None
    stuck: bool = False
    merchant: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,32}$(?!\n)")] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class SplitsView(View):
    """Splits, oldest first."""

    splits: list[SplitView]
    next_cursor: str | None
