"""Combined orders in partner mode: one password, several sub-merchants (wechat reference 2.3b).

Every sub-order is an order of its own on the books, so refunds, fees and bill lines come by the part.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from scripts.wechat_sandbox.errors import PayError, parameter_error, rule_error
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import ORDER_LIFE, PayDesk, check_notify_url, check_text, present, wants_sharing
from scripts.wechat_sandbox.pay_schemas import CloseCombined, CombinedPrepay, SubOrder
from scripts.wechat_sandbox.records import Combination, Order, new_prepay_id
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World


class CombineDesk:
    """The endpoints under ``/v3/combine-transactions``."""

    def __init__(self, world: World, notices: NoticeDesk, pay: PayDesk) -> None:
        self._world = world
        self._notices = notices
        self._pay = pay

    def prepay(self, call: Call) -> dict[str, Any]:
        """``POST /v3/combine-transactions/jsapi``; repeats must be the same to the letter."""
        body = call.decode(CombinedPrepay)
        self._pay.check_merchant(body.combine_appid, body.combine_mchid)
        check_notify_url(body.notify_url)
        self._check_parts(body.sub_orders)
        sub_appid, sub_openid = self._payer(body)
        fingerprint = msgspec.json.encode(body, order="sorted").decode()
        known = self._world.combinations.get(body.combine_out_trade_no)
        if known is not None:
            self._check_again(known, fingerprint)
        combination = known or self._read(body, sub_appid, sub_openid, fingerprint)
        if utc_now() >= combination.expires_at:
            raise rule_error("订单已过期，请更换商户订单号后重新下单", number=268447914)
        prepay_id = new_prepay_id()
        combination.prepay_ids = {**combination.prepay_ids, prepay_id: utc_now()}
        self._world.remember_combination(combination)
        return {"prepay_id": prepay_id}

    def query(self, call: Call) -> dict[str, Any]:
        """``GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}``."""
        return self.view(self._find(call.path_arguments["combine_out_trade_no"]))

    def close(self, call: Call) -> None:
        """``POST .../out-trade-no/{combine_out_trade_no}/close``; 204, repeatable. All named parts or none."""
        body = call.decode(CloseCombined)
        combination = self._find(call.path_arguments["combine_out_trade_no"])
        if body.combine_appid != combination.appid:
            raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid 与 mchid 不匹配", number=268445527)
        parts = {order.out_trade_no: order for order in self._world.parts_of(combination)}
        closing = []
        for named in body.sub_orders:
            order = parts.get(named.out_trade_no)
            if order is None or (named.mchid, present(named.sub_mchid)) != (order.mchid, order.sub_mchid):
                raise PayError(404, "ORDER_NOT_EXIST", "订单不存在", number=268512771)
            if order.state == "SUCCESS":
                raise PayError(400, "ORDERPAID", "订单已支付，不能关闭", number=268449538)
            closing.append(order)
        for order in closing:
            order.state = "CLOSED"
            self._world.remember_order(order)

    def pay(self, combination: Combination) -> None:
        """The person has paid: every part lands at its own merchant, and one notice tells of them all."""
        with self._world.store.transaction():
            for order in self._world.parts_of(combination):
                self._pay.take_money(order)
            self._notices.announce(
                event_type="TRANSACTION.SUCCESS",
                original_type="transaction",
                summary="支付成功",
                url=combination.notify_url,
                out_trade_no=combination.combine_out_trade_no,
                resource=self.view(combination),
            )

    def view(self, combination: Combination) -> dict[str, Any]:
        """The combination as a query and a notice show it."""
        parts = self._world.parts_of(combination)
        shown: dict[str, Any] = {
            "combine_appid": combination.appid,
            "combine_mchid": combination.mchid,
            "combine_out_trade_no": combination.combine_out_trade_no,
            "sub_orders": [self._part_view(self._pay.settle_life(order)) for order in parts],
        }
        if any(order.success_at for order in parts):
            payer = {"openid": parts[0].sp_openid, "sub_openid": parts[0].sub_openid}
            shown["combine_payer_info"] = {name: openid for name, openid in payer.items() if openid}
        return shown

    def _part_view(self, order: Order) -> dict[str, Any]:
        state = "REFUND" if order.state == "SUCCESS" and self._world.refunds_for(order.out_trade_no) else order.state
        amount: dict[str, Any] = {"total_amount": order.total, "currency": "CNY"}
        shown: dict[str, Any] = {
            "mchid": order.mchid,
            "sub_mchid": order.sub_mchid,
            "out_trade_no": order.out_trade_no,
            "trade_type": "JSAPI",
            "trade_state": state,
            "attach": order.attach,
            "amount": amount,
        }
        if order.success_at is not None:
            shown |= {
                "transaction_id": order.transaction_id,
                "bank_type": "OTHERS",
                "success_time": rfc3339(order.success_at),
            }
            amount |= {"payer_amount": order.total, "payer_currency": "CNY"}
        return shown

    def _check_parts(self, parts: list[SubOrder]) -> None:
        """One sub-order for each sub-merchant, under this provider, with numbers that are not alike."""
        settings = self._world.settings
        for part in parts:
            check_text("/sub_orders/description", part.description)
            check_text("/sub_orders/attach", part.attach)
            if part.mchid != settings.mchid:
                raise PayError(400, "MCH_NOT_EXISTS", "商户号不存在", number=268448010)
            self._pay.sub_merchant(part.sub_mchid)
        if len({part.sub_mchid for part in parts}) < len(parts):
            raise parameter_error("/sub_orders/sub_mchid", "stands in two sub-orders")
        if len({part.out_trade_no for part in parts}) < len(parts):
            raise parameter_error("/sub_orders/out_trade_no", "stands in two sub-orders")
        if sum(part.sub_appid is not UNSET for part in parts) > 1:
            raise parameter_error("/sub_orders/sub_appid", "may stand in one sub-order only")

    def _payer(self, body: CombinedPrepay) -> tuple[str, str]:
        """The sub_appid and sub_openid, empty when the provider's own openid pays."""
        openid, sub_openid = present(body.combine_payer_info.openid), present(body.combine_payer_info.sub_openid)
        if bool(openid) == bool(sub_openid):
            raise parameter_error("/combine_payer_info", "needs exactly one of openid and sub_openid", number=268501013)
        sub_appid = next((str(part.sub_appid) for part in body.sub_orders if part.sub_appid is not UNSET), "")
        if sub_openid and not sub_appid:
            raise parameter_error("/sub_orders/sub_appid", "is required with sub_openid")
        self._pay.check_payer(openid, sub_appid, sub_openid)
        return sub_appid, sub_openid

    def _check_again(self, known: Combination, fingerprint: str) -> None:
        states = {self._pay.settle_life(order).state for order in self._world.parts_of(known)}
        if "SUCCESS" in states:
            raise PayError(400, "ORDERPAID", "订单已支付", number=268449538)
        if "CLOSED" in states:
            raise PayError(400, "ORDER_CLOSED", "订单已关闭，请更换商户订单号", number=268447914)
        if known.fingerprint != fingerprint:
            raise rule_error("请求重入时，参数与首次请求时不一致", number=268498688)

    def _read(self, body: CombinedPrepay, sub_appid: str, sub_openid: str, fingerprint: str) -> Combination:
        used = [part.out_trade_no for part in body.sub_orders if self._world.orders.get(part.out_trade_no)]
        if used or self._world.orders.get(body.combine_out_trade_no):
            raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复", number=268498688)
        now = utc_now()
        has_expiry = body.time_expire is not UNSET
        expires_at = (
            self._pay.read_time_expire(str(body.time_expire), is_first=True) if has_expiry else now + ORDER_LIFE
        )
        for part in body.sub_orders:
            self._world.remember_order(
                Order(
                    out_trade_no=part.out_trade_no,
                    combination=body.combine_out_trade_no,
                    appid=body.combine_appid,
                    mchid=part.mchid,
                    sub_mchid=part.sub_mchid,
                    sub_appid=sub_appid,
                    sp_openid=present(body.combine_payer_info.openid),
                    sub_openid=sub_openid,
                    description=part.description,
                    attach=part.attach,
                    notify_url=body.notify_url,
                    total=part.amount.total_amount,
                    created_at=now,
                    expires_at=expires_at,
                    has_time_expire=has_expiry,
                    fingerprint=fingerprint,
                    is_shared=wants_sharing(part.settle_info),
                )
            )
        return Combination(
            combine_out_trade_no=body.combine_out_trade_no,
            appid=body.combine_appid,
            mchid=body.combine_mchid,
            parts=[part.out_trade_no for part in body.sub_orders],
            notify_url=body.notify_url,
            expires_at=expires_at,
            fingerprint=fingerprint,
        )

    def _find(self, number: str) -> Combination:
        found = self._world.combinations.get(number)
        if found is None:
            raise PayError(404, "ORDER_NOT_EXIST", "订单不存在", number=268512771)
        return found
