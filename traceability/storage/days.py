"""Days of cold rooms: what was read while lots stood there, told once a day is over and again if it becomes another."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import msgspec

from kit.clock import CHINA, china_day
from kit.database import execute, rows, transaction
from kit.outbox import announce
from traceability.events import ColdDayEnded
from traceability.storage.models import ReadingKind

GRACE = timedelta(hours=6)
"""How long after its end a day is waited for, before it is told: devices lose their network for hours."""
BATCH = 100


class DayReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one device read of one kind in thousandths, so many times; ``is_out``: not always in range."""

    device: str
    kind: ReadingKind
    first_at: datetime
    last_at: datetime
    lowest_milli: int
    highest_milli: int
    mean_milli: int
    readings: int
    is_out: bool


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A lot's time in a room, or what falls into one day of it, with what was read there meanwhile."""

    lot: str
    until: datetime
    read: list[DayReading]

    def by_device(self) -> list[tuple[str, list[DayReading]]]:
        """Its readings, those of each device together."""
        return [(device, list(read)) for device, read in groupby(self.read, key=lambda each: each.device)]


async def note_readings(room_id: int, moments: Sequence[datetime]) -> None:
    """Something was read in a room; what has been told of those days is to be told again."""
    await execute(
        "INSERT INTO cold_day (room_id, day) SELECT $1, unnest($2::date[])"
        " ON CONFLICT (room_id, day) DO UPDATE SET told_at = NULL WHERE cold_day.told_at IS NOT NULL",
        room_id,
        sorted({china_day(each) for each in moments}),
    )


async def tell_again(room_id: int, since: datetime) -> None:
    """Other lots stood in a room than was thought, from a moment on."""
    await execute(
        "UPDATE cold_day SET told_at = NULL WHERE id IN (SELECT id FROM cold_day WHERE room_id = $1 AND day >= $2"
        " AND told_at IS NOT NULL ORDER BY day FOR UPDATE)",
        room_id,
        china_day(since),
    )


async def tell_days(now: datetime) -> int:
    """Announce all days that are over; answers how many."""
    told = 0
    while True:
        async with transaction():
            found = await rows(
                "UPDATE cold_day c SET told_at = $1 FROM cold_room k WHERE k.id = c.room_id AND c.id IN (SELECT id"
                " FROM cold_day WHERE told_at IS NULL AND day < $2 ORDER BY day, id LIMIT $3 FOR UPDATE SKIP LOCKED)"
                " RETURNING k.number AS room, k.merchant, c.day",
                now,
                china_day(now - GRACE),
                BATCH,
            )
            for each in found:
                await announce(ColdDayEnded(**each))
        told += len(found)
        if len(found) < BATCH:
            return told


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Where a day begins and ends in China."""
    begins = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    return begins, begins + timedelta(days=1)


async def stays_of_day(room: str, day: date) -> list[Stay]:
    """The lots that stood in a room on a day while something was read there; one SQL statement."""
    found = await rows(_STAYS, room, *bounds_of(day))
    return [
        Stay(lot=lot, until=until, read=[msgspec.convert(each, DayReading) for each in read])
        for (lot, until), read in groupby(found, key=lambda each: (each["lot"], each["until"]))
    ]


# The end of a stay is told to the millisecond, as times of events are.
_STAYS = """
SELECT l.number AS lot, s.until, d.number AS device, r.kind, min(r.at) AS first_at, max(r.at) AS last_at,
       min(r.value_milli) AS lowest_milli, max(r.value_milli) AS highest_milli,
       round(avg(r.value_milli))::int AS mean_milli, count(*)::int AS readings, bool_or(r.is_out) AS is_out
  FROM cold_room k
  JOIN lot_placement w ON w.room_id = k.id
  JOIN lot l ON l.id = w.lot_id
 CROSS JOIN LATERAL (SELECT greatest(w.placed_at, $2) AS since,
                            date_trunc('milliseconds', least(w.removed_at, $3)) AS until) s
  JOIN sensor_reading r ON r.room_id = k.id AND r.at >= s.since AND r.at <= s.until AND r.at < $3
  JOIN sensor_device d ON d.id = r.device_id
 WHERE k.number = $1 AND s.until > s.since
 GROUP BY l.number, s.until, d.id, r.kind
 ORDER BY l.number, s.until, d.id, r.kind DESC
"""
