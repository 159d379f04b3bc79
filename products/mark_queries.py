"""Reads of authorisations and recognitions, for the county and for the merchant that carries them."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec

from kit.database import rows
from kit.paging import read_cursor, write_cursor
from products.errors import MarkUnknown
from products.marks import RegisterEntry


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class AuthorisationRecord(msgspec.Struct, frozen=True):
    """An authorisation with its use. ``used_pieces`` of ``used_year`` are taken with orders."""

    number: str
    brand: str
    merchant: str
    merchant_name: str
    product: str
    product_title: str
    sku: str | None
    document: str
    valid_from: date
    valid_until: date
    quota_pieces: int | None
    used_pieces: int | None
    used_year: int | None
    revoked_at: datetime | None
    revocation_reason: str | None


class DossierRecord(msgspec.Struct, frozen=True):
    """One paper of a dossier; ``level`` is where a notice was posted."""

    step: str
    level: str | None
    title: str
    document: str
    picture: str
    dated: date
    added_at: datetime
    added_by: str


class EntryRecord(RegisterEntry, frozen=True, kw_only=True):
    """What the register says of a product, since when, and who entered it."""

    added_at: datetime
    added_by: str


class RecognitionRecord(msgspec.Struct, frozen=True):
    """A recognised product with its dossier; ``entry`` is what the register says of it now.

    ``case`` led to it, and ``case_state`` is the step to which that has come.
    """

    number: str
    case: str
    case_state: str
    merchant: str
    product: str
    product_title: str
    document: str
    recognised_by: str
    directory_batch: str
    valid_from: date
    valid_until: date
    revoked_at: datetime | None
    revocation_reason: str | None
    papers: list[DossierRecord]
    entry: EntryRecord | None


async def authorisations(
    merchant: str | None, overrun: bool, cursor: str | None, limit: int
) -> tuple[list[AuthorisationRecord], str | None]:
    """Authorisations, newest first, of one merchant or of all; ``overrun`` shows those alone whose quota is used up."""
    found = await rows(
        "SELECT b.id, b.number, r.code AS brand, m.number AS merchant, m.name AS merchant_name, p.code AS product,"
        " p.title AS product_title, s.code AS sku, b.document, b.valid_from, b.valid_until, b.quota_pieces,"
        " b.used_pieces, b.used_year, b.revoked_at, b.revocation_reason FROM brand_authorisation b"
        " JOIN public_brand r ON r.id = b.brand_id JOIN product p ON p.id = b.product_id"
        " JOIN merchant m ON m.id = p.merchant_id LEFT JOIN sku s ON s.id = b.sku_id"
        " WHERE b.id < $1 AND ($2::text IS NULL OR m.number = $2) AND (NOT $3 OR b.used_pieces >= b.quota_pieces)"
        " ORDER BY b.id DESC LIMIT $4",
        read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
        merchant,
        overrun,
        limit + 1,
    )
    page = [AuthorisationRecord(**{n: r[n] for n in AuthorisationRecord.__struct_fields__}) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


PAPERS = (
    "(SELECT COALESCE(json_agg(json_build_object('step', step, 'level', level, 'title', title, 'document', document,"
    " 'picture', picture, 'dated', dated, 'added_at', added_at, 'added_by', added_by) ORDER BY id), '[]')"
    " FROM recognition_paper WHERE case_id = c.id)::text"
)
"""The dossier of a case ``c``, as JSON."""
_read_papers = msgspec.json.Decoder(list[DossierRecord]).decode
_read_entry = msgspec.json.Decoder(EntryRecord).decode
_RECOGNITION = (
    "SELECT n.id, n.number, c.number AS case, c.state AS case_state, m.number AS merchant, p.code AS product,"
    " p.title AS product_title, n.document, n.recognised_by,"
    " n.directory_batch, n.valid_from, n.valid_until, n.revoked_at,"
    f" n.revocation_reason, {PAPERS} AS papers,"
    " (SELECT row_to_json(e)::text FROM recognition_entry e WHERE e.recognition_id = n.id ORDER BY e.id DESC LIMIT 1)"
    " AS entry FROM recognised_product n"
    " JOIN recognition_case c ON c.id = n.case_id JOIN product p ON p.id = n.product_id"
    " JOIN merchant m ON m.id = p.merchant_id"
)


async def recognitions(
    merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[RecognitionRecord], str | None]:
    """Recognised products with their dossiers, newest first, of one merchant or of all. One query."""
    found = await rows(
        f"{_RECOGNITION} WHERE n.id < $1 AND ($2::text IS NULL OR m.number = $2) ORDER BY n.id DESC LIMIT $3",
        read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
        merchant,
        limit + 1,
    )
    page = [_recognition(each) for each in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def recognition(number: str) -> RecognitionRecord:
    """One recognised product with its dossier. Raises :class:`MarkUnknown`."""
    found = await rows(f"{_RECOGNITION} WHERE n.number = $1", number)
    if not found:
        raise MarkUnknown()
    return _recognition(found[0])


def _recognition(found: dict[str, Any]) -> RecognitionRecord:
    entry = _read_entry(found["entry"]) if found["entry"] else None
    return msgspec.convert({**found, "papers": _read_papers(found["papers"]), "entry": entry}, RecognitionRecord)
