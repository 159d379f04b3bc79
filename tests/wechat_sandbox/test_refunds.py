"""Refunds: accepted, settled, announced; idempotent, spaced and bounded."""

import secrets
import time
from typing import Any

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import read_notice
from tests.wechat_sandbox.sandbox_process import MCHID, SUB_MCHID, SandboxProcess

REFUNDS = "/v3/refund/domestic/refunds"


def ask(sandbox: SandboxProcess, trade: str, refund: int, *, total: int = 4990, **members: Any) -> Any:
    body = {
        "out_trade_no": trade,
        "out_refund_no": "R" + secrets.token_hex(8),
        "sub_mchid": SUB_MCHID,
        "amount": {"refund": refund, "total": total, "currency": "CNY"},
    } | members
    return sandbox.call("POST", REFUNDS, {name: value for name, value in body.items() if value != ""})


def settled(sandbox: SandboxProcess, number: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        shown: dict[str, Any] = sandbox.call("GET", f"{REFUNDS}/{number}?sub_mchid={SUB_MCHID}").json()
        if shown["status"] != "PROCESSING" or time.monotonic() > deadline:
            return shown
        time.sleep(0.02)


def test_a_refund_is_accepted_then_settled_then_announced(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"refund_seconds": 30})
    trade, _ = sandbox.buy(listener.url)
    accepted = ask(sandbox, trade, 1000, notify_url=listener.url).json()
    assert (accepted["status"], accepted["amount"]["refund"]) == ("PROCESSING", 1000)
    shown = settled(sandbox, accepted["out_refund_no"])
    assert (shown["status"], shown["refund_id"]) == ("SUCCESS", accepted["refund_id"])
    bodies = [read_notice(received.body) for received in listener.wait_for(2)]
    notice, resource = next(pair for pair in bodies if pair[0]["event_type"] == "REFUND.SUCCESS")
    assert notice["resource"]["original_type"] == "refund"
    assert resource["sp_mchid"] == MCHID
    assert resource["sub_mchid"] == SUB_MCHID
    assert resource["amount"] == {"total": 4990, "refund": 1000, "payer_total": 4990, "payer_refund": 1000}
    assert resource["refund_status"] == "SUCCESS"
    assert sandbox.query(trade).json()["trade_state"] == "REFUND"


def test_nothing_is_on_its_way_after_a_standstill(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0, "refund_seconds": 3600})
    listener.answers = lambda _number, _received: (503, b"")
    trade, _ = sandbox.buy(listener.url)
    listener.wait_for(1)
    refund = ask(sandbox, trade, 1, notify_url=listener.url).json()
    assert refund["status"] == "PROCESSING"
    sandbox.control("POST", "/standstills")
    asked = sandbox.call("GET", f"{REFUNDS}/{refund['out_refund_no']}?sub_mchid={SUB_MCHID}")
    assert asked.json()["status"] == "SUCCESS"
    notices = sandbox.control("GET", f"/notices?out_trade_no={trade}")["notices"]
    assert [each["state"] for each in notices] == ["exhausted"] * 2


def test_the_same_number_is_one_refund(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, _ = sandbox.buy(listener.url)
    first = ask(sandbox, trade, 100, out_refund_no="R-" + trade)
    again = ask(sandbox, trade, 100, out_refund_no="R-" + trade)
    assert first.json()["refund_id"] == again.json()["refund_id"]
    changed = ask(sandbox, trade, 101, out_refund_no="R-" + trade)
    assert (changed.status_code, changed.json()["code"]) == (400, "INVALID_REQUEST")
    assert len(sandbox.control("GET", f"/orders/{trade}")["refunds"]) == 1


def test_spacing_and_number_of_refunds(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, _ = sandbox.buy(listener.url)
    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0, "refund_limit": 3})
    assert ask(sandbox, trade, 1).status_code == 200
    early = ask(sandbox, trade, 1)
    assert (early.status_code, early.json()["code"]) == (429, "FREQUENCY_LIMITED")
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    for _ in range(2):
        time.sleep(0.07)
        assert ask(sandbox, trade, 1).status_code == 200
    time.sleep(0.07)
    assert ask(sandbox, trade, 1).json()["code"] == "INVALID_REQUEST"


