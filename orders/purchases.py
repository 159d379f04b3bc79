"""What a buyer has received: whoever speaks about a purchase asks here whether it was one."""

from datetime import datetime

import msgspec

from kit.database import row


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
