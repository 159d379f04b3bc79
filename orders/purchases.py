"""What a buyer has received: whoever speaks about a purchase asks here whether it was one."""

from datetime import datetime

import msgspec

from kit.database import row, rows


class ReceivedLine(msgspec.Struct, frozen=True):
    """A line whose order has arrived, with what was copied onto it."""

    order: str
    merchant: str
    product: str
    title: str
    spec: str
    received_at: datetime


async def received_line(consumer: str, line: str) -> ReceivedLine | None:
    """The consumer's own line once it was received, also when it was refunded after that; one statement."""
    found = await row(
        'SELECT o.number AS "order", o.merchant, l.product, l.title, l.spec, o.received_at'
        " FROM order_line l JOIN customer_order o ON o.id = l.order_id"
        " WHERE l.reference = $1 AND o.consumer = $2 AND o.received_at IS NOT NULL",
        line,
        consumer,
    )
    return ReceivedLine(**found) if found else None


class OrderBrief(msgspec.Struct, frozen=True):
    """What a message says about an order; ``title`` is the first line's."""

    number: str
    consumer: str
    title: str
    lines: int
    amount_fen: int
    expires_at: datetime


_BRIEF = (
    "SELECT o.number, o.consumer, o.amount_fen, o.expires_at,"
    " (SELECT count(*) FROM order_line l WHERE l.order_id = o.id)::int AS lines,"
    " (SELECT l.title FROM order_line l WHERE l.order_id = o.id ORDER BY l.position LIMIT 1) AS title"
    " FROM customer_order o"
)


async def order_brief(number: str) -> OrderBrief | None:
    """One order in a few words; one statement."""
    found = await row(f"{_BRIEF} WHERE o.number = $1", number)
    return OrderBrief(**found) if found else None


async def expiring_orders(
    now: datetime, until: datetime, after: OrderBrief | None = None, limit: int = 500
) -> list[OrderBrief]:
    """Orders whose time to pay ends between two moments, in that order from ``after`` on; one statement."""
    found = await rows(
        f"{_BRIEF} WHERE o.state = 'pending_payment' AND o.expires_at > $1 AND o.expires_at <= $2"
        " AND (o.expires_at, o.number) > ($3, $4) ORDER BY o.expires_at, o.number LIMIT $5",
        now,
        until,
        after.expires_at if after else now,
        after.number if after else "",
        limit,
    )
    return [OrderBrief(**o) for o in found]


async def orders_of_group(group: str, at: datetime) -> list[OrderBrief]:
    """The orders of a group that were paid and not given back at a moment; one statement."""
    found = await rows(
        f"{_BRIEF} JOIN buying_group g ON g.id = o.group_id WHERE g.number = $1 AND o.paid_at <= $2"
        " AND (o.closed_at IS NULL OR o.closed_at >= $2) ORDER BY o.id",
        group,
        at,
    )
    return [OrderBrief(**o) for o in found]
