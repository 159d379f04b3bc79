"""Faults of calls: what was committed stays committed, and nothing else was done."""

import secrets
import time
from typing import Any

import httpx
import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import is_signed_by, wechat_public_key
from tests.wechat_sandbox.sandbox_process import SandboxProcess

URL = "https://shop.example.com/notices"


def number() -> str:
    return "T" + secrets.token_hex(10)


def test_5xx_before_the_commit_does_nothing(sandbox: SandboxProcess) -> None:
    sandbox.fault("pay.prepay", {"kind": "answer", "status": 500, "when": "before"}, times=2)
    trade, openid = number(), sandbox.new_person()
    for _ in range(2):
        answer = sandbox.prepay(trade, openid, URL)
        assert (answer.status_code, answer.json()["code"]) == (500, "SYSTEM_ERROR")
    assert sandbox.query(trade).status_code == 404
    assert sandbox.prepay(trade, openid, URL).status_code == 200
    assert sandbox.control("GET", "/faults")["faults"] == []


def test_5xx_after_the_commit_has_done_it(sandbox: SandboxProcess) -> None:
    sandbox.fault("pay.*", {"kind": "answer", "status": 502, "when": "after"})
    trade, openid = number(), sandbox.new_person()
    assert sandbox.prepay(trade, openid, URL).status_code == 502
    assert sandbox.query(trade).json()["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(("when", "status"), [("before", 404), ("after", 200)])
def test_silence_and_a_cut_connection(sandbox: SandboxProcess, when: str, status: int) -> None:
    sandbox.fault("pay.prepay", {"kind": "hang", "seconds": 0.2, "when": when})
    trade, openid = number(), sandbox.new_person()
    began = time.monotonic()
    with pytest.raises(httpx.TransportError):
        sandbox.prepay(trade, openid, URL)
    assert time.monotonic() - began >= 0.2
    assert sandbox.query(trade).status_code == status


def test_a_client_that_gives_up_first(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, _ = sandbox.buy(listener.url)
    sandbox.fault("refund.create", {"kind": "hang", "seconds": 1.0, "when": "after"}, out_trade_no=trade)
    body = {
        "out_trade_no": trade,
        "out_refund_no": "R" + trade,
        "sub_mchid": "1900000201",
        "amount": {"refund": 10, "total": 4990, "currency": "CNY"},
    }
    with pytest.raises(httpx.ReadTimeout):
        sandbox.call("POST", "/v3/refund/domestic/refunds", body, timeout=0.3)
    again = sandbox.call("POST", "/v3/refund/domestic/refunds", body)
    assert again.status_code == 200
    assert len(sandbox.control("GET", f"/orders/{trade}")["refunds"]) == 1


def test_rate_limit_and_slowness(sandbox: SandboxProcess) -> None:
    sandbox.fault("pay.query", {"kind": "answer", "status": 429, "code": "FREQUENCY_LIMITED"})
    assert sandbox.query("T-nothing").json()["code"] == "FREQUENCY_LIMITED"
    sandbox.fault("pay.query", {"kind": "slow", "seconds": 0.3})
    began = time.monotonic()
    assert sandbox.query("T-nothing").status_code == 404
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("flavour", ["unsigned", "other_key", "stale"])
def test_replies_nobody_may_believe(sandbox: SandboxProcess, flavour: str) -> None:
    sandbox.fault("pay.prepay", {"kind": "bad_reply", "flavour": flavour})
    answer = sandbox.prepay(number(), sandbox.new_person(), URL)
    assert answer.status_code == 200
    if flavour == "unsigned":
        assert "wechatpay-signature" not in answer.headers
        return
    assert is_signed_by(wechat_public_key(sandbox), answer.headers, answer.content) is (flavour == "stale")
    age = time.time() - int(answer.headers["wechatpay-timestamp"])
    assert (age > 300) is (flavour == "stale")


def test_a_fault_meets_only_its_order(sandbox: SandboxProcess) -> None:
    chosen, other, openid = number(), number(), sandbox.new_person()
    rule = sandbox.fault("pay.prepay", {"kind": "answer"}, out_trade_no=chosen)
    assert sandbox.prepay(other, openid, URL).status_code == 200
    assert sandbox.prepay(chosen, openid, URL).status_code == 500
    again = sandbox.fault("pay.prepay", {"kind": "answer"}, out_trade_no=chosen)
    assert again["id"] > rule["id"]
    sandbox.control("DELETE", f"/faults/{again['id']}")
    assert sandbox.prepay(chosen, openid, URL).status_code == 200


def test_a_wrong_order_is_refused(sandbox: SandboxProcess) -> None:
    bodies: list[Any] = [
        {"operation": "x"},
        {"operation": "x", "action": {"kind": "explode"}},
        {"action": {}},
        [],
    ]
    for body in bodies:
        sandbox.control("POST", "/faults", body, expect=(422,))
    sandbox.control("PATCH", "/settings", {"clock_scale": 0}, expect=(422,))
    sandbox.control("PATCH", "/settings", {"colour": "red"}, expect=(422,))
