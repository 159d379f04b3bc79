"""What was bought at a source: a live room, for those who answer for it. The room's own views show less of it."""

from datetime import datetime

import msgspec

from kit.database import rows


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was bought at a source, as it stands now. Money in fen; ``marks`` as they were at the purchase."""

    order: str
    line: str
    consumer: str
    merchant: str
    state: str
    placed_at: datetime
    paid_at: datetime | None
    sku: str
    product: str
    title: str
    spec: str
    marks: list[str]
    unit_price_fen: int
    quantity: int
    discount_fen: int
    net_fen: int
    refunded_quantity: int
    refunded_fen: int
    source_offset_ms: int | None


async def sold_at(source: str) -> list[SoldLine]:
    """Every line of a source, paid or not, in the order of their purchase. One query."""
    found = await rows(
        'SELECT o.number AS "order", l.reference AS line, o.consumer, o.merchant, o.state, o.placed_at, o.paid_at,'
        " l.sku, l.product, l.title, l.spec, ARRAY(SELECT jsonb_array_elements_text(l.marks)) AS marks,"
        " l.unit_price_fen, l.quantity, l.discount_fen, l.net_fen, l.refunded_quantity, l.refunded_fen,"
        " l.source_offset_ms FROM order_line l JOIN customer_order o ON o.id = l.order_id WHERE l.source = $1"
        " ORDER BY l.id",
        source,
    )
    return [msgspec.convert(each, SoldLine) for each in found]
