"""The wire of household statements."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from poverty_alleviation.statements.service import StatementCard

Township = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
Village = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)")]
QuarterText = Annotated[str, msgspec.Meta(pattern=r"^20[0-9]{2}-Q[1-4]$(?!\n)")]


class VillageQuarter(Input):
    """A village by its division code, and a quarter, as ``2026-Q4``."""

    township: Township
    village: Village
    quarter: QuarterText


class StatementsIssued(View):
    """How many statements were issued; those that stood already are not counted."""

    issued: int


class StatementsQuery(Input):
    """A page of statements."""

    quarter: QuarterText | None = None
    township: Township | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class StatementsView(View):
    """Statements in the order of issue, by household code; ``next_cursor`` is null at the end."""

    items: list[StatementCard]
    next_cursor: str | None
