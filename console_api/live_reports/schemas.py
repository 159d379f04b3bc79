"""The wire of the county's list of reports."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from live.reports.queries import OfficersReport


class RoomReportsQuery(Input):
    """Which reports to list."""

    state: Literal["received", "taken", "upheld", "dismissed"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class RoomReportsView(View):
    """Reports, oldest first."""

    reports: list[OfficersReport]
    next_cursor: str | None


class ReportDecisionInput(Input):
    """Whether something was found, and what the reporter is told."""

    upheld: bool
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
