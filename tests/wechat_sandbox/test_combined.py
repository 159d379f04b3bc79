"""Combined orders: fields and limits, re-entry, one password for several merchants, query, close, bills by the part."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.sandbox_process import APPID, MCHID, SUB_MCHID, SandboxProcess

URL = "https://shop.example.com/notices"
OTHER = "1900000302"
BASE = "/v3/combine-transactions"


def number(prefix: str = "T") -> str:
    return prefix + secrets.token_hex(10)


def part(sub_mchid: str = SUB_MCHID, total: int = 4990, **members: Any) -> dict[str, Any]:
    return {
        "mchid": MCHID,
        "sub_mchid": sub_mchid,
        "out_trade_no": number(),
        "description": "示例·陇川甘蔗红糖",
        "attach": "x",
        "amount": {"total_amount": total, "currency": "CNY"},
    } | members


def combination(openid: str, parts: list[dict[str, Any]], url: str = URL, **members: Any) -> dict[str, Any]:
    return {
        "combine_appid": APPID,
        "combine_mchid": MCHID,
        "combine_out_trade_no": number("B"),
        "sub_orders": parts,
        "combine_payer_info": {"openid": openid},
        "notify_url": url,
    } | members


@pytest.fixture
def two(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """Parts of two sub-merchants."""
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": OTHER, "name": "示例茶厂"})
    return [part(), part(OTHER, 3990)]


def code_of(sandbox: SandboxProcess, body: dict[str, Any]) -> str:
    answer = sandbox.call("POST", f"{BASE}/jsapi", body)
    return "" if answer.status_code == 200 else str(answer.json()["code"])


def test_what_is_refused(sandbox: SandboxProcess, two: list[dict[str, Any]]) -> None:
    openid = sandbox.new_person()
    one, other = two
    wrong: list[tuple[dict[str, Any], str]] = [
        (combination(openid, two, colour="red"), "PARAM_ERROR"),
        (combination(openid, []), "PARAM_ERROR"),
        (combination(openid, [part(f"19{n:08d}") for n in range(51)]), "PARAM_ERROR"),
        (combination(openid, [one, {k: v for k, v in other.items() if k != "attach"}]), "PARAM_ERROR"),
        (combination(openid, [one, other | {"tip": 1}]), "PARAM_ERROR"),
        (combination(openid, [one, part(SUB_MCHID)]), "PARAM_ERROR"),
        (combination(openid, [one, other | {"out_trade_no": one["out_trade_no"]}]), "PARAM_ERROR"),
        (combination(openid, [one, other | {"amount": {"total_amount": 0, "currency": "CNY"}}]), "PARAM_ERROR"),
        (combination(openid, [one, other | {"mchid": "1900000999"}]), "MCH_NOT_EXISTS"),
        (combination(openid, [one, part("1900000999")]), "MCH_NOT_EXISTS"),
        (combination(openid, two, combine_appid="wx0000000000000000"), "APPID_MCHID_NOT_MATCH"),
        (combination("oNobody", two), "OPENID_MISMATCH"),
        (combination(openid, two, combine_payer_info={}), "PARAM_ERROR"),
        (combination(openid, two, notify_url="/notices"), "PARAM_ERROR"),
        (combination(openid, two, time_expire="2020-01-01T10:00:00+08:00"), "PARAM_ERROR"),
    ]
    assert [code_of(sandbox, body) for body, _ in wrong] == [code for _, code in wrong]
    forged = sandbox.call("POST", f"{BASE}/jsapi", combination(openid, two), changes={"signature": "AAAA"})
    assert (forged.status_code, forged.json()["code"]) == (401, "SIGN_ERROR")


def test_re_entry_needs_the_same_to_the_letter(sandbox: SandboxProcess, two: list[dict[str, Any]]) -> None:
    openid = sandbox.new_person()
    body = combination(openid, two)
    first, again = (sandbox.call("POST", f"{BASE}/jsapi", body).json()["prepay_id"] for _ in range(2))
    assert first != again
    changed = body | {"sub_orders": [two[0], two[1] | {"description": "别的"}]}
    assert code_of(sandbox, changed) == "INVALID_REQUEST"
    assert code_of(sandbox, combination(openid, two)) == "OUT_TRADE_NO_USED"
    lonely = sandbox.prepay(two[0]["out_trade_no"], openid, URL)
    assert lonely.json()["code"] == "OUT_TRADE_NO_USED"


def test_one_password_pays_every_part_at_its_own_merchant(
    sandbox: SandboxProcess, listener: Listener, two: list[dict[str, Any]]
) -> None:
    openid = sandbox.new_person()
    body = combination(openid, two, listener.url)
    prepay_id = sandbox.call("POST", f"{BASE}/jsapi", body).json()["prepay_id"]
    before = [sandbox.control("GET", f"/funds/{p['sub_mchid']}")["balance_fen"] for p in two]
    shown = sandbox.control("POST", "/cashier/show", sandbox.payment_request(prepay_id, openid))
    assert (shown["amount_fen"], shown["payee"]) == (8980, "2 家商户")
    assert [p["amount_fen"] for p in shown["parts"]] == [4990, 3990]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:ok"
    assert sandbox.pay(prepay_id, openid) == "requestPayment:fail 该订单已支付"
    after = [sandbox.control("GET", f"/funds/{p['sub_mchid']}")["balance_fen"] for p in two]
    assert [b - a for a, b in zip(before, after, strict=True)] == [4990 - 30, 3990 - 24]
    seen = sandbox.call("GET", f"{BASE}/out-trade-no/{body['combine_out_trade_no']}").json()
    assert [p["trade_state"] for p in seen["sub_orders"]] == ["SUCCESS", "SUCCESS"]
    assert len({p["transaction_id"] for p in seen["sub_orders"]}) == 2
    assert seen["combine_payer_info"] == {"openid": openid}
    assert code_of(sandbox, body) == "ORDERPAID"
    alone = sandbox.query(two[0]["out_trade_no"])
    assert alone.json()["code"] == "ORDER_NOT_EXIST", "a part is reached through its combination alone"
    refund = {
        "out_refund_no": number("R"),
        "transaction_id": seen["sub_orders"][1]["transaction_id"],
        "sub_mchid": OTHER,
        "amount": {"refund": 990, "total": 3990, "currency": "CNY"},
    }
    assert sandbox.call("POST", "/v3/refund/domestic/refunds", refund).status_code == 200
    seen = sandbox.call("GET", f"{BASE}/out-trade-no/{body['combine_out_trade_no']}").json()
    assert [p["trade_state"] for p in seen["sub_orders"]] == ["SUCCESS", "REFUND"]


def test_closing_and_expiry(sandbox: SandboxProcess, two: list[dict[str, Any]]) -> None:
    openid = sandbox.new_person()
    body = combination(openid, two)
    prepay_id = sandbox.call("POST", f"{BASE}/jsapi", body).json()["prepay_id"]
    target = f"{BASE}/out-trade-no/{body['combine_out_trade_no']}/close"
    named = [{name: p[name] for name in ("mchid", "sub_mchid", "out_trade_no")} for p in two]
    strange = {"combine_appid": APPID, "sub_orders": [named[0] | {"sub_mchid": OTHER}]}
    assert sandbox.call("POST", target, strange).json()["code"] == "ORDER_NOT_EXIST"
    for _ in range(2):
        assert sandbox.call("POST", target, {"combine_appid": APPID, "sub_orders": named}).status_code == 204
    assert sandbox.pay(prepay_id, openid) == "requestPayment:fail 该订单已关闭"
    assert code_of(sandbox, body) == "ORDER_CLOSED"
    missing = f"{BASE}/out-trade-no/{number('B')}"
    assert sandbox.call("GET", missing).status_code == 404
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat(timespec="seconds")
    late = combination(openid, [part(), part(OTHER)], time_expire=soon)
    prepay_id = sandbox.call("POST", f"{BASE}/jsapi", late).json()["prepay_id"]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:ok"
    target = f"{BASE}/out-trade-no/{late['combine_out_trade_no']}/close"
    named = [{name: p[name] for name in ("mchid", "sub_mchid", "out_trade_no")} for p in late["sub_orders"]]
    paid = sandbox.call("POST", target, {"combine_appid": APPID, "sub_orders": named})
    assert (paid.status_code, paid.json()["code"]) == (400, "ORDERPAID")
