"""Hot reads of the catalogue: one SQL statement each, straight into structs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import msgspec

from content.stories.models import StoryChannel
from content.stories.service import ShownStory, shown_story
from kit.clock import china_day, utc_now
from kit.database import Row, rows
from products.calendars import Calendar
from products.drafts import NEEDS_CONFIRMATION
from products.errors import ProductUnknown
from products.gates import GATES_HOLD
from products.price_evidence import lowest_asked
from products.selling import CALENDAR, FLASH, SKU_AVAILABLE, SKU_PRICE
from products.terms import AfterSalesTerms

_BRAND_HOLDS = (
    "SELECT 1 FROM brand_authorisation b WHERE b.product_id = p.id AND b.revoked_at IS NULL"
    " AND $1 BETWEEN b.valid_from AND b.valid_until"
    " AND NOT COALESCE(b.used_pieces >= b.quota_pieces AND b.used_year = EXTRACT(YEAR FROM $1), false)"
)
_RECOGNITION_HOLDS = (
    "SELECT 1 FROM recognised_product r WHERE r.product_id = p.id AND r.revoked_at IS NULL"
    " AND $1 BETWEEN r.valid_from AND r.valid_until"
)
PUBLIC_BRAND = "public_brand"
MARKS = {PUBLIC_BRAND: f"EXISTS ({_BRAND_HOLDS})", "poverty_product": f"EXISTS ({_RECOGNITION_HOLDS})"}
"""The marks a product can carry, each with the condition under which it shows on the day ``$1``."""

# As columns they are scalars: the planner would answer an EXISTS for one page by hashing every mark there is.
BRANDED = f"(({_BRAND_HOLDS} LIMIT 1) IS NOT NULL)"
# Under which authorisation a SKU carries the brand: one without a quota, else the oldest.
_SKU_BRAND = (
    _BRAND_HOLDS.replace("SELECT 1", "SELECT b.number, b.quota_pieces")
    + " AND (b.sku_id IS NULL OR b.sku_id = s.id) ORDER BY b.quota_pieces IS NOT NULL, b.id LIMIT 1"
)
SKU_BRANDED = f"(({_BRAND_HOLDS} AND (b.sku_id IS NULL OR b.sku_id = s.id) LIMIT 1) IS NOT NULL)"
RECOGNISED = f"(({_RECOGNITION_HOLDS} LIMIT 1) IS NOT NULL)"

ON_SALE = (
    "p.state = 'listed' AND m.state = 'approved' AND (m.licence_until IS NULL OR m.licence_until >= $1)"
    f" AND {GATES_HOLD}"
)
"""Who sells may sell today, and nothing that the category demands is missing today."""

_SHIPS_FROM = "CASE WHEN p.ships_from > $1 THEN p.ships_from END AS ships_from"

CERTIFICATES_TODAY = (
    "(SELECT COALESCE(json_agg(json_build_object('kind', kind, 'document', document, 'issuer', issuer,"
    " 'valid_until', valid_until) ORDER BY kind, valid_until), '[]') FROM product_certificate"
    " WHERE product_id = p.id AND state = 'accepted' AND $1 BETWEEN valid_from AND valid_until)::text"
)


class FlashOnPage(msgspec.Struct):
    """A flash offer of a SKU that runs or is announced; ``left`` pieces are not taken."""

    number: str
    price_fen: int
    limit_per_buyer: int | None
    left: int
    starts_at: datetime
    ends_at: datetime


class SkuOnSale(msgspec.Struct):
    """A SKU on a product's page: what it costs now, and how many can be had now.

    ``options`` has one word for each axis of the product. While its ``offer`` runs, price and pieces are the offer's,
    and ``list_price_fen`` is None where it had not stood for a week before: nothing may be compared then.
    What is booked by the day has a ``calendar`` of the next 31 days, the lowest price of its free days, and as many
    places as all of them.
    """

    code: str
    spec: str
    options: list[str]
    price_fen: int
    list_price_fen: int | None
    mass_gram: int
    available: int
    return_policy: str
    offer: FlashOnPage | None
    calendar: Calendar | None


class ClaimedCertificate(msgspec.Struct):
    """A certificate that the county has checked and that is valid today."""

    kind: str
    document: str
    issuer: str
    valid_until: date


class ProductPicture(msgspec.Struct):
    """A picture by its number."""

    number: str
    kind: str


class ProductPage(msgspec.Struct):
    """Everything this room says about a product."""

    code: str
    title: str
    subtitle: str
    description: str
    image: str
    merchant: str
    merchant_name: str
    township: str
    township_name: str
    category: str
    product_class: str
    return_policy: str
    ships_from: date | None
    listed_at: datetime
    marks: list[str]
    certificates: list[ClaimedCertificate]
    pictures: list[ProductPicture]
    axes: list[str]
    skus: list[SkuOnSale]
    story: ShownStory | None


class SkuOffer(msgspec.Struct, frozen=True):
    """What checkout needs to know of a SKU now; ``merchant`` and ``product`` are public numbers.

    ``sub_mchid`` is where the merchant's money lands, as in :class:`merchants.queries.Payee`, and ``commission_bp`` the
    share of it that is agreed today. ``freight_template`` is opaque here; '' is sent for nothing.
    """

    sku: str
    product: str
    merchant: str
    merchant_name: str
    sub_mchid: str | None
    commission_bp: int
    title: str
    spec: str
    image: str
    unit_price_fen: int
    listed: bool
    available: int
    marks: tuple[str, ...]
    payment_window_s: int
    after_sales_window_s: int
    refund_rule: str
    after_sales_terms: AfterSalesTerms
    host_commission_bp: int
    mass_gram: int
    return_policy: str
    freight_template: str
    needs_confirmation: bool
    """The policy holds against the buyer only with a tick at the purchase (domain reference 5)."""
    category: str
    product_class: str
    list_price_fen: int
    offer: str | None
    limit_per_buyer: int | None
    ships_from: date | None
    """The day from which a pre-sale is sent; None once that day has come."""
    brand_quota: str | None = None
    """The authorisation under whose yearly quota the brand is carried; None when there is none."""
    offer_source: str | None = None
    """The source at which alone the ``offer`` is sold; None for an offer of everybody or of a group."""
    offer_starts_at: datetime | None = None
    offer_ends_at: datetime | None = None
    """When the ``offer`` begins and ends, by the server's time."""

    def unbranded(self) -> "SkuOffer":
        """The same without the brand."""
        return msgspec.structs.replace(
            self, marks=tuple(mark for mark in self.marks if mark != PUBLIC_BRAND), brand_quota=None
        )


