"""Reads of events: one SQL statement."""

from datetime import datetime
from typing import Any

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events; every part that is given must hold. ``thing`` is the address of some goods, ``until`` excluded."""

    since: datetime | None = None
    until: datetime | None = None
    biz_step: str | None = None
    disposition: str | None = None
    place: str | None = None
    thing: str | None = None


async def events(
    merchant: str | None, wanted: EventFilter, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Events of one merchant's goods, or of all (None), in the order in which they were written down."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT id, body::text AS body FROM epcis_event WHERE id > $1 AND ($2::text IS NULL OR merchant = $2)"
        " AND ($3::timestamptz IS NULL OR event_time >= $3) AND ($4::timestamptz IS NULL OR event_time < $4)"
        " AND ($5::text IS NULL OR biz_step = $5) AND ($6::text IS NULL OR body->>'disposition' = $6)"
        " AND ($7::text IS NULL OR body->'readPoint'->>'id' = $7)"
        " AND ($8::text IS NULL OR things @> jsonb_build_array($8::text)) ORDER BY id LIMIT $9",
        after,
        merchant,
        wanted.since,
        wanted.until,
        wanted.biz_step,
        wanted.disposition,
        wanted.place,
        wanted.thing,
        limit + 1,
    )
    page = found[:limit]
    following = write_cursor(page[-1]["id"]) if len(found) > limit else None
    return [msgspec.json.decode(each["body"]) for each in page], following
