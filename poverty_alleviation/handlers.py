"""Reactions to facts of lower rooms. Of those that come by the thousand, one does the same for many facts at once."""

from collections.abc import Sequence

from orders.events import (
    ChannelPaid,
    ChannelRefunded,
    ChannelSettled,
    LateMoneyRefused,
    LineRefunded,
    LotsAssigned,
    OrderEarned,
    OrderPacked,
    OrderPaid,
)
from payments.events import PaymentArrivedLate, PaymentSettled, PaymentSucceeded, RefundSucceeded
from payments.sharing.events import PaymentShared, ShareRestored, SplitReturned
from poverty_alleviation.sales import SalesBooks
from referrals.events import CommissionOwed, CommissionReduced, ReferrerPaid
from traceability.events import IntakePaid


async def on_order_paid(fact: OrderPaid, books: SalesBooks) -> None:
    """The money stands as unattributed."""
    await books.record_paid_orders([fact])


async def on_orders_paid(facts: Sequence[OrderPaid], books: SalesBooks) -> None:
    """The same of many."""
    await books.record_paid_orders(facts)


async def on_late_money_refused(fact: LateMoneyRefused, books: SalesBooks) -> None:
    """The money is owed to the payer."""
    await books.record_late_money(fact)


async def on_order_packed(fact: OrderPacked, books: SalesBooks) -> None:
    """The lots divide it."""
    await books.record_packed_orders([fact])


async def on_orders_packed(facts: Sequence[OrderPacked], books: SalesBooks) -> None:
    """The same of many."""
    await books.record_packed_orders(facts)


async def on_lots_assigned(fact: LotsAssigned, books: SalesBooks) -> None:
    """They divide what was unattributed until now."""
    await books.record_assigned_lots(fact)


async def on_order_earned(fact: OrderEarned, books: SalesBooks) -> None:
    """It is earned."""
    await books.record_earned_orders([fact])


async def on_orders_earned(facts: Sequence[OrderEarned], books: SalesBooks) -> None:
    """The same of many."""
    await books.record_earned_orders(facts)


async def on_line_refunded(fact: LineRefunded, books: SalesBooks) -> None:
    """What remains is divided anew."""
    await books.record_refunded_line(fact)


async def on_intake_paid(fact: IntakePaid, books: SalesBooks) -> None:
    """Income at the scale."""
    await books.record_paid_intake(fact)


async def on_payment_settled(fact: PaymentSettled, books: SalesBooks) -> None:
    """The channel has paid the bank, less its fee."""
    await books.record_settlements([fact])


async def on_payments_settled(facts: Sequence[PaymentSettled], books: SalesBooks) -> None:
    """The same of many."""
    await books.record_settlements(facts)


async def on_payment_shared(fact: PaymentShared, books: SalesBooks) -> None:
    """The county's commission leaves what the merchant is due."""
    await books.record_split(fact)


async def on_split_returned(fact: SplitReturned, books: SalesBooks) -> None:
    """And comes back to it."""
    await books.record_returned_split(fact)


async def on_share_restored(fact: ShareRestored, books: SalesBooks) -> None:
    """And not after all."""
    await books.record_share_restored(fact)


async def on_commission_reduced(fact: CommissionReduced, books: SalesBooks) -> None:
    """What a referrer is not owed any more."""
    await books.record_reduced_referral(fact)


async def on_commission_owed(fact: CommissionOwed, books: SalesBooks) -> None:
    """A part of that is a referrer's."""
    await books.record_referral(fact)


async def on_referrer_paid(fact: ReferrerPaid, books: SalesBooks) -> None:
    """Who has it now."""
    await books.record_paid_referrer(fact)


async def on_payment_succeeded(fact: PaymentSucceeded, books: SalesBooks) -> None:
    """What was captured, to compare with."""
    await books.record_captures([fact])


async def on_payments_succeeded(facts: Sequence[PaymentSucceeded], books: SalesBooks) -> None:
    """The same of many."""
    await books.record_captures(facts)


async def on_payment_arrived_late(fact: PaymentArrivedLate, books: SalesBooks) -> None:
    """What was captured after all, to compare with."""
    await books.record_captures([fact])


async def on_refund_succeeded(fact: RefundSucceeded, books: SalesBooks) -> None:
    """What went back, to compare with; late money is owed no more."""
    await books.record_refund(fact)


async def on_channel_paid(fact: ChannelPaid, books: SalesBooks) -> None:
    """What another channel's file told, to compare with."""
    await books.record_channel_sale(fact)


async def on_channel_refunded(fact: ChannelRefunded, books: SalesBooks) -> None:
    """What it told to have gone back."""
    await books.record_channel_refund(fact)


async def on_channel_settled(fact: ChannelSettled, books: SalesBooks) -> None:
    """It has paid the bank, less its fee."""
    await books.record_channel_settlement(fact)
