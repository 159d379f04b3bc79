"""What has happened to commissions."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class CommissionOwed(Fact, frozen=True, kw_only=True):
    """An order is earned, and its referrer's commission of ``fen`` is owed. ``referrer`` is a code."""

    topic: ClassVar[str] = "referrals.commission_owed"
    order: str
    referrer: str
    fen: int
    due_at: datetime
