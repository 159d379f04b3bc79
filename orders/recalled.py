"""Which orders hold pieces of recalled lots, and in which parcels they went: one SQL statement."""

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class RecalledParcel(msgspec.Struct, frozen=True):
    """A parcel with pieces of the line."""

    number: str
    state: str
    waybill: str | None


class RecalledLine(msgspec.Struct, frozen=True):
    """What a line took from a recalled lot. It names no buyer; the seller opens the order as ever."""

    order: str
    state: str
    line: str
    title: str
    spec: str
    lot: str
    pieces: int
    refunded_pieces: int
    parcels: list[RecalledParcel]


async def recalled_lines(
    merchant: str | None, recall: str, cursor: str | None, limit: int
) -> tuple[list[RecalledLine], str | None]:
    """The lines of a recall, oldest first, ``limit`` (at most 100) a page; none of another merchant's recall.

    ``refunded_pieces`` are the whole line's, which may have taken from other lots too.
    """
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT b.id, o.number AS order, o.state, b.line, l.title, l.spec, t.number AS lot, b.quantity AS pieces,"
        " l.refunded_quantity AS refunded_pieces, (SELECT coalesce(jsonb_agg(jsonb_build_object('number', p.number,"
        " 'state', p.state, 'waybill', p.waybill) ORDER BY p.id), '[]')::text"
        " FROM parcel_item i JOIN parcel p ON p.id = i.parcel_id"
        " WHERE i.reference = o.number AND i.line = b.line) AS parcels"
        " FROM recall r JOIN recalled_lot k ON k.recall_id = r.id JOIN lot t ON t.id = k.lot_id"
        " JOIN line_lot b ON b.lot_id = t.id JOIN order_line l ON l.reference = b.line"
        " JOIN customer_order o ON o.id = l.order_id"
        " WHERE r.number = $2 AND ($1::text IS NULL OR r.merchant = $1) AND b.id > $3 ORDER BY b.id LIMIT $4",
        merchant,
        recall,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    lines = [
        msgspec.convert(line | {"parcels": msgspec.json.decode(line["parcels"])}, RecalledLine)
        for line in found[:limit]
    ]
    return lines, following
