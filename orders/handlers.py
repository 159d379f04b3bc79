"""Reactions to facts of payments, parcels and WeChat, and to refunds of our own that leave an order wholly sent."""

from datetime import UTC, datetime

from logistics.events import ParcelLost, ParcelReturned, ParcelSigned
from messages.events import TradeSettled
from orders.after_sales import AfterSales
from orders.commissions import Commissions
from orders.events import LineRefunded, OrderClosed, OrderEarned, OrderPaid
from orders.life import OrderLife
from orders.parcels import Shipping
from orders.presales import Presales
from orders.receipts import Receipts
from orders.shortages import Shortages
from orders.strays import Strays
from orders.vouchers import Vouchers
from payments.captures import reference_of
from payments.events import PaymentArrivedLate, PaymentClosed, PaymentSucceeded, RefundFailed, RefundSucceeded
from referrals.service import code_in
from referrals.shares import ReferralShares


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


async def on_line_refunded(fact: LineRefunded, shipping: Shipping) -> None:
    """What is left of the order may be with a carrier already."""
    await shipping.settle(fact.order)


async def on_shortage_refunded(fact: LineRefunded, shortages: Shortages) -> None:
    """Pieces that were never there do not go back on sale."""
    await shortages.write_off(fact.refund)


async def on_parcel_signed(fact: ParcelSigned, receipts: Receipts) -> None:
    """The goods have arrived: receipt comes sooner of itself."""
    for order in fact.arrived:
        await receipts.note_delivery(order, fact.signed_at)


async def on_trade_settled(fact: TradeSettled, receipts: Receipts) -> None:
    """WeChat settles what its buyer, or time, has confirmed there: the order is received here as well.

    Without a moment of settlement the event only estimates one, and WeChat is asked.
    """
    order = await reference_of(fact.number, fact.transaction_id)
    if order is None:
        return
    if fact.settlement_time:
        await receipts.confirm_elsewhere(order, "wechat", datetime.fromtimestamp(fact.settlement_time, UTC))
    else:
        await receipts.ask_soon(order)


async def on_order_paid(fact: OrderPaid, vouchers: Vouchers) -> None:
    """A booked service has its vouchers."""
    await vouchers.issue(fact.order)


async def on_pieces_refunded(fact: LineRefunded, vouchers: Vouchers) -> None:
    """Vouchers of refunded pieces are void."""
    await vouchers.settle(fact.order, fact.quantity)


async def on_order_earned(fact: OrderEarned, commissions: Commissions) -> None:
    """What is left to a referrer is owed, and the county's share is split off with it."""
    await commissions.share(fact.order)


async def on_referred_order_paid(fact: OrderPaid, shares: ReferralShares) -> None:
    """What a referrer was promised is pending."""
    if any(code_in(line.source) for line in fact.lines):
        await shares.note_paid(fact.order)


async def on_referred_line_refunded(fact: LineRefunded, shares: ReferralShares) -> None:
    """A referrer's share is the same part of what is left."""
    await shares.reduce(fact.line, fact.remaining_net_fen, fact.refund)


async def on_referred_order_closed(fact: OrderClosed, shares: ReferralShares) -> None:
    """Nothing is left to share."""
    await shares.note_closed(fact.order)


async def on_presale_paid(fact: OrderPaid, presales: Presales) -> None:
    """WeChat knows that its goods are sent later."""
    await presales.declare(fact.order)


async def on_parcel_returned(fact: ParcelReturned, strays: Strays) -> None:
    """What never reached its buyer is dealt with."""
    for order in fact.references:
        await strays.came_back(fact.merchant, fact.parcel, order)


async def on_parcel_lost(fact: ParcelLost, strays: Strays) -> None:
    """What may never reach its buyer is looked for."""
    for order in fact.references:
        await strays.went_missing(fact.merchant, fact.parcel, order)
