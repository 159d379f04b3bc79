"""The wire of complaints."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from county.complaints.queries import ComplaintView

Number = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,40}$(?!\n)")]


class OwnComplaintInput(Input):
    """About exactly one order of the own, product or merchant."""

    problem: Literal["quality", "delivery", "refund", "service", "false_claim", "other"]
    detail: Annotated[str, msgspec.Meta(min_length=5, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$(?!\n)")]
    order: Number | None = None
    product: Number | None = None
    merchant: Number | None = None


class OwnComplaintsQuery(Input):
    """A page of the own complaints."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class OwnComplaintsView(View):
    """The own complaints, oldest first."""

    complaints: list[ComplaintView]
    next_cursor: str | None


class ServiceEntryView(View):
    """What the contact button carries along, and until when it is good."""

    entry: str
    good_until: datetime