def test_no_more_goes_back_than_came_in(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"refund_spacing_seconds": 0})
    trade, _ = sandbox.buy(listener.url)
    assert ask(sandbox, trade, 4991).json()["code"] == "INVALID_REQUEST"
    assert ask(sandbox, trade, 4000).status_code == 200
    assert ask(sandbox, trade, 991).json()["code"] == "INVALID_REQUEST"
    assert ask(sandbox, trade, 990).status_code == 200
    assert ask(sandbox, trade, 1).json()["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"reason": "坏了😀"}, "PARAM_ERROR"),
        ({"reason": "x" * 81}, "PARAM_ERROR"),
        ({"out_refund_no": "空 格"}, "PARAM_ERROR"),
        ({"colour": 1}, "PARAM_ERROR"),
        ({"transaction_id": "4200000000"}, "PARAM_ERROR"),
        ({"amount": {"refund": 1, "total": 4989, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"amount": {"refund": 0, "total": 4990, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"amount": {"refund": 1, "total": 4990}}, "PARAM_ERROR"),
        ({"sub_mchid": ""}, "RESOURCE_NOT_EXISTS"),
        ({"sub_mchid": "1900000999"}, "MCH_NOT_EXISTS"),
        ({"out_trade_no": "T-unknown"}, "RESOURCE_NOT_EXISTS"),
    ],
)
def test_a_bad_refund_is_refused(
    sandbox: SandboxProcess, listener: Listener, members: dict[str, Any], code: str
) -> None:
    trade, _ = sandbox.buy(listener.url)
    assert ask(sandbox, trade, 1, **members).json()["code"] == code


def test_an_unpaid_order_cannot_be_refunded(sandbox: SandboxProcess, listener: Listener) -> None:
    trade = "T" + secrets.token_hex(10)
    sandbox.prepay(trade, sandbox.new_person(), listener.url)
    assert ask(sandbox, trade, 1).json()["code"] == "TRADE_ERROR"


def test_money_that_was_taken_out_cannot_be_refunded(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("POST", "/sub-merchants", {"sub_mchid": "1900000404"})
    trade, _ = sandbox.buy(listener.url, sub_mchid="1900000404")
    sandbox.control("PATCH", "/settings", {"refund_checks_balance": True})
    funds = sandbox.control("GET", "/funds/1900000404")
    assert funds["balance_fen"] == 4990 - 30
    sandbox.control("POST", "/withdrawals", {"account": "1900000404", "amount_fen": 4000})
    number = "R" + trade
    refused = ask(sandbox, trade, 4990, out_refund_no=number, sub_mchid="1900000404")
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_ENOUGH")
    sandbox.buy(listener.url, sub_mchid="1900000404")
    assert ask(sandbox, trade, 4990, out_refund_no=number, sub_mchid="1900000404").status_code == 200


def test_abnormal_and_closed_refunds(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"refund_spacing_seconds": 0})
    trade, _ = sandbox.buy(listener.url)
    before = sandbox.control("GET", f"/funds/{SUB_MCHID}")["balance_fen"]
    sandbox.fault("refund.settle", {"kind": "settle", "state": "ABNORMAL"}, out_trade_no=trade)
    first = ask(sandbox, trade, 4990).json()
    shown = settled(sandbox, first["out_refund_no"])
    assert shown["status"] == "ABNORMAL"
    body = {"out_refund_no": first["out_refund_no"], "type": "MERCHANT_BANK_CARD", "sub_mchid": SUB_MCHID}
    sandbox.call("POST", f"{REFUNDS}/{first['refund_id']}/apply-abnormal-refund", body)
    assert settled(sandbox, first["out_refund_no"])["status"] == "SUCCESS"
    other, _ = sandbox.buy(listener.url)
    sandbox.fault("refund.settle", {"kind": "settle", "state": "CLOSED"}, out_trade_no=other)
    closed = settled(sandbox, ask(sandbox, other, 4990).json()["out_refund_no"])
    assert closed["status"] == "CLOSED"
    assert ask(sandbox, other, 4990).status_code == 200
    # The first order left nothing behind, not even a fee; the second one is refunded once.
    assert sandbox.control("GET", f"/funds/{SUB_MCHID}")["balance_fen"] == before - 4960
