"""The wire of meetings."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.funds.schemas import Document, Name, Text
from county.meetings.models import MeetingKind
from county.meetings.service import MeetingCard, Missed, Rhythm


class RhythmInput(Input):
    """Once in how many calendar months a kind is due from a day on, 0: no more; and by which paper."""

    kind: MeetingKind
    every_months: Literal[0, 1, 2, 3, 6, 12]
    valid_from: date
    source: Document


class RhythmsView(View):
    """What is due how often, and the periods that passed without it."""

    rhythms: list[Rhythm]
    missed: list[Missed]


class MatterInput(Input):
    """A problem, its solution, and the office that sees to it."""

    problem: Text
    solution: Text
    office: Name


class MeetingInput(Input):
    """A meeting that was held; ``convener`` is an office, ``minutes`` the paper that tells of it."""

    kind: MeetingKind
    held_on: date
    convener: Name
    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=PLAIN)]
    minutes: Document
    matters: Annotated[list[MatterInput], msgspec.Meta(max_length=20)] = []


class MeetingMade(View):
    """Its number."""

    number: str


class MeetingsQuery(Input):
    """Which meetings, and which page."""

    kind: MeetingKind | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class MeetingsView(View):
    """A page of meetings, the last entered first."""

    meetings: list[MeetingCard]
    next_cursor: str | None
