"""The members of WeChat Pay's JSON that this system reads. Unknown members of replies are ignored.

WeChat adds some.
"""

from datetime import datetime
from typing import Annotated

import msgspec

AwareMoment = Annotated[datetime, msgspec.Meta(tz=True)]


class PrepayReply(msgspec.Struct):
    """``prepay_id`` is good for two hours."""

    prepay_id: str


class Amount(msgspec.Struct):
    """The amount of a payment, in fen."""

    total: int
    currency: str = "CNY"


class Payer(msgspec.Struct):
    """Who paid: ``openid`` in direct mode, ``sp_openid`` in partner mode."""

    openid: str | None = None
    sp_openid: str | None = None


class TransactionReply(msgspec.Struct):
    """A payment, in a query's answer and in a notice."""

    out_trade_no: str
    trade_state: str
    appid: str | None = None
    mchid: str | None = None
    sp_appid: str | None = None
    sp_mchid: str | None = None
    sub_mchid: str | None = None
    transaction_id: str | None = None
    success_time: AwareMoment | None = None
    amount: Amount | None = None
    payer: Payer | None = None


class PartAmount(msgspec.Struct):
    """The amount of one part of a combined payment, in fen."""

    total_amount: int
    currency: str = "CNY"


class PartReply(msgspec.Struct):
    """One sub-order of a combined payment. ``mchid`` is the provider, ``sub_mchid`` where the money lands."""

    mchid: str
    out_trade_no: str
    trade_state: str
    sub_mchid: str | None = None
    transaction_id: str | None = None
    success_time: AwareMoment | None = None
    amount: PartAmount | None = None


class CombinedPayer(msgspec.Struct):
    """Who pays a combination."""

    openid: str | None = None


class CombinationReply(msgspec.Struct):
    """A combined payment, in a query's answer and in a notice (wechat reference 2.3b)."""

    combine_appid: str
    combine_mchid: str
    combine_out_trade_no: str
    sub_orders: list[PartReply]
    combine_payer_info: CombinedPayer | None = None


class RefundAmount(msgspec.Struct):
    """Amounts of a refund, in fen: of this refund and of the whole payment."""

    refund: int
    total: int


class RefundReply(msgspec.Struct):
    """A refund, in an answer."""

    refund_id: str
    out_refund_no: str
    status: str
    amount: RefundAmount
    transaction_id: str | None = None
    out_trade_no: str | None = None
    success_time: AwareMoment | None = None


class RefundNotice(msgspec.Struct):
    """A refund, in a notice: the state is called ``refund_status`` there."""

    refund_id: str
    out_refund_no: str
    refund_status: str
    amount: RefundAmount
    transaction_id: str | None = None
    out_trade_no: str | None = None
    mchid: str | None = None
    sp_mchid: str | None = None
    sub_mchid: str | None = None
    success_time: AwareMoment | None = None


class Resource(msgspec.Struct):
    """The sealed part of a notice or of a platform certificate."""

    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str = ""
    original_type: str = ""


class NoticeEnvelope(msgspec.Struct):
    """A notice as it travels."""

    id: str
    event_type: str
    resource_type: str
    resource: Resource


class BillReply(msgspec.Struct):
    """Where a bill can be fetched, for five minutes."""

    hash_type: str
    hash_value: str
    download_url: str


class SealedBill(msgspec.Struct):
    """One part of a sub-merchant's bill: the file is sealed with ``encrypt_key``, which is sealed for us."""

    download_url: str
    encrypt_key: str
    hash_type: str
    hash_value: str
    nonce: str


class SealedBillsReply(msgspec.Struct):
    """All parts of a sub-merchant's bill."""

    download_bill_list: list[SealedBill]


class CertificateEntry(msgspec.Struct):
    """One platform certificate, sealed with the APIv3 key."""

    serial_no: str
    encrypt_certificate: Resource


class CertificatesReply(msgspec.Struct):
    """All platform certificates that are in use."""

    data: list[CertificateEntry]
