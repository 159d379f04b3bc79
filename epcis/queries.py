"""Reads of events and of captures: one SQL statement each."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from epcis.errors import CaptureUnknown, EventUnknown
from epcis.findings import Finding
from epcis.keys import canonical_link
from epcis.models import Behaviour, EventSource
from kit.database import Row, row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events; of every part that is given one value must hold; ``until`` is excluded.

    ``places`` are where goods were seen, ``locations`` where they are afterwards; ``things`` and ``singles`` are
    addresses of some goods.
    """

    since: datetime | None = None
    until: datetime | None = None
    biz_steps: Sequence[str] | None = None
    dispositions: Sequence[str] | None = None
    places: Sequence[str] | None = None
    locations: Sequence[str] | None = None
    things: Sequence[str] | None = None
    singles: Sequence[str] | None = None
    event_ids: Sequence[str] | None = None
    source: EventSource | None = None
    declarations: bool | None = None


class EventRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an event besides what it says.

    ``source`` and ``partner`` tell who says it; ``declared_wrong_at`` is when it was declared wrong, ``corrected_by``
    the ids of the events that hold instead.
    """

    event_id: str
    source: EventSource
    partner: str
    merchant: str
    capture: str | None
    is_declaration: bool
    recorded_at: datetime
    declared_wrong_at: datetime | None
    corrected_by: list[str]


class CaptureJob(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. ``captured`` are new, ``known`` were there before."""

    number: str
    merchant: str
    partner: str
    behaviour: Behaviour
    success: bool
    total: int
    captured: int
    known: int
    findings: list[Finding]
    captured_at: datetime


async def events(
    merchant: str | None, wanted: EventFilter, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], list[EventRecord], str | None]:
    """Events of one merchant, or of all (None), in the order in which they were written down, each with its record."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        _EVENTS,
        after,
        merchant,
        wanted.since,
        wanted.until,
        wanted.biz_steps,
        wanted.dispositions,
        wanted.places,
        _links(wanted.things),
        limit + 1,
        wanted.event_ids,
        wanted.source,
        wanted.declarations,
        wanted.locations,
        _links(wanted.singles),
    )
    page = found[:limit]
    following = write_cursor(page[-1]["id"]) if len(found) > limit else None
    return [msgspec.json.decode(each["body"]) for each in page], [_record(each) for each in page], following


def _links(addresses: Sequence[str] | None) -> list[str] | None:
    """Each in the form in which goods are found, as a JSON list of one."""
    return None if addresses is None else [json.dumps([canonical_link(each)]) for each in addresses]


async def one_event(merchant: str | None, event_id: str) -> tuple[list[dict[str, Any]], list[EventRecord]]:
    """The event of that id, and what declares it wrong. Raises :class:`EventUnknown`."""
    found, records, _ = await events(merchant, EventFilter(event_ids=[event_id]), None, MAX_PAGE)
    if not found:
        raise EventUnknown(event=event_id)
    return found, records


async def capture_job(merchant: str | None, number: str) -> CaptureJob:
    """One capture of a merchant ('' the county's own), or anybody's (None). Raises :class:`CaptureUnknown`."""
    found = await row(f"{_JOBS} WHERE number = $1 AND ($2::text IS NULL OR merchant = $2)", number, merchant)
    if found is None:
        raise CaptureUnknown(capture=number)
    return _job(found)


async def capture_jobs(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[CaptureJob], str | None]:
    """Captures of one merchant or of all (None), the newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_JOBS} WHERE id < $1 AND ($2::text IS NULL OR merchant = $2) ORDER BY id DESC LIMIT $3",
        before,
        merchant,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [_job(each) for each in found[:limit]], following


def _record(found: Row) -> EventRecord:
    return EventRecord(
        event_id=found["event_id"],
        source=EventSource(found["source"]),
        partner=found["partner"],
        merchant=found["merchant"],
        capture=found["capture"],
        is_declaration=found["is_declaration"],
        recorded_at=found["recorded_at"],
        declared_wrong_at=found["declared_wrong_at"],
        corrected_by=msgspec.json.decode(found["corrected_by"] or "[]"),
    )


def _job(found: Row) -> CaptureJob:
    return CaptureJob(
        number=found["number"],
        merchant=found["merchant"],
        partner=found["partner"],
        behaviour=Behaviour(found["behaviour"]),
        success=found["success"],
        total=found["total"],
        captured=found["captured"],
        known=found["known"],
        findings=msgspec.json.decode(found["findings"], type=list[Finding]),
        captured_at=found["captured_at"],
    )


_EVENTS = """
SELECT e.id, e.body::text AS body, e.event_id, e.source, e.partner, e.merchant, c.number AS capture, e.is_declaration,
       e.recorded_at, d.recorded_at AS declared_wrong_at,
       (d.body->'errorDeclaration'->'correctiveEventIDs')::text AS corrected_by
  FROM epcis_event e
  LEFT JOIN epcis_capture c ON c.id = e.capture_id
  LEFT JOIN epcis_event d ON d.event_id = e.event_id AND d.merchant = e.merchant AND d.source = e.source
       AND d.partner = e.partner AND d.is_declaration AND NOT e.is_declaration
 WHERE e.id > $1 AND ($2::text IS NULL OR e.merchant = $2)
   AND ($3::timestamptz IS NULL OR e.event_time >= $3) AND ($4::timestamptz IS NULL OR e.event_time < $4)
   AND ($5::text[] IS NULL OR e.biz_step = ANY($5)) AND ($6::text[] IS NULL OR e.disposition = ANY($6))
   AND ($7::text[] IS NULL OR e.body -> 'readPoint' ->> 'id' = ANY($7))
   AND ($8::jsonb[] IS NULL OR e.things @> ANY($8))
   AND ($10::text[] IS NULL OR e.event_id = ANY($10)) AND ($11::text IS NULL OR e.source = $11)
   AND ($12::boolean IS NULL OR e.is_declaration = $12)
   AND ($13::text[] IS NULL OR e.body -> 'bizLocation' ->> 'id' = ANY($13))
   AND ($14::jsonb[] IS NULL OR e.things @> ANY($14))
 ORDER BY e.id LIMIT $9
"""
_JOBS = (
    "SELECT id, number, merchant, partner, behaviour, success, total, captured, known, findings::text AS findings,"
    " captured_at FROM epcis_capture"
)
