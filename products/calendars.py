"""Calendars: nights and visits, opened by the merchant, booked day by day, never more than there are.

The moves are those of stock (:mod:`products.stock`): taken with the order, sold with the payment, given back at the end
of either. Days are locked in the order of SKU and day, by everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, joined, row, rows, scalar, transaction
from products.calendar_models import BookingKind, OnExpiry
from products.errors import CapacityTaken, DatesInvalid, DayNotFree, ReservationUnknown, SkuUnknown, StockGone
from products.stock import check_quantity

MAX_DAYS_AHEAD = 400
MAX_NIGHTS = 30
MAX_DAYS_SHOWN = 62


class BookingTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a SKU is booked; see :class:`products.calendar_models.BookingRule`."""

    kind: BookingKind
    cancel_hours: Annotated[int, msgspec.Meta(ge=0, le=2160)]
    grace_days: Annotated[int, msgspec.Meta(ge=0, le=30)]
    on_expiry: OnExpiry
    late_refund_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class DayPrice(msgspec.Struct, frozen=True):
    """One day, or the night that begins on it, and its price in fen for one."""

    day: date
    price_fen: int


class Booking(msgspec.Struct, frozen=True):
    """What is booked for each piece: every day with its price, under the terms of now."""

    days: tuple[DayPrice, ...]
    terms: BookingTerms

    @property
    def unit_price_fen(self) -> int:
        """The sum of the days, for one."""
        return sum(each.price_fen for each in self.days)


class CalendarEntry(msgspec.Struct, frozen=True):
    """A day that is open: how many are left, and its price in fen."""

    day: date
    left: int
    price_fen: int


class Calendar(msgspec.Struct, frozen=True):
    """The open days of a SKU and how it is booked."""

    sku: str
    terms: BookingTerms
    days: list[CalendarEntry]


class DayDifference(msgspec.Struct, frozen=True):
    """A day whose count is not what its bookings say; there should be none."""

    sku: str
    day: date
    taken: int
    booked: int


_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest($2::date[], $3::bigint[]) AS w (day, price_fen)),
locked AS (
    SELECT d.id, w.price_fen FROM calendar_day d JOIN sku s ON s.id = d.sku_id JOIN wanted w ON w.day = d.day
     WHERE s.code = $1 ORDER BY d.sku_id, d.day FOR NO KEY UPDATE OF d),
taken AS (
    UPDATE calendar_day d SET taken = d.taken + $4 FROM locked l WHERE d.id = l.id AND d.is_open
       AND d.taken + $4 <= d.capacity AND d.price_fen = l.price_fen RETURNING d.id, d.day),
held AS (
    INSERT INTO day_booking (reference, day_id, quantity, returned, state)
    SELECT $5, id, $4, 0, 'held' FROM taken)
SELECT w.day FROM wanted w WHERE NOT EXISTS (SELECT 1 FROM taken t WHERE t.day = w.day) ORDER BY w.day LIMIT 1
"""
_RELEASE = """
WITH turned AS (
    UPDATE day_booking SET state = 'released' WHERE reference = $1 AND state = 'held' RETURNING day_id, quantity),
locked AS (
    SELECT d.id, t.quantity FROM calendar_day d JOIN turned t ON t.day_id = d.id
     ORDER BY d.sku_id, d.day FOR NO KEY UPDATE OF d)
UPDATE calendar_day d SET taken = d.taken - l.quantity FROM locked l WHERE d.id = l.id
"""
_REVIVE = """
WITH locked AS (
    SELECT d.id, b.quantity FROM calendar_day d JOIN day_booking b ON b.day_id = d.id
     WHERE b.reference = $1 AND b.state = 'released' ORDER BY d.sku_id, d.day FOR NO KEY UPDATE OF d),
taken AS (
    UPDATE calendar_day d SET taken = d.taken + l.quantity FROM locked l
     WHERE d.id = l.id AND d.is_open AND d.day >= $2 AND d.taken + l.quantity <= d.capacity RETURNING d.id),
turned AS (
    UPDATE day_booking SET state = 'sold'
     WHERE reference = $1 AND state = 'released' AND day_id IN (SELECT id FROM taken))
SELECT d.day FROM locked l JOIN calendar_day d ON d.id = l.id WHERE l.id NOT IN (SELECT id FROM taken)
 ORDER BY d.day LIMIT 1
"""
_PUT_BACK = """
WITH turned AS (
    UPDATE day_booking b SET returned = b.returned + $2 FROM calendar_day d WHERE d.id = b.day_id AND b.reference = $1
       AND b.state = 'sold' AND b.returned + $2 <= b.quantity AND d.day >= $3 RETURNING b.day_id),
locked AS (
    SELECT d.id FROM calendar_day d JOIN turned t ON t.day_id = d.id ORDER BY d.sku_id, d.day FOR NO KEY UPDATE OF d)
