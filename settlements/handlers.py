"""Reactions to facts of lower rooms."""

from orders.events import ChannelSettled, LateMoneyRefused, LineRefunded, OrderEarned, OrderPaid
from payments.events import PaymentSettled, RefundSucceeded
from payments.sharing.events import PaymentShared, ShareRestored, SplitReturned
from settlements.entries import SettlementEntries


async def on_order_paid(fact: OrderPaid, entries: SettlementEntries) -> None:
    """What was sold."""
    await entries.record_paid_order(fact)


async def on_order_earned(fact: OrderEarned, entries: SettlementEntries) -> None:
    """What the host is due."""
    await entries.record_earned_order(fact)


async def on_line_refunded(fact: LineRefunded, entries: SettlementEntries) -> None:
    """What went back."""
    await entries.record_refunded_line(fact)


async def on_late_money_refused(fact: LateMoneyRefused, entries: SettlementEntries) -> None:
    """What came for nothing."""
    await entries.record_late_money(fact)


async def on_refund_succeeded(fact: RefundSucceeded, entries: SettlementEntries) -> None:
    """What came for nothing went back."""
    await entries.record_returned_late_money(fact)


async def on_payment_settled(fact: PaymentSettled, entries: SettlementEntries) -> None:
    """What the channel kept."""
    await entries.record_settlement(fact)


async def on_channel_settled(fact: ChannelSettled, entries: SettlementEntries) -> None:
    """What another channel kept."""
    await entries.record_channel_settlement(fact)


async def on_payment_shared(fact: PaymentShared, entries: SettlementEntries) -> None:
    """What the county got of it, or is owed."""
    await entries.record_split(fact)


async def on_split_returned(fact: SplitReturned, entries: SettlementEntries) -> None:
    """What came back of that."""
    await entries.record_returned_split(fact)


async def on_share_restored(fact: ShareRestored, entries: SettlementEntries) -> None:
    """That nothing was refunded after all."""
    await entries.record_share_restored(fact)
