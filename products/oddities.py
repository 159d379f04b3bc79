"""What is on the shelf and should not be: told by codes alone, judged by who looks after it."""

from datetime import date

import msgspec

from kit.database import rows
from products.gates import UNMET


class RunOut(msgspec.Struct, frozen=True, kw_only=True):
    """A listed product lacks a paper that its category demands, and the last one has run out; nobody can buy it."""

    product: str
    merchant: str
    kind: str
    ran_out_on: date


class ForbiddenBlade(msgspec.Struct, frozen=True, kw_only=True):
    """A listed SKU whose measures say that it may not be sold here, such as a long knife under another category."""

    product: str
    merchant: str
    sku: str
    form: str
    blade_mm: int


async def run_out_papers(day: date) -> list[RunOut]:
    """Listed products whose certificate, or whose merchant's paper, was valid once and is not on a day."""
    found = await rows(
        "SELECT p.code AS product, m.number AS merchant, u.kind, max(h.valid_until) AS ran_out_on FROM product p"
        " JOIN merchant m ON m.id = p.merchant_id JOIN category c ON c.id = p.category_id"
        f" CROSS JOIN LATERAL (SELECT q.kind, q.any_of {UNMET}) AS u"
        " JOIN LATERAL (SELECT f.valid_until FROM product_certificate f WHERE u.kind = 'certificate'"
        " AND f.product_id = p.id AND f.state = 'accepted' AND u.any_of ? f.kind UNION ALL"
        " SELECT w.valid_until FROM merchant_paper w WHERE u.kind = 'merchant_paper' AND w.merchant_id = m.id"
        " AND w.state IN ('accepted', 'expired') AND u.any_of ? w.kind) AS h ON h.valid_until < $1"
        " WHERE p.state = 'listed' GROUP BY 1, 2, 3 ORDER BY 1, 3",
        day,
    )
    return [RunOut(**each) for each in found]


async def forbidden_blades() -> list[ForbiddenBlade]:
    """Listed SKUs that no review could let pass (domain reference 5)."""
    found = await rows(
        "SELECT p.code AS product, m.number AS merchant, s.code AS sku, k.form, k.blade_mm FROM knife_facts k"
        " JOIN sku s ON s.id = k.sku_id JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"
        " WHERE NOT k.allowed AND s.active AND p.state = 'listed' ORDER BY 1, 3"
    )
    return [ForbiddenBlade(**each) for each in found]
