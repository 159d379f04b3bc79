"""Reactions to facts of orders and payments."""

from notifications.service import Notifications
from orders.cases.money import case_of, is_late_money
from orders.events import GroupFailed, GroupFormed, OrderShipped, PickupPrepared, PickupReminded
from payments.events import RefundSucceeded


async def on_order_shipped(shipped: OrderShipped, notifications: Notifications) -> None:
    """Tell the buyer that the parcel is on its way."""
    await notifications.shipped(shipped.order, shipped.carrier, shipped.waybill, shipped.shipped_at)


async def on_refund_succeeded(paid_back: RefundSucceeded, notifications: Notifications) -> None:
    """Tell the buyer that money has gone back: all of one refund, however many lines it is of."""
    order, refund = paid_back.reference, paid_back.refund_reference
    if is_late_money(order, refund):
        await notifications.late_money_returned(order, paid_back.amount_fen, paid_back.occurred_at)
    else:
        await notifications.refunded(order, case_of(refund), paid_back.amount_fen, paid_back.occurred_at)


async def on_pickup_prepared(prepared: PickupPrepared, notifications: Notifications) -> None:
    """Tell the buyer that the parcel waits at the station."""
    await notifications.pickup_waits(prepared.order, prepared.site, prepared.due_at, is_reminder=False)


async def on_pickup_reminded(reminded: PickupReminded, notifications: Notifications) -> None:
    """Tell the buyer that it still does."""
    await notifications.pickup_waits(reminded.order, reminded.site, reminded.due_at, is_reminder=True)


async def on_group_formed(formed: GroupFormed, notifications: Notifications) -> None:
    """Tell everybody who has paid that what they ordered goes on."""
    await notifications.group_judged(formed.group, formed.formed_at, is_formed=True)


async def on_group_failed(failed: GroupFailed, notifications: Notifications) -> None:
    """Tell everybody who has paid that the money goes back."""
    await notifications.group_judged(failed.group, failed.failed_at, is_formed=False)
