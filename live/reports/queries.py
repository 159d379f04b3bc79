"""Reads of reports: the officers' list and a consumer's own."""

from datetime import datetime
from typing import Annotated

import msgspec

from kit.database import rows
from kit.paging import read_cursor, write_cursor


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class OwnReport(msgspec.Struct, frozen=True):
    """A report as its reporter sees it."""

    number: str
    session: str
    title: str
    reason: str
    detail: str
    message: int | None
    sku: str | None
    state: str
    reported_at: datetime
    answer: str | None
    decided_at: datetime | None


class OfficersReport(OwnReport, frozen=True):
    """A report as officers see it: with the host, the place in the pictures, and how often the session is reported.

    The reporter is not told.
    """

    host: str
    offset_ms: int
    reports_of_session: int
    taken_by: str | None
    decided_by: str | None


_OWN = """
SELECT r.id, r.number, s.number AS session, s.title, r.reason, r.detail, r.message, r.sku, r.state, r.reported_at,
  r.answer, r.decided_at
"""


async def own_reports(consumer: str, cursor: str | None, limit: int) -> tuple[list[OwnReport], str | None]:
    """What a consumer has reported, the newest first, and the cursor of the next page."""
    found = await rows(
        _OWN + "FROM live_report r JOIN live_session s ON s.id = r.session_id"
        " WHERE r.consumer = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3",
        consumer,
        read_cursor(cursor, _Key).id if cursor else 2**62,
        limit + 1,
    )
    page = [OwnReport(**{n: r[n] for n in OwnReport.__struct_fields__}) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def reports(state: str | None, cursor: str | None, limit: int) -> tuple[list[OfficersReport], str | None]:
    """Reports of a state, oldest first, and the cursor of the next page."""
    found = await rows(
        _OWN + ", s.host, r.offset_ms, r.taken_by, r.decided_by,"
        " (SELECT count(*) FROM live_report o WHERE o.session_id = r.session_id) AS reports_of_session"
        " FROM live_report r JOIN live_session s ON s.id = r.session_id"
        " WHERE ($1::text IS NULL OR r.state = $1) AND r.id > $2 ORDER BY r.id LIMIT $3",
        state,
        read_cursor(cursor, _Key).id if cursor else 0,
        limit + 1,
    )
    page = [OfficersReport(**{n: r[n] for n in OfficersReport.__struct_fields__}) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
