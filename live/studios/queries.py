"""Which studios there are, and who has them on a day."""

from datetime import date, datetime, timedelta

import msgspec

from kit.clock import CHINA
from kit.database import row, rows
from live.studios.errors import StudioBookingUnknown
from live.studios.models import StudioBookingState


class StudioCard(msgspec.Struct, frozen=True, kw_only=True):
    """A studio; ``capacity`` in persons."""

    number: str
    name: str
    site: str
    equipment: list[str]
    capacity: int
    is_open: bool


class BookingCard(msgspec.Struct, frozen=True, kw_only=True):
    """A booking, the moment of its end excluded. ``reason`` is why it was cancelled."""

    number: str
    studio: str
    session: str
    title: str
    host: str
    begins_at: datetime
    ends_at: datetime
    state: StudioBookingState
    booked_by: str
    confirmed_by: str | None
    cancelled_by: str | None
    reason: str


class StudioDay(msgspec.Struct, frozen=True, kw_only=True):
    """A studio with what is booked of it on a day, in the order of time; what was cancelled is not there."""

    studio: StudioCard
    bookings: list[BookingCard]


_STUDIO = "SELECT number, name, site, equipment::text, capacity, is_open FROM studio"
_BOOKING = (
    "SELECT b.number, r.number AS studio, s.number AS session, s.title, s.host, b.begins_at, b.ends_at, b.state,"
    " b.booked_by, b.confirmed_by, b.cancelled_by, b.reason FROM studio_booking b"
    " JOIN studio r ON r.id = b.studio_id JOIN live_session s ON s.id = b.session_id"
)


async def studio_cards() -> list[StudioCard]:
    """All studios by name."""
    found = await rows(f"{_STUDIO} ORDER BY name")
    return [StudioCard(**{**each, "equipment": msgspec.json.decode(each["equipment"])}) for each in found]


async def studio_days(day: date) -> list[StudioDay]:
    """Every studio on a day in China. Two queries."""
    begin = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    found = await rows(
        f"{_BOOKING} WHERE b.state <> 'cancelled' AND b.begins_at < $2 AND b.ends_at > $1 ORDER BY b.begins_at",
        begin,
        begin + timedelta(days=1),
    )
    booked = [msgspec.convert(each, BookingCard) for each in found]
    return [
        StudioDay(studio=studio, bookings=[each for each in booked if each.studio == studio.number])
        for studio in await studio_cards()
    ]


async def own_bookings(host: str) -> list[BookingCard]:
    """The bookings for a host's sessions, the latest begin first, at most 100."""
    found = await rows(f"{_BOOKING} WHERE s.host = $1 ORDER BY b.begins_at DESC, b.id DESC LIMIT 100", host)
    return [msgspec.convert(each, BookingCard) for each in found]


async def booking_card(number: str) -> BookingCard:
    """One booking. Raises :class:`StudioBookingUnknown`."""
    found = await row(f"{_BOOKING} WHERE b.number = $1", number)
    if found is None:
        raise StudioBookingUnknown()
    return msgspec.convert(found, BookingCard)
