"""Reactions to facts of orders."""

from notifications.service import Notifications
from orders.events import LineRefunded, OrderShipped


async def on_order_shipped(shipped: OrderShipped, notifications: Notifications) -> None:
    """Tell the buyer that the parcel is on its way."""
    await notifications.shipped(shipped.order, shipped.carrier, shipped.waybill, shipped.shipped_at)


async def on_line_refunded(refunded: LineRefunded, notifications: Notifications) -> None:
    """Tell the buyer that money has gone back."""
    amount = refunded.amount_fen + refunded.freight_fen
    await notifications.refunded(refunded.order, refunded.refund, amount, refunded.occurred_at)
