"""From WeChat Pay's members to the room's values."""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from integrations.wechat_pay.wire import CombinationReply, RefundNotice, RefundReply, TransactionReply
from payments.ports import (
    OutcomeUnknown,
    RefundResult,
    RefundState,
    TradeState,
    Transaction,
)

T = TypeVar("T")


def read_reply(raw: bytes, kind: type[T]) -> T:
    """A signed reply's members. Raises OutcomeUnknown: what cannot be read proves nothing."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        raise OutcomeUnknown(f"a signed reply cannot be read: {error}") from None


def transaction_of(reply: TransactionReply) -> Transaction:
    """The room's view of a payment, the same for a query's answer and for a notice.

    ValueError on an unknown state.
    """
    payer = reply.payer
    return Transaction(
        number=reply.out_trade_no,
        state=TradeState(reply.trade_state),
        mchid=reply.sp_mchid or reply.mchid or "",
        sub_mchid=reply.sub_mchid,
        appid=reply.sp_appid or reply.appid or "",
        transaction_id=reply.transaction_id,
        amount_fen=reply.amount.total if reply.amount else None,
        currency=reply.amount.currency if reply.amount else None,
        payer_openid=(payer.sp_openid or payer.openid) if payer else None,
        succeeded_at=_utc(reply.success_time),
    )


def parts_of(reply: CombinationReply) -> list[Transaction]:
    """The room's view of the parts of a combined payment. ValueError on an unknown state."""
    payer = reply.combine_payer_info
    return [
        Transaction(
            number=part.out_trade_no,
            state=TradeState(part.trade_state),
            # A part that names another provider than its combination belongs to nobody here.
            mchid=part.mchid if part.mchid == reply.combine_mchid else "",
            sub_mchid=part.sub_mchid,
            appid=reply.combine_appid,
            transaction_id=part.transaction_id,
            amount_fen=part.amount.total_amount if part.amount else None,
            currency=part.amount.currency if part.amount else None,
            payer_openid=payer.openid if payer else None,
            succeeded_at=_utc(part.success_time),
            combination=reply.combine_out_trade_no,
        )
        for part in reply.sub_orders
    ]


def refund_of_reply(reply: RefundReply, mchid: str, sub_mchid: str | None) -> RefundResult:
    """A refund from an answer, which does not repeat the merchant numbers that were asked with."""
    return _refund(reply, reply.status, mchid, sub_mchid)


def refund_of_notice(notice: RefundNotice) -> RefundResult:
    """A refund from a notice, which names its merchant numbers itself."""
    return _refund(notice, notice.refund_status, notice.sp_mchid or notice.mchid, notice.sub_mchid)


def _refund(
    source: RefundReply | RefundNotice,
    state: str,
    mchid: str | None,
    sub_mchid: str | None,
) -> RefundResult:
    return RefundResult(
        number=source.out_refund_no,
        refund_id=source.refund_id,
        state=RefundState(state),
        transaction_id=source.transaction_id,
        payment_number=source.out_trade_no,
        mchid=mchid,
        sub_mchid=sub_mchid,
        amount_fen=source.amount.refund,
        total_fen=source.amount.total,
        succeeded_at=_utc(source.success_time),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
