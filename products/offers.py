"""Offers: a SKU at another price, for a time, with pieces of its own that are set aside out of the SKU's stock.

The pieces of an open offer lie in buckets, so a thousand buyers queue at several rows instead of one (commerce
reference 4). While an offer is open its SKU is sold at its price or not at all. When it ends, everything it still
holds becomes the SKU's: the rest is available again, what is reserved or sold under it counts with the SKU's own.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from products.catalogue_models import ProductClass
from products.errors import OfferInvalid, OfferOver, OfferTaken, OfferUnknown, SkuUnknown, SoldOut
from products.offer_models import OFFER_TRANSITIONS, OfferKind, OfferState
from products.offer_pieces import MAX_BUCKETS
from products.price_evidence import SHOWN_LIST_PRICE

MAX_PIECES = 1_000_000
MAX_LISTED = 100
BY_TIME = "time"


class OfferTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer promises: ``price_fen`` for each of ``pieces``; ``limit_per_buyer`` None for no limit."""

    price_fen: int
    pieces: int
    starts_at: datetime
    ends_at: datetime
    limit_per_buyer: int | None = None


class OpenOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as buyers and its merchant see it; ``left`` pieces are not taken.

    ``list_price_fen`` is None where it had not stood for a week before the offer: nothing may be compared then.
    """

    offer: str
    sku: str
    product: str
    merchant: str
    title: str
    spec: str
    image: str
    price_fen: int
    list_price_fen: int | None
    limit_per_buyer: int | None
    pieces: int
    left: int
    starts_at: datetime
    ends_at: datetime
    state: OfferState


_OPEN = """
WITH taken AS (
    UPDATE sku SET available = available - $2, set_aside = set_aside + $2
     WHERE id = $1 AND available >= $2 RETURNING id, price_fen),
opened AS (
    INSERT INTO flash_offer (number, kind, sku_id, price_fen, list_price_fen, pieces, buckets, limit_per_buyer,
           starts_at, ends_at, state, opened_at, opened_by, source)
    SELECT $3, $11, id, $4, price_fen, $2, $5, $6, $7, $8, 'open', $9, $10, $12 FROM taken RETURNING id),
dealt AS (
    INSERT INTO flash_bucket (offer_id, position, available)
    SELECT o.id, n, $2 / $5 + CASE WHEN n < $2 % $5 THEN 1 ELSE 0 END FROM opened o, generate_series(0, $5 - 1) AS n),
noted AS (
    INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
    SELECT id, 'set_aside', $2, $3, $9 FROM taken)
SELECT id FROM opened"""

_ADD = """
WITH held AS (
    SELECT id FROM flash_bucket WHERE offer_id = $1 ORDER BY position FOR UPDATE),
locked AS (
    SELECT count(*) AS buckets FROM held),
taken AS (
    UPDATE sku SET available = available - $3, set_aside = set_aside + $3
      FROM locked WHERE id = $2 AND available >= $3 RETURNING id),
dealt AS (
    UPDATE flash_bucket b SET available = b.available + $3 / l.buckets
           + CASE WHEN b.position < $3 % l.buckets THEN 1 ELSE 0 END
      FROM locked l, taken WHERE b.offer_id = $1),
counted AS (
    UPDATE flash_offer SET pieces = pieces + $3 FROM taken WHERE flash_offer.id = $1),
noted AS (
    INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
    SELECT id, 'set_aside', $3, $4, $5 FROM taken)
SELECT id FROM taken"""

_HELD = """
SELECT COALESCE(sum(quantity) FILTER (WHERE state = 'held'), 0)::bigint AS held,
       COALESCE(sum(quantity - returned) FILTER (WHERE state = 'sold'), 0)::bigint AS kept
  FROM stock_reservation WHERE offer_id = $1"""

_END = """
WITH emptied AS (UPDATE flash_bucket SET available = 0 WHERE offer_id = $1),
ended AS (
    UPDATE flash_offer SET state = 'ended', ended_at = $6, ended_by = $7, returned = $3 WHERE id = $1),
given AS (
    UPDATE sku SET available = available + $3, reserved = reserved + $4, sold = sold + $5,
           set_aside = set_aside - $3 - $4 - $5 WHERE id = $2)
INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
SELECT $2, 'returned', $3, number, $6 FROM flash_offer WHERE id = $1 AND $3 > 0"""

_SHOW = f"""
SELECT f.number AS offer, s.code AS sku, p.code AS product, m.number AS merchant, p.title, s.spec, p.image,
       f.price_fen, {SHOWN_LIST_PRICE} AS list_price_fen, f.limit_per_buyer, f.pieces, f.starts_at, f.ends_at, f.state,
       (SELECT sum(available) FROM flash_bucket WHERE offer_id = f.id)::bigint AS left
  FROM flash_offer f JOIN sku s ON s.id = f.sku_id JOIN product p ON p.id = s.product_id
  JOIN merchant m ON m.id = p.merchant_id"""


@dataclass(frozen=True)
class Offers:
    """Opens and ends offers. ``merchant`` limits a caller to that merchant's SKUs: others do not exist."""

    clock: Clock = utc_now

    async def open(
        self,
        sku: str,
        terms: OfferTerms,
        by: str,
        merchant: str | None = None,
        kind: OfferKind = OfferKind.FLASH,
        source: str | None = None,
    ) -> str:
        """Set pieces of a SKU aside at a price of their own; answers the offer's number. Joins an open transaction.

        One of the kind LIVE has the ``source`` at which alone it is sold.

        Raises :class:`SkuUnknown`, :class:`OfferInvalid` (also when the price is not below the SKU's, and for a booked
        service, which has its calendar's prices), :class:`OfferTaken` while another offer of the SKU is open,
        :class:`SoldOut` when fewer pieces are there.
        """
        now = self.clock()
        _check(terms, now)
        async with transaction():
            found = await row(
                "SELECT s.id, s.price_fen, s.available, g.product_class FROM sku s"
                " JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"
                " LEFT JOIN category g ON g.id = p.category_id"
                " WHERE s.code = $1 AND ($2::text IS NULL OR m.number = $2) AND s.active FOR NO KEY UPDATE OF s",
                sku,
                merchant,
            )
            if found is None:
                raise SkuUnknown(sku=sku)
            if found["product_class"] == ProductClass.VOUCHER:
                raise OfferInvalid(member="sku")
            if terms.price_fen >= found["price_fen"]:
                raise OfferInvalid(member="price_fen")
            if (kind is OfferKind.LIVE) != (source is not None):
                raise ValueError("an offer of one source, and no other, says which")
            number = public_number(now, "F")
            try:
                async with transaction():
                    opened = await scalar(
                        _OPEN, found["id"], terms.pieces, number, terms.price_fen, min(MAX_BUCKETS, terms.pieces),
                        terms.limit_per_buyer, terms.starts_at, terms.ends_at, now, by, kind.value, source,
                    )  # fmt: skip
            except IntegrityError:
                raise OfferTaken(sku=sku) from None
            if opened is None:
                raise SoldOut(sku=sku, left=found["available"])
        return number

    async def add(self, offer: str, pieces: int, reason: str) -> None:
        """Set more pieces of the SKU aside under an offer that runs; the movement bears the ``reason``.

        Raises :class:`OfferInvalid` for a number of pieces that an offer cannot have, :class:`OfferOver`, and
        :class:`SoldOut` when the SKU has fewer.
        """
        now = self.clock()
        async with transaction():
            # Buyers inside go on; the end of the offer waits.
            found = await row(
                "SELECT f.id, f.sku_id, f.pieces, f.state, f.ends_at, s.code FROM flash_offer f"
                " JOIN sku s ON s.id = f.sku_id WHERE f.number = $1 FOR NO KEY UPDATE OF f",
                offer,
            )
            if found is None or found["state"] != OfferState.OPEN or found["ends_at"] <= now:
                raise OfferOver(offer=offer)
            if pieces < 1 or found["pieces"] + pieces > MAX_PIECES:
                raise OfferInvalid(member="pieces")
            if await scalar(_ADD, found["id"], found["sku_id"], pieces, reason[:64], now) is None:
                left = await scalar("SELECT available FROM sku WHERE id = $1", found["sku_id"])
                raise SoldOut(sku=found["code"], left=left)

    async def end(self, offer: str, by: str, merchant: str | None = None, kind: OfferKind | None = None) -> None:
        """End an offer now, of one ``kind`` or of any; what it still holds becomes the SKU's.

        Repeating it changes nothing. Raises :class:`OfferUnknown`.
        """
        now = self.clock()
        async with transaction():
            # Nobody new comes in from here on, so that the wait below is for those who are inside.
            await execute(
                "UPDATE flash_offer SET ends_at = $2 WHERE number = $1 AND state = 'open' AND starts_at < $2"
                " AND ends_at > $2 AND ($4::text IS NULL OR kind = $4)"
                " AND ($3::text IS NULL OR EXISTS (SELECT 1 FROM sku s JOIN product p ON p.id = s.product_id"
                " JOIN merchant m ON m.id = p.merchant_id WHERE s.id = flash_offer.sku_id AND m.number = $3))",
                offer,
                now,
                merchant,
                kind and kind.value,
            )
        async with transaction():
            found = await row(
                "SELECT f.id, f.sku_id, f.state FROM flash_offer f JOIN sku s ON s.id = f.sku_id JOIN product p"
                " ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"
                " WHERE f.number = $1 AND ($2::text IS NULL OR m.number = $2) AND ($3::text IS NULL OR f.kind = $3)"
                " FOR UPDATE OF f",
                offer,
                merchant,
                kind and kind.value,
            )
            if found is None:
                raise OfferUnknown()
            if OfferState.ENDED not in OFFER_TRANSITIONS[OfferState(found["state"])]:
                return
            rest = await scalar("SELECT sum(available)::bigint FROM flash_bucket WHERE offer_id = $1", found["id"])
            kept = await row(_HELD, found["id"])
            assert kept is not None
            await execute(_END, found["id"], found["sku_id"], rest, kept["held"], kept["kept"], now, by)

    async def end_due(self, limit: int = 50) -> int:
        """End the offers whose time is over; answers how many."""
        due = await rows(
            "SELECT number FROM flash_offer WHERE state = 'open' AND ends_at <= $1 ORDER BY ends_at LIMIT $2",
            self.clock(),
            limit,
        )
        for found in due:
            await self.end(found["number"], BY_TIME)
        return len(due)


