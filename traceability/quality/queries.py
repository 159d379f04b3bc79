"""Reads of inspections, holds and recalls: one SQL statement each."""

from datetime import datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from traceability.quality.errors import InspectionUnknown, RecallUnknown
from traceability.quality.inspections import Finding


class SampleCard(msgspec.Struct, frozen=True):
    """A drawn sample."""

    code: str
    mass_gram: int
    taken_at: datetime


class InspectionCard(msgspec.Struct, frozen=True):
    """An inspection with its samples and findings."""

    number: str
    lot: str
    merchant: str
    product: str
    state: str
    requested_at: datetime
    laboratory: str
    report: str
    ended_at: datetime | None
    samples: list[SampleCard]
    findings: list[Finding]


class HoldCard(msgspec.Struct, frozen=True):
    """A time in which nothing may be taken from a lot, or might not. Notes are the caller's own words."""

    lot: str
    merchant: str
    product: str
    reason: str
    note: str
    by_county: bool
    placed_at: datetime
    released_at: datetime | None
    release_note: str


class RecallCard(msgspec.Struct, frozen=True):
    """A recall; ``lots`` are all that it reaches, ``origin`` the one it began with."""

    number: str
    merchant: str
    origin: str
    lots: list[str]
    cause: str
    document: str
    recalled_at: datetime


async def inspection(merchant: str | None, number: str) -> InspectionCard:
    """One inspection. Raises :class:`InspectionUnknown`."""
    found = await row(f"{_INSPECTION} WHERE q.number = $2 AND ($1::text IS NULL OR l.merchant = $1)", merchant, number)
    if found is None:
        raise InspectionUnknown(inspection=number)
    return _inspection(found)


async def inspections(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[InspectionCard], str | None]:
    """Inspections of a merchant's lots or of all, newest first."""
    page, following = await _page(
        f"{_INSPECTION} WHERE q.id < $2 AND ($1::text IS NULL OR l.merchant = $1) ORDER BY q.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [_inspection(each) for each in page], following


async def holds(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[HoldCard], str | None]:
    """Holds of a merchant's lots or of all, newest first, those that ended included."""
    page, following = await _page(
        "SELECT h.id, l.number AS lot, l.merchant, l.product, h.reason, h.note, h.by_county, h.placed_at,"
        " h.released_at, h.release_note FROM lot_hold h JOIN lot l ON l.id = h.lot_id"
        " WHERE h.id < $2 AND ($1::text IS NULL OR l.merchant = $1) ORDER BY h.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [msgspec.convert(each, HoldCard) for each in page], following


async def recall(merchant: str | None, number: str) -> RecallCard:
    """One recall. Raises :class:`RecallUnknown`."""
    found = await row(f"{_RECALL} WHERE r.number = $2 AND ($1::text IS NULL OR r.merchant = $1)", merchant, number)
    if found is None:
        raise RecallUnknown(recall=number)
    return msgspec.convert(found, RecallCard)


async def recalls(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[RecallCard], str | None]:
    """Recalls of a merchant or of all, newest first."""
    page, following = await _page(
        f"{_RECALL} WHERE r.id < $2 AND ($1::text IS NULL OR r.merchant = $1) ORDER BY r.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [msgspec.convert(each, RecallCard) for each in page], following


def _inspection(found: dict[str, object]) -> InspectionCard:
    parts = {name: msgspec.json.decode(str(found[name])) for name in ("samples", "findings")}
    return msgspec.convert(found | parts, InspectionCard)


async def _page(
    statement: str, merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[dict[str, object]], str | None]:
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(statement, merchant, before, limit + 1)
    return found[:limit], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


_INSPECTION = (
    "SELECT q.id, q.number, l.number AS lot, l.merchant, l.product, q.state, q.requested_at, q.laboratory, q.report,"
    " q.ended_at, (SELECT coalesce(jsonb_agg(jsonb_build_object('code', s.code, 'mass_gram', s.mass_gram, 'taken_at',"
    " s.taken_at) ORDER BY s.id), '[]')::text FROM inspection_sample s WHERE s.inspection_id = q.id) AS samples,"
    " (SELECT coalesce(jsonb_agg(to_jsonb(i) - 'id' - 'inspection_id' ORDER BY i.id), '[]')::text"
    " FROM inspection_item i WHERE i.inspection_id = q.id) AS findings"
    " FROM inspection q JOIN lot l ON l.id = q.lot_id"
)
_RECALL = (
    "SELECT r.id, r.number, r.merchant, r.cause, r.document, r.recalled_at,"
    " (SELECT l.number FROM recalled_lot o JOIN lot l ON l.id = o.lot_id WHERE o.recall_id = r.id AND o.is_origin)"
    " AS origin, (SELECT array_agg(l.number ORDER BY l.number) FROM recalled_lot o JOIN lot l ON l.id = o.lot_id"
    " WHERE o.recall_id = r.id) AS lots FROM recall r"
)
