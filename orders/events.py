"""What has happened to orders."""

from datetime import date, datetime
from typing import ClassVar

import msgspec

from kit.facts import Fact


class PaidLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was paid. Money in fen, ``mass_gram`` of one piece; ``source`` is where it was seen.

    ``source_offset_ms`` is the place there: for a live room, ms of its pictures.
    """

    line: str
    sku: str
    product: str
    source: str | None
    title: str
    quantity: int
    gross_fen: int
    discount_fen: int
    net_fen: int
    host_commission_bp: int
    mass_gram: int
    source_offset_ms: int | None = None
    spec: str = ""


class OrderPlaced(Fact, frozen=True, kw_only=True):
    """A consumer has ordered and stock is held."""

    topic: ClassVar[str] = "orders.order_placed"
    order: str
    merchant: str
    source: str | None


class OrderPaid(Fact, frozen=True, kw_only=True):
    """The payment of an order has been confirmed, once."""

    topic: ClassVar[str] = "orders.order_paid"
    order: str
    merchant: str
    consumer: str
    source: str | None
    channel: str
    amount_fen: int
    freight_fen: int
    paid_at: datetime
    lines: tuple[PaidLine, ...]


class LateMoneyRefused(Fact, frozen=True, kw_only=True):
    """Money came for a closed order whose goods are gone; all of it is on its way back to the payer."""

    topic: ClassVar[str] = "orders.late_money_refused"
    order: str
    merchant: str
    channel: str
    amount_fen: int
    occurred_at: datetime


class OrderPacked(Fact, frozen=True, kw_only=True):
    """The lines are packed; the lots bound to them are read from traceability. Lines without a lot are listed too."""

    topic: ClassVar[str] = "orders.order_packed"
    order: str
    merchant: str
    lines: tuple[str, ...]
    packed_at: datetime


class LotsAssigned(Fact, frozen=True, kw_only=True):
    """A line that was packed without a lot has been bound afterwards; the lots are read from traceability.

    ``reason`` is one of the few words of ``traceability.models.LateReason``, never free text.
    """

    topic: ClassVar[str] = "orders.lots_assigned"
    order: str
    merchant: str
    line: str
    assigned_at: datetime
    reason: str


class OrderShipped(Fact, frozen=True, kw_only=True):
    """The parcel has been handed to a carrier."""

    topic: ClassVar[str] = "orders.order_shipped"
    order: str
    carrier: str
    waybill: str
    shipped_at: datetime


class OrderReceived(Fact, frozen=True, kw_only=True):
    """The buyer has confirmed receipt."""

    topic: ClassVar[str] = "orders.order_received"
    order: str
    received_at: datetime


class OrderEarned(Fact, frozen=True, kw_only=True):
    """The goods were received and the after-sales window has passed with no open case."""

    topic: ClassVar[str] = "orders.order_earned"
    order: str
    merchant: str
    lines: tuple[str, ...]
    earned_at: datetime


class LineRefunded(Fact, frozen=True, kw_only=True):
    """Money for some pieces of a line has gone back to the buyer. ``source`` and its place are the line's own."""

    topic: ClassVar[str] = "orders.line_refunded"
    order: str
    merchant: str
    refund: str
    line: str
    quantity: int
    amount_fen: int
    freight_fen: int
    remaining_quantity: int
    remaining_net_fen: int
    refund_step: int
    occurred_at: datetime
    source: str | None = None
    source_offset_ms: int | None = None


class OrderClosed(Fact, frozen=True, kw_only=True):
    """The order has ended without goods changing hands, or after a full refund."""

    topic: ClassVar[str] = "orders.order_closed"
    order: str
    reason: str
    closed_at: datetime


class CaseMoved(Fact, frozen=True, kw_only=True):
    """An after-sales case was opened or went on; whoever has to act next has until ``due_at``."""

    topic: ClassVar[str] = "orders.case_moved"
    case: str
    order: str
    merchant: str
    consumer: str
    kind: str
    state: str
    due_at: datetime | None
    moved_at: datetime


class ShipmentReminded(Fact, frozen=True, kw_only=True):
    """The buyer has asked the merchant to ship."""

    topic: ClassVar[str] = "orders.shipment_reminded"
    order: str
    merchant: str
    reminded_at: datetime


class PickupPrepared(Fact, frozen=True, kw_only=True):
    """A parcel waits at a station for its buyer, who has the code, until ``due_at``."""

    topic: ClassVar[str] = "orders.pickup_prepared"
    order: str
    consumer: str
    merchant: str
    site: str
    due_at: datetime


class PickupReminded(Fact, frozen=True, kw_only=True):
    """A parcel has waited for a while; the buyer is told once."""

    topic: ClassVar[str] = "orders.pickup_reminded"
    order: str
    consumer: str
    site: str
    due_at: datetime


class PickupLapsed(Fact, frozen=True, kw_only=True):
    """Nobody has fetched a parcel in time. It goes back to the merchant, whose ``case`` gives the money back."""

    topic: ClassVar[str] = "orders.pickup_lapsed"
    order: str
    consumer: str
    merchant: str
    site: str
    case: str


class GroupFormed(Fact, frozen=True, kw_only=True):
    """Enough have paid: what was ordered in this group goes on. ``site`` is '' when goods are sent."""

    topic: ClassVar[str] = "orders.group_formed"
    group: str
    offer: str
    merchant: str
    site: str
    formed_at: datetime


class GroupFailed(Fact, frozen=True, kw_only=True):
    """Too few have paid in time: every paid order of the group is given back."""

    topic: ClassVar[str] = "orders.group_failed"
    group: str
    offer: str
    merchant: str
    failed_at: datetime


class ChannelPaid(Fact, frozen=True, kw_only=True):
    """A file of another channel says what one of its orders brought, goods and freight, in fen."""

    topic: ClassVar[str] = "orders.channel_paid"
    order: str
    channel: str
    amount_fen: int
    occurred_at: datetime


class ChannelRefunded(Fact, frozen=True, kw_only=True):
    """A file of another channel says what it gave back of an order, in fen."""

    topic: ClassVar[str] = "orders.channel_refunded"
    order: str
    refund: str
    channel: str
    amount_fen: int
    occurred_at: datetime


class ChannelSettled(Fact, frozen=True, kw_only=True):
    """A channel has paid out for an order. ``gross_fen`` less ``fee_fen`` is what reached the bank, in fen.

    Both are negative when the channel took money back.
    """

    topic: ClassVar[str] = "orders.channel_settled"
    order: str
    merchant: str
    settlement: str
    channel: str
    gross_fen: int
    fee_fen: int
    day: date
    occurred_at: datetime


class VouchersExpired(Fact, frozen=True, kw_only=True):
    """Vouchers that nobody has used have ended; their money goes back or is forfeited, as their product says."""

    topic: ClassVar[str] = "orders.vouchers_expired"
    order: str
    consumer: str
    pieces: int
    refunds: bool
