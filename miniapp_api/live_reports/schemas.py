"""The wire of reporting a live room."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from live.reports.models import ReportReason
from live.reports.queries import OwnReport


class ReportInput(Input):
    """What is wrong; ``message`` is the offset of a chat message, ``sku`` a product that was shown."""

    reason: ReportReason
    detail: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""
    message: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


class ReportedView(View):
    """The report's number: the same for the same reason on the same day."""

    number: str


class OwnReportsQuery(Input):
    """A page of the own reports."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class OwnReportsView(View):
    """The own reports, the newest first."""

    reports: list[OwnReport]
    next_cursor: str | None