async def end_of(offer: str) -> tuple[datetime, str]:
    """When an ended offer was over, its time included, and who ended it. Raises :class:`OfferUnknown`."""
    found = await row(
        "SELECT least(ended_at, ends_at) AS at, ended_by FROM flash_offer WHERE number = $1 AND state = 'ended'", offer
    )
    if found is None:
        raise OfferUnknown()
    return found["at"], found["ended_by"]


async def open_offers(merchant: str | None = None, now: datetime | None = None) -> list[OpenOffer]:
    """Flash offers that are open, the one that ends first leading. One query; at most 100.

    With a merchant every open one of its own; else those of products on sale.
    """
    return [
        OpenOffer(**{**found, "state": OfferState(found["state"])})
        for found in await rows(
            f"{_SHOW} WHERE f.kind = 'flash' AND f.state = 'open' AND f.ends_at > $1"
            " AND (m.number = $2 OR $2::text IS NULL AND p.state = 'listed' AND m.state = 'approved' AND s.active)"
            " ORDER BY f.ends_at, f.id LIMIT $3",
            now or utc_now(),
            merchant,
            MAX_LISTED,
        )
    ]


async def offer_of(offer: str, merchant: str | None = None) -> OpenOffer:
    """One flash offer in any state. One query. Raises :class:`OfferUnknown`."""
    found = await row(
        f"{_SHOW} WHERE f.kind = 'flash' AND f.number = $1 AND ($2::text IS NULL OR m.number = $2)", offer, merchant
    )
    if found is None:
        raise OfferUnknown()
    return OpenOffer(**{**found, "state": OfferState(found["state"])})


def _check(terms: OfferTerms, now: datetime) -> None:
    rules = {
        "price_fen": terms.price_fen >= 1,
        "pieces": 1 <= terms.pieces <= MAX_PIECES,
        "limit_per_buyer": terms.limit_per_buyer is None or 1 <= terms.limit_per_buyer <= 10_000,
        "ends_at": terms.ends_at > max(terms.starts_at, now),
    }
    for member, holds in rules.items():
        if not holds:
            raise OfferInvalid(member=member)
