"""Pieces of an open offer: taken, given back, taken again. :class:`products.stock.Stock` decides when.

Rows are locked in this order: offer, buyer, buckets by position. Whoever moves pieces holds the offer FOR KEY SHARE,
whoever ends it FOR UPDATE, so the end waits for the moves and no move is judged by an old state.
"""

import zlib
from datetime import datetime

from kit.database import Row, execute, row, scalar
from products.errors import OfferLimitReached, OfferOver, SoldOut

MAX_BUCKETS = 16

_TAKE = """
WITH offer AS (
    SELECT f.id, f.sku_id, f.limit_per_buyer FROM flash_offer f JOIN sku s ON s.id = f.sku_id
     WHERE f.number = $1 AND s.code = $2 AND f.state = 'open' AND $7 >= f.starts_at AND $7 < f.ends_at
       FOR KEY SHARE OF f),
bought AS (
    INSERT INTO flash_buyer (offer_id, buyer, pieces, most)
    SELECT id, $5, $3, limit_per_buyer FROM offer WHERE limit_per_buyer >= $3
    ON CONFLICT (offer_id, buyer) DO UPDATE SET pieces = flash_buyer.pieces + EXCLUDED.pieces
     WHERE flash_buyer.pieces + EXCLUDED.pieces <= flash_buyer.most RETURNING offer_id),
taken AS MATERIALIZED (
    SELECT o.id, o.sku_id, take_of_offer(o.id, $3, $8) AS lacking FROM offer o
     WHERE o.limit_per_buyer IS NULL OR EXISTS (SELECT 1 FROM bought)),
held AS (
    INSERT INTO stock_reservation (reference, sku_id, quantity, returned, state, expires_at, offer_id, buyer)
    SELECT $4, sku_id, $3, 0, 'held', $6, id, $5 FROM taken WHERE lacking IS NULL),
noted AS (
    INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
    SELECT sku_id, 'reserved', $3, $4, $7 FROM taken WHERE lacking IS NULL)
SELECT o.id, t.id IS NOT NULL AS allowed, t.lacking FROM offer o LEFT JOIN taken t ON true"""


async def take(
    offer: str, sku: str, quantity: int, reference: str, buyer: str, expires_at: datetime, now: datetime
) -> None:
    """Reserve pieces of an offer, in one statement.

    Raises :class:`OfferOver`, :class:`OfferLimitReached` and :class:`SoldOut`; the caller's transaction must then roll
    back.
    """
    found = await row(_TAKE, offer, sku, quantity, reference, buyer, expires_at, now, _first_bucket(reference))
    if found is None:
        raise OfferOver(offer=offer, sku=sku)
    if not found["allowed"]:
        raise OfferLimitReached(offer=offer, sku=sku)
    if found["lacking"] is not None:
        raise SoldOut(sku=sku, left=found["lacking"])


def _first_bucket(reference: str) -> int:
    """Where one order begins to look, so that many begin at different buckets."""
    return zlib.crc32(reference.encode()) % MAX_BUCKETS


async def give_back(part: Row) -> None:
    """Released pieces are the offer's again, and the buyer may have as many more."""
    await execute(
        "UPDATE flash_buyer SET pieces = pieces - $3 WHERE offer_id = $1 AND buyer = $2",
        part["offer_id"],
        part["buyer"],
        part["quantity"],
    )
    await execute(
        "UPDATE flash_bucket b SET available = b.available + $2 FROM flash_offer f"
        " WHERE f.id = $1 AND b.offer_id = f.id AND b.position = $3 % f.buckets",
        part["offer_id"],
        part["quantity"],
        _first_bucket(part["reference"]),
    )


async def take_again(part: Row) -> None:
    """Released pieces are wanted after all, for a payment that came late.

    Raises :class:`SoldOut`, also when the buyer has used up the limit meanwhile.
    """
    limited = await scalar(
        "SELECT 1 FROM flash_buyer WHERE offer_id = $1 AND buyer = $2", part["offer_id"], part["buyer"]
    )
    counted = await execute(
        "UPDATE flash_buyer SET pieces = pieces + $3 WHERE offer_id = $1 AND buyer = $2 AND pieces + $3 <= most",
        part["offer_id"],
        part["buyer"],
        part["quantity"],
    )
    if limited and not counted:
        raise SoldOut(sku=part["code"], left=0)
    lacking = await scalar(
        "SELECT take_of_offer($1, $2, $3)", part["offer_id"], part["quantity"], _first_bucket(part["reference"])
    )
    if lacking is not None:
        raise SoldOut(sku=part["code"], left=lacking)