UPDATE calendar_day d SET taken = d.taken - $2 FROM locked l WHERE d.id = l.id
"""


@dataclass(frozen=True)
class Calendars:
    """Opens and closes days, and moves places between free, held and sold."""

    clock: Clock = utc_now

    async def set_rule(self, merchant: str, sku: str, terms: BookingTerms, by: str) -> None:
        """How an own SKU is booked from now on; what is booked keeps its terms. Raises SkuUnknown."""
        await row(
            "INSERT INTO booking_rule (sku_id, kind, cancel_hours, grace_days, on_expiry, changed_at, changed_by,"
            " late_refund_bp) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (sku_id) DO UPDATE SET kind = $2,"
            " cancel_hours = $3, grace_days = $4, on_expiry = $5, changed_at = $6, changed_by = $7, late_refund_bp = $8"
            " RETURNING id",
            await _own_sku(merchant, sku),
            terms.kind.value,
            terms.cancel_hours,
            terms.grace_days,
            terms.on_expiry.value,
            self.clock(),
            by,
            terms.late_refund_bp,
        )

    async def open_days(
        self, merchant: str, sku: str, first: date, last: date, weekdays: Sequence[int], capacity: int, price_fen: int
    ) -> int:
        """Open the days from ``first`` to ``last`` that fall on ISO ``weekdays``; answers how many.

        Those that are open already get the new price and capacity. Raises SkuUnknown, DatesInvalid, CapacityTaken.
        """
        today = china_day(self.clock())
        if not today <= first <= last <= today + timedelta(days=MAX_DAYS_AHEAD):
            raise DatesInvalid(days=MAX_DAYS_AHEAD)
        async with transaction():
            sku_id = await _own_sku(merchant, sku)
            await execute(_LOCK_SPAN, sku_id, first, last)
            taken = await rows(
                "SELECT day FROM calendar_day WHERE sku_id = $1 AND day BETWEEN $2 AND $3 AND taken > $4"
                " AND EXTRACT(isodow FROM day) = ANY($5::int[]) ORDER BY day",
                sku_id,
                first,
                last,
                capacity,
                list(weekdays),
            )
            if taken:
                raise CapacityTaken(days=[each["day"].isoformat() for each in taken])
            opened = await rows(
                "INSERT INTO calendar_day (sku_id, day, capacity, taken, price_fen, is_open)"
                " SELECT $1, g::date, $4, 0, $5, true FROM generate_series($2::date, $3::date, interval '1 day') g"
                " WHERE EXTRACT(isodow FROM g) = ANY($6::int[]) ORDER BY g"
                " ON CONFLICT (sku_id, day) DO UPDATE SET capacity = $4, price_fen = $5, is_open = true RETURNING id",
                sku_id,
                first,
                last,
                capacity,
                price_fen,
                list(weekdays),
            )
        return len(opened)

    async def close_days(self, merchant: str, sku: str, first: date, last: date) -> int:
        """Nobody books these days any more; what is booked stays booked. Answers how many. Raises SkuUnknown."""
        async with transaction():
            sku_id = await _own_sku(merchant, sku)
            await execute(_LOCK_SPAN, sku_id, first, last)
            return await execute(
                "UPDATE calendar_day SET is_open = false WHERE sku_id = $1 AND day BETWEEN $2 AND $3 AND is_open",
                sku_id,
                first,
                last,
            )

    async def reserve(self, reference: str, sku: str, booking: Booking, quantity: int) -> None:
        """Take ``quantity`` of every day under a reference never used before, at the prices that were shown.

        One statement. Raises DayNotFree for the first day that is closed, full or has another price; the caller's
        transaction must then roll back.
        """
        check_quantity(quantity)
        missed = await scalar(
            _RESERVE,
            sku,
            [each.day for each in booking.days],
            [each.price_fen for each in booking.days],
            quantity,
            reference,
        )
        if missed is not None:
            raise DayNotFree(sku=sku, day=missed.isoformat())

    async def release(self, reference: str) -> None:
        """Give held days back. Repeating it, or calling it after the sale, changes nothing."""
        await execute(_RELEASE, reference)

    async def sell(self, reference: str) -> None:
        """Held days are paid for. Repeating it changes nothing. Raises StockGone, ReservationUnknown."""
        await execute("UPDATE day_booking SET state = 'sold' WHERE reference = $1 AND state = 'held'", reference)
        states = await rows("SELECT DISTINCT state FROM day_booking WHERE reference = $1", reference)
        if not states:
            raise ReservationUnknown(reference=reference)
        if any(each["state"] == "released" for each in states):
            raise StockGone(reference=reference)

    async def revive(self, reference: str) -> None:
        """A payment came late: sell what was held, also when it was given back and is still free.

        Raises DayNotFree; then nothing has changed, and the caller's transaction is still good.
        """
        async with transaction():
            await execute("UPDATE day_booking SET state = 'sold' WHERE reference = $1 AND state = 'held'", reference)
            missed = await scalar(_REVIVE, reference, china_day(self.clock()))
            if missed is not None:
                raise DayNotFree(day=missed.isoformat())

    async def put_back(self, reference: str, quantity: int) -> None:
        """Sold places of the days that have not passed can be booked again. The caller counts them once."""
        async with joined():
            await execute(_PUT_BACK, reference, quantity, china_day(self.clock()))


_LOCK_SPAN = "SELECT id FROM calendar_day WHERE sku_id = $1 AND day BETWEEN $2 AND $3 ORDER BY sku_id, day FOR UPDATE"


async def _own_sku(merchant: str, sku: str) -> int:
    found = await scalar(
        "SELECT s.id FROM sku s JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"
        " WHERE s.code = $1 AND m.number = $2",
        sku,
        merchant,
    )
    if found is None:
        raise SkuUnknown()
    return int(found)


_CALENDAR = (
    "SELECT r.kind, r.cancel_hours, r.grace_days, r.on_expiry, r.late_refund_bp,"
    " (SELECT COALESCE(json_agg(json_build_object('day', d.day, 'left', d.capacity - d.taken,"
    " 'price_fen', d.price_fen) ORDER BY d.day), '[]') FROM calendar_day d"
    " WHERE d.sku_id = s.id AND d.is_open AND d.day BETWEEN $2 AND $3)::text AS days"
    " FROM sku s JOIN product p ON p.id = s.product_id JOIN booking_rule r ON r.sku_id = s.id"
    " WHERE s.code = $1 AND s.active AND p.state = 'listed'"
)


async def calendar_of(sku: str, first: date, last: date) -> Calendar:
    """The open days of a SKU on sale, at most 62, with their prices. One statement. Raises SkuUnknown, DatesInvalid."""
    if not 0 <= (last - first).days <= MAX_DAYS_SHOWN:
        raise DatesInvalid(days=MAX_DAYS_SHOWN)
    found = await row(_CALENDAR, sku, first, last)
    if found is None:
        raise SkuUnknown()
    days = msgspec.json.decode(found.pop("days"), type=list[CalendarEntry])
    return Calendar(sku, msgspec.convert(found, BookingTerms), days)


async def open_days_of(spans: Sequence[tuple[str, date, date]]) -> dict[str, list[CalendarEntry]]:
    """The open days of some SKUs, each from one day to another, each day once; every SKU a key. One statement."""
    found = await rows(
        "SELECT DISTINCT s.code, d.day, d.capacity - d.taken AS left, d.price_fen"
        " FROM unnest($1::text[], $2::date[], $3::date[]) w (code, first, last) JOIN sku s ON s.code = w.code"
        " JOIN calendar_day d ON d.sku_id = s.id AND d.is_open AND d.day BETWEEN w.first AND w.last ORDER BY d.day",
        *([span[column] for span in spans] for column in range(3)),
    )
    days: dict[str, list[CalendarEntry]] = {sku: [] for sku, _, _ in spans}
    for each in found:
        days[each["code"]].append(CalendarEntry(each["day"], each["left"], each["price_fen"]))
    return days


def days_booked(check_in: date, check_out: date | None) -> list[date]:
    """The nights of a stay, or the day of a visit."""
    return [check_in + timedelta(days=n) for n in range(_nights(check_in, check_out))]


def _nights(check_in: date, check_out: date | None) -> int:
    return 1 if check_out is None else (check_out - check_in).days


async def booking_for(sku: str, check_in: date, check_out: date | None, today: date) -> Booking:
    """What a stay from ``check_in`` to the morning of ``check_out``, or a visit on ``check_in``, costs. One statement.

    Raises SkuUnknown, DatesInvalid (in the past, too long, or not the kind of the SKU) and DayNotFree.
    """
    # Counted before they are named: a guest may ask for three million nights.
    if not (today <= check_in and 1 <= _nights(check_in, check_out) <= MAX_NIGHTS):
        raise DatesInvalid(days=MAX_NIGHTS)
    wanted = days_booked(check_in, check_out)
    known = await calendar_of(sku, check_in, wanted[-1])
    if (known.terms.kind is BookingKind.STAY) != (check_out is not None):
        raise DatesInvalid(kind=known.terms.kind.value)
    free = {each.day: each.price_fen for each in known.days if each.left > 0}
    for day in wanted:
        if day not in free:
            raise DayNotFree(sku=sku, day=day.isoformat())
    return Booking(tuple(DayPrice(day, free[day]) for day in wanted), known.terms)


async def calendar_differences() -> list[DayDifference]:
    """The check behind the counts, for after a fault."""
    found = await rows(
        "SELECT s.code AS sku, d.day, d.taken, COALESCE(b.booked, 0)::int AS booked FROM calendar_day d"
        " JOIN sku s ON s.id = d.sku_id LEFT JOIN LATERAL (SELECT sum(quantity - returned) AS booked FROM day_booking"
        " WHERE day_id = d.id AND state <> 'released') b ON true WHERE d.taken <> COALESCE(b.booked, 0)"
        " ORDER BY s.code, d.day"
    )
    return [DayDifference(**each) for each in found]
