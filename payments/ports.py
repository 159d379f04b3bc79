"""What this room needs from a payment channel: one protocol, its plain values and its two kinds of failure.

The channel of the first release is WeChat Pay v3 (wechat reference 2.2 to 2.4). Amounts are whole fen;
moments are aware; ``number`` is always ours, ``transaction_id`` and ``refund_id`` are always the channel's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class GatewayError(Exception):
    """A call to the channel did not succeed. ``request_id`` is what the channel's support asks for."""

    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id


class OutcomeUnknown(GatewayError):
    """Nobody can say whether the channel has acted: timeout, reset, 5xx, or an answer nobody has signed.

    The only right reaction is to ask again with the same number, never to mint another one.
    """


class GatewayRefused(GatewayError):
    """The channel answered, signed, that it did not act. Branch on ``code``, never on the message."""

    def __init__(self, code: str, message: str, *, status: int, request_id: str = "") -> None:
        super().__init__(f"{status} {code}: {message}", request_id=request_id)
        self.code = code
        self.message = message
        self.status = status

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may succeed later without any change (rate limits, money not yet in the
        account).
        """
        return self.status == 429 or self.code in _TEMPORARY_CODES


_TEMPORARY_CODES = frozenset(
    {
        "FREQUENCY_LIMITED",
        "FREQUENCY_LIMIT",
        "RATELIMIT_EXCEEDED",
        "NOT_ENOUGH",
        "RULE_LIMIT",
        "SYSTEM_ERROR",
    }
)


class NoticeForged(Exception):
    """A notice does not carry a valid, fresh signature of the channel. Nothing in it may be believed."""


class NoticeUnreadable(Exception):
    """A notice is signed, and yet its content cannot be decrypted or understood."""


class BillInvalid(Exception):
    """A bill does not add up to its own summary, fails its hash, or has a row that cannot be read."""


class TradeState(StrEnum):
    """The channel's word for the state of a payment."""

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"
    REVOKED = "REVOKED"


class RefundState(StrEnum):
    """The channel's word for the state of a refund."""

    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    PROCESSING = "PROCESSING"
    ABNORMAL = "ABNORMAL"


@dataclass(frozen=True)
class PrepayOrder:
    """What is opened at the channel. All of it must be the same on every repeat (wechat reference 2.3)."""

    number: str
    sub_mchid: str | None
    payer_openid: str
    amount_fen: int
    description: str
    expires_at: datetime
    to_share: bool = False


@dataclass(frozen=True)
class CashierParameters:
    """What ``wx.requestPayment`` takes. The client's success callback is no proof of payment."""

    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


@dataclass(frozen=True)
class Transaction:
    """The channel's view of one payment, from a notice or from a query. Absent members are None.

    ``combination`` is the number under which it was opened together with others.
    """

    number: str
    state: TradeState
    mchid: str
    sub_mchid: str | None
    appid: str
    transaction_id: str | None
    amount_fen: int | None
    currency: str | None
    payer_openid: str | None
    succeeded_at: datetime | None
    combination: str | None = None


@dataclass(frozen=True)
class RefundOrder:
    """What is sent to the channel to give money back; idempotent by ``number``."""

    number: str
    transaction_id: str
    sub_mchid: str | None
    amount_fen: int
    total_fen: int
    reason: str


@dataclass(frozen=True)
class RefundResult:
    """The channel's view of one refund."""

    number: str
    refund_id: str
    state: RefundState
    transaction_id: str | None
    payment_number: str | None
    mchid: str | None
    sub_mchid: str | None
    amount_fen: int
    total_fen: int
    succeeded_at: datetime | None


@dataclass(frozen=True)
class Notice:
    """A verified and decrypted notice of one payment, of the parts of a combination, of a refund, or of a split.

    ``split`` is our number of a split of which something has become; what, the channel is asked.

    It holds none of them when this system does not follow the event; it is acknowledged and kept.
    """

    id: str
    event_type: str
    transactions: tuple[Transaction, ...] = ()
    refund: RefundResult | None = None
    split: str | None = None


class BillLineKind(StrEnum):
    """Whether a line of a trade bill took money in or gave it back."""

    CAPTURE = "capture"
    REFUND = "refund"


