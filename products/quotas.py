"""Yearly quotas of the public brand: pieces are taken with the order, so what is sold under one never passes it.

A reservation knows the authorisation under whose quota it stands (decision 0039). Rows are locked after those of SKUs
and flash offers, in the order of their ids, and only for SKUs that carry the brand under a quota.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from kit.clock import china_day
from kit.database import Row, execute, row, rows
from products.errors import BrandQuotaUsed

_USED = "CASE WHEN b.used_year = $1 THEN b.used_pieces ELSE 0 END"
_TAKE = f"""
WITH wanted AS (
    SELECT w.code, w.reference, b.id, s.id AS sku_id, r.quantity
      FROM unnest($2::text[], $3::text[], $4::text[]) AS w (number, code, reference)
      JOIN brand_authorisation b ON b.number = w.number JOIN sku s ON s.code = w.code
      JOIN stock_reservation r ON r.reference = w.reference AND r.sku_id = s.id),
sums AS (
    SELECT id, sum(quantity) AS pieces, min(code) AS code FROM wanted GROUP BY id),
locked AS (
    SELECT b.id, {_USED} AS used, b.quota_pieces, u.pieces, u.code FROM brand_authorisation b JOIN sums u ON u.id = b.id
     ORDER BY b.id FOR NO KEY UPDATE OF b),
taken AS (
    UPDATE brand_authorisation b SET used_pieces = l.used + l.pieces, used_year = $1 FROM locked l
     WHERE b.id = l.id AND l.used + l.pieces <= l.quota_pieces RETURNING b.id),
noted AS (
    UPDATE stock_reservation r SET authorisation_id = w.id, quota_year = $1 FROM wanted w
     WHERE r.reference = w.reference AND r.sku_id = w.sku_id AND w.id IN (SELECT id FROM taken))
SELECT l.code, l.quota_pieces - l.used AS left_over FROM locked l WHERE l.id NOT IN (SELECT id FROM taken)
 ORDER BY l.id LIMIT 1"""
_GIVE_BACK = """
WITH back AS (
    SELECT id, year, sum(pieces) AS pieces FROM unnest($1::bigint[], $2::int[], $3::int[]) AS w (id, year, pieces)
     GROUP BY id, year),
locked AS (
    SELECT b.id FROM brand_authorisation b WHERE b.id IN (SELECT id FROM back) ORDER BY b.id FOR NO KEY UPDATE)
UPDATE brand_authorisation b SET used_pieces = b.used_pieces - k.pieces FROM back k, locked l
 WHERE l.id = b.id AND k.id = b.id AND k.year = b.used_year"""


class QuotaDifference(msgspec.Struct, frozen=True):
    """An authorisation whose count is not what its reservations say; there should be none."""

    number: str
    used_pieces: int
    reserved_pieces: int


async def take(parts: Collection[tuple[str, str, str]], now: datetime) -> None:
    """Count reserved pieces against their quotas: (authorisation, SKU code, reference) each. One statement.

    Raises :class:`BrandQuotaUsed` for the first SKU that its quota does not cover; the caller's transaction must then
    roll back.
    """
    missed = await row(_TAKE, china_day(now).year, *([part[column] for part in parts] for column in range(3)))
    if missed is not None:
        raise BrandQuotaUsed(sku=missed["code"], left=max(0, missed["left_over"]))


async def give_back(parts: Iterable[Row]) -> None:
    """Pieces of reservations are not sold after all: they count no more in the year that they counted in."""
    counted = [part for part in parts if part["authorisation_id"] is not None]
    if counted:
        await execute(
            _GIVE_BACK,
            [part["authorisation_id"] for part in counted],
            [part["quota_year"] for part in counted],
            [part["quantity"] for part in counted],
        )


async def lock(numbers: Collection[str], now: datetime) -> Mapping[str, int]:
    """Lock authorisations under a quota; answers how many pieces each has left this year."""
    found = await rows(
        f"SELECT b.number, b.quota_pieces - ({_USED}) AS left_over FROM brand_authorisation b"
        " WHERE b.number = ANY($2::text[]) ORDER BY b.id FOR NO KEY UPDATE",
        china_day(now).year,
        list(numbers),
    )
    return {each["number"]: each["left_over"] for each in found}


async def quota_differences() -> list[QuotaDifference]:
    """The check behind the counts, for after a fault."""
    found = await rows(
        "SELECT b.number, COALESCE(b.used_pieces, 0) AS used_pieces, COALESCE(k.pieces, 0)::int AS reserved_pieces"
        " FROM brand_authorisation b LEFT JOIN LATERAL (SELECT sum(quantity - returned) AS pieces"
        " FROM stock_reservation WHERE authorisation_id = b.id AND quota_year = b.used_year AND state <> 'released') k"
        " ON true WHERE COALESCE(b.used_pieces, 0) <> COALESCE(k.pieces, 0) ORDER BY b.number"
    )
    return [QuotaDifference(**each) for each in found]
