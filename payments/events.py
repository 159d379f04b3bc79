"""What has happened to payments. ``reference`` comes first.

Facts about one reference are delivered in order.
"""

from datetime import date, datetime
from typing import ClassVar

from kit.facts import Fact


class PaymentSucceeded(Fact, frozen=True, kw_only=True):
    """The money of a payment has been captured, in time and to the fen. Announced once per payment."""

    topic: ClassVar[str] = "payments.payment_succeeded"
    reference: str
    number: str
    payee: str
    channel: str
    amount_fen: int
    transaction_id: str
    occurred_at: datetime


class PaymentClosed(Fact, frozen=True, kw_only=True):
    """A payment can no longer be paid: the channel has closed it, or was never asked to open it."""

    topic: ClassVar[str] = "payments.payment_closed"
    reference: str
    number: str
    payee: str
    channel: str
    amount_fen: int
    occurred_at: datetime


class PaymentArrivedLate(Fact, frozen=True, kw_only=True):
    """Money was captured after ``PaymentClosed``. Its owner accepts it or has it refunded.

    It is never kept silent.
    """

    topic: ClassVar[str] = "payments.payment_arrived_late"
    reference: str
    number: str
    payee: str
    channel: str
    amount_fen: int
    transaction_id: str
    occurred_at: datetime


class PaymentHeld(Fact, frozen=True, kw_only=True):
    """The channel reports money that does not fit the payment. A person must look.

    ``amount_fen`` is what was asked for, ``seen_fen`` what was reported.
    """

    topic: ClassVar[str] = "payments.payment_held"
    reference: str
    number: str
    payee: str
    channel: str
    amount_fen: int
    seen_fen: int
    transaction_id: str
    reason: str
    occurred_at: datetime


class RefundSucceeded(Fact, frozen=True, kw_only=True):
    """The channel has paid a refund back. ``refund_reference`` is what its owner called it."""

    topic: ClassVar[str] = "payments.refund_succeeded"
    reference: str
    number: str
    refund_reference: str
    refund_number: str
    payee: str
    channel: str
    amount_fen: int
    transaction_id: str
    refund_id: str
    occurred_at: datetime


class RefundFailed(Fact, frozen=True, kw_only=True):
    """A refund did not reach the payer. ``is_final``: the money stays captured, and another refund may be
    asked for.

    Not final means abnormal: the channel holds the money until a person settles it there.
    """

    topic: ClassVar[str] = "payments.refund_failed"
    reference: str
    number: str
    refund_reference: str
    refund_number: str
    payee: str
    channel: str
    amount_fen: int
    transaction_id: str
    reason: str
    is_final: bool
    occurred_at: datetime


class PaymentSettled(Fact, frozen=True, kw_only=True):
    """The channel's bill of ``day`` confirms a capture or a refund.

    ``gross_fen`` and ``fee_fen`` are positive on a capture. On a refund both are negative: money went back,
    and the channel gave its fee back. Their difference is what reaches the payee's bank.
    """

    topic: ClassVar[str] = "payments.payment_settled"
    reference: str
    number: str
    refund_reference: str | None
    payee: str
    channel: str
    gross_fen: int
    fee_fen: int
    transaction_id: str
    day: date
    occurred_at: datetime
