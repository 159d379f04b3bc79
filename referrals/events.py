"""What has happened to commissions."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class CommissionOwed(Fact, frozen=True, kw_only=True):
    """An order is earned, and its referrer's commission of ``fen`` is owed.

    ``referrer`` is a code; it is at the expense of ``merchant``, whose split brings it to the county.
    """

    topic: ClassVar[str] = "referrals.commission_owed"
    order: str
    merchant: str
    referrer: str
    fen: int
    due_at: datetime


class CommissionReduced(Fact, frozen=True, kw_only=True):
    """A refund after an order was earned has taken ``fen`` of its referrer's commission back, paid already or not."""

    topic: ClassVar[str] = "referrals.commission_reduced"
    order: str
    line: str
    refund: str
    merchant: str
    referrer: str
    fen: int
    reduced_at: datetime


class ReferrerPaid(Fact, frozen=True, kw_only=True):
    """The county has paid all that was due to a referrer, by a voucher of its bank.

    ``offsets``: what had been overpaid on other codes of the same person and came off it, in fen by code.
    """

    topic: ClassVar[str] = "referrals.referrer_paid"
    payout: str
    referrer: str
    fen: int
    offsets: dict[str, int]
    voucher: str
    paid_at: datetime
