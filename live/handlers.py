"""Reactions of the live room to what happens in orders."""

from live.service import Sessions
from orders.events import OrderPaid


async def on_order_paid(fact: OrderPaid, sessions: Sessions) -> None:
    """A paid order that began in a room is counted there."""
    await sessions.count_sale(fact.source, sum(line.quantity for line in fact.lines), fact.paid_at)
