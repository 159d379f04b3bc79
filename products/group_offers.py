"""Group offers: a SKU at another price for those who buy it together (plan item P02, products straight to communities).

They are flash offers for a group: pieces of their own, set aside until they end. Their SKU is sold at its own price at
the same time. Who is in which group is not known here (``orders.groups``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from places.queries import pickup_point
from products.errors import OfferInvalid, OfferOver, OfferUnknown
from products.offer_models import OfferKind
from products.offers import Offers, OfferTerms, OpenOffer
from products.price_evidence import SHOWN_LIST_PRICE
from products.queries import ON_SALE

MAX_SITES = 20
MAX_BUYERS = 500
"""A group is formed by as many at most, and takes twice as many orders (``orders.groups``)."""
SHORTEST_S, LONGEST_S = 600, 2_592_000


class GroupPromise(msgspec.Struct, frozen=True, kw_only=True):
    """When a group is formed: ``min_buyers`` have paid and ``min_pieces`` are paid for.

    A group has ``form_within_s`` from its opening, but never longer than the offer runs. ``sites`` are the codes of the
    pick-up places of communities, each with a group of its own; without any the goods are sent.
    """

    min_buyers: int
    min_pieces: int
    form_within_s: int
    sites: tuple[str, ...] = ()


class GroupOffer(OpenOffer, frozen=True, kw_only=True):
    """A group offer, open or ended, as everybody may see it."""

    merchant_name: str
    min_buyers: int
    min_pieces: int
    form_within_s: int
    sites: list[str]
    end_reason: str | None


_ENDS = "(extract(epoch FROM f.ends_at) * 1000000)::bigint"
_SHOW = f"""
SELECT f.id, {_ENDS} AS ends, f.number AS offer, s.code AS sku, p.code AS product, m.number AS merchant,
       m.name AS merchant_name, p.title, s.spec, p.image, f.price_fen,
       {SHOWN_LIST_PRICE} AS list_price_fen, f.limit_per_buyer,
       f.pieces, f.starts_at, f.ends_at, f.state,
       t.min_buyers, t.min_pieces, t.form_within_s, t.sites::text AS sites, t.end_reason,
       (SELECT sum(available) FROM flash_bucket WHERE offer_id = f.id)::bigint AS left
  FROM group_terms t JOIN flash_offer f ON f.id = t.offer_id JOIN sku s ON s.id = f.sku_id
  JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"""


@dataclass(frozen=True)
class GroupOffers:
    """Publishes and ends group offers. What becomes of their groups is decided elsewhere."""

    offers: Offers
    clock: Clock = utc_now

    async def publish(self, sku: str, terms: OfferTerms, promise: GroupPromise, by: str, merchant: str) -> str:
        """Set a merchant's pieces aside for groups; answers the offer's number. Joins an open transaction.

        Nothing of it can be changed afterwards. Raises as :meth:`Offers.open` does, and SiteNotOpen.
        """
        _check(terms, promise)
        for site in promise.sites:
            await pickup_point(site)
        async with transaction():
            number = await self.offers.open(sku, terms, by, merchant, OfferKind.GROUP)
            await row(
                "INSERT INTO group_terms (offer_id, min_buyers, min_pieces, form_within_s, sites)"
                " SELECT id, $2, $3, $4, $5::jsonb FROM flash_offer WHERE number = $1 RETURNING id",
                number,
                promise.min_buyers,
                promise.min_pieces,
                promise.form_within_s,
                msgspec.json.encode(promise.sites).decode(),
            )
        return number

    async def end(self, offer: str, reason: str, by: str, merchant: str | None = None) -> None:
        """End an offer before its time, with a reason that everybody reads; repeating it changes nothing.

        ``merchant`` None ends any merchant's. Raises :class:`OfferUnknown`.
        """
        await group_offer(offer, merchant)
        await execute(
            "UPDATE group_terms t SET end_reason = $2 FROM flash_offer f WHERE f.id = t.offer_id AND f.number = $1"
            " AND f.state = 'open' AND t.end_reason IS NULL",
            offer,
            reason,
        )
        await self.offers.end(offer, by, merchant, OfferKind.GROUP)


async def group_offer(offer: str, merchant: str | None = None) -> GroupOffer:
    """One group offer in any state. One query. Raises :class:`OfferUnknown`."""
    found = await rows(f"{_SHOW} WHERE f.number = $1 AND ($2::text IS NULL OR m.number = $2)", offer, merchant)
    if not found:
        raise OfferUnknown()
    return _read(found)[0]


async def running_offer(offer: str, now: datetime) -> GroupOffer:
    """The same, while one may buy under it. Raises :class:`OfferUnknown` and :class:`OfferOver`."""
    found = await group_offer(offer)
    if found.state != "open" or not found.starts_at <= now < found.ends_at:
        raise OfferOver(offer=offer, sku=found.sku)
    return found


async def group_offers(
    site: str | None,
    now: datetime | None = None,
    product: str | None = None,
    cursor: str | None = None,
    limit: int = MAX_PAGE,
) -> tuple[list[GroupOffer], str | None]:
    """Group offers that run now and are on sale, the one that ends first leading; of one place or product, or all.

    One query; answers the cursor of the next page too. Raises CursorInvalid.
    """
    moment = now or utc_now()
    after, limit = read_cursor(cursor, _Ending) if cursor else _Ending(0, 0), min(limit, MAX_PAGE)
    found = await rows(
        f"{_SHOW} JOIN category g ON g.id = p.category_id WHERE f.state = 'open' AND f.starts_at <= $2"
        f" AND f.ends_at > $2 AND s.active AND {ON_SALE} AND ($3::text IS NULL OR t.sites ? $3)"
        f" AND ($5::text IS NULL OR p.code = $5) AND ({_ENDS}, f.id) > ($6, $7)"
        f" ORDER BY {_ENDS}, f.id LIMIT $4",
        china_day(moment),
        moment,
        site,
        limit + 1,
        product,
        after.ends,
        after.id,
    )
    last = found[limit - 1] if len(found) > limit else None
    return _read(found[:limit]), write_cursor(last["ends"], last["id"]) if last else None


async def group_offers_of(
    merchant: str | None, cursor: str | None = None, limit: int = MAX_PAGE
) -> tuple[list[GroupOffer], str | None]:
    """A merchant's group offers, or everybody's, newest first, ended ones included, and the cursor of the next page.

    One query. Raises CursorInvalid.
    """
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_SHOW} WHERE ($1::text IS NULL OR m.number = $1) AND f.id < $2 ORDER BY f.id DESC LIMIT $3",
        merchant,
        read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1,
        limit + 1,
    )
    return _read(found[:limit]), write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


class _Ending(msgspec.Struct, array_like=True):
    ends: int
    id: int


def _read(found: Sequence[dict[str, object]]) -> list[GroupOffer]:
    shown = [{name: each[name] for name in GroupOffer.__struct_fields__} for each in found]
    return [GroupOffer(**{**each, "sites": msgspec.json.decode(str(each["sites"]))}) for each in shown]


def _check(terms: OfferTerms, promise: GroupPromise) -> None:
    rules = {
        "min_buyers": 1 <= promise.min_buyers <= min(MAX_BUYERS, terms.pieces),
        "min_pieces": 1 <= promise.min_pieces <= terms.pieces and promise.min_buyers + promise.min_pieces > 2,
        "form_within_s": SHORTEST_S <= promise.form_within_s <= LONGEST_S,
        "sites": len(set(promise.sites)) == len(promise.sites) <= MAX_SITES,
    }
    for member, holds in rules.items():
        if not holds:
            raise OfferInvalid(member=member)
