"""Orders of Pay v3 in direct and in partner mode: prepay, query, close, and the moment of payment."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from scripts.wechat_sandbox.errors import PayError, parameter_error, rule_error
from scripts.wechat_sandbox.funds import fee_of
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay_schemas import (
    DirectPrepay,
    DirectQuery,
    PartnerPrepay,
    PartnerQuery,
    Prepay,
    SettleInfo,
)
from scripts.wechat_sandbox.records import Order, SubMerchant, new_prepay_id, new_transaction_id
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World

ORDER_LIFE = timedelta(days=7)
LONGEST_TIME_EXPIRE = timedelta(days=90)
SHORTEST_TIME_EXPIRE_SECONDS = 60
PREPAY_LIFE = timedelta(hours=2)

STATE_WORDS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}


def present(value: str | UnsetType) -> str:
    """The text, or nothing."""
    return "" if value is UNSET else str(value)


def check_text(field: str, value: str | UnsetType) -> None:
    """Refuse characters outside the basic plane: WeChat takes UTF-8 of one to three bytes only."""
    if value is not UNSET and any(ord(character) > 0xFFFF for character in str(value)):
        raise parameter_error(field, "holds characters of more than three UTF-8 bytes")


def wants_sharing(settle_info: SettleInfo | UnsetType) -> bool:
    """Whether the money is to be frozen."""
    return settle_info is not UNSET and getattr(settle_info, "profit_sharing", UNSET) is True


def check_notify_url(url: str, field: str = "notify_url") -> None:
    """Refuse what is not absolute, or has a query or a fragment. Plain HTTP is for the sandbox alone."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment or "?" in url:
        raise parameter_error(field, "must be absolute and carry no query", value=url)


