"""Reads of cold rooms, readings, episodes and placements: one SQL statement each, one more where nothing is found."""

from datetime import datetime

import msgspec

from kit.database import Row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from traceability.errors import LotUnknown
from traceability.storage.errors import ColdRoomUnknown


class DeviceCard(msgspec.Struct, frozen=True):
    """A device in use."""

    number: str
    name: str
    has_key: bool
    last_read_at: datetime | None


class ColdRoomCard(msgspec.Struct, frozen=True):
    """A cold room with its devices in use, how many lots stand in it, and whether it reads out of range."""

    number: str
    merchant: str
    site: str
    name: str
    min_celsius_milli: int
    max_celsius_milli: int
    min_humidity_milli: int | None
    max_humidity_milli: int | None
    closed_at: datetime | None
    lots: int
    is_out: bool
    devices: list[DeviceCard]


class ReadingCard(msgspec.Struct, frozen=True):
    """A reading, by kind in thousandths of a degree Celsius or of a percent."""

    device: str
    kind: str
    at: datetime
    value_milli: int
    is_out: bool
    received_at: datetime


class EpisodeCard(msgspec.Struct, frozen=True):
    """A time out of range; one without an end goes on. ``lots`` stood in the room meanwhile."""

    room: str
    merchant: str
    device: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    lowest_milli: int
    highest_milli: int
    readings: int
    lots: list[str]


class PlacementCard(msgspec.Struct, frozen=True):
    """Where a lot stood, with the lowest and the highest temperature that was read there meanwhile."""

    room: str
    room_name: str
    placed_at: datetime
    removed_at: datetime | None
    lowest_celsius_milli: int | None
    highest_celsius_milli: int | None


async def cold_rooms(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[ColdRoomCard], str | None]:
    """Rooms of a merchant or of all, newest first."""
    page, following = await _page(
        "SELECT k.id, k.number, k.merchant, k.site, k.name, k.min_celsius_milli, k.max_celsius_milli,"
        " k.min_humidity_milli, k.max_humidity_milli, k.closed_at,"
        " (SELECT count(*) FROM lot_placement w WHERE w.room_id = k.id AND w.removed_at IS NULL) AS lots,"
        " EXISTS (SELECT 1 FROM sensor_episode e JOIN sensor_device d ON d.id = e.device_id"
        " WHERE d.room_id = k.id AND d.revoked_at IS NULL AND e.ended_at IS NULL) AS is_out,"
        " (SELECT coalesce(jsonb_agg(jsonb_build_object('number', d.number, 'name', d.name,"
        " 'has_key', d.sealed_key IS NOT NULL, 'last_read_at', greatest("
        " (SELECT max(r.at) FROM sensor_reading r WHERE r.device_id = d.id AND r.kind = 'temperature'),"
        " (SELECT max(r.at) FROM sensor_reading r WHERE r.device_id = d.id AND r.kind = 'humidity'))) ORDER BY d.id),"
        " '[]') FROM sensor_device d WHERE d.room_id = k.id AND d.revoked_at IS NULL)::text AS devices"
        " FROM cold_room k WHERE k.id < $2 AND ($1::text IS NULL OR k.merchant = $1) ORDER BY k.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [
        msgspec.convert(each | {"devices": msgspec.json.decode(each["devices"])}, ColdRoomCard) for each in page
    ], following


async def room_readings(
    merchant: str | None, room: str, cursor: str | None, limit: int
) -> tuple[list[ReadingCard], str | None]:
    """Readings of a room as they came, newest first. Raises ColdRoomUnknown for one that is not the merchant's."""
    page, following = await _page(
        "SELECT r.id, d.number AS device, r.kind, r.at, r.value_milli, r.is_out, r.received_at FROM sensor_reading r"
        " JOIN sensor_device d ON d.id = r.device_id JOIN cold_room k ON k.id = r.room_id"
        " WHERE r.id < $2 AND ($1::text IS NULL OR k.merchant = $1) AND k.number = $4 ORDER BY r.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
        room,
    )
    if not page and not await _stands("cold_room", merchant, room):
        raise ColdRoomUnknown(room=room)
    return [msgspec.convert(each, ReadingCard) for each in page], following


async def sensor_episodes(
    merchant: str | None, going_on: bool, cursor: str | None, limit: int
) -> tuple[list[EpisodeCard], str | None]:
    """Times out of range in rooms of a merchant or of all, newest first; those that go on alone, if so asked."""
    page, following = await _page(
        "SELECT e.id, k.number AS room, k.merchant, d.number AS device, e.kind, e.started_at, e.ended_at,"
        " e.lowest_milli, e.highest_milli, e.readings, (SELECT coalesce(array_agg(DISTINCT l.number), '{}')"
        " FROM lot_placement w JOIN lot l ON l.id = w.lot_id WHERE w.room_id = k.id"
        " AND (e.ended_at IS NULL OR w.placed_at < e.ended_at)"
        " AND (w.removed_at IS NULL OR w.removed_at > e.started_at)) AS lots"
        " FROM sensor_episode e JOIN sensor_device d ON d.id = e.device_id JOIN cold_room k ON k.id = d.room_id"
        " WHERE e.id < $2 AND ($1::text IS NULL OR k.merchant = $1) AND (NOT $4::bool OR e.ended_at IS NULL)"
        " ORDER BY e.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
        going_on,
    )
    return [msgspec.convert(each, EpisodeCard) for each in page], following


async def placements(merchant: str | None, lot: str) -> list[PlacementCard]:
    """Where a lot stood, oldest first; the 100 first. Raises LotUnknown for a lot that is not the merchant's."""
    found = await rows(
        "SELECT k.number AS room, k.name AS room_name, w.placed_at, w.removed_at, c.lowest AS lowest_celsius_milli,"
        " c.highest AS highest_celsius_milli FROM lot_placement w JOIN lot l ON l.id = w.lot_id"
        " JOIN cold_room k ON k.id = w.room_id CROSS JOIN LATERAL"
        " (SELECT min(r.value_milli) AS lowest, max(r.value_milli) AS highest"
        f" FROM sensor_reading r WHERE {READ_THERE}) c"
        " WHERE l.number = $2 AND ($1::text IS NULL OR l.merchant = $1) ORDER BY w.placed_at, w.id LIMIT 100",
        merchant,
        lot,
    )
    if not found and not await _stands("lot", merchant, lot):
        raise LotUnknown(lot=lot)
    return [msgspec.convert(each, PlacementCard) for each in found]


async def _stands(table: str, merchant: str | None, number: str) -> bool:
    """Whether there is a room or lot with this number, of the merchant if one is given."""
    return bool(
        await rows(f"SELECT 1 FROM {table} WHERE number = $2 AND ($1::text IS NULL OR merchant = $1)", merchant, number)
    )


async def _page(
    sql: str, merchant: str | None, cursor: str | None, limit: int, *more: object
) -> tuple[list[Row], str | None]:
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(sql, merchant, before, limit + 1, *more)
    return found[:limit], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


READ_THERE = (
    "r.room_id = w.room_id AND r.kind = 'temperature' AND r.at >= w.placed_at"
    " AND (w.removed_at IS NULL OR r.at <= w.removed_at)"
)
"""The temperatures ``r`` that were read in the room of a placement ``w`` while the lot stood there."""
