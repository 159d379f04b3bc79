"""The wire of disclosure."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from console_api.funds.schemas import Document, Number, PageQuery, Text
from county.disclosure.models import (
    DisclosureComplaintKind,
    DisclosureComplaintState,
    DisclosureKind,
    Medium,
)
from county.disclosure.queries import DisclosureComplaintCard, ItemCard

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]


class ItemInput(Input):
    """What was published, where, and what shows it; ``objections_until`` is the last day for objections."""

    kind: DisclosureKind
    medium: Medium
    title: Document
    proof: Text
    published_on: date
    objections_until: date | None = None


class DisclosureMade(View):
    """The number of what was entered."""

    number: str


class ItemsQuery(PageQuery):
    """Which items, and which page."""

    kind: DisclosureKind | None = None


class ItemsView(View):
    """A page of items, the last entered first, and the kinds of which nothing is published."""

    items: list[ItemCard]
    next_cursor: str | None
    unpublished_kinds: list[DisclosureKind]


class WithdrawalInput(Input):
    """Why."""

    reason: Text


class DisclosureComplaintInput(Input):
    """What is said, without a name, and the paper that it is in; an objection names its item."""

    kind: DisclosureComplaintKind
    about: Words
    document: Document
    received_on: date
    item: Number | None = None


class DisclosureComplaintsQuery(PageQuery):
    """Which complaints, and which page."""

    state: DisclosureComplaintState | None = None


class DisclosureComplaintsView(View):
    """A page of complaints, the last entered first."""

    complaints: list[DisclosureComplaintCard]
    next_cursor: str | None


class DisclosureEndInput(Input):
    """The answer, or why it was withdrawn."""

    state: Literal["answered", "withdrawn"]
    answer: Words
