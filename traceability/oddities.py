"""Deliveries and lots that look odd: told by number alone, judged by who looks after it."""

from datetime import date, datetime

import msgspec

from kit.database import rows


class DoubledDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The same weighing, or the same purchase slip, under several numbers."""

    supplier: str
    intakes: list[str]


class DeliveryPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for one delivery, in fen per kilogram."""

    intake: str
    supplier: str
    merchant: str
    product: str
    unit_price_fen: int
    weighed_at: datetime


class EmptyLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that nobody's delivery went into."""

    lot: str
    merchant: str
    product: str
    made_at: datetime


class SilentDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that should read where goods stand, and does not."""

    device: str
    room: str
    merchant: str
    last_read_at: datetime | None


class NamesakeSuppliers(msgspec.Struct, frozen=True, kw_only=True):
    """Several suppliers of one name in one township."""

    township: str
    suppliers: list[str]


async def doubled_deliveries() -> list[DoubledDelivery]:
    """One supplier's goods of one product, weighed at one moment with one mass, or paid by one slip, twice."""
    found = await rows(
        "SELECT DISTINCT s.number AS supplier, array_agg(i.number ORDER BY i.number) AS intakes FROM intake i"
        " JOIN supplier s ON s.id = i.supplier_id GROUP BY s.number, i.product, i.mass_gram, i.weighed_at"
        " HAVING count(*) > 1"
        " UNION SELECT s.number, array_agg(i.number ORDER BY i.number) FROM intake i JOIN supplier s"
        " ON s.id = i.supplier_id WHERE i.mode = 'paid_at_scale' GROUP BY s.number, i.merchant, i.evidence"
        " HAVING count(*) > 1"
    )
    return [msgspec.convert(each, DoubledDelivery) for each in found]


async def prices_above(products: list[str], fen_per_kg: list[int], since: list[date]) -> list[DeliveryPrice]:
    """Deliveries of each product dearer than its price, from its day in China on until that of its next row."""
    found = await rows(
        "WITH told AS (SELECT product, most, day::timestamp AT TIME ZONE 'Asia/Shanghai' AS since"
        " FROM unnest($1::text[], $2::bigint[], $3::date[]) AS p(product, most, day)),"
        " price AS (SELECT product, most, since, lead(since) OVER (PARTITION BY product ORDER BY since) AS until"
        " FROM told)"
        " SELECT i.number AS intake, s.number AS supplier, i.merchant, i.product, i.unit_price_fen, i.weighed_at"
        " FROM price JOIN intake i ON i.product = price.product AND i.weighed_at >= price.since"
        " AND coalesce(i.weighed_at < price.until, true) AND i.unit_price_fen > price.most"
        " JOIN supplier s ON s.id = i.supplier_id ORDER BY i.number",
        products,
        fen_per_kg,
        since,
    )
    return [msgspec.convert(each, DeliveryPrice) for each in found]


async def empty_lots(made_before: datetime) -> list[EmptyLot]:
    """Lots that were made before a moment and have no share of anybody's delivery."""
    found = await rows(
        "SELECT l.number AS lot, l.merchant, l.product, l.made_at FROM lot l WHERE l.made_at < $1"
        " AND NOT EXISTS (SELECT 1 FROM lot_contribution c WHERE c.lot_id = l.id)"
        " AND NOT EXISTS (SELECT 1 FROM inherited_share c WHERE c.lot_id = l.id) ORDER BY l.number",
        made_before,
    )
    return [msgspec.convert(each, EmptyLot) for each in found]


async def namesake_suppliers() -> list[NamesakeSuppliers]:
    """Suppliers entered under one name in one township."""
    found = await rows(
        "SELECT township, array_agg(number ORDER BY number) AS suppliers FROM supplier GROUP BY township, name"
        " HAVING count(*) > 1 ORDER BY township, suppliers"
    )
    return [msgspec.convert(each, NamesakeSuppliers) for each in found]


async def silent_devices(since: datetime) -> list[SilentDevice]:
    """Devices with a key that have told nothing of any later moment, in rooms in which a lot has stood as long."""
    found = await rows(
        "SELECT d.number AS device, k.number AS room, k.merchant, r.last_read_at FROM sensor_device d"
        " JOIN cold_room k ON k.id = d.room_id CROSS JOIN LATERAL (SELECT greatest("
        " (SELECT max(at) FROM sensor_reading WHERE device_id = d.id AND kind = 'temperature'),"
        " (SELECT max(at) FROM sensor_reading WHERE device_id = d.id AND kind = 'humidity')) AS last_read_at) r"
        " WHERE d.sealed_key IS NOT NULL AND coalesce(r.last_read_at, d.recorded_at) < $1 AND EXISTS"
        " (SELECT 1 FROM lot_placement w WHERE w.room_id = k.id AND w.removed_at IS NULL AND w.placed_at < $1)"
        " ORDER BY d.number",
        since,
    )
    return [msgspec.convert(each, SilentDevice) for each in found]