def marks_of(branded: bool, recognised: bool) -> list[str]:
    """The names of the marks that are carried."""
    return [name for name, carried in zip(MARKS, (branded, recognised), strict=True) if carried]


_OFFER = (
    "CASE WHEN f.number IS NOT NULL THEN json_build_object('number', f.number, 'price_fen', f.price_fen,"
    " 'limit_per_buyer', f.limit_per_buyer, 'left', f.pieces, 'starts_at', f.starts_at, 'ends_at', f.ends_at) END"
)
_LIST_PRICE = f"CASE WHEN f.runs IS NOT TRUE OR {lowest_asked('f.starts_at')} >= s.price_fen THEN s.price_fen END"
_PAGE = f"""
SELECT p.code, p.title, p.subtitle, p.description, p.image, m.number AS merchant, m.name AS merchant_name,
       p.township_id, d.name AS township_name, g.code AS category, g.product_class, p.return_policy, p.listed_at,
       {_SHIPS_FROM}, {BRANDED} AS branded, {RECOGNISED} AS recognised, {CERTIFICATES_TODAY} AS certificates,
       p.pictures::text AS pictures, p.axes::text AS axes,
       (SELECT json_agg(json_build_object('code', s.code, 'spec', s.spec, 'options', s.options,
                        'price_fen', {SKU_PRICE}, 'list_price_fen', {_LIST_PRICE}, 'mass_gram', s.mass_gram,
                        'available', {SKU_AVAILABLE}, 'return_policy', COALESCE(s.return_policy, p.return_policy),
                        'offer', {_OFFER}, 'calendar', {CALENDAR}) ORDER BY s.position)
          FROM sku s {FLASH} WHERE s.product_id = p.id AND s.active)::text AS skus,
       {{story}} AS story
  FROM product p
  JOIN merchant m ON m.id = p.merchant_id
  JOIN category g ON g.id = p.category_id
  JOIN division d ON d.code = p.township_id
 WHERE p.code = ANY($3::text[]) AND {ON_SALE}"""

_PAGES = {
    channel: _PAGE.replace("{story}", shown_story("'product:' || p.code", channel, "$2")) for channel in StoryChannel
}

