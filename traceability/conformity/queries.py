"""Reads of certificates of conformity: one SQL statement each."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from traceability.conformity.errors import ConformityUnknown


class ConformityCard(msgspec.Struct, frozen=True):
    """A certificate with the content of the form."""

    number: str
    lot: str
    merchant: str
    product_name: str
    mass_gram: int
    producer: str
    origin: str
    contact: str
    basis: str
    issued_on: date
    withdrawn_at: datetime | None
    withdrawn_because: str


async def conformity_certificates(
    merchant: str | None, lot: str | None, cursor: str | None, limit: int
) -> tuple[list[ConformityCard], str | None]:
    """Certificates of a merchant or of all, of one lot if one is given, newest first, withdrawn ones included."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_CERTIFICATE} WHERE ($1::text IS NULL OR l.merchant = $1) AND ($2::text IS NULL OR l.number = $2)"
        " AND f.id < $3 ORDER BY f.id DESC LIMIT $4",
        merchant,
        lot,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, ConformityCard) for each in found[:limit]], following


async def conformity_certificate(merchant: str | None, number: str) -> ConformityCard:
    """One certificate, of this merchant if one is given. Raises :class:`ConformityUnknown`."""
    found = await row(f"{_CERTIFICATE} WHERE ($1::text IS NULL OR l.merchant = $1) AND f.number = $2", merchant, number)
    if found is None:
        raise ConformityUnknown(certificate=number)
    return msgspec.convert(found, ConformityCard)


_CERTIFICATE = (
    "SELECT f.id, f.number, l.number AS lot, l.merchant, f.product_name, f.mass_gram, f.producer, f.origin,"
    " f.contact, f.basis, f.issued_on, f.withdrawn_at, f.withdrawn_because"
    " FROM conformity_certificate f JOIN lot l ON l.id = f.lot_id"
)
