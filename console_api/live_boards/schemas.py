"""The wire of boards and statements."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from api_kit.spreadsheets import Format
from live.boards.commissions import SessionCommission
from orders.sources import CommissionLine


class BoardFileQuery(Input):
    """Which table of the board: its products, or the curve by the minute."""

    part: Literal["products", "curve"] = "products"
    format: Format = "xlsx"


class CommissionsQuery(Input):
    """Sessions that began on these days in China, at most a year; ``host`` is the number of a host, all without."""

    first_day: date
    last_day: date
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


class CommissionsFileQuery(CommissionsQuery):
    """The same as a file."""

    format: Format = "xlsx"


class CommissionsView(View):
    """Sessions in the order of their beginning, and their sums in fen."""

    sessions: list[SessionCommission]
    paid_fen: int
    refunded_fen: int
    commission_fen: int
    earned_fen: int
    booked_fen: int


class SessionCommissionView(View):
    """One session with its paid lines; no buyer stands there."""

    session: SessionCommission
    lines: list[CommissionLine]
