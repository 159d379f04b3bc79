"""Notices: the signature over the raw bytes first, then the seal, then the meaning (wechat reference 2.3)."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.signatures import (
    ResourceRejected,
    SignatureRejected,
    decrypt_resource,
    verify,
)
from integrations.wechat_pay.translation import parts_of, refund_of_notice, transaction_of
from integrations.wechat_pay.wire import CombinationReply, NoticeEnvelope, RefundNotice, TransactionReply
from payments.ports import Notice, NoticeForged, NoticeUnreadable

MAX_ID_CHARS = 64


class _Share(msgspec.Struct):
    """What the notice to a receiver says of a split (wechat reference 2.5)."""

    out_order_no: str


class _Combined(msgspec.Struct):
    """Whether a resource is a combined payment's."""

    combine_out_trade_no: str | None = None


def read_notice(
    configuration: WeChatPayConfiguration,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    now: datetime,
) -> Notice:
    """A notice WeChat has signed. Raises NoticeForged or NoticeUnreadable; makes no call."""
    envelope, plain = open_notice(configuration, headers, raw, now=now)
    try:
        return _typed(envelope, plain)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NoticeUnreadable(f"{type(error).__name__}: {error}") from None


def open_notice(
    configuration: WeChatPayConfiguration,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    now: datetime,
) -> tuple[NoticeEnvelope, bytes]:
    """The envelope of a notice WeChat has signed, and what was sealed in it. Raises as :func:`read_notice`."""
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        verify(configuration.ring, lower, raw, now=now, is_notice=True)
    except SignatureRejected as error:
        raise NoticeForged(error.reason) from None
    try:
        envelope = msgspec.json.decode(raw, type=NoticeEnvelope)
        if envelope.resource_type != "encrypt-resource" or envelope.resource.algorithm != "AEAD_AES_256_GCM":
            raise NoticeUnreadable("the resource is not AEAD_AES_256_GCM")
        if not 1 <= len(envelope.id) <= MAX_ID_CHARS:
            raise NoticeUnreadable("the notice has no id of 1 to 64 characters")
        plain = decrypt_resource(
            configuration.apiv3_key,
            nonce=envelope.resource.nonce,
            ciphertext=envelope.resource.ciphertext,
            associated_data=envelope.resource.associated_data,
        )
    except (msgspec.MsgspecError, ResourceRejected, ValueError) as error:
        raise NoticeUnreadable(f"{type(error).__name__}: {error}") from None
    return envelope, plain


def _typed(envelope: NoticeEnvelope, plain: bytes) -> Notice:
    """The event decides the type; a resource of another type under it is refused (swapped event types)."""
    if envelope.resource.original_type == "profitsharing":
        share = msgspec.json.decode(plain, type=_Share)
        return Notice(id=envelope.id, event_type=envelope.event_type, split=share.out_order_no)
    if envelope.event_type == "TRANSACTION.SUCCESS":
        # The event of a combined payment bears the same name; the number under which it was opened tells them apart.
        is_combined = msgspec.json.decode(plain, type=_Combined).combine_out_trade_no is not None
        found = (
            parts_of(msgspec.json.decode(plain, type=CombinationReply))
            if is_combined
            else [transaction_of(msgspec.json.decode(plain, type=TransactionReply))]
        )
        return Notice(id=envelope.id, event_type=envelope.event_type, transactions=tuple(found))
    if envelope.event_type.startswith("REFUND."):
        refund = refund_of_notice(msgspec.json.decode(plain, type=RefundNotice))
        if refund.state.value != envelope.event_type.removeprefix("REFUND."):
            raise NoticeUnreadable("the event and the refund's state differ")
        return Notice(id=envelope.id, event_type=envelope.event_type, refund=refund)
    return Notice(id=envelope.id, event_type=envelope.event_type)
