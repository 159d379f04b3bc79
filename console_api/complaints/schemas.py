"""The wire of complaints at the console."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from county.complaints.models import Origin
from county.complaints.queries import ClockView, ComplaintView

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


class ComplaintsQuery(Input):
    """Which complaints to list; ``overdue`` lists those that missed a moment of their clock."""

    state: Literal["received", "answered", "closed"] | None = None
    overdue: bool = False
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ComplaintsView(View):
    """Complaints, oldest first."""

    complaints: list[ComplaintView]
    next_cursor: str | None


class TextInput(Input):
    """What is said, or why."""

    text: Words


class ReplyInput(Input):
    """What is said, with pictures that were uploaded for it (``complaint_reply``); WeChat Pay takes four."""

    text: Words
    pictures: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{26}$(?!\n)")]], msgspec.Meta(max_length=4)
    ] = []


class ComplaintOwnerInput(Input):
    """The staff number of a county officer."""

    owner: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")]


class TakeDownInput(Input):
    """Why a product goes; ``product`` where the complaint names none itself."""

    reason: Words
    product: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,40}$(?!\n)")] | None = None


class ClockInput(Input):
    """From a day on, within how many hours complaints of an origin are answered and closed."""

    origin: Origin
    valid_from: date
    reply_hours: Annotated[int, msgspec.Meta(ge=1, le=8760)]
    close_hours: Annotated[int, msgspec.Meta(ge=1, le=8760)]
    source_document: Words


class ClocksView(View):
    """Every clock, oldest first."""

    clocks: list[ClockView]


class EntryQuery(Input):
    """The entry that a conversation brought along."""

    entry: Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[0-9a-f]+[.][0-9a-f]{64}$(?!\n)")]


class EntryView(View):
    """Which order the conversation is about."""

    order: str
    merchant: str
