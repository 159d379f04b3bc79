"""What this room needs from a channel that splits payments (wechat reference 2.5). Amounts are whole fen."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ShareState(StrEnum):
    """What became of a share, or of its way back, at the channel."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"


@dataclass(frozen=True)
class SplitOrder:
    """What is split off a payment of ``sub_mchid``; idempotent by ``number``. The rest is unfrozen with it."""

    number: str
    transaction_id: str
    sub_mchid: str
    amount_fen: int


@dataclass(frozen=True)
class SplitResult:
    """The channel's view of a split; ``amount_fen`` is what the receiver was to get, 0 when money is only unfrozen."""

    number: str
    order_id: str
    state: ShareState
    amount_fen: int
    failure: str = ""


@dataclass(frozen=True)
class ReturnOrder:
    """What the receiver gives back of a split; idempotent by ``number``."""

    number: str
    split_number: str
    sub_mchid: str
    amount_fen: int


@dataclass(frozen=True)
class ReturnResult:
    """The channel's view of a return. ``CLOSED`` is for good: another attempt needs another number."""

    number: str
    return_id: str
    state: ShareState
    amount_fen: int
    failure: str = ""


class SharingChannel(Protocol):
    """A channel that freezes payments and splits them.

    Each coroutine raises ``GatewayRefused`` or ``OutcomeUnknown`` of ``payments.ports``; none of them may be called
    inside a database transaction.
    """

    @property
    def is_offered(self) -> bool:
        """Whether shares can be split at all: in partner mode, with a receiver that has a name."""
        ...

    @property
    def receiver(self) -> str:
        """The merchant number that gets the shares."""
        ...

    async def register_receiver(self, sub_mchid: str) -> None:
        """Make the receiver known for a payee; repeating it is harmless."""
        ...

    async def split(self, order: SplitOrder) -> SplitResult:
        """Ask for a split. An answer means accepted; of 0 fen it only unfreezes the payment."""
        ...

    async def query_split(self, order: SplitOrder) -> SplitResult | None:
        """The split by our number; None when the channel has never heard of it."""
        ...

    async def return_share(self, order: ReturnOrder) -> ReturnResult:
        """Have the receiver give a share back."""
        ...

    async def query_return(self, order: ReturnOrder) -> ReturnResult | None:
        """The return by our number; None when the channel has never heard of it."""
        ...
