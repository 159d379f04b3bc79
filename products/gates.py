"""What a category demands, as one condition for every read that sells, and as sentences for those who must act.

The condition is SQL, so that a list, a page and a checkout judge the same way in the one statement that they have, and
at the moment of the sale. A merchant's papers count as :func:`merchants.papers.valid_papers` says; a test holds both
together. Sources: domain reference 5 and G05.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from kit.database import row, rows

UNMET = """
  FROM category_requirement q
 WHERE q.category_id IN (c.id, c.parent_id, c.root_id)
   AND q.kind <> 'lot_certificate' AND $1 >= q.effective_from AND (q.effective_until IS NULL OR $1 <= q.effective_until)
   AND NOT CASE q.kind
       WHEN 'certificate' THEN EXISTS (
            SELECT 1 FROM product_certificate f WHERE f.product_id = p.id AND f.state = 'accepted'
               AND q.any_of ? f.kind AND $1 BETWEEN f.valid_from AND f.valid_until)
       ELSE EXISTS (
            SELECT 1 FROM merchant_paper w WHERE w.merchant_id = p.merchant_id AND w.state IN ('accepted', 'expired')
               AND q.any_of ? w.kind AND w.valid_from <= $1 AND (w.valid_until IS NULL OR w.valid_until >= $1))
       END"""
"""What is missing of what the category ``c`` of the product ``p`` demands on the day ``$1``, as the end of a query."""
_UNSEEN_BLADE = """
  FROM sku b
 WHERE c.product_class = 'knife' AND b.product_id = p.id AND b.active
   AND NOT EXISTS (SELECT 1 FROM knife_facts k WHERE k.sku_id = b.id AND k.reviewed_at IS NOT NULL)"""

GATES_HOLD = (
    "EXISTS (SELECT 1 FROM category c WHERE c.id = p.category_id"
    f" AND NOT EXISTS (SELECT 1 {UNMET})"
    # A scalar, because the planner would answer an EXISTS for one page by hashing every SKU there is; and no IS NULL,
    # which it takes for rare, so that it would rather sort the whole shelf than walk its beginning.
    f" AND COALESCE((SELECT false {_UNSEEN_BLADE} LIMIT 1), true))"
)
"""On the day ``$1`` nothing that the category of the product ``p`` demands is missing."""

MISSING = f"""(
SELECT COALESCE(json_agg(g.missing), '[]') FROM (
  SELECT json_build_object('kind', q.kind, 'any_of', q.any_of, 'sku', NULL) AS missing
    FROM category c CROSS JOIN LATERAL (SELECT q.kind, q.any_of {UNMET}) q WHERE c.id = p.category_id
  UNION ALL
  SELECT json_build_object('kind', 'knife_review', 'any_of', '[]'::json, 'sku', b.code)
    FROM category c CROSS JOIN LATERAL (SELECT b.code {_UNSEEN_BLADE}) b WHERE c.id = p.category_id
  UNION ALL
  SELECT json_build_object('kind', 'category', 'any_of', '[]'::json, 'sku', NULL) WHERE p.category_id IS NULL
  UNION ALL
  SELECT json_build_object('kind', 'merchant', 'any_of', '[]'::json, 'sku', NULL)
   WHERE NOT (m.state = 'approved' AND (m.licence_until IS NULL OR m.licence_until >= $1))) g)::text"""
"""What keeps the product ``p`` of the merchant ``m`` from being sold on the day ``$1``, as JSON."""

LOT_CERTIFICATE_DUE = (
    "EXISTS (SELECT 1 FROM product p JOIN category c ON c.id = p.category_id"
    " JOIN category_requirement q ON q.category_id IN (c.id, c.parent_id, c.root_id)"
    " WHERE p.code = {product} AND q.kind = 'lot_certificate' AND {day} >= q.effective_from"
    " AND (q.effective_until IS NULL OR {day} <= q.effective_until))"
)
"""Every lot of a product needs a certificate of conformity on a day, by the dated rows of its category (domain
reference 3.5: vegetables, fruit, fresh tea, livestock, eggs and farmed fish since 2026-02-01)."""


class Missing(msgspec.Struct, frozen=True):
    """One thing that is missing: a paper of the merchant or a certificate, one of ``any_of``; the review of a blade
    (``sku``); a category; or the merchant's own permission to trade.
    """

    kind: str
    any_of: list[str]
    sku: str | None


read_missing = msgspec.json.Decoder(list[Missing]).decode


async def missing_for(product_id: int, day: date) -> list[Missing]:
    """What keeps a product from being sold on a day; nothing when it may be."""
    found = await row(
        f"SELECT {MISSING} AS missing FROM product p JOIN merchant m ON m.id = p.merchant_id WHERE p.id = $2",
        day,
        product_id,
    )
    return read_missing(found["missing"]) if found else []


async def missing_for_skus(codes: Sequence[str], day: date) -> dict[str, list[Missing]]:
    """The same of the products of some SKUs, by the SKU's code; one that nobody knows is absent. One query."""
    found = await rows(
        f"SELECT s.code, {MISSING} AS missing FROM sku s JOIN product p ON p.id = s.product_id"
        " JOIN merchant m ON m.id = p.merchant_id WHERE s.code = ANY($2::text[])",
        day,
        list(codes),
    )
    return {each["code"]: read_missing(each["missing"]) for each in found}
