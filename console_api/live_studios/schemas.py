"""The wire of studios."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from live.studios.queries import BookingCard, StudioCard, StudioDay

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class StudioInput(Input):
    """A studio; ``site`` is the number of a site, ``capacity`` in persons."""

    name: Word
    site: Annotated[str, msgspec.Meta(min_length=1, max_length=24, pattern=r"^[0-9A-Z]+$(?!\n)")]
    equipment: Annotated[list[Word], msgspec.Meta(max_length=50)]
    capacity: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    is_open: bool = True


class StudioMade(View):
    """The number of what was made."""

    number: str


class StudiosView(View):
    """All studios."""

    studios: list[StudioCard]


class DayQuery(Input):
    """A day in China."""

    day: date


class StudioDaysView(View):
    """Every studio on one day."""

    day: date
    studios: list[StudioDay]


class BookingInput(Input):
    """For which session, from when until when; that moment is excluded."""

    session: Number
    begins_at: Moment
    ends_at: Moment


class BookingEndInput(Input):
    """Why a booking is given up."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]


class BookingsView(View):
    """The caller's bookings."""

    bookings: list[BookingCard]
