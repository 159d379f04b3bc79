"""The cashier of a person's phone: what ``wx.requestPayment`` does with the five values that it is given."""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from scripts.wechat_sandbox.combined import CombineDesk
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.pay import PREPAY_LIFE, PayDesk
from scripts.wechat_sandbox.records import Combination, Order
from scripts.wechat_sandbox.world import World

PACKAGE = "prepay_id="


class PaymentRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """What the mini-program hands to ``wx.requestPayment``, with the person who holds the phone.

    ``appId`` is the mini-program that runs; it is part of the signed text. ``timeStamp`` is a text, as the
    client demands. ``late`` lets the bank answer after ``time_expire``, as it can when a person typed the
    password just before.
    """

    openid: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str
    app_id: str = ""
    outcome: Literal["pay", "cancel", "fail"] = "pay"
    late: bool = False


class PaymentRefusedError(Exception):
    """The cashier does not open; the text is what ``errMsg`` says."""


class Bill(NamedTuple):
    """What the person is asked to pay: one order, or the parts of a combination."""

    number: str
    orders: list[Order]
    prepaid_at: datetime
    combination: Combination | None = None


class Cashier:
    """Verifies ``paySign`` with the merchant's public key, then lets the person pay."""

    def __init__(self, world: World, pay: PayDesk, combined: CombineDesk) -> None:
        self._world = world
        self._pay = pay
        self._combined = combined

    def show(self, request: PaymentRequest) -> dict[str, object]:
        """What the person sees before the password: payee, words, amount in fen. Pays nothing."""
        try:
            bill = self._open(request)
        except PaymentRefusedError as refusal:
            return {"errMsg": f"requestPayment:fail {refusal}"}
        parts = [
            {"payee": self._payee(order), "description": order.description, "amount_fen": order.total}
            for order in bill.orders
        ]
        return {
            "errMsg": "requestPayment:open",
            "payee": parts[0]["payee"] if len(parts) == 1 else f"{len(parts)} 家商户",
            "description": bill.orders[0].description,
            "amount_fen": sum(order.total for order in bill.orders),
            "out_trade_no": bill.number,
            "expires_at": rfc3339(bill.orders[0].expires_at),
            "parts": parts,
        }

    def pay(self, request: PaymentRequest) -> dict[str, object]:
        """The person pays, cancels, or the bank refuses.

        The answer is what ``wx.requestPayment`` calls back with.
        """
        number = ""
        try:
            bill = self._open(request)
            number = bill.number
            if request.outcome == "cancel":
                raise PaymentRefusedError("cancel")
            if request.outcome == "fail":
                raise PaymentRefusedError("银行卡余额不足")
            if bill.combination is not None:
                self._combined.pay(bill.combination)
            else:
                self._pay.pay(bill.orders[0])
            message = "requestPayment:ok"
        except PaymentRefusedError as refusal:
            message = f"requestPayment:fail {refusal}"
        self._world.journal.write("cashier", "cashier.pay", out_trade_no=number, code=message)
        return {"errMsg": message}

    def _payee(self, order: Order) -> str:
        merchant = self._world.sub_merchants.get(order.sub_mchid)
        return merchant.name if merchant and merchant.name else order.account

    def _open(self, request: PaymentRequest) -> Bill:
        if request.sign_type != "RSA" or not request.package.startswith(PACKAGE):
            raise PaymentRefusedError("参数错误：signType 或 package")
        if (
            not request.time_stamp.isascii()
            or not request.time_stamp.isdigit()
            or not 1 <= len(request.nonce_str) <= 32
        ):
            raise PaymentRefusedError("参数错误：timeStamp 或 nonceStr")
        bill = self._bill(request.package.removeprefix(PACKAGE))
        if bill is None or utc_now() - bill.prepaid_at > PREPAY_LIFE:
            raise PaymentRefusedError("prepay_id 无效或已过期")
        paying_appid = bill.orders[0].paying_appid
        appid = request.app_id or paying_appid
        text = f"{appid}\n{request.time_stamp}\n{request.nonce_str}\n{request.package}\n"
        if appid != paying_appid or not self._world.keys.merchant_has_signed(text.encode(), request.pay_sign):
            raise PaymentRefusedError("支付验证签名失败")
        for order in bill.orders:
            self._check_payer(order, request.openid)
            self._pay.settle_life(order)
            if order.state == "SUCCESS":
                raise PaymentRefusedError("该订单已支付")
            if order.state == "CLOSED":
                raise PaymentRefusedError("该订单已关闭")
            if utc_now() >= order.expires_at and not request.late:
                raise PaymentRefusedError("该订单已过期")
        return bill

    def _bill(self, prepay_id: str) -> Bill | None:
        order = self._world.orders.get(self._world.orders_by_prepay_id.get(prepay_id, ""))
        if order is not None:
            return Bill(order.out_trade_no, [order], order.prepay_ids[prepay_id])
        known = self._world.combinations.get(self._world.combinations_by_prepay_id.get(prepay_id, ""))
        if known is None:
            return None
        parts = self._world.parts_of(known)
        return Bill(known.combine_out_trade_no, parts, known.prepay_ids[prepay_id], known)

    def _check_payer(self, order: Order, openid: str) -> None:
        person = self._world.people.get(openid)
        if person is None:
            raise PaymentRefusedError("没有这个人")
        own = {person.openid, person.sub_openids.get(order.sub_appid, "")}
        if order.payer_openid not in own:
            raise PaymentRefusedError("下单账号与支付账号不一致")