_read_story = msgspec.json.Decoder(ShownStory).decode
_read_skus = msgspec.json.Decoder(list[SkuOnSale]).decode
_read_certificates = msgspec.json.Decoder(list[ClaimedCertificate]).decode
_read_pictures = msgspec.json.Decoder(list[ProductPicture]).decode
_read_axes = msgspec.json.Decoder(list[str]).decode


async def product_page(
    code: str, now: datetime | None = None, channel: StoryChannel = StoryChannel.PRODUCT_PAGE
) -> ProductPage:
    """One product on sale, with its story for a channel. One query. Raises :class:`ProductUnknown`."""
    found = await product_pages([code], now, channel)
    if code not in found:
        raise ProductUnknown()
    return found[code]


async def product_pages(
    codes: Sequence[str], now: datetime | None = None, channel: StoryChannel = StoryChannel.PRODUCT_PAGE
) -> dict[str, ProductPage]:
    """Those of some products that are on sale, by code, with their stories for a channel. One query."""
    moment = now or utc_now()
    found = await rows(_PAGES[channel], china_day(moment), moment, list(codes))
    return {each["code"]: _page_of(each) for each in found}


def _page_of(found: Row) -> ProductPage:
    return ProductPage(
        found["code"],
        found["title"],
        found["subtitle"],
        found["description"],
        found["image"],
        found["merchant"],
        found["merchant_name"],
        found["township_id"],
        found["township_name"],
        found["category"],
        found["product_class"],
        found["return_policy"],
        found["ships_from"],
        found["listed_at"],
        marks_of(found["branded"], found["recognised"]),
        _read_certificates(found["certificates"]),
        _read_pictures(found["pictures"]),
        _read_axes(found["axes"]),
        _read_skus(found["skus"]),
        _read_story(found["story"]) if found["story"] is not None else None,
    )


_OFFERS = f"""
SELECT s.code, p.code AS product, m.number AS merchant, m.name AS merchant_name, m.sub_mchid, p.title, s.spec, p.image,
       COALESCE((SELECT c.basis_points FROM merchant_commission c WHERE c.merchant_id = m.id AND c.valid_from <= $1
                  ORDER BY c.valid_from DESC LIMIT 1), 0) AS commission_bp,
       s.price_fen, s.active AND {ON_SALE} AS listed, s.available, a.number IS NOT NULL AS branded,
       CASE WHEN a.quota_pieces IS NOT NULL THEN a.number END AS brand_quota, {RECOGNISED} AS recognised,
       y.payment_window_s, y.after_sales_window_s, y.refund_rule, y.after_sales_terms, p.host_commission_bp,
       s.mass_gram, p.freight_template, COALESCE(s.return_policy, p.return_policy) AS return_policy,
       g.code AS category, g.product_class, f.price_fen AS flash_price_fen, f.number AS flash_offer,
       f.limit_per_buyer, f.left_over, f.source AS offer_source, f.starts_at AS offer_starts_at,
       f.ends_at AS offer_ends_at, {_SHIPS_FROM}
  FROM sku s
  JOIN product p ON p.id = s.product_id
  LEFT JOIN category g ON g.id = p.category_id
  JOIN merchant m ON m.id = p.merchant_id
  LEFT JOIN LATERAL ({_SKU_BRAND}) a ON true
  CROSS JOIN LATERAL (
       SELECT payment_window_s, after_sales_window_s, refund_rule, after_sales_terms::text FROM sale_policy
        WHERE code = p.sale_policy AND effective_from <= $3 ORDER BY effective_from DESC LIMIT 1) y
  LEFT JOIN LATERAL (
       SELECT o.number, o.price_fen, o.limit_per_buyer, o.source, o.starts_at, o.ends_at,
              (SELECT sum(available)::bigint FROM flash_bucket WHERE offer_id = o.id) AS left_over
         FROM flash_offer o WHERE o.sku_id = s.id AND o.state = 'open' AND $3 >= o.starts_at AND $3 < o.ends_at
              AND CASE WHEN $4::text IS NOT NULL THEN o.number = $4
                       ELSE o.kind = 'flash' OR o.source = ($5::text[])[array_position($2::text[], s.code::text)] END) f
       ON true
 WHERE s.code = ANY($2::text[])"""


_read_terms = msgspec.json.Decoder(AfterSalesTerms).decode


