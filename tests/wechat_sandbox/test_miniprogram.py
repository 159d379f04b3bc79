"""The mini-program host: codes, tokens, phones, content checks, messages and shipping information."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.sandbox_process import APP_SECRET, APPID, MCHID, SUB_MCHID, SandboxProcess


def get(sandbox: SandboxProcess, path: str, **query: str) -> dict[str, Any]:
    answer = sandbox.client.get(sandbox.url + path, params=query)
    assert answer.status_code == 200
    return dict(answer.json())


def post(sandbox: SandboxProcess, path: str, body: Any, token: str = "") -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    params = {"access_token": token} if token else {}
    answer = sandbox.client.post(sandbox.url + path, params=params, content=content)
    assert answer.status_code == 200
    return dict(answer.json())


def login(sandbox: SandboxProcess, code: str, **changes: str) -> dict[str, Any]:
    query = {
        "appid": APPID,
        "secret": APP_SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
    } | changes
    return get(sandbox, "/sns/jscode2session", **query)


def mint(sandbox: SandboxProcess, openid: str, kind: str = "login") -> str:
    return str(sandbox.control("POST", f"/{kind}-codes", {"openid": openid})["code"])


def token(sandbox: SandboxProcess, **changes: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": APPID, "secret": APP_SECRET} | changes
    return post(sandbox, "/cgi-bin/stable_token", body)


def test_a_login_code_is_good_once(sandbox: SandboxProcess) -> None:
    openid = sandbox.new_person(unionid="u-1")
    code = mint(sandbox, openid)
    session = login(sandbox, code)
    assert (session["openid"], session["unionid"]) == (openid, "u-1")
    assert "errcode" not in session
    assert login(sandbox, code)["errcode"] == 40163
    again = login(sandbox, mint(sandbox, openid))
    assert again["session_key"] != session["session_key"]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"js_code": ""}, 41008),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "wrong"}, 40125),  # pragma: allowlist secret
        ({"js_code": "unknown"}, 40029),
        ({"grant_type": "other"}, 40002),
    ],
)
def test_login_refusals(sandbox: SandboxProcess, changes: dict[str, str], errcode: int) -> None:
    answer = login(sandbox, mint(sandbox, sandbox.new_person()), **changes)
    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]


def test_people_who_may_not_enter(sandbox: SandboxProcess) -> None:
    risky = sandbox.new_person(is_high_risk=True)
    assert login(sandbox, mint(sandbox, risky))["errcode"] == 40226
    eager = sandbox.new_person()
    assert login(sandbox, mint(sandbox, eager, "phone"))["errcode"] == 40029
    sandbox.control("PATCH", "/settings", {"login_limit_per_minute": 2, "clock_scale": 1.0})
    codes = [login(sandbox, mint(sandbox, eager)).get("errcode") for _ in range(3)]
    assert codes == [None, None, 45011]
    sandbox.control("POST", "/login-codes", {"openid": "oNobody"}, expect=(404,))


def test_the_stable_token(sandbox: SandboxProcess) -> None:
    first = token(sandbox)
    assert token(sandbox)["access_token"] == first["access_token"]
    assert 300 < first["expires_in"] <= 7200
    assert token(sandbox, secret="wrong")["errcode"] == 40125  # pragma: allowlist secret
    assert token(sandbox, grant_type="x")["errcode"] == 40002
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    time.sleep(0.04)
    forced = token(sandbox, force_refresh=True)
    assert forced["access_token"] != first["access_token"]
    path = "/wxa/sec/order/is_trade_managed"
    assert post(sandbox, path, {}, first["access_token"])["errcode"] == 40001
    assert post(sandbox, path, {}, forced["access_token"])["errcode"] == 0
    assert post(sandbox, path, {})["errcode"] == 41001
    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0})
    assert token(sandbox, force_refresh=True)["errcode"] == 45011
    assert sandbox.control("POST", "/tokens/spoilings", {"state": "expired"})["spoiled"] == 1
    assert post(sandbox, path, {}, forced["access_token"])["errcode"] == 42001
    assert post(sandbox, path, {}, token(sandbox)["access_token"])["errcode"] == 0


def test_a_phone_code_is_good_once(sandbox: SandboxProcess) -> None:
    openid = sandbox.new_person(phone="10000009999")
    code, path, good = (
        mint(sandbox, openid, "phone"),
        "/wxa/business/getuserphonenumber",
        token(sandbox)["access_token"],
    )
    assert post(sandbox, path, {"code": code, "openid": "oOther"}, good)["errcode"] == 40029
    shown = post(sandbox, path, {"code": code}, good)
    assert shown["phone_info"]["purePhoneNumber"] == "10000009999"
    assert shown["phone_info"]["watermark"]["appid"] == APPID
    assert post(sandbox, path, {"code": code}, good)["errcode"] == 40029
    assert post(sandbox, path, {"code": mint(sandbox, openid)}, good)["errcode"] == 40029
    assert post(sandbox, path, {"code": 1}, good)["errcode"] == 40097
    assert post(sandbox, path, b"{", good)["errcode"] == 47001


def test_a_login_fault(sandbox: SandboxProcess) -> None:
    sandbox.fault("sns.jscode2session", {"kind": "answer", "code": "-1", "message": "system busy"})
    sandbox.fault("sns.jscode2session", {"kind": "answer", "status": 502})
    code = mint(sandbox, sandbox.new_person())
    assert login(sandbox, code)["errcode"] == -1
    query = {"appid": APPID, "secret": APP_SECRET, "js_code": code, "grant_type": "authorization_code"}
    assert sandbox.client.get(sandbox.url + "/sns/jscode2session", params=query).status_code == 502
    assert "openid" in login(sandbox, code)


def test_text_checks(sandbox: SandboxProcess) -> None:
    openid, good, path = sandbox.new_person(), token(sandbox)["access_token"], "/wxa/msg_sec_check"
    body = {"content": "快加微信领红包", "version": 2, "scene": 2, "openid": openid}
    assert post(sandbox, path, body, good)["errcode"] == 61010
    login(sandbox, mint(sandbox, openid))
    assert post(sandbox, path, body, good)["result"] == {"suggest": "review", "label": 10001}
    assert post(sandbox, path, body | {"content": "一起赌博"}, good)["result"]["suggest"] == "risky"
    assert post(sandbox, path, body | {"content": "红糖真甜"}, good)["result"] == {
        "suggest": "pass",
        "label": 100,
    }
    escaped = json.dumps(body).encode()
    assert b"\\u" in escaped
    assert post(sandbox, path, escaped, good)["result"]["label"] == 100
    assert post(sandbox, path, body | {"version": 1}, good)["errcode"] == 40097
    assert post(sandbox, path, body | {"content": "x" * 2501}, good)["errcode"] == 40097


def test_subscribe_messages(sandbox: SandboxProcess) -> None:
    openid, good, path = (
        sandbox.new_person(),
        token(sandbox)["access_token"],
        "/cgi-bin/message/subscribe/send",
    )
    body = {
        "touser": openid,
        "template_id": "t1",
        "page": "pages/order",
        "data": {"thing1": {"value": "红糖"}},
    }
    assert post(sandbox, path, body, good)["errcode"] == 43101
    sandbox.control("POST", "/subscriptions", {"openid": openid, "template_id": "t1"})
    assert post(sandbox, path, body | {"data": {"thing1": {"value": "长" * 21}}}, good)["errcode"] == 47003
    assert post(sandbox, path, body | {"data": {"phrase1": {"value": "ok"}}}, good)["errcode"] == 47003
    assert post(sandbox, path, body | {"page": "/pages/order"}, good)["errcode"] == 41030
    assert post(sandbox, path, body | {"touser": "oNobody"}, good)["errcode"] == 40003
    assert post(sandbox, path, body, good)["errcode"] == 0
    assert post(sandbox, path, body, good)["errcode"] == 43101
    [message] = sandbox.control("GET", f"/messages?openid={openid}")["messages"]
    assert message["values"] == {"thing1": "红糖"}


def test_shipping_information(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = sandbox.buy(listener.url)
    good, path = token(sandbox)["access_token"], "/wxa/sec/order/upload_shipping_info"

    def upload(**changes: Any) -> int:
        body = {
            "order_key": {"order_number_type": 1, "mchid": SUB_MCHID, "out_trade_no": trade},
            "logistics_type": 1,
            "delivery_mode": 1,
            "shipping_list": [{"tracking_no": "YT0001", "express_company": "YTO", "item_desc": "红糖两斤"}],
            "upload_time": datetime.now(UTC).isoformat(),
            "payer": {"openid": openid},
        } | changes
        return int(post(sandbox, path, body, good)["errcode"])

    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0})
    assert upload() == 10060001
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    time.sleep(0.07)
    assert upload(order_key={"order_number_type": 1, "mchid": MCHID, "out_trade_no": trade}) == 10060001
    assert upload(payer={"openid": "oOther"}) == 10060031
    assert upload(upload_time="yesterday") == 268485216
    assert upload(shipping_list=[]) == 268485228
    assert upload(delivery_mode=2) == 10060007
    assert upload(delivery_mode=2, logistics_type=4) == 10060006
    parcel = {"tracking_no": "SF1", "express_company": "SF", "item_desc": "红糖"}
    assert upload(shipping_list=[parcel]) == 10060014
    assert upload(shipping_list=[parcel | {"tracking_no": ""}]) == 268485226
    assert upload(shipping_list=[parcel | {"item_desc": "x" * 121}]) == 10060009
    assert upload(colour="red") == 40097
    assert upload() == 0
    assert upload() == 10060023
    masked = parcel | {"contact": {"receiver_contact": "+86-177****1234"}}
    assert upload(shipping_list=[masked]) == 0
    assert upload(shipping_list=[masked | {"tracking_no": "SF2"}]) == 10060003
    shown = post(
        sandbox,
        "/wxa/sec/order/get_order",
        {"transaction_id": sandbox.query(trade).json()["transaction_id"]},
        good,
    )
    assert shown["order"]["order_state"] == 2
    assert shown["order"]["shipping"]["shipping_list"][0]["tracking_no"] == "SF1"
    by_number = {"merchant_id": MCHID, "sub_merchant_id": SUB_MCHID, "merchant_trade_no": trade}
    assert post(sandbox, "/wxa/sec/order/get_order", by_number, good)["order"] == shown["order"]


def test_a_refunded_order_is_not_shipped(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, openid = sandbox.buy(listener.url)
    body = {
        "out_trade_no": trade,
        "out_refund_no": "R" + trade,
        "sub_mchid": SUB_MCHID,
        "amount": {"refund": 4990, "total": 4990, "currency": "CNY"},
    }
    assert sandbox.call("POST", "/v3/refund/domestic/refunds", body).status_code == 200
    sandbox.control("PATCH", "/settings", {"shipping_wait_seconds": 0})
    answer = post(
        sandbox,
        "/wxa/sec/order/upload_shipping_info",
        {
            "order_key": {"order_number_type": 1, "mchid": SUB_MCHID, "out_trade_no": trade},
            "logistics_type": 4,
            "delivery_mode": 1,
            "shipping_list": [{"item_desc": "红糖"}],
            "upload_time": datetime.now(UTC).isoformat(),
            "payer": {"openid": openid},
        },
        token(sandbox)["access_token"],
    )
    assert answer["errcode"] == 10060004
