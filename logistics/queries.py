"""Reads of parcels: one SQL statement each."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class PackedPiece(msgspec.Struct, frozen=True):
    """Pieces of one line in a parcel."""

    reference: str
    line: str
    title: str
    quantity: int


class TrackRecord(msgspec.Struct, frozen=True):
    """One thing that the carrier says happened."""

    happened_at: datetime
    text: str
    place: str


class Shipment(msgspec.Struct, frozen=True):
    """A parcel as its receiver sees it, with what happened to it, newest first."""

    parcel: str
    state: str
    carrier: str
    carrier_name: str
    waybill: str | None
    handed_over_at: datetime | None
    signed_at: datetime | None
    pieces: list[PackedPiece]
    tracks: list[TrackRecord]


class CancelledLabel(msgspec.Struct, frozen=True):
    """A printed waybill that is not used; ``note`` is why its carrier has not taken it back.

    ``waybill`` is None while nobody has heard how its printing ended, and when nothing was printed.
    """

    waybill: str | None
    state: str
    note: str | None


class ParcelRecord(msgspec.Struct, frozen=True):
    """A parcel as its merchant sees it."""

    number: str
    state: str
    carrier: str
    waybill: str | None
    label: str | None
    made_at: datetime
    handed_over_at: datetime | None
    signed_at: datetime | None
    track_error: str | None
    pieces: list[PackedPiece]
    cancelled_labels: list[CancelledLabel]


class ParcelPage(msgspec.Struct, frozen=True):
    """A page of parcels, newest first; ``next`` is the cursor of the following page."""

    parcels: list[ParcelRecord]
    next: str | None


class PiecesInParcels(msgspec.Struct, frozen=True):
    """Pieces of a line that are in parcels, and those of them that were handed over."""

    packed: int
    handed_over: int


_PIECES = (
    "(SELECT jsonb_agg(jsonb_build_object('reference', i.reference, 'line', i.line, 'title', i.title,"
    " 'quantity', i.quantity) ORDER BY i.line) FROM parcel_item i WHERE i.parcel_id = p.id{of})::text AS pieces"
)
_read_pieces = msgspec.json.Decoder(list[PackedPiece]).decode
_CANCELLED_LABELS = (
    "COALESCE((SELECT jsonb_agg(jsonb_build_object('waybill', l.waybill, 'state', l.state, 'note', l.note)"
    " ORDER BY l.id) FROM label_cancellation l WHERE l.parcel_id = p.id), '[]')::text AS cancelled_labels"
)
_read_labels = msgspec.json.Decoder(list[CancelledLabel]).decode
_read_tracks = msgspec.json.Decoder(list[TrackRecord]).decode


async def shipments_of(reference: str) -> list[Shipment]:
    """The parcels of one reference that were handed over, in that order; another reference's pieces do not show."""
    found = await rows(
        "SELECT p.number AS parcel, p.state, p.carrier, c.name AS carrier_name, p.waybill, p.handed_over_at,"
        f" p.signed_at, {_PIECES.format(of=' AND i.reference = $1')},"
        " COALESCE((SELECT jsonb_agg(jsonb_build_object('happened_at', t.happened_at, 'text', t.text,"
        " 'place', t.place) ORDER BY t.happened_at DESC, t.id DESC) FROM parcel_track t WHERE t.parcel_id = p.id),"
        " '[]')::text AS tracks FROM parcel p JOIN carrier c ON c.code = p.carrier"
        " WHERE p.id IN (SELECT parcel_id FROM parcel_item WHERE reference = $1)"
        " AND p.state NOT IN ('created', 'cancelled') ORDER BY p.handed_over_at, p.id",
        reference,
    )
    return [
        Shipment(**{**each, "pieces": _read_pieces(each["pieces"]), "tracks": _read_tracks(each["tracks"])})
        for each in found
    ]


async def parcels_of(merchant: str, state: str | None, cursor: str | None, limit: int) -> ParcelPage:
    """Parcels of a merchant, newest first, ``limit`` (at most 100) a page."""
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT p.id, p.number, p.state, p.carrier, p.waybill, p.label, p.made_at, p.handed_over_at, p.signed_at,"
        f" p.track_error, {_PIECES.format(of='')}, {_CANCELLED_LABELS} FROM parcel p WHERE p.merchant = $1"
        " AND ($2::text IS NULL OR p.state = $2) AND p.id < $3 ORDER BY p.id DESC LIMIT $4",
        merchant,
        state,
        read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1,
        limit + 1,
    )
    page = [
        ParcelRecord(
            **{name: value for name, value in each.items() if name not in ("id", "pieces", "cancelled_labels")},
            pieces=_read_pieces(each["pieces"]),
            cancelled_labels=_read_labels(each["cancelled_labels"]),
        )
        for each in found[:limit]
    ]
    return ParcelPage(page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None)


async def pieces_in(merchant: str, parcel: str) -> list[PackedPiece]:
    """What is in a merchant's parcel; nothing when there is no such parcel."""
    found = await rows(
        "SELECT i.reference, i.line, i.title, i.quantity FROM parcel_item i JOIN parcel p ON p.id = i.parcel_id"
        " WHERE p.number = $1 AND p.merchant = $2 ORDER BY i.line",
        parcel,
        merchant,
    )
    return [PackedPiece(**each) for each in found]


async def pieces_in_parcels(lines: Sequence[str]) -> dict[str, PiecesInParcels]:
    """How many pieces of some lines are in parcels that were not cancelled; a line with none is missing."""
    found = await rows(
        "SELECT i.line, sum(i.quantity)::int AS packed,"
        " COALESCE(sum(i.quantity) FILTER (WHERE p.state <> 'created'), 0)::int AS handed_over"
        " FROM parcel_item i JOIN parcel p ON p.id = i.parcel_id"
        " WHERE i.line = ANY($1::text[]) AND p.state <> 'cancelled' GROUP BY i.line",
        list(lines),
    )
    return {each["line"]: PiecesInParcels(each["packed"], each["handed_over"]) for each in found}


async def parcel_with(merchant: str, reference: str, carrier: str, waybill: str) -> str | None:
    """The parcel with pieces of a reference that was handed over under this waybill."""
    found = await rows(
        "SELECT p.number FROM parcel p WHERE p.merchant = $1 AND p.carrier = $3 AND p.waybill = $4"
        " AND p.state NOT IN ('created', 'cancelled')"
        " AND EXISTS (SELECT 1 FROM parcel_item i WHERE i.parcel_id = p.id AND i.reference = $2) LIMIT 1",
        merchant,
        reference,
        carrier,
        waybill,
    )
    return found[0]["number"] if found else None


async def parcel_count(reference: str) -> int:
    """How many parcels of a reference were not cancelled."""
    found = await rows(
        "SELECT count(DISTINCT p.id) AS n FROM parcel_item i JOIN parcel p ON p.id = i.parcel_id"
        " WHERE i.reference = $1 AND p.state <> 'cancelled'",
        reference,
    )
    return int(found[0]["n"])


async def last_waybill(reference: str) -> tuple[str, str]:
    """Carrier and waybill of the parcel of a reference that was handed over last; there must be one."""
    found = await rows(
        "SELECT p.carrier, p.waybill FROM parcel p WHERE p.state NOT IN ('created', 'cancelled')"
        " AND p.id IN (SELECT parcel_id FROM parcel_item WHERE reference = $1)"
        " ORDER BY p.handed_over_at DESC, p.id DESC LIMIT 1",
        reference,
    )
    return found[0]["carrier"], found[0]["waybill"]
