"""The wire of settlements."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from settlements.queries import EntryView, Figures, StatementCard

MerchantNumber = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,32}$(?!\n)")]
Cursor = Annotated[str, msgspec.Meta(max_length=200)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Format = Literal["xlsx", "csv"]


class SpanQuery(Input):
    """Days in China, both included. A clerk sees the own merchant whatever ``merchant`` says."""

    first_day: date
    last_day: date
    merchant: MerchantNumber | None = None


class EntriesQuery(Input):
    """Entries of one merchant and a span; ``order`` drills down to one order."""

    first_day: date
    last_day: date
    merchant: MerchantNumber | None = None
    order: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,40}$(?!\n)")] | None = None
    cursor: Cursor | None = None
    limit: Limit = 100


class ExportQuery(Input):
    """The same as a file."""

    first_day: date
    last_day: date
    merchant: MerchantNumber | None = None
    format: Format = "xlsx"


class StatementInput(Input):
    """Up to which day, which must be over, a merchant's entries are issued."""

    merchant: MerchantNumber
    last_day: date


class StatementsQuery(Input):
    """Which statements to list."""

    merchant: MerchantNumber | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class FormatQuery(Input):
    """What kind of file."""

    format: Format = "xlsx"


class FiguresView(View):
    """The figures of a span."""

    merchant: str
    first_day: date
    last_day: date
    figures: Figures


class AllFiguresView(View):
    """The figures of every merchant that moved money, by its number."""

    first_day: date
    last_day: date
    merchants: dict[str, Figures]
    total: Figures


class EntriesView(View):
    """Entries in the order in which they were written."""

    entries: list[EntryView]
    next_cursor: str | None


class StatementView(View):
    """A statement and its figures, added up again from its entries."""

    statement: StatementCard
    figures: Figures


class StatementsView(View):
    """Statements, newest first."""

    statements: list[StatementCard]
    next_cursor: str | None