@dataclass(frozen=True)
class TradeBillRow:
    """One line of the trade bill. ``fee_fen`` is what the channel kept.

    Positive on captures, negative when returned.
    """

    line_number: int
    kind: BillLineKind
    traded_at: datetime
    appid: str
    mchid: str
    sub_mchid: str | None
    transaction_id: str
    number: str
    refund_id: str | None
    refund_number: str | None
    refund_state: str | None
    gross_fen: int
    fee_fen: int


@dataclass(frozen=True)
class TradeBill:
    """One day's trade bill in China time.

    ``sha1`` is the hash that the channel stated and that was checked.
    """

    day: date
    sha1: str
    rows: tuple[TradeBillRow, ...]


@dataclass(frozen=True)
class FundBillRow:
    """One movement of an account: income is positive, ``balance_fen`` stands after it.

    ``voucher`` is the channel's number of the thing behind it, a ``refund_id`` for example.
    """

    line_number: int
    booked_at: datetime
    flow_number: str
    transaction_id: str
    business: str
    amount_fen: int
    balance_fen: int
    remark: str
    voucher: str


@dataclass(frozen=True)
class FundBill:
    """One day's movements of one account in China time; ``sha1`` as for the trade bill."""

    day: date
    account: str
    sha1: str
    rows: tuple[FundBillRow, ...]


class PaymentGateway(Protocol):
    """A payment channel.

    Each coroutine raises :class:`GatewayRefused` or :class:`OutcomeUnknown`; none of them may be called
    inside a database transaction.
    """

    @property
    def channel(self) -> str:
        """The name of the channel, for example ``wechat_miniprogram``."""
        ...

    @property
    def appid(self) -> str:
        """The application the payer's openid belongs to."""
        ...

    @property
    def mchid(self) -> str:
        """The merchant number that signs."""
        ...

    @property
    def needs_sub_mchid(self) -> bool:
        """Whether each payee must have a merchant number of its own (partner mode)."""
        ...

    @property
    def most_parts(self) -> int:
        """How many payees one combination may have."""
        ...

    async def open_prepay(self, order: PrepayOrder) -> str:
        """Open the payment; answers the ``prepay_id``, good for two hours."""
        ...

    async def open_combination(self, number: str, parts: Sequence[PrepayOrder]) -> str:
        """Open several payments of one payer as one; answers the ``prepay_id`` of all."""
        ...

    def pay_sign(self, prepay_id: str) -> CashierParameters:
        """The signed parameters that open the cashier on the phone."""
        ...

    async def query(self, number: str, sub_mchid: str | None) -> Transaction | None:
        """The payment as the channel sees it; None when the channel has never heard of it."""
        ...

    async def query_combination(self, number: str) -> list[Transaction]:
        """The parts of a combination as the channel sees them; none when it has never heard of it."""
        ...

    async def close(self, number: str, sub_mchid: str | None) -> None:
        """Close the payment so that it can no longer be paid. Refused with ``ORDERPAID`` when it has been."""
        ...

    async def close_combination(self, number: str, parts: Mapping[str, str]) -> None:
        """Close parts of a combination, ``sub_mchid`` by number. Refused with ``ORDERPAID`` as an ordinary close is."""
        ...

    async def refund(self, order: RefundOrder) -> RefundResult:
        """Ask for a refund. An answer means accepted, not refunded."""
        ...

    async def query_refund(self, number: str, sub_mchid: str | None) -> RefundResult | None:
        """The refund as the channel sees it; None when the channel has never heard of it."""
        ...

    async def trade_bill(self, day: date) -> TradeBill | None:
        """The trade bill of a day in China; None when there was no trade. Raises :class:`BillInvalid`."""
        ...

    async def fund_bill(self, day: date, sub_mchid: str | None) -> FundBill | None:
        """The movements of a merchant's account, or of our own when None, on a day in China.

        None when nothing moved. Raises :class:`BillInvalid`.
        """
        ...

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> Notice:
        """Verify the signature over the raw bytes, then decrypt. Header names are case-insensitive.

        Raises :class:`NoticeForged` or :class:`NoticeUnreadable`. Pure computing, no network.
        """
        ...
