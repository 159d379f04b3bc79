"""Reactions to facts of the payments room."""

from orders.after_sales import AfterSales
from orders.life import OrderLife
from payments.events import PaymentArrivedLate, PaymentClosed, PaymentSucceeded, RefundFailed, RefundSucceeded


async def on_payment_succeeded(fact: PaymentSucceeded, life: OrderLife) -> None:
    """The order is paid."""
    await life.mark_paid(fact.reference, fact.occurred_at)


async def on_payment_arrived_late(fact: PaymentArrivedLate, life: OrderLife) -> None:
    """Money for a closed order: sell after all, or give it back."""
    await life.settle_late_payment(fact.reference, fact.amount_fen, fact.occurred_at)


async def on_payment_closed(fact: PaymentClosed, life: OrderLife) -> None:
    """The order can no longer be paid."""
    await life.close_unpaid(fact.reference)


async def on_refund_succeeded(fact: RefundSucceeded, after_sales: AfterSales) -> None:
    """The case is refunded."""
    await after_sales.record_refund(fact.refund_reference, fact.occurred_at)


async def on_refund_failed(fact: RefundFailed, after_sales: AfterSales) -> None:
    """The case waits for a person."""
    await after_sales.record_failure(fact.refund_reference)
