"""The history of a SKU's stock, for its merchant and the county."""

from datetime import datetime
from typing import Annotated

import msgspec

from kit.database import rows, scalar
from kit.paging import read_cursor, write_cursor
from products.errors import SkuUnknown


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Movement(msgspec.Struct, frozen=True):
    """One change; ``reference`` is what it was for, an order or a note."""

    kind: str
    quantity: int
    reference: str
    moved_at: datetime


async def stock_movements(
    sku: str, merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[Movement], str | None]:
    """Movements of a SKU, of this merchant if one is given, newest first, and the cursor of the next page.

    Two queries. Raises :class:`SkuUnknown`.
    """
    sku_id = await scalar(
        "SELECT s.id FROM sku s JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id"
        " WHERE s.code = $1 AND ($2::text IS NULL OR m.number = $2)",
        sku,
        merchant,
    )
    if sku_id is None:
        raise SkuUnknown()
    found = await rows(
        "SELECT id, kind, quantity, reference, moved_at FROM stock_movement WHERE sku_id = $1 AND id < $2"
        " ORDER BY id DESC LIMIT $3",
        sku_id,
        read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
        limit + 1,
    )
    page = [Movement(r["kind"], r["quantity"], r["reference"], r["moved_at"]) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
