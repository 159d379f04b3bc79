"""The things that this WeChat knows: people, merchants, orders, refunds, money movements and notices."""

import secrets
from datetime import datetime
from typing import Any, Literal

import msgspec

from scripts.wechat_sandbox.moments import CHINA, utc_now

FinalState = Literal["SUCCESS", "ABNORMAL", "CLOSED"]
FundKind = Literal["交易", "扣除交易手续费", "退款", "退还交易手续费", "退款关闭", "提现", "分账", "分账回退"]


class Person(msgspec.Struct, kw_only=True):
    """A synthetic person with a WeChat account.

    ``sub_openids`` maps other appids to this person's openid there. ``real_name`` is compared with what a transfer
    names; empty: whatever it names.
    """

    openid: str
    nickname: str
    phone: str
    unionid: str = ""
    is_high_risk: bool = False
    sub_openids: dict[str, str] = {}
    real_name: str = ""
    seen_at: datetime | None = None


class SubMerchant(msgspec.Struct, kw_only=True):
    """A merchant under the service provider. Without ``is_authorised`` the provider may not act for it."""

    sub_mchid: str
    name: str = ""
    sub_appids: list[str] = []
    is_authorised: bool = True


class Order(msgspec.Struct, kw_only=True):
    """One payment order, or one sub-order of a ``combination``. ``sub_mchid`` is empty in direct mode. Amounts are fen.

    ``fingerprint`` is the canonical text of the first prepay call: a repeat must be the same. ``is_shared``: its money
    stays frozen until it is split or ``unfrozen_at``.
    """

    out_trade_no: str
    is_shared: bool = False
    unfrozen_at: datetime | None = None
    combination: str = ""
    appid: str
    mchid: str
    sub_appid: str = ""
    sub_mchid: str = ""
    sp_openid: str = ""
    sub_openid: str = ""
    description: str
    attach: str = ""
    notify_url: str
    total: int
    created_at: datetime
    expires_at: datetime
    has_time_expire: bool = False
    fingerprint: str
    prepay_ids: dict[str, datetime] = {}
    state: Literal["NOTPAY", "SUCCESS", "CLOSED"] = "NOTPAY"
    transaction_id: str = ""
    success_at: datetime | None = None
    fee_rate_ppm: int = 0

    @property
    def payer_openid(self) -> str:
        """The openid that the cashier must belong to."""
        return self.sub_openid or self.sp_openid

    @property
    def paying_appid(self) -> str:
        """The appid that ``paySign`` is made for: the one whose openid pays."""
        return self.sub_appid if self.sub_openid else self.appid

    @property
    def account(self) -> str:
        """The merchant number that the money lands at."""
        return self.sub_mchid or self.mchid


class Combination(msgspec.Struct, kw_only=True):
    """Several orders that are paid by one password; ``parts`` are their numbers, in the order of the first call."""

    combine_out_trade_no: str
    appid: str
    mchid: str
    parts: list[str]
    notify_url: str
    expires_at: datetime
    fingerprint: str
    prepay_ids: dict[str, datetime] = {}


class Refund(msgspec.Struct, kw_only=True):
    """One refund. ``outcome`` is what it will settle to; ``fingerprint`` as for orders."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    mchid: str
    sub_mchid: str = ""
    refund: int
    total: int
    reason: str = ""
    notify_url: str = ""
    created_at: datetime
    settles_at: datetime
    success_at: datetime | None = None
    state: FinalState | Literal["PROCESSING"] = "PROCESSING"
    fingerprint: str


class ShareReceiver(msgspec.Struct, kw_only=True):
    """An account that may get shares of a sub-merchant's payments."""

    sub_mchid: str
    account: str
    name: str


class Split(msgspec.Struct, kw_only=True):
    """One request to split a payment; without ``amount`` it only unfreezes. ``rest`` goes to the sub-merchant."""

    out_order_no: str
    order_id: str
    out_trade_no: str
    transaction_id: str
    sub_mchid: str
    account: str = ""
    amount: int = 0
    description: str = ""
    unfreezes: bool = False
    created_at: datetime
    finished_at: datetime | None = None
    result: Literal["PENDING", "SUCCESS", "CLOSED"] = "PENDING"
    fingerprint: str


class SplitReturn(msgspec.Struct, kw_only=True):
    """A receiver gives a share back."""

    out_return_no: str
    return_id: str
    out_order_no: str
    sub_mchid: str
    return_mchid: str
    amount: int
    created_at: datetime
    finished_at: datetime | None = None
    result: Literal["PROCESSING", "SUCCESS", "FAILED"] = "PROCESSING"
    fingerprint: str


class FundEntry(msgspec.Struct, kw_only=True):
    """One movement on a merchant's basic account.

    ``amount`` is signed fen: income above zero, expense below.
    """

    number: str
    account: str
    kind: FundKind
    amount: int
    transaction_id: str = ""
    reference: str = ""
    at: datetime


class Attempt(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One POST of a notice: what was sent (``flavour``), and what came back (0 when nothing did)."""

    at: datetime
    flavour: str
    status: int = 0
    error: str = ""


class Notice(msgspec.Struct, kw_only=True):
    """One notice with its plain resource; each attempt encrypts and signs it anew.

    States: waiting, delivered (200 or 204 came), exhausted (the schedule is over), lost (a fault swallowed
    it).
    """

    id: str
    event_type: str
    original_type: str
    summary: str
    url: str
    out_trade_no: str
    out_refund_no: str = ""
    resource: dict[str, Any]
    created_at: datetime
    next_attempt_at: datetime | None = None
    state: Literal["waiting", "delivered", "exhausted", "lost"] = "waiting"
    genuine_attempts: int = 0
    attempts: list[Attempt] = []
    faults: list[str] = []


def random_digits(count: int) -> str:
    """That many random decimal digits."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def new_prepay_id() -> str:
    """A prepay id in WeChat's shape: ``wx``, the China time and 20 hexadecimal digits."""
    return "wx" + utc_now().astimezone(CHINA).strftime("%Y%m%d%H%M%S") + secrets.token_hex(10)


def new_transaction_id() -> str:
    """A transaction id in WeChat's shape: 28 digits with the China date inside."""
    return "4200009" + random_digits(3) + utc_now().astimezone(CHINA).strftime("%Y%m%d") + random_digits(10)


def new_refund_id() -> str:
    """A refund id in WeChat's shape: 29 digits with the China date inside."""
    return "50300" + random_digits(6) + utc_now().astimezone(CHINA).strftime("%Y%m%d") + random_digits(10)


def new_share_id() -> str:
    """An id of a split or of a return in WeChat's shape: 28 digits."""
    return "3008450740" + utc_now().astimezone(CHINA).strftime("%Y%m%d") + random_digits(10)


def new_openid() -> str:
    """An openid in WeChat's shape: 28 characters that begin with ``o``."""
    return ("o" + secrets.token_urlsafe(24))[:28]
