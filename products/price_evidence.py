"""Whether the price that a reduction is measured by has stood, from the history of prices (live reference 5).

A reduction that names no other base is measured by the lowest price at which the seller sold in the seven days
before it (《规范促销行为暂行规定》, in force since 2020-12-01, as the press tells it; its text was not read). The house
asks for more: for a week nothing was asked or sold below the list price, under whichever offer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from kit.database import rows

STANDING = timedelta(days=7)
_WEEK = f"interval '{STANDING.days} days'"
AHEAD = timedelta(days=1)
"""Reductions that begin within a day of a moment count for it."""


def lowest_asked(at: str) -> str:
    """The lowest that a SKU ``s`` was asked or sold for in the week before a moment, both as they stand in SQL."""
    return (
        "LEAST(s.price_fen, (SELECT min(c.old_price_fen) FROM price_change c"
        f" WHERE c.sku_id = s.id AND c.changed_at > {at} - {_WEEK}),"
        " (SELECT min(o.price_fen) FROM flash_offer o WHERE o.sku_id = s.id AND o.state = 'ended'"
        f" AND o.starts_at < {at} AND least(o.ended_at, o.ends_at) > {at} - {_WEEK}"
        " AND EXISTS (SELECT FROM stock_reservation r WHERE r.offer_id = o.id AND r.state = 'sold')))"
    )


SHOWN_LIST_PRICE = f"CASE WHEN {lowest_asked('f.starts_at')} >= f.list_price_fen THEN f.list_price_fen END"
"""The list price beside an offer ``f`` of a SKU ``s``: none where a week before it began less was asked or sold."""


class PriceEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The list price of a SKU, since when it stands (None: since it was made), and the lowest of the week before.

    The lowest is that of list prices and of offers that are over under which a piece was sold: flash, group or in a
    live room. ``is_reduced``: a flash offer runs at the moment in question or begins within a day of it. All in fen.
    """

    sku: str
    list_price_fen: int
    standing_since: datetime | None
    lowest_fen: int
    is_reduced: bool

    @property
    def has_stood(self) -> bool:
        """The list price may be shown beside a lower one: for a week nothing was asked or sold below it."""
        return self.lowest_fen >= self.list_price_fen

    @property
    def is_proved(self) -> bool:
        """Nothing is offered below a price that has not stood."""
        return not self.is_reduced or self.has_stood


async def price_evidence(codes: Sequence[str], moment: datetime) -> dict[str, PriceEvidence]:
    """The evidence of some SKUs for a moment, by code; one that nobody knows is absent. One query."""
    return await price_evidence_at(dict.fromkeys(codes, moment))


async def price_evidence_at(moments: Mapping[str, datetime]) -> dict[str, PriceEvidence]:
    """The same with a moment for each SKU: of a reduction that runs, when it began. One query."""
    found = await rows(
        "SELECT s.code AS sku, s.price_fen AS list_price_fen,"
        " (SELECT max(c.changed_at) FROM price_change c WHERE c.sku_id = s.id) AS standing_since,"
        f" {lowest_asked('asked.at')} AS lowest_fen,"
        " EXISTS (SELECT FROM flash_offer o WHERE o.sku_id = s.id AND o.kind = 'flash' AND o.state = 'open'"
        "   AND o.starts_at < asked.at + $3::interval AND o.ends_at > asked.at) AS is_reduced"
        " FROM unnest($1::text[], $2::timestamptz[]) AS asked (code, at) JOIN sku s ON s.code = asked.code",
        list(moments),
        list(moments.values()),
        AHEAD,
    )
    return {each["sku"]: PriceEvidence(**each) for each in found}
