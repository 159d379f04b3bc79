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


class ProductSales(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for at a source: of one SKU, or of all. ``orders`` and ``buyers`` are different ones.

    Money in fen of goods after discounts, freight aside. ``recognised_fen`` is what is left after refunds of products
    that bore the recognition of a poverty-alleviation product when they were bought.
    """

    sku: str | None
    title: str
    spec: str
    orders: int
    buyers: int
    pieces: int
    paid_fen: int
    refunded_fen: int
    recognised_fen: int


class MinuteSales(msgspec.Struct, frozen=True):
    """What was ordered in a minute, and paid later on, in fen."""

    minute: datetime
    paid_fen: int


class SourceCommission(msgspec.Struct, frozen=True, kw_only=True):
    """What the host of a source is promised by its paid lines, in fen, net of refunds.

    Each line's commission is rounded down to the fen. ``earned_fen`` is that of orders that are earned.
    """

    source: str
    paid_fen: int
    refunded_fen: int
    commission_fen: int
    earned_fen: int


class CommissionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One paid line; ``commission_bp`` was copied when it was placed."""

    order: str
    line: str
    title: str
    paid_at: datetime
    net_fen: int
    refunded_fen: int
    commission_bp: int
    commission_fen: int
    earned_at: datetime | None


class Place(msgspec.Struct, frozen=True):
    """Where a line was bought."""

    source: str | None
    offset_ms: int | None


_OF_SOURCE = "FROM order_line l JOIN customer_order o ON o.id = l.order_id WHERE o.paid_at IS NOT NULL AND l.source"
_COMMISSION = "((l.net_fen - l.refunded_fen) * l.host_commission_bp / 10000)"


async def sales_at(source: str) -> tuple[ProductSales, list[ProductSales]]:
    """What was paid for at a source, as a whole and by SKU, the most money first. One query."""
    found = await rows(
        "SELECT l.sku, coalesce(max(l.title), '') AS title, coalesce(max(l.spec), '') AS spec,"
        " count(DISTINCT o.id) AS orders, count(DISTINCT o.consumer) AS buyers,"
        " coalesce(sum(l.quantity), 0)::bigint AS pieces,"
        " coalesce(sum(l.net_fen), 0)::bigint AS paid_fen, coalesce(sum(l.refunded_fen), 0)::bigint AS refunded_fen,"
        " coalesce(sum(l.net_fen - l.refunded_fen) FILTER (WHERE l.marks @> '[\"poverty_product\"]'), 0)::bigint"
        f" AS recognised_fen {_OF_SOURCE} = $1 GROUP BY GROUPING SETS ((), (l.sku))"
        " ORDER BY l.sku IS NOT NULL, sum(l.net_fen) DESC, l.sku",
        source,
    )
    whole, *products = (ProductSales(**each) for each in found)
    return whole, products


async def buyers_at(source: str) -> list[str]:
    """The numbers of the different consumers who paid for something at a source. One query."""
    return [each["consumer"] for each in await rows(f"SELECT DISTINCT o.consumer {_OF_SOURCE} = $1", source)]


async def sales_by_minute(source: str) -> list[MinuteSales]:
    """When what was paid for had been ordered. One query."""
    found = await rows(
        "SELECT date_trunc('minute', o.placed_at) AS minute, sum(l.net_fen)::bigint AS paid_fen"
        f" {_OF_SOURCE} = $1 GROUP BY 1 ORDER BY 1",
        source,
    )
    return [MinuteSales(**each) for each in found]


async def commissions_at(sources: list[str]) -> dict[str, SourceCommission]:
    """By source; one without a paid line is absent. One query."""
    found = await rows(
        "SELECT l.source, sum(l.net_fen)::bigint AS paid_fen, sum(l.refunded_fen)::bigint AS refunded_fen,"
        f" sum({_COMMISSION})::bigint AS commission_fen,"
        f" coalesce(sum({_COMMISSION}) FILTER (WHERE o.earned_at IS NOT NULL), 0)::bigint AS earned_fen"
        f" {_OF_SOURCE} = ANY($1::text[]) GROUP BY 1",
        sources,
    )
    return {each["source"]: SourceCommission(**each) for each in found}


async def commission_lines_at(source: str) -> list[CommissionLine]:
    """The paid lines of a source in the order of their purchase. One query."""
    found = await rows(
        'SELECT o.number AS "order", l.reference AS line, l.title, o.paid_at, l.net_fen, l.refunded_fen,'
        f" l.host_commission_bp AS commission_bp, {_COMMISSION} AS commission_fen, o.earned_at {_OF_SOURCE} = $1"
        " ORDER BY l.id",
        source,
    )
    return [CommissionLine(**each) for each in found]


async def place_of_line(reference: str) -> Place | None:
    """Where a line was bought; None when there is no such line."""
    found = await rows("SELECT source, source_offset_ms AS offset_ms FROM order_line WHERE reference = $1", reference)
    return Place(**found[0]) if found else None
