"""The one table of who reacts to what. A fact goes up; the reaction calls a service of its own room."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import content.handlers
import epcis.handlers
import live.handlers
import logistics.handlers
import messages.handlers
import notifications.handlers
import orders.handlers
import reviews.handlers
from content.events import PictureJudged, TextJudged
from kit.facts import Fact
from kit.outbox import Reaction
from live.events import SessionCancelled, SessionStarted
from logistics.events import ParcelLost, ParcelReturned, ParcelShipped, ParcelSigned
from messages.events import MediaChecked, SubscriptionAnswered, TradeSettled
from orders.events import (
    CaseMoved,
    ChannelPaid,
    ChannelRefunded,
    ChannelSettled,
    GroupFailed,
    GroupFormed,
    LateMoneyRefused,
    LineRefunded,
    LotsAssigned,
    OrderClosed,
    OrderEarned,
    OrderPacked,
    OrderPaid,
    OrderReceived,
    OrderShipped,
    PickupPrepared,
    PickupReminded,
)
from payments.events import (
    PaymentArrivedLate,
    PaymentClosed,
    PaymentSettled,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from payments.sharing.events import PaymentShared, ShareRestored, SplitReturned
from poverty_alleviation import handlers as books
from referrals.events import CommissionOwed, CommissionReduced, ReferrerPaid
from server.bootstrap import Bootstrap
from settlements import handlers as settlements
from traceability.events import (
    ColdDayEnded,
    InspectionJudged,
    IntakeAccepted,
    IntakePaid,
    LotHeld,
    LotRecalled,
    LotReleased,
    LotRemoved,
    LotSampled,
    LotStored,
    LotWasSealed,
    ProcessRunFinished,
)

FactT = TypeVar("FactT", bound=Fact)
ServiceT = TypeVar("ServiceT")


def _row(
    fact: type[FactT],
    handler: Callable[[FactT, ServiceT], Awaitable[None]],
    service: ServiceT,
    of_many: Callable[[Sequence[FactT], ServiceT], Awaitable[None]] | None = None,
) -> Reaction:
    """One row; its name is the receipt's, so a handler that moves or is renamed keeps the old name by hand.

    ``of_many`` does the same for several facts at once.
    """

    async def react(happened: Fact) -> None:
        assert isinstance(happened, fact)
        await handler(happened, service)

    async def react_many(happened: Sequence[Fact]) -> None:
        assert of_many is not None
        await of_many([each for each in happened if isinstance(each, fact)], service)

    name = f"{handler.__module__.split('.')[0]}.{handler.__name__}"
    return Reaction(fact, name, react, react_many if of_many else None)


def reactions(built: Bootstrap) -> tuple[Reaction, ...]:
    """Fact -> reactions, in the order in which they run."""
    return (*_of_small_rooms(built), *_of_payments(built), *_of_orders(built), *_of_goods(built))


def _of_small_rooms(built: Bootstrap) -> tuple[Reaction, ...]:
    """Facts of messages, content, live rooms, traceability and logistics."""
    return (
        # messages
        _row(SubscriptionAnswered, messages.handlers.on_subscription_answered, built.outgoing),
        _row(MediaChecked, content.handlers.on_media_checked, built.checks),
        _row(TradeSettled, orders.handlers.on_trade_settled, built.mall.receipts),
        # content
        _row(TextJudged, reviews.handlers.on_text_judged, built.mall.reviews),
        _row(TextJudged, live.handlers.on_text_judged, built.live.chat),
        _row(TextJudged, live.handlers.on_announcement_judged, built.live.announcements),
        _row(PictureJudged, reviews.handlers.on_picture_judged, built.mall.reviews),
        # live
        _row(SessionStarted, live.handlers.on_session_started, built.live.reminders),
        _row(SessionCancelled, live.handlers.on_session_cancelled, built.live.reminders),
        # traceability
        _row(IntakePaid, books.on_intake_paid, built.ledger.sales_books),
        # logistics
        _row(ParcelSigned, logistics.handlers.on_parcel_signed, built.mall.shipping_reports),
        _row(ParcelSigned, orders.handlers.on_parcel_signed, built.mall.receipts),
        _row(ParcelReturned, orders.handlers.on_parcel_returned, built.mall.strays),
        _row(ParcelLost, orders.handlers.on_parcel_lost, built.mall.strays),
    )


def _of_payments(built: Bootstrap) -> tuple[Reaction, ...]:
    """Facts of payments, and of what referrers are owed."""
    return (
        _row(PaymentSucceeded, orders.handlers.on_payment_succeeded, built.mall.order_life),
        _row(PaymentArrivedLate, orders.handlers.on_payment_arrived_late, built.mall.order_life),
        _row(PaymentClosed, orders.handlers.on_payment_closed, built.mall.order_life),
        _row(RefundSucceeded, orders.handlers.on_refund_succeeded, built.mall.after_sales),
        _row(RefundFailed, orders.handlers.on_refund_failed, built.mall.after_sales),
        _row(PaymentSucceeded, books.on_payment_succeeded, built.ledger.sales_books, books.on_payments_succeeded),
        _row(PaymentArrivedLate, books.on_payment_arrived_late, built.ledger.sales_books),
        _row(RefundSucceeded, books.on_refund_succeeded, built.ledger.sales_books),
        _row(RefundSucceeded, settlements.on_refund_succeeded, built.mall.settlement_entries),
        _row(RefundSucceeded, notifications.handlers.on_refund_succeeded, built.mall.notifications),
        _row(PaymentSettled, books.on_payment_settled, built.ledger.sales_books, books.on_payments_settled),
        _row(PaymentSettled, settlements.on_payment_settled, built.mall.settlement_entries),
        _row(PaymentShared, books.on_payment_shared, built.ledger.sales_books),
        _row(PaymentShared, settlements.on_payment_shared, built.mall.settlement_entries),
        _row(SplitReturned, books.on_split_returned, built.ledger.sales_books),
        _row(SplitReturned, settlements.on_split_returned, built.mall.settlement_entries),
        _row(ShareRestored, books.on_share_restored, built.ledger.sales_books),
        _row(ShareRestored, settlements.on_share_restored, built.mall.settlement_entries),
        _row(CommissionOwed, books.on_commission_owed, built.ledger.sales_books),
        _row(CommissionReduced, books.on_commission_reduced, built.ledger.sales_books),
        _row(ReferrerPaid, books.on_referrer_paid, built.ledger.sales_books),
    )


def _of_orders(built: Bootstrap) -> tuple[Reaction, ...]:
    """Facts of orders."""
    return (
        _row(OrderPaid, orders.handlers.on_order_paid, built.mall.vouchers),
        _row(LineRefunded, orders.handlers.on_pieces_refunded, built.mall.vouchers),
        _row(OrderPaid, orders.handlers.on_referred_order_paid, built.mall.referral_shares),
        _row(LineRefunded, orders.handlers.on_referred_line_refunded, built.mall.referral_shares),
        _row(OrderClosed, orders.handlers.on_referred_order_closed, built.mall.referral_shares),
        _row(OrderPaid, orders.handlers.on_presale_paid, built.mall.presales),
        _row(OrderPaid, live.handlers.on_order_paid, built.live.sessions),
        _row(OrderPaid, live.handlers.on_shared_order_paid, built.live.shares),
        _row(OrderPaid, books.on_order_paid, built.ledger.sales_books, books.on_orders_paid),
        _row(OrderPaid, settlements.on_order_paid, built.mall.settlement_entries),
        _row(LateMoneyRefused, books.on_late_money_refused, built.ledger.sales_books),
        _row(LateMoneyRefused, settlements.on_late_money_refused, built.mall.settlement_entries),
        _row(OrderPacked, books.on_order_packed, built.ledger.sales_books, books.on_orders_packed),
        _row(LotsAssigned, books.on_lots_assigned, built.ledger.sales_books),
        _row(OrderEarned, orders.handlers.on_order_earned, built.mall.commissions),
        _row(OrderEarned, books.on_order_earned, built.ledger.sales_books, books.on_orders_earned),
        _row(OrderEarned, settlements.on_order_earned, built.mall.settlement_entries),
        _row(PickupPrepared, notifications.handlers.on_pickup_prepared, built.mall.notifications),
        _row(PickupReminded, notifications.handlers.on_pickup_reminded, built.mall.notifications),
        _row(OrderShipped, notifications.handlers.on_order_shipped, built.mall.notifications),
        _row(GroupFormed, notifications.handlers.on_group_formed, built.mall.notifications),
        _row(GroupFailed, notifications.handlers.on_group_failed, built.mall.notifications),
        _row(ChannelPaid, books.on_channel_paid, built.ledger.sales_books),
        _row(ChannelRefunded, books.on_channel_refunded, built.ledger.sales_books),
        _row(ChannelSettled, books.on_channel_settled, built.ledger.sales_books),
        _row(ChannelSettled, settlements.on_channel_settled, built.mall.settlement_entries),
        _row(LineRefunded, books.on_line_refunded, built.ledger.sales_books),
        _row(LineRefunded, orders.handlers.on_line_refunded, built.mall.shipping),
        _row(LineRefunded, orders.handlers.on_shortage_refunded, built.mall.shortages),
        _row(LineRefunded, settlements.on_line_refunded, built.mall.settlement_entries),
    )


def _of_goods(built: Bootstrap) -> tuple[Reaction, ...]:
    """What happens to goods, as events of EPCIS."""
    return (
        _row(IntakeAccepted, epcis.handlers.on_intake_accepted, built.mall.own_events),
        _row(LotWasSealed, epcis.handlers.on_lot_was_sealed, built.mall.own_events),
        _row(ProcessRunFinished, epcis.handlers.on_process_run_finished, built.mall.own_events),
        _row(OrderPacked, epcis.handlers.on_order_packed, built.mall.own_events),
        _row(ParcelShipped, epcis.handlers.on_parcel_shipped, built.mall.own_events),
        _row(ParcelSigned, epcis.handlers.on_parcel_signed, built.mall.own_events),
        _row(ParcelReturned, epcis.handlers.on_parcel_returned, built.mall.own_events),
        _row(LotsAssigned, epcis.handlers.on_lots_assigned, built.mall.own_events),
        _row(PickupPrepared, epcis.handlers.on_pickup_prepared, built.mall.own_events),
        _row(OrderReceived, epcis.handlers.on_order_received, built.mall.own_events),
        _row(CaseMoved, epcis.handlers.on_case_moved, built.mall.own_events),
        _row(OrderEarned, epcis.handlers.on_order_earned, built.mall.own_events),
        _row(LotStored, epcis.handlers.on_lot_stored, built.mall.own_events),
        _row(LotRemoved, epcis.handlers.on_lot_removed, built.mall.own_events),
        _row(ColdDayEnded, epcis.handlers.on_cold_day_ended, built.mall.own_events),
        _row(LotSampled, epcis.handlers.on_lot_sampled, built.mall.own_events),
        _row(InspectionJudged, epcis.handlers.on_inspection_judged, built.mall.own_events),
        _row(LotHeld, epcis.handlers.on_lot_held, built.mall.own_events),
        _row(LotReleased, epcis.handlers.on_lot_released, built.mall.own_events),
        _row(LotRecalled, epcis.handlers.on_lot_recalled, built.mall.own_events),
    )
