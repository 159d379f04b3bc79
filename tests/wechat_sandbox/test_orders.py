"""Orders: limits of each field, re-entry, payment at the cashier, query and close, in both modes."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.sandbox_process import APPID, MCHID, SUB_MCHID, SandboxProcess

URL = "https://shop.example.com/notices"


def number() -> str:
    return "T" + secrets.token_hex(10)


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"colour": "red"}, "/colour", "PARAM_ERROR"),
        ({"amount": {"total": 1, "currency": "CNY", "tip": 1}}, "/amount/tip", "PARAM_ERROR"),
        ({"amount": {"total": 0, "currency": "CNY"}}, "/amount/total", "PARAM_ERROR"),
        ({"amount": {"total": -5, "currency": "CNY"}}, "/amount/total", "PARAM_ERROR"),
        ({"amount": {"total": 1.5, "currency": "CNY"}}, "/amount/total", "PARAM_ERROR"),
        ({"amount": {"total": "100", "currency": "CNY"}}, "/amount/total", "PARAM_ERROR"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency", "PARAM_ERROR"),
        ({"attach": None}, "/attach", "PARAM_ERROR"),
        ({"description": "x" * 128}, "/description", "PARAM_ERROR"),
        ({"description": "红糖😀"}, "/description", "PARAM_ERROR"),
        ({"out_trade_no": "short"}, "/out_trade_no", "PARAM_ERROR"),
        ({"out_trade_no": "no spaces here"}, "/out_trade_no", "PARAM_ERROR"),
        ({"notify_url": "https://shop.example.com/n?x=1"}, "notify_url", "PARAM_ERROR"),
        ({"notify_url": "/notices"}, "notify_url", "PARAM_ERROR"),
        ({"time_expire": "2026-01-01 10:00:00 +08"}, "/time_expire", "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T10:00:00+08:00"}, "/time_expire", "PARAM_ERROR"),
        ({"time_expire": "2999-01-01T10:00:00+08:00"}, "/time_expire", "PARAM_ERROR"),
        ({"payer": {}}, "/payer", "PARAM_ERROR"),
    ],
)
def test_a_bad_field_is_named(sandbox: SandboxProcess, members: dict[str, Any], field: str, code: str) -> None:
    openid = sandbox.new_person()
    answer = sandbox.prepay(members.get("out_trade_no", number()), openid, URL, **members)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["detail"]["field"] == field


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"sub_mchid": "1900000999"}, 400, "MCH_NOT_EXISTS"),
        ({"sp_mchid": "1900000999"}, 400, "MCH_NOT_EXISTS"),
        ({"sp_appid": "wx0000000000000000"}, 400, "APPID_MCHID_NOT_MATCH"),
        ({"sub_appid": "wx0000000000000000"}, 400, "APPID_MCHID_NOT_MATCH"),
        ({"payer": {"sp_openid": "oNobody"}}, 400, "OPENID_MISMATCH"),
    ],
)
def test_what_does_not_belong_together(
    sandbox: SandboxProcess, members: dict[str, Any], status: int, code: str
) -> None:
    answer = sandbox.prepay(number(), sandbox.new_person(), URL, **members)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_sub_merchant_must_have_authorised_its_provider(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": "1900000777", "is_authorised": False})
    answer = sandbox.prepay(number(), sandbox.new_person(), URL, sub_mchid="1900000777")
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")


def test_re_entry_with_the_same_and_with_changed_fields(sandbox: SandboxProcess) -> None:
    trade, openid = number(), sandbox.new_person()
    first, again = sandbox.prepay(trade, openid, URL), sandbox.prepay(trade, openid, URL)
    assert first.json()["prepay_id"] != again.json()["prepay_id"]
    changed = sandbox.prepay(trade, openid, URL, total=4991)
    assert (changed.status_code, changed.json()["code"]) == (400, "INVALID_REQUEST")
    assert changed.headers["request-id"].endswith("-268498688")
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": "1900000202"})
    stolen = sandbox.prepay(trade, openid, URL, sub_mchid="1900000202")
    assert (stolen.status_code, stolen.json()["code"]) == (403, "OUT_TRADE_NO_USED")


def test_both_prepay_ids_pay_the_same_order_once(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = number(), sandbox.new_person()
    first = sandbox.prepay(trade, openid, listener.url).json()["prepay_id"]
    second = sandbox.prepay(trade, openid, listener.url).json()["prepay_id"]
    assert sandbox.pay(first, openid) == "requestPayment:ok"
    assert sandbox.pay(second, openid) == "requestPayment:fail 该订单已支付"
    assert sandbox.prepay(trade, openid, listener.url).json()["code"] == "ORDERPAID"
    listener.wait_for(1)
    assert len(listener.received) == 1


def test_the_cashier_believes_no_wrong_signature(sandbox: SandboxProcess) -> None:
    trade, openid = number(), sandbox.new_person()
    prepay_id = sandbox.prepay(trade, openid, URL).json()["prepay_id"]
    other = sandbox.prepay(number(), openid, URL, total=1).json()["prepay_id"]
    good = sandbox.payment_request(prepay_id, openid)
    for changes in (
        {"package": f"prepay_id={other}"},
        {"timeStamp": "1"},
        {"nonceStr": "other"},
        {"appId": "wx0000000000000000"},
        {"paySign": "AAAA"},
        {"signType": "MD5"},
        {"package": "prepay_id=wx0"},
    ):
        message = sandbox.control("POST", "/cashier/pay", good | changes)["errMsg"]
        assert message.startswith("requestPayment:fail "), changes
    stranger = sandbox.new_person()
    assert sandbox.pay(prepay_id, stranger) == "requestPayment:fail 下单账号与支付账号不一致"
    assert sandbox.query(trade).json()["trade_state"] == "NOTPAY"
    assert sandbox.control("POST", "/cashier/show", good)["amount_fen"] == 4990
    assert sandbox.control("POST", "/cashier/pay", good)["errMsg"] == "requestPayment:ok"


def test_cancel_and_failure_leave_the_order_open(sandbox: SandboxProcess) -> None:
    trade, openid = number(), sandbox.new_person()
    prepay_id = sandbox.prepay(trade, openid, URL).json()["prepay_id"]
    assert sandbox.pay(prepay_id, openid, outcome="cancel") == "requestPayment:fail cancel"
    assert sandbox.pay(prepay_id, openid, outcome="fail").startswith("requestPayment:fail ")
    assert sandbox.query(trade).json()["trade_state"] == "NOTPAY"


def test_query_by_both_numbers(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = sandbox.buy(listener.url, total=1234, attach="附加")
    shown = sandbox.query(trade).json()
    assert shown["trade_state"] == "SUCCESS"
    assert shown["amount"] == {"total": 1234, "currency": "CNY", "payer_total": 1234, "payer_currency": "CNY"}
    assert shown["payer"] == {"sp_openid": openid}
    assert (shown["sp_mchid"], shown["sub_mchid"], shown["attach"]) == (MCHID, SUB_MCHID, "附加")
    assert len(shown["transaction_id"]) == 28
    query = f"?sp_mchid={MCHID}&sub_mchid={SUB_MCHID}"
    by_id = sandbox.call("GET", f"/v3/pay/partner/transactions/id/{shown['transaction_id']}{query}")
    assert by_id.json() == shown
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": "1900000202"})
    foreign = f"/v3/pay/partner/transactions/out-trade-no/{trade}?sp_mchid={MCHID}&sub_mchid=1900000202"
    assert sandbox.call("GET", foreign).status_code == 404
    assert sandbox.call("GET", f"/v3/pay/transactions/out-trade-no/{trade}?mchid={MCHID}").status_code == 404


def test_close_is_repeatable_and_final(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = number(), sandbox.new_person()
    prepay_id = sandbox.prepay(trade, openid, listener.url).json()["prepay_id"]
    target = f"/v3/pay/partner/transactions/out-trade-no/{trade}/close"
    body = {"sp_mchid": MCHID, "sub_mchid": SUB_MCHID}
    for _ in range(2):
        closed = sandbox.call("POST", target, body)
        assert (closed.status_code, closed.content) == (204, b"")
        assert closed.headers["wechatpay-signature"]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:fail 该订单已关闭"
    assert sandbox.prepay(trade, openid, listener.url).json()["code"] == "ORDER_CLOSED"
    assert sandbox.query(trade).json()["trade_state"] == "CLOSED"
    paid, _ = sandbox.buy(listener.url)
    refused = sandbox.call("POST", f"/v3/pay/partner/transactions/out-trade-no/{paid}/close", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "ORDERPAID")


def test_time_expire_is_honoured_and_immutable(sandbox: SandboxProcess) -> None:
    trade, openid = number(), sandbox.new_person()
    soon = (datetime.now(UTC) + timedelta(seconds=2.5)).isoformat()
    prepay_id = sandbox.prepay(trade, openid, URL, time_expire=soon).json()["prepay_id"]
    assert sandbox.prepay(trade, openid, URL, time_expire=soon).status_code == 200
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert sandbox.prepay(trade, openid, URL, time_expire=later).headers["request-id"].endswith("-268498688")
    time.sleep((datetime.fromisoformat(soon) - datetime.now(UTC)).total_seconds() + 0.05)
    assert sandbox.pay(prepay_id, openid) == "requestPayment:fail 该订单已过期"
    expired = sandbox.prepay(trade, openid, URL, time_expire=soon)
    assert expired.headers["request-id"].endswith("-268447914")
    assert sandbox.query(trade).json()["trade_state"] == "NOTPAY"
    assert sandbox.pay(prepay_id, openid, late=True) == "requestPayment:ok"


def test_direct_mode(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = number(), sandbox.new_person()
    body = {
        "appid": APPID,
        "mchid": MCHID,
        "description": "示例·阿昌刀",
        "out_trade_no": trade,
        "notify_url": listener.url,
        "amount": {"total": 8800, "currency": "CNY"},
        "payer": {"openid": openid},
        "detail": {"goods_detail": [{"merchant_goods_id": "K1", "quantity": 1, "unit_price": 8800}]},
        "scene_info": {"payer_client_ip": "127.0.0.1"},
        "settle_info": {"profit_sharing": False},
    }
    prepay_id = sandbox.call("POST", "/v3/pay/transactions/jsapi", body).json()["prepay_id"]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:ok"
    shown = sandbox.call("GET", f"/v3/pay/transactions/out-trade-no/{trade}?mchid={MCHID}").json()
    assert (shown["trade_state"], shown["payer"], shown["mchid"]) == ("SUCCESS", {"openid": openid}, MCHID)
    assert "sub_mchid" not in shown


def test_a_sub_openid_needs_its_sub_appid(sandbox: SandboxProcess, listener: Listener) -> None:
    sub_appid = "wxaaaaaaaaaaaaaaaa"
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": "1900000303", "sub_appids": [sub_appid]})
    sub_openid = "oSub" + secrets.token_hex(12)
    openid = sandbox.new_person(sub_openids={sub_appid: sub_openid})
    members: dict[str, Any] = {"sub_mchid": "1900000303", "payer": {"sub_openid": sub_openid}}
    assert sandbox.prepay(number(), openid, listener.url, **members).json()["detail"]["field"] == "/sub_appid"
    opened = sandbox.prepay(number(), openid, listener.url, sub_appid=sub_appid, **members)
    request = sandbox.payment_request(opened.json()["prepay_id"], openid)
    signed = f"{sub_appid}\n{request['timeStamp']}\n{request['nonceStr']}\n{request['package']}\n"
    refused = sandbox.control("POST", "/cashier/pay", request)["errMsg"]
    assert refused == "requestPayment:fail 支付验证签名失败"
    request |= {"appId": sub_appid, "paySign": sandbox.sign(signed.encode())}
    assert sandbox.control("POST", "/cashier/pay", request)["errMsg"] == "requestPayment:ok"
