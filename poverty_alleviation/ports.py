"""What this room needs: a channel that pays people directly (wechat reference 2.6), and whom the county counts.

Amounts are whole fen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from poverty_alleviation.shares.models import ShareCircle


class TransferNews(StrEnum):
    """What the channel says of a transfer. Unconfirmed: its payee has to agree, within a day."""

    PENDING = "pending"
    UNCONFIRMED = "unconfirmed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class TransferLimits:
    """The smallest and the largest sum of one transfer, in fen."""

    least_fen: int
    most_fen: int

    def fit(self, amount_fen: int) -> bool:
        """Whether a sum may go by one transfer."""
        return self.least_fen <= amount_fen <= self.most_fen


@dataclass(frozen=True)
class TransferOrder:
    """Who gets how much, from whom. Idempotent by ``number``: the channel pays one number once, for ever.

    ``payer`` is the merchant's own number at the channel, empty where all goods' money is one account's. ``name`` is
    what the channel compares with the payee's own; it travels sealed.
    """

    number: str
    payer: str
    openid: str
    name: str
    amount_fen: int


@dataclass(frozen=True)
class TransferResult:
    """The channel's view. ``package`` is what the payee's phone needs to agree, where the channel told it."""

    number: str
    bill: str
    news: TransferNews
    amount_fen: int
    package: str = ""
    failure: str = ""
    moved_at: datetime | None = None


@dataclass(frozen=True)
class ConfirmingAccount:
    """What a phone names when it agrees: our merchant number, the payer's where it has one, the mini-program."""

    mchid: str
    sub_mchid: str
    appid: str


class TransferChannel(Protocol):
    """A channel that pays people.

    Its coroutines raise ``GatewayRefused`` or ``OutcomeUnknown`` of ``payments.ports``; none of them may be called
    inside a database transaction.
    """

    def is_offered(self, payer: str) -> bool:
        """Whether anything may be sent for this payer: it is configured, and the payer has an account there."""
        ...

    @property
    def limits(self) -> TransferLimits:
        """Of one transfer."""
        ...

    def confirming(self, payer: str) -> ConfirmingAccount:
        """What a phone names when its owner agrees to be paid by a payer."""
        ...

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Ask for a transfer; the same order again changes nothing and is answered alike."""
        ...

    async def query(self, number: str, payer: str) -> TransferResult | None:
        """The transfer by our number and its payer; None when the channel has never heard of it."""
        ...

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> str | None:
        """The number that a signed notice is about; None for another event. Raises NoticeForged, NoticeUnreadable."""
        ...


class MarkedPeople(Protocol):
    """Whom the county counts somewhere. It hands in marks, never names, and learns from a share how many alone."""

    async def marks_on(self, circle: ShareCircle, day: date) -> list[bytes]:
        """The people of a circle on a day, each once, by the register's blind index (``households.person_index``)."""
        ...
