"""Reads of what is to be sent and what was sent: one or two SQL statements each."""

from collections.abc import Sequence

import msgspec

from kit.database import rows, scalar
from logistics.queries import Shipment, shipments_of
from orders.errors import OrderNotFound


class Pick(msgspec.Struct, frozen=True):
    """Pieces of one SKU to take from the shelf, and for which orders."""

    sku: str
    title: str
    spec: str
    quantity: int
    mass_gram: int
    orders: dict[str, int]


async def shipments_for(consumer: str, number: str) -> list[Shipment]:
    """The parcels of a consumer's order with their tracks. Two statements. Raises OrderNotFound."""
    if not await scalar("SELECT 1 FROM customer_order WHERE number = $1 AND consumer = $2", number, consumer):
        raise OrderNotFound()
    return await shipments_of(number)


async def pick_list(merchant: str, orders: Sequence[str] | None) -> list[Pick]:
    """What is to be taken from the shelf for paid orders, by SKU: for those named, or for all (the 500 oldest).

    Pieces that were refunded are not picked, nor what waits for its group. One statement.
    """
    found = await rows(
        "WITH due AS (SELECT id, number FROM customer_order WHERE merchant = $1 AND state = 'paid'"
        " AND ($2::text[] IS NULL OR number = ANY($2)) AND (group_id IS NULL OR EXISTS (SELECT 1 FROM buying_group g"
        " WHERE g.id = group_id AND g.state = 'formed')) ORDER BY id LIMIT 500)"
        " SELECT l.sku, min(l.title) AS title, min(l.spec) AS spec,"
        " sum(l.quantity - l.refunded_quantity)::int AS quantity,"
        " sum((l.quantity - l.refunded_quantity) * l.mass_gram::bigint)::bigint AS mass_gram,"
        " jsonb_object_agg(d.number, l.quantity - l.refunded_quantity)::text AS orders"
        " FROM due d JOIN order_line l ON l.order_id = d.id WHERE l.quantity > l.refunded_quantity"
        " GROUP BY l.sku ORDER BY min(l.title), l.sku",
        merchant,
        list(orders) if orders is not None else None,
    )
    return [Pick(**{**each, "orders": msgspec.json.decode(each["orders"])}) for each in found]
