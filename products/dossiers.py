"""Reads of the catalogue for those who prepare it: any state, with stock and the history of marks."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from kit.clock import china_day, utc_now
from kit.database import row, rows
from kit.paging import read_cursor, write_cursor
from products.errors import ProductUnknown
from products.gates import MISSING, Missing, read_missing
from products.queries import ProductPicture


class BladeRecord(msgspec.Struct):
    """The measures of a blade and the county's word on it."""

    form: str
    blade_mm: int
    tip_degrees: int
    tip_radius_um: int
    sharpened: bool
    has_groove: bool
    has_guard: bool
    has_lock: bool
    allowed: bool
    reviewed_at: datetime | None
    review_document: str | None


class DecisionRecord(msgspec.Struct):
    """One step of the product's way to the shelf and off it."""

    state: str
    decided_at: datetime
    decided_by: str
    reason: str | None


class SkuRecord(msgspec.Struct):
    """A SKU and where its pieces are."""

    code: str
    spec: str
    options: list[str]
    price_fen: int
    mass_gram: int
    gtin: str | None
    return_policy: str | None
    active: bool
    available: int
    reserved: int
    sold: int
    blade: BladeRecord | None


class MarkRecord(msgspec.Struct):
    """One grant of a mark and, if so, its end."""

    number: str
    mark: str
    document: str
    valid_from: date
    valid_until: date
    revoked_at: datetime | None
    revocation_reason: str | None


class ProductSummary(msgspec.Struct):
    """A product in a list of any state."""

    code: str
    title: str
    merchant: str
    merchant_name: str
    township: str
    state: str
    submitted_at: datetime | None
    listed_at: datetime | None


class ProductDossier(msgspec.Struct):
    """Everything about a product."""

    code: str
    title: str
    subtitle: str
    description: str
    image: str
    merchant: str
    township: str
    category: str | None
    pictures: list[ProductPicture]
    axes: list[str]
    return_policy: str
    sale_policy: str
    host_commission_bp: int
    freight_template: str
    ships_from: date | None
    state: str
    drafted_at: datetime
    submitted_at: datetime | None
    reviewed_at: datetime | None
    refusal_reason: str | None
    listed_at: datetime | None
    delisted_at: datetime | None
    delisted_reason: str | None
    skus: list[SkuRecord]
    marks: list[MarkRecord]
    missing: list[Missing]
    """What keeps it from being sold today; empty when nothing does."""
    decisions: list[DecisionRecord]


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


async def product_summaries(
    merchant: str | None, state: str | None, cursor: str | None, limit: int
) -> tuple[list[ProductSummary], str | None]:
    """Products of one merchant or of all, newest first, and the cursor of the next page. One query."""
    found = await rows(
        "SELECT p.id, p.code, p.title, m.number AS merchant, m.name AS merchant_name,"
        " p.township_id AS township, p.state, p.submitted_at, p.listed_at"
        " FROM product p JOIN merchant m ON m.id = p.merchant_id"
        " WHERE p.id < $1 AND ($2::text IS NULL OR m.number = $2) AND ($3::text IS NULL OR p.state = $3)"
        " ORDER BY p.id DESC LIMIT $4",
        read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
        merchant,
        state,
        limit + 1,
    )
    page = [ProductSummary(**{name: r[name] for name in ProductSummary.__struct_fields__}) for r in found]
    return page[:limit], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


_MARK = (
    "json_build_object('number', number, 'mark', '{mark}', 'document', document, 'valid_from', valid_from,"
    " 'valid_until', valid_until, 'revoked_at', revoked_at, 'revocation_reason', revocation_reason)"
)
_DOSSIER = f"""
SELECT p.code, p.title, p.subtitle, p.description, p.image, m.number AS merchant, p.township_id AS township,
       g.code AS category, p.pictures::text AS pictures, p.axes::text AS axes,
       p.return_policy, p.sale_policy, p.host_commission_bp, p.freight_template, p.ships_from, p.state, p.drafted_at,
       p.submitted_at, p.reviewed_at, p.refusal_reason, p.listed_at, p.delisted_at, p.delisted_reason,
       (SELECT json_agg(json_build_object('code', s.code, 'spec', s.spec, 'options', s.options,
               'price_fen', s.price_fen, 'mass_gram', s.mass_gram, 'gtin', s.gtin, 'return_policy', s.return_policy,
               'active', s.active, 'available', s.available, 'reserved', s.reserved, 'sold', s.sold,
               'blade', CASE WHEN k.id IS NOT NULL THEN to_jsonb(k) END) ORDER BY s.active DESC, s.position, s.id)
          FROM sku s LEFT JOIN knife_facts k ON k.sku_id = s.id WHERE s.product_id = p.id)::text AS skus,
       {MISSING} AS missing,
       (SELECT COALESCE(json_agg(json_build_object('state', state, 'decided_at', decided_at, 'decided_by', decided_by,
               'reason', reason) ORDER BY id), '[]') FROM listing_decision WHERE product_id = p.id)::text AS decisions,
       (SELECT COALESCE(json_agg(mark ORDER BY granted_at), '[]') FROM (
           SELECT granted_at, {_MARK.format(mark="public_brand")} AS mark
             FROM brand_authorisation WHERE product_id = p.id
           UNION ALL
           SELECT granted_at, {_MARK.format(mark="poverty_product")}
             FROM recognised_product WHERE product_id = p.id) granted)::text AS marks
  FROM product p JOIN merchant m ON m.id = p.merchant_id LEFT JOIN category g ON g.id = p.category_id
 WHERE p.code = $2 AND ($3::text IS NULL OR m.number = $3)"""


async def product_dossier(code: str, merchant: str | None = None, now: datetime | None = None) -> ProductDossier:
    """One product in any state, of this merchant if one is given. Raises :class:`ProductUnknown`."""
    found = await row(_DOSSIER, china_day(now or utc_now()), code, merchant)
    if found is None:
        raise ProductUnknown()
    found["skus"] = msgspec.json.decode(found["skus"], type=list[SkuRecord])
    found["missing"] = read_missing(found["missing"])
    found["decisions"] = msgspec.json.decode(found["decisions"], type=list[DecisionRecord])
    found["pictures"] = msgspec.json.decode(found["pictures"], type=list[ProductPicture])
    found["axes"] = msgspec.json.decode(found["axes"], type=list[str])
    found["marks"] = msgspec.json.decode(found["marks"], type=list[MarkRecord])
    return ProductDossier(**found)
