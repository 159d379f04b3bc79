"""Reads of the catalogue for those who prepare it: any state, with stock and the history of marks."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from kit.database import row, rows
from kit.paging import read_cursor, write_cursor
from products.errors import ProductUnknown


class SkuRecord(msgspec.Struct):
    """A SKU and where its pieces are."""

    code: str
    spec: str
    price_fen: int
    mass_gram: int
    gtin: str | None
    active: bool
    available: int
    reserved: int
    sold: int


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
    return_policy: str
    sale_policy: str
    host_commission_bp: int
    freight_template: str
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
       p.return_policy, p.sale_policy, p.host_commission_bp, p.freight_template, p.state, p.drafted_at, p.submitted_at,
       p.reviewed_at, p.refusal_reason, p.listed_at, p.delisted_at, p.delisted_reason,
       (SELECT json_agg(json_build_object('code', code, 'spec', spec, 'price_fen', price_fen,
               'mass_gram', mass_gram, 'gtin', gtin, 'active', active, 'available', available,
               'reserved', reserved, 'sold', sold) ORDER BY active DESC, position, id)
          FROM sku WHERE product_id = p.id)::text AS skus,
       (SELECT COALESCE(json_agg(mark ORDER BY granted_at), '[]') FROM (
           SELECT granted_at, {_MARK.format(mark="public_brand")} AS mark
             FROM brand_authorisation WHERE product_id = p.id
           UNION ALL
           SELECT granted_at, {_MARK.format(mark="poverty_product")}
             FROM recognised_product WHERE product_id = p.id) granted)::text AS marks
  FROM product p JOIN merchant m ON m.id = p.merchant_id
 WHERE p.code = $1 AND ($2::text IS NULL OR m.number = $2)"""


async def product_dossier(code: str, merchant: str | None = None) -> ProductDossier:
    """One product in any state, of this merchant if one is given. Raises :class:`ProductUnknown`."""
    found = await row(_DOSSIER, code, merchant)
    if found is None:
        raise ProductUnknown()
    found["skus"] = msgspec.json.decode(found["skus"], type=list[SkuRecord])
    found["marks"] = msgspec.json.decode(found["marks"], type=list[MarkRecord])
    return ProductDossier(**found)
