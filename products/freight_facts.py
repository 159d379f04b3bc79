"""What sending a SKU depends on."""

from datetime import datetime

import msgspec

from kit.clock import china_day, utc_now
from kit.database import row
from products.errors import ProductUnknown
from products.queries import ON_SALE
from products.selling import FLASH


class FreightFacts(msgspec.Struct, frozen=True):
    """What sending a SKU depends on; ``mass_gram`` and ``price_fen``, which is charged now, are of one piece."""

    freight_template: str
    mass_gram: int
    price_fen: int


async def freight_facts(product: str, sku: str | None, now: datetime | None = None) -> FreightFacts:
    """The facts of a SKU of a product on sale, of its first one unless told. One query.

    Raises :class:`ProductUnknown`.
    """
    moment = now or utc_now()
    found = await row(
        "SELECT p.freight_template, s.mass_gram, CASE WHEN f.runs THEN f.price_fen ELSE s.price_fen END AS price_fen"
        f" FROM sku s JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id {FLASH}"
        f" WHERE p.code = $3 AND s.active AND {ON_SALE}"
        " AND ($4::text IS NULL OR s.code = $4) ORDER BY s.position LIMIT 1",
        china_day(moment),
        moment,
        product,
        sku,
    )
    if found is None:
        raise ProductUnknown()
    return FreightFacts(**found)
