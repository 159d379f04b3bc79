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
    """A refund took its part of a share back: ``returned_fen`` at the channel, ``waived_fen`` of what was owed.

    ``owed_fen`` is too old for the channel: the receiver owes it to the payee.
    """

    topic: ClassVar[str] = "payments.split_returned"
    reference: str
    number: str
    return_number: str
    payee: str
    channel: str
    returned_fen: int
    waived_fen: int
    owed_fen: int
    occurred_at: datetime


class ShareRestored(Fact, frozen=True, kw_only=True):
    """A refund has failed for good after its part of a share had come back: the payee owes ``owed_fen`` of it again.

    The channel splits a payment once, so nothing goes back there. ``kept_fen`` the receiver had not given back, and
    does not owe any more.
    """

    topic: ClassVar[str] = "payments.share_restored"
    reference: str
    number: str
    return_number: str
    payee: str
    channel: str
    owed_fen: int
    kept_fen: int
    occurred_at: datetime
