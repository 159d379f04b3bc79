"""Profit sharing in partner mode: receivers, splits, unfreezing and returns (wechat reference 2.5)."""

from datetime import timedelta
from typing import Any

import msgspec

from scripts.wechat_sandbox.errors import PayError, parameter_error, rule_error
from scripts.wechat_sandbox.funds import fee_of
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import PayDesk, present
from scripts.wechat_sandbox.pay_schemas import (
    AddReceiver,
    CreateReturn,
    CreateSplit,
    QueryAmounts,
    QueryReturn,
    QuerySplit,
    Unfreeze,
)
from scripts.wechat_sandbox.records import Order, ShareReceiver, Split, SplitReturn, new_share_id
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World

RETURN_DAYS = 180
MOST_SPLITS = 50
BASIS_POINTS = 10_000


class SharingDesk:
    """The endpoints under ``/v3/profitsharing``."""

    def __init__(self, world: World, notices: NoticeDesk, pay: PayDesk) -> None:
        self._world = world
        self._notices = notices
        self._pay = pay

    def add_receiver(self, call: Call) -> dict[str, Any]:
        """``POST .../receivers/add``; repeatable. A merchant's name must open with the key that the header names."""
        body = call.decode(AddReceiver)
        self._pay.check_merchant(body.appid, self._world.settings.mchid)
        self._pay.sub_merchant(body.sub_mchid)
        if body.type == "MERCHANT_ID":
            if call.headers.get("wechatpay-serial", "") != self._world.keys.public_key_id:
                raise parameter_error("Wechatpay-Serial", "must name the key of the encrypted name", location="header")
            try:
                name = self._world.keys.open_for_wechat(present(body.name))
            except ValueError as error:
                raise parameter_error("/name", "does not decrypt") from error
            key = f"{body.sub_mchid}|{body.account}"
            self._world.share_receivers.put(
                key, ShareReceiver(sub_mchid=body.sub_mchid, account=body.account, name=name)
            )
        return {
            "sub_mchid": body.sub_mchid,
            "type": body.type,
            "account": body.account,
            "relation_type": body.relation_type,
        }

    def split(self, call: Call) -> dict[str, Any]:
        """``POST .../orders``: accepted at once, done a moment later; the number may be repeated."""
        body = call.decode(CreateSplit)
        self._pay.check_merchant(body.appid, self._world.settings.mchid)
        share = body.receivers[0]
        fingerprint = msgspec.json.encode(body, order="sorted").decode()
        if (known := self._known(body.out_order_no, fingerprint)) is not None:
            return self.view(known)
        order = self._order(body.sub_mchid, body.transaction_id)
        if self._world.share_receivers.get(f"{body.sub_mchid}|{share.account}") is None:
            raise PayError(403, "NO_AUTH", "分账接收方不存在，请先添加")
        self._check_open(order)
        if share.amount > self._left(order):
            raise PayError(403, "RULE_LIMIT", "分账金额超过可分账的最大比例")
        split = self._new_split(order, body.out_order_no, fingerprint)
        split.account, split.amount, split.description = share.account, share.amount, share.description
        split.unfreezes = body.unfreeze_unsplit
        return self._begin(order, split)

    def unfreeze(self, call: Call) -> dict[str, Any]:
        """``POST .../orders/unfreeze``: nothing (more) is split."""
        body = call.decode(Unfreeze)
        fingerprint = msgspec.json.encode(body, order="sorted").decode()
        if (known := self._known(body.out_order_no, fingerprint)) is not None:
            return self.view(known)
        order = self._order(body.sub_mchid, body.transaction_id)
        self._check_open(order)
        split = self._new_split(order, body.out_order_no, fingerprint)
        split.unfreezes = True
        return self._begin(order, split)

    def query(self, call: Call) -> dict[str, Any]:
        """``GET .../orders/{out_order_no}``."""
        query = call.decode_query(QuerySplit)
        split = self._world.splits.get(call.path_arguments["out_order_no"])
        if split is None or (split.sub_mchid, split.transaction_id) != (query.sub_mchid, query.transaction_id):
            raise PayError(404, "RESOURCE_NOT_EXISTS", "分账单不存在", number=268512771)
        return self.view(split)

    def amounts(self, call: Call) -> dict[str, Any]:
        """``GET .../transactions/{transaction_id}/amounts``."""
        query = call.decode_query(QueryAmounts)
        order = self._order(query.sub_mchid, call.path_arguments["transaction_id"])
        is_over = order.unfrozen_at is not None
        return {"transaction_id": order.transaction_id, "unsplit_amount": 0 if is_over else self._left(order)}

    def give_back(self, call: Call) -> dict[str, Any]:
        """``POST .../return-orders``: the receiver gives back."""
        body = call.decode(CreateReturn)
        fingerprint = msgspec.json.encode(body, order="sorted").decode()
        known = self._world.split_returns.get(body.out_return_no)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise rule_error("商户回退单号重复，且请求参数与首次请求不一致", number=268498688)
            return self.return_view(known)
        split = self._world.splits.get(body.out_order_no)
        if split is None or split.sub_mchid != body.sub_mchid or split.account != body.return_mchid:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "分账单不存在", number=268512771)
        if split.result != "SUCCESS" or split.finished_at is None:
            raise rule_error("分账未完成，不能回退")
        if utc_now() - split.finished_at > timedelta(days=RETURN_DAYS):
            raise rule_error("分账超过 180 天，不能回退")
        gone = sum(
            r.amount for r in self._world.split_returns if r.out_order_no == split.out_order_no and r.result != "FAILED"
        )
        if gone + body.amount > split.amount:
            raise rule_error("回退金额大于分账金额")
        returned = SplitReturn(
            out_return_no=body.out_return_no,
            return_id=new_share_id(),
            out_order_no=body.out_order_no,
            sub_mchid=body.sub_mchid,
            return_mchid=body.return_mchid,
            amount=body.amount,
            created_at=utc_now(),
            fingerprint=fingerprint,
        )
        self._world.split_returns.put(returned.out_return_no, returned)
        self._later(lambda: self._settle_return(returned))
        return self.return_view(returned)

    def query_return(self, call: Call) -> dict[str, Any]:
        """``GET .../return-orders/{out_return_no}``."""
        query = call.decode_query(QueryReturn)
        returned = self._world.split_returns.get(call.path_arguments["out_return_no"])
        if returned is None or (returned.sub_mchid, returned.out_order_no) != (query.sub_mchid, query.out_order_no):
            raise PayError(404, "RESOURCE_NOT_EXISTS", "回退单不存在", number=268512771)
        return self.return_view(returned)

    def resume(self) -> None:
        """After a restart: settle what is still on its way."""
        for split in self._world.splits:
            if split.finished_at is None:
                self._later(lambda split=split: self._settle(split))
        for returned in self._world.split_returns:
            if returned.finished_at is None:
                self._later(lambda returned=returned: self._settle_return(returned))

    def view(self, split: Split) -> dict[str, Any]:
        """The split as the API shows it; FINISHED says nothing about the receivers."""
        shown: dict[str, Any] = {
            "sub_mchid": split.sub_mchid,
            "transaction_id": split.transaction_id,
            "out_order_no": split.out_order_no,
            "order_id": split.order_id,
            "state": "PROCESSING" if split.finished_at is None else "FINISHED",
            "receivers": [],
        }
        if split.amount:
            share = {
                "type": "MERCHANT_ID",
                "account": split.account,
                "amount": split.amount,
                "description": split.description,
                "result": split.result,
                "detail_id": "36" + split.order_id,
                "create_time": rfc3339(split.created_at),
            }
            if split.result == "CLOSED":
                share["fail_reason"] = "ACCOUNT_ABNORMAL"
            shown["receivers"] = [share]
        return shown

    def return_view(self, returned: SplitReturn) -> dict[str, Any]:
        """The return as the API shows it."""
        split = self._world.splits.get(returned.out_order_no)
        shown = {
            "sub_mchid": returned.sub_mchid,
            "order_id": split.order_id if split else "",
            "out_order_no": returned.out_order_no,
            "out_return_no": returned.out_return_no,
            "return_id": returned.return_id,
            "return_mchid": returned.return_mchid,
            "amount": returned.amount,
            "result": returned.result,
            "create_time": rfc3339(returned.created_at),
        }
        if returned.result == "FAILED":
            shown["fail_reason"] = "BALANCE_NOT_ENOUGH"
        return shown

    def _known(self, number: str, fingerprint: str) -> Split | None:
        known = self._world.splits.get(number)
        if known is not None and known.fingerprint != fingerprint:
            raise rule_error("商户分账单号重复，且请求参数与首次请求不一致", number=268498688)
        return known

    def _order(self, sub_mchid: str, transaction_id: str) -> Order:
        self._pay.sub_merchant(sub_mchid)
        order = self._world.orders.get(self._world.orders_by_transaction_id.get(transaction_id, ""))
        if order is None or order.sub_mchid != sub_mchid or order.success_at is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在", number=268512771)
        self._thaw(order)
        return order

    def _thaw(self, order: Order) -> None:
        """What nobody has split in thirty days belongs to the sub-merchant."""
        frozen = self._world.scaled(self._world.conditions.share_frozen_seconds)
        if order.unfrozen_at is None and order.success_at and (utc_now() - order.success_at).total_seconds() >= frozen:
            order.unfrozen_at = utc_now()
            self._world.remember_order(order)

    def _check_open(self, order: Order) -> None:
        if not order.is_shared:
            raise rule_error("非分账订单不支持分账")
        if order.unfrozen_at is not None:
            raise rule_error("订单已解冻，不能分账")
        assert order.success_at is not None
        waited = (utc_now() - order.success_at).total_seconds()
        if waited < self._world.scaled(self._world.conditions.share_wait_seconds):
            raise rule_error("订单处理中，请在支付一分钟后再分账")
        if sum(split.out_trade_no == order.out_trade_no for split in self._world.splits) >= MOST_SPLITS:
            raise PayError(403, "RULE_LIMIT", "单个订单的分账次数已达上限")

    def _left(self, order: Order) -> int:
        """What may still be split: the limit of what is left after refunds and the fee, less what was split."""
        refunded = sum(r.refund for r in self._world.refunds_for(order.out_trade_no) if r.state != "CLOSED")
        left = order.total - refunded
        most = (left - fee_of(left, order.fee_rate_ppm)) * self._world.conditions.share_limit_bp // BASIS_POINTS
        return most - self._world.shared_of(order.out_trade_no)

    def _new_split(self, order: Order, number: str, fingerprint: str) -> Split:
        return Split(
            out_order_no=number,
            order_id=new_share_id(),
            out_trade_no=order.out_trade_no,
            transaction_id=order.transaction_id,
            sub_mchid=order.sub_mchid,
            created_at=utc_now(),
            fingerprint=fingerprint,
        )

    def _begin(self, order: Order, split: Split) -> dict[str, Any]:
        self._world.splits.put(split.out_order_no, split)
        if split.unfreezes:
            order.unfrozen_at = utc_now()
            self._world.remember_order(order)
        self._later(lambda: self._settle(split))
        return self.view(split)

    def _later(self, act: Any) -> None:
        self._world.timers.later(self._world.scaled(self._world.conditions.share_seconds), act)

    def _settle(self, split: Split) -> None:
        if split.finished_at is not None:
            return
        with self._world.store.transaction():
            split.finished_at = utc_now()
            split.result = self._world.conditions.share_outcome if split.amount else "SUCCESS"
            self._world.splits.put(split.out_order_no, split)
            if split.amount and split.result == "SUCCESS":
                self._world.funds.share(split)
                self._tell(split)
        self._world.journal.write(
            "share", "share.settle", out_trade_no=split.out_trade_no, code=split.result, note=split.out_order_no
        )

    def _tell(self, split: Split) -> None:
        """The notice goes to the receiver, who is the provider here."""
        order = self._world.orders.get(split.out_trade_no)
        assert order is not None
        assert split.finished_at is not None
        self._notices.announce(
            event_type="TRANSACTION.SUCCESS",
            original_type="profitsharing",
            summary="分账",
            url=order.notify_url,
            out_trade_no=split.out_trade_no,
            resource={
                "sp_mchid": self._world.settings.mchid,
                "sub_mchid": split.sub_mchid,
                "transaction_id": split.transaction_id,
                "order_id": split.order_id,
                "out_order_no": split.out_order_no,
                "receiver": {
                    "type": "MERCHANT_ID",
                    "account": split.account,
                    "amount": split.amount,
                    "description": split.description,
                },
                "success_time": rfc3339(split.finished_at),
            },
        )

    def _settle_return(self, returned: SplitReturn) -> None:
        if returned.finished_at is not None:
            return
        split = self._world.splits.get(returned.out_order_no)
        assert split is not None
        enough = self._world.funds.balance(returned.return_mchid) >= returned.amount
        with self._world.store.transaction():
            returned.finished_at = utc_now()
            returned.result = self._world.conditions.share_return_outcome if enough else "FAILED"
            self._world.split_returns.put(returned.out_return_no, returned)
            if returned.result == "SUCCESS":
                self._world.funds.share_back(split, returned)
