"""What has happened to shares. ``reference`` comes first, as in the facts of payments."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class PaymentShared(Fact, frozen=True, kw_only=True):
    """The share of a payment is settled, once: ``split_fen`` went to the receiver, ``owed_fen`` the payee still owes.

    Both come off what the payee is due. ``owed_fen`` exceeds the channel's limit, or the channel did not split at all.
    """

    topic: ClassVar[str] = "payments.payment_shared"
    reference: str
    number: str
    payee: str
    channel: str
    split_fen: int
    owed_fen: int
    occurred_at: datetime


class SplitReturned(Fact, frozen=True, kw_only=True):
    """A refund took its part of a share back: ``returned_fen`` at the channel, ``waived_fen`` of what was owed."""

    topic: ClassVar[str] = "payments.split_returned"
    reference: str
    number: str
    return_number: str
    payee: str
    channel: str
    returned_fen: int
    waived_fen: int
    occurred_at: datetime