async def sku_offers(
    sku_codes: Collection[str],
    now: datetime | None = None,
    group_offer: str | None = None,
    sources: Mapping[str, str | None] | None = None,
) -> dict[str, SkuOffer]:
    """The offers of some SKUs by code, listed or not; a code that is unknown is missing. One query.

    With a ``group_offer`` its SKU has its price while it runs, without one a flash offer's, or that of an offer which
    is sold at the source that ``sources`` has for the SKU.
    """
    moment = now or utc_now()
    codes = list(sku_codes)
    seen_at = [(sources or {}).get(code) for code in codes]
    found = await rows(_OFFERS, china_day(moment), codes, moment, group_offer, seen_at)
    for each in found:
        each["list_price_fen"] = each["price_fen"]
        if each["flash_offer"] is not None:
            each["price_fen"], each["available"] = each["flash_price_fen"], each["left_over"]
    return {
        r["code"]: SkuOffer(
            sku=r["code"],
            product=r["product"],
            merchant=r["merchant"],
            merchant_name=r["merchant_name"],
            sub_mchid=r["sub_mchid"],
            commission_bp=r["commission_bp"],
            title=r["title"],
            spec=r["spec"],
            image=r["image"],
            unit_price_fen=r["price_fen"],
            listed=r["listed"],
            available=r["available"],
            marks=tuple(marks_of(r["branded"], r["recognised"])),
            payment_window_s=r["payment_window_s"],
            after_sales_window_s=r["after_sales_window_s"],
            refund_rule=r["refund_rule"],
            after_sales_terms=_read_terms(r["after_sales_terms"]),
            host_commission_bp=r["host_commission_bp"],
            mass_gram=r["mass_gram"],
            return_policy=r["return_policy"],
            freight_template=r["freight_template"],
            needs_confirmation=r["return_policy"] in NEEDS_CONFIRMATION,
            category=r["category"] or "",
            product_class=r["product_class"] or "",
            list_price_fen=r["list_price_fen"],
            offer=r["flash_offer"],
            limit_per_buyer=r["limit_per_buyer"],
            ships_from=r["ships_from"],
            brand_quota=r["brand_quota"],
            offer_source=r["offer_source"],
            offer_starts_at=r["offer_starts_at"],
            offer_ends_at=r["offer_ends_at"],
        )
        for r in found
    }


class StockDifference(msgspec.Struct, frozen=True):
    """A SKU whose stock columns are not what its reservations, movements and open offers say; there should be none."""

    sku: str
    pieces: int
    pieces_moved: int
    reserved: int
    reserved_held: int
    sold: int
    sold_kept: int
    set_aside: int
    set_aside_held: int


_DIFFERENCES = """
SELECT * FROM (
    SELECT s.code AS sku, s.available + s.reserved + s.sold + s.set_aside AS pieces,
           COALESCE((SELECT sum(quantity) FROM stock_movement
                      WHERE sku_id = s.id AND kind = 'stocked'), 0)::bigint AS pieces_moved,
           s.reserved, COALESCE(t.held, 0)::bigint AS reserved_held, s.sold, COALESCE(t.kept, 0)::bigint AS sold_kept,
           s.set_aside, (COALESCE(t.of_offers, 0) + COALESCE((SELECT sum(b.available) FROM flash_bucket b
               JOIN flash_offer f ON f.id = b.offer_id WHERE f.sku_id = s.id), 0))::bigint AS set_aside_held
      FROM sku s LEFT JOIN LATERAL (
           SELECT sum(r.quantity) FILTER (WHERE r.state = 'held' AND o.id IS NULL) AS held,
                  sum(r.quantity - r.returned) FILTER (WHERE r.state = 'sold' AND o.id IS NULL) AS kept,
                  sum(r.quantity - r.returned) FILTER (WHERE r.state <> 'released' AND o.id IS NOT NULL) AS of_offers
             FROM stock_reservation r LEFT JOIN flash_offer o ON o.id = r.offer_id AND o.state = 'open'
            WHERE r.sku_id = s.id) t ON true) c
 WHERE pieces <> pieces_moved OR reserved <> reserved_held OR sold <> sold_kept OR set_aside <> set_aside_held
 ORDER BY sku"""


async def stock_differences() -> list[StockDifference]:
    """The check behind the stock columns and the offers' buckets, for after a fault and for every night."""
    return [StockDifference(**r) for r in await rows(_DIFFERENCES)]
