"""Refunds.

Accepted at once, settled a moment later, idempotent by ``out_refund_no`` (wechat reference 2.4).
"""

from datetime import timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from scripts.wechat_sandbox.errors import PayError, parameter_error, rule_error
from scripts.wechat_sandbox.funds import fee_returned
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import PayDesk, check_notify_url, check_text, present
from scripts.wechat_sandbox.pay_schemas import AbnormalRefund, CreateRefund, QueryRefund
from scripts.wechat_sandbox.records import FinalState, Order, Refund, new_refund_id
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World

REFUND_DAYS = 365
SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


class RefundDesk:
    """The refund endpoints."""

    def __init__(self, world: World, notices: NoticeDesk, pay: PayDesk) -> None:
        self._world = world
        self._notices = notices
        self._pay = pay

    def create(self, call: Call) -> dict[str, Any]:
        """``POST /v3/refund/domestic/refunds``. 200 means accepted, not refunded."""
        body = call.decode(CreateRefund)
        check_text("/reason", body.reason)
        if body.notify_url is not UNSET:
            check_notify_url(str(body.notify_url))
        order = self._order_of(body)
        fingerprint = msgspec.json.encode(body, order="sorted").decode()
        known = self._world.refunds.get(body.out_refund_no)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise rule_error("退款单号已存在，且请求参数与首次请求不一致", number=268498688)
            return self.view(known)
        self._check_rules(order, body)
        now = utc_now()
        refund = Refund(
            out_refund_no=body.out_refund_no,
            refund_id=new_refund_id(),
            out_trade_no=order.out_trade_no,
            transaction_id=order.transaction_id,
            mchid=order.mchid,
            sub_mchid=order.sub_mchid,
            refund=body.amount.refund,
            total=order.total,
            reason=present(body.reason),
            notify_url=present(body.notify_url),
            created_at=now,
            settles_at=now + timedelta(seconds=self._world.scaled(self._world.conditions.refund_seconds)),
            fingerprint=fingerprint,
        )
        fee = self._fee_back(order, refund)
        self._world.remember_refund(refund)
        self._world.funds.give_back(order, refund, fee)
        self._schedule(refund)
        return self.view(refund)

    def query(self, call: Call) -> dict[str, Any]:
        """``GET /v3/refund/domestic/refunds/{out_refund_no}``."""
        query = call.decode_query(QueryRefund)
        return self.view(self._owned(call.path_arguments["out_refund_no"], present(query.sub_mchid)))

    def apply_abnormal(self, call: Call) -> dict[str, Any]:
        """``POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund``."""
        body = call.decode(AbnormalRefund)
        refund = self._owned(body.out_refund_no, present(body.sub_mchid))
        if refund.refund_id != call.path_arguments["refund_id"]:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在", number=268512771)
        if refund.state != "ABNORMAL":
            raise rule_error("退款单不是异常状态")
        refund.state = "PROCESSING"
        refund.settles_at = utc_now() + timedelta(seconds=self._world.scaled(self._world.conditions.refund_seconds))
        self._world.remember_refund(refund)
        self._schedule(refund, outcome="SUCCESS")
        return self.view(refund)

    def resume(self) -> None:
        """After a restart: settle what is still in progress."""
        for refund in self._world.refunds:
            if refund.state == "PROCESSING":
                self._schedule(refund)

    def view(self, refund: Refund) -> dict[str, Any]:
        """The refund as the API shows it."""
        shown: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": refund.transaction_id,
            "out_trade_no": refund.out_trade_no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": rfc3339(refund.created_at),
            "status": refund.state,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": refund.total,
                "refund": refund.refund,
                "payer_total": refund.total,
                "payer_refund": refund.refund,
                "settlement_refund": refund.refund,
                "settlement_total": refund.total,
                "discount_refund": 0,
                "currency": "CNY",
            },
        }
        if refund.success_at is not None:
            shown["success_time"] = rfc3339(refund.success_at)
        return shown

    def _order_of(self, body: CreateRefund) -> Order:
        transaction_id, out_trade_no = present(body.transaction_id), present(body.out_trade_no)
        if bool(transaction_id) == bool(out_trade_no):
            raise parameter_error("/transaction_id", "exactly one of transaction_id and out_trade_no is needed")
        number = out_trade_no or self._world.orders_by_transaction_id.get(transaction_id, "")
        sub_mchid = present(body.sub_mchid)
        if sub_mchid:
            self._pay.sub_merchant(sub_mchid)
        order = self._world.orders.get(number)
        if order is None or order.sub_mchid != sub_mchid:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在", number=268512771)
        return order

    def _check_rules(self, order: Order, body: CreateRefund) -> None:
        if order.state != "SUCCESS" or order.success_at is None:
            raise PayError(403, "TRADE_ERROR", "订单未支付，不能退款", number=268512771)
        if utc_now() - order.success_at > timedelta(days=REFUND_DAYS):
            raise rule_error("订单已超过可退款的最大期限")
        if body.amount.total != order.total:
            raise parameter_error("/amount/total", "differs from the order", value=str(body.amount.total))
        alive = [refund for refund in self._world.refunds_for(order.out_trade_no) if refund.state != "CLOSED"]
        if sum(refund.refund for refund in alive) + body.amount.refund > order.total:
            raise rule_error("申请退款金额大于订单剩余可退金额")
        conditions = self._world.conditions
        every = self._world.refunds_for(order.out_trade_no)
        out = self._world.shared_of(order.out_trade_no)
        if sum(refund.refund for refund in alive) + body.amount.refund > order.total - out:
            raise PayError(403, "RULE_LIMIT", "订单已分账，请先完成分账回退")
        if len(every) >= conditions.refund_limit:
            raise rule_error("订单的部分退款次数已达上限")
        if every:
            waited = (utc_now() - every[-1].created_at).total_seconds()
            if waited < self._world.scaled(conditions.refund_spacing_seconds):
                raise PayError(429, "FREQUENCY_LIMITED", "同一订单的退款间隔须在 1 分钟以上", number=268447840)
        if conditions.refund_checks_balance and self._world.funds.balance(order.account) < body.amount.refund:
            raise PayError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后用原退款单号重试")

    def _fee_back(self, order: Order, refund: Refund) -> int:
        before = sum(
            other.refund
            for other in self._world.refunds_for(order.out_trade_no)
            if other.state != "CLOSED" and other.out_refund_no != refund.out_refund_no
        )
        return fee_returned(order.total, before, refund.refund, order.fee_rate_ppm)

    def _owned(self, out_refund_no: str, sub_mchid: str) -> Refund:
        refund = self._world.refunds.get(out_refund_no)
        if refund is None or refund.sub_mchid != sub_mchid:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在", number=268512771)
        return refund

    def _schedule(self, refund: Refund, outcome: FinalState | None = None) -> None:
        wait = (refund.settles_at - utc_now()).total_seconds()
        self._world.timers.later(wait, lambda: self._settle(refund, outcome))

    def _settle(self, refund: Refund, outcome: FinalState | None) -> None:
        if refund.state != "PROCESSING":
            return
        ordered = self._world.faults.take_settlement(refund.out_trade_no)
        state = outcome or ordered or self._world.conditions.refund_outcome
        with self._world.store.transaction():
            refund.state = state
            if state == "SUCCESS":
                refund.success_at = utc_now()
            if state == "CLOSED":
                self._world.funds.undo_refund(refund)
            self._world.remember_refund(refund)
            if refund.notify_url:
                self._notices.announce(
                    event_type=f"REFUND.{state}",
                    original_type="refund",
                    summary=SUMMARIES[state],
                    url=refund.notify_url,
                    out_trade_no=refund.out_trade_no,
                    out_refund_no=refund.out_refund_no,
                    resource=self._notice_view(refund),
                )
        self._world.journal.write(
            "refund", "refund.settle", out_trade_no=refund.out_trade_no, code=state, note=refund.out_refund_no
        )

    def _notice_view(self, refund: Refund) -> dict[str, Any]:
        owner = (
            {"sp_mchid": refund.mchid, "sub_mchid": refund.sub_mchid} if refund.sub_mchid else {"mchid": refund.mchid}
        )
        shown: dict[str, Any] = {
            **owner,
            "transaction_id": refund.transaction_id,
            "out_trade_no": refund.out_trade_no,
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "refund_status": refund.state,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": refund.total,
                "refund": refund.refund,
                "payer_total": refund.total,
                "payer_refund": refund.refund,
            },
        }
        if refund.success_at is not None:
            shown["success_time"] = rfc3339(refund.success_at)
        return shown