class PayDesk:
    """The order endpoints."""

    def __init__(self, world: World, notices: NoticeDesk) -> None:
        self._world = world
        self._notices = notices

    def prepay_direct(self, call: Call) -> dict[str, Any]:
        """``POST /v3/pay/transactions/jsapi``."""
        body = call.decode(DirectPrepay)
        self.check_merchant(body.appid, body.mchid)
        self.check_payer(body.payer.openid)
        order = self._read_order(body, appid=body.appid, mchid=body.mchid)
        order.sp_openid = body.payer.openid
        return self._open(order)

    def prepay_partner(self, call: Call) -> dict[str, Any]:
        """``POST /v3/pay/partner/transactions/jsapi``."""
        body = call.decode(PartnerPrepay)
        self.check_merchant(body.sp_appid, body.sp_mchid)
        sub_merchant = self.sub_merchant(body.sub_mchid)
        sub_appid, sub_openid = present(body.sub_appid), present(body.payer.sub_openid)
        sp_openid = present(body.payer.sp_openid)
        if bool(sp_openid) == bool(sub_openid):
            raise parameter_error("/payer", "needs exactly one of sp_openid and sub_openid", number=268501013)
        if sub_openid and not sub_appid:
            raise parameter_error("/sub_appid", "is required with sub_openid")
        if sub_appid and sub_appid not in sub_merchant.sub_appids:
            raise PayError(400, "APPID_MCHID_NOT_MATCH", "sub_appid 与 sub_mchid 不匹配", number=268445527)
        self.check_payer(sp_openid, sub_appid, sub_openid)
        order = self._read_order(body, appid=body.sp_appid, mchid=body.sp_mchid)
        order.sub_mchid, order.sub_appid = body.sub_mchid, sub_appid
        order.sp_openid, order.sub_openid = sp_openid, sub_openid
        return self._open(order)

    def query_by_number(self, call: Call) -> dict[str, Any]:
        """``GET .../out-trade-no/{out_trade_no}``."""
        return self.view(self._find(call, call.path_arguments["out_trade_no"]))

    def query_by_transaction(self, call: Call) -> dict[str, Any]:
        """``GET .../id/{transaction_id}``."""
        number = self._world.orders_by_transaction_id.get(call.path_arguments["transaction_id"], "")
        return self.view(self._find(call, number))

    def close(self, call: Call) -> None:
        """``POST .../out-trade-no/{out_trade_no}/close``; 204, repeatable."""
        query: DirectQuery | PartnerQuery
        query = call.decode(PartnerQuery) if "/partner/" in call.target else call.decode(DirectQuery)
        order = self._owned(query, call.path_arguments["out_trade_no"])
        if order.state == "SUCCESS":
            raise PayError(400, "ORDERPAID", "订单已支付，不能关闭", number=268449538)
        order.state = "CLOSED"
        self._world.remember_order(order)

    def sub_merchant(self, sub_mchid: str) -> SubMerchant:
        """The sub-merchant. Raise when WeChat does not know it or the provider may not act for it."""
        found = self._world.sub_merchants.get(sub_mchid)
        if found is None:
            raise PayError(400, "MCH_NOT_EXISTS", "商户号不存在", number=268448010)
        if not found.is_authorised:
            raise PayError(403, "NO_AUTH", "特约商户未授权服务商的产品权限", number=268448010)
        return found

    def pay(self, order: Order) -> None:
        """The person has paid: money moves, the fee is taken, the merchant hears of it."""
        with self._world.store.transaction():
            self.take_money(order)
            self._notices.announce(
                event_type="TRANSACTION.SUCCESS",
                original_type="transaction",
                summary="支付成功",
                url=order.notify_url,
                out_trade_no=order.out_trade_no,
                resource=self.view(order),
            )

    def take_money(self, order: Order) -> None:
        """The money lands at the order's own merchant, less the fee; joins the caller's transaction."""
        order.state = "SUCCESS"
        order.success_at = utc_now()
        order.transaction_id = new_transaction_id()
        order.fee_rate_ppm = self._world.conditions.fee_rate_ppm
        self._world.remember_order(order)
        self._world.funds.take_in(order, fee_of(order.total, order.fee_rate_ppm))

    def settle_life(self, order: Order) -> Order:
        """Close an order that nobody paid in the seven days that WeChat keeps it."""
        if order.state == "NOTPAY" and not order.has_time_expire and utc_now() >= order.expires_at:
            order.state = "CLOSED"
            self._world.remember_order(order)
        return order

    def view(self, order: Order) -> dict[str, Any]:
        """The order as a query and a notice show it."""
        state: str = order.state
        if state == "SUCCESS" and self._world.refunds_for(order.out_trade_no):
            state = "REFUND"
        is_partner = bool(order.sub_mchid)
        shown: dict[str, Any] = (
            {"sp_appid": order.appid, "sp_mchid": order.mchid, "sub_mchid": order.sub_mchid}
            if is_partner
            else {"appid": order.appid, "mchid": order.mchid}
        )
        if order.sub_appid:
            shown["sub_appid"] = order.sub_appid
        shown["out_trade_no"] = order.out_trade_no
        shown["trade_state"] = state
        shown["trade_state_desc"] = STATE_WORDS[state]
        if order.attach:
            shown["attach"] = order.attach
        amount: dict[str, Any] = {"total": order.total, "currency": "CNY"}
        shown["amount"] = amount
        if order.success_at is not None:
            shown["transaction_id"] = order.transaction_id
            shown["trade_type"] = "JSAPI"
            shown["bank_type"] = "OTHERS"
            shown["success_time"] = rfc3339(order.success_at)
            shown["payer"] = self._payer_view(order)
            amount |= {"payer_total": order.total, "payer_currency": "CNY"}
        return shown

    def _payer_view(self, order: Order) -> dict[str, str]:
        if not order.sub_mchid:
            return {"openid": order.sp_openid}
        payer: dict[str, str] = {}
        if order.sp_openid:
            payer["sp_openid"] = order.sp_openid
        if order.sub_openid:
            payer["sub_openid"] = order.sub_openid
        return payer

    def _open(self, order: Order) -> dict[str, Any]:
        known = self._world.orders.get(order.out_trade_no)
        if known is not None:
            order = self._enter_again(known, order)
        if utc_now() >= order.expires_at:
            raise rule_error("订单已过期，请更换商户订单号后重新下单", number=268447914)
        prepay_id = new_prepay_id()
        order.prepay_ids = {**order.prepay_ids, prepay_id: utc_now()}
        self._world.remember_order(order)
        return {"prepay_id": prepay_id}

    def _enter_again(self, known: Order, again: Order) -> Order:
        self.settle_life(known)
        if known.account != again.account or known.combination:
            raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复", number=268498688)
        if known.state == "SUCCESS":
            raise PayError(400, "ORDERPAID", "订单已支付", number=268449538)
        if known.state == "CLOSED":
            raise PayError(400, "ORDER_CLOSED", "订单已关闭，请更换商户订单号", number=268447914)
        if known.fingerprint != again.fingerprint:
            raise rule_error("请求重入时，参数与首次请求时不一致", number=268498688)
        return known

    def _read_order(self, body: Prepay, *, appid: str, mchid: str) -> Order:
        check_text("/description", body.description)
        check_text("/attach", body.attach)
        check_notify_url(body.notify_url)
        now = utc_now()
        expires_at = now + ORDER_LIFE
        if body.time_expire is not UNSET:
            known = self._world.orders.get(body.out_trade_no)
            expires_at = self.read_time_expire(str(body.time_expire), is_first=known is None)
        return Order(
            out_trade_no=body.out_trade_no,
            appid=appid,
            mchid=mchid,
            description=body.description,
            attach=present(body.attach),
            notify_url=body.notify_url,
            total=body.amount.total,
            created_at=now,
            expires_at=expires_at,
            has_time_expire=body.time_expire is not UNSET,
            fingerprint=msgspec.json.encode(body, order="sorted").decode(),
            is_shared=wants_sharing(body.settle_info),
        )

    def read_time_expire(self, text: str, *, is_first: bool) -> datetime:
        """The moment; refuse one that is too near or too far."""
        try:
            moment = msgspec.convert(text, datetime)
        except msgspec.ValidationError as error:
            raise parameter_error("/time_expire", "is not an RFC 3339 moment", value=text) from error
        if moment.tzinfo is None:
            raise parameter_error("/time_expire", "has no time zone", value=text)
        left = (moment - utc_now()).total_seconds()
        # A repeat must carry the first moment, however near it has come.
        if is_first and left < self._world.scaled(SHORTEST_TIME_EXPIRE_SECONDS) - 1:
            raise parameter_error("/time_expire", "must be at least one minute away", value=text)
        if left > LONGEST_TIME_EXPIRE.total_seconds():
            raise parameter_error("/time_expire", "must be within 90 days", value=text)
        return moment

    def check_merchant(self, appid: str, mchid: str) -> None:
        """Refuse whoever is not the configured merchant."""
        settings = self._world.settings
        if mchid != settings.mchid:
            raise PayError(400, "MCH_NOT_EXISTS", "商户号不存在", number=268448010)
        if appid != settings.appid:
            raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid 与 mchid 不匹配", number=268445527)

    def check_payer(self, openid: str, sub_appid: str = "", sub_openid: str = "") -> None:
        """Refuse a payer whom nobody knows."""
        if sub_openid:
            if not any(person.sub_openids.get(sub_appid) == sub_openid for person in self._world.people):
                raise PayError(400, "OPENID_MISMATCH", "sub_openid 与 sub_appid 不匹配", number=268501013)
        elif self._world.people.get(openid) is None:
            raise PayError(400, "OPENID_MISMATCH", "openid 与 appid 不匹配", number=268501013)

    def _find(self, call: Call, out_trade_no: str) -> Order:
        query: DirectQuery | PartnerQuery
        is_partner = "/partner/" in call.target
        query = call.decode_query(PartnerQuery) if is_partner else call.decode_query(DirectQuery)
        return self._owned(query, out_trade_no)

    def _owned(self, query: DirectQuery | PartnerQuery, out_trade_no: str) -> Order:
        sub_mchid = ""
        if isinstance(query, PartnerQuery):
            mchid, sub_mchid = query.sp_mchid, query.sub_mchid
            self.sub_merchant(sub_mchid)
        else:
            mchid = query.mchid
        if mchid != self._world.settings.mchid:
            raise PayError(400, "MCH_NOT_EXISTS", "商户号不存在", number=268448010)
        order = self._world.orders.get(out_trade_no)
        # A sub-order is reached through its combination alone.
        if order is None or order.sub_mchid != sub_mchid or order.combination:
            raise PayError(404, "ORDER_NOT_EXIST", "订单不存在", number=268512771)
        return self.settle_life(order)
