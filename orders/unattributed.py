"""Lines that were packed without a lot and wait to be bound: one SQL statement."""

from datetime import datetime

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class UnattributedLine(msgspec.Struct, frozen=True):
    """A line whose goods money stands as unattributed. ``pieces`` are those that were not refunded."""

    line: str
    order: str
    merchant: str
    product: str
    title: str
    spec: str
    pieces: int
    mass_gram: int
    net_fen: int
    packed_at: datetime


async def unattributed_lines(
    merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[UnattributedLine], str | None]:
    """Such lines of a merchant or of all, oldest first, ``limit`` (at most 100) a page.

    ``mass_gram`` and ``net_fen`` are of the pieces that are left.
    """
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT l.id, l.reference AS line, o.number AS order, o.merchant, l.product, l.title, l.spec,"
        " l.quantity - l.refunded_quantity AS pieces,"
        " (l.quantity - l.refunded_quantity) * l.mass_gram::bigint AS mass_gram,"
        " l.net_fen - l.refunded_fen AS net_fen, l.unattributed_since AS packed_at"
        " FROM order_line l JOIN customer_order o ON o.id = l.order_id"
        " WHERE l.unattributed_since IS NOT NULL AND l.refunded_quantity < l.quantity"
        " AND ($1::text IS NULL OR o.merchant = $1) AND l.id > $2 ORDER BY l.id LIMIT $3",
        merchant,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(line, UnattributedLine) for line in found[:limit]], following
