"""State survives kill -9: orders, refunds, certificates, codes, faults and waiting notices."""

import signal
import time

import httpx
import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import read_notice
from tests.wechat_sandbox.sandbox_process import APP_SECRET, APPID, SUB_MCHID, SandboxProcess


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_everything_is_there_after_a_restart(
    own_sandbox: SandboxProcess, listener: Listener, sign: signal.Signals
) -> None:
    sandbox = own_sandbox
    listener.answers = lambda _number, _received: (503, b"")
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.05, "refund_seconds": 20})
    trade, openid = sandbox.buy(listener.url)
    listener.wait_for(1)
    refund = {
        "out_trade_no": trade,
        "out_refund_no": "R" + trade,
        "sub_mchid": SUB_MCHID,
        "amount": {"refund": 10, "total": 4990, "currency": "CNY"},
    }
    assert sandbox.call("POST", "/v3/refund/domestic/refunds", refund).json()["status"] == "PROCESSING"
    code = sandbox.control("POST", "/login-codes", {"openid": openid})["code"]
    certificate = sandbox.control("GET", "/keys")["certificates"]
    before, funds = sandbox.query(trade).json(), sandbox.control("GET", f"/funds/{SUB_MCHID}")
    sandbox.fault("pay.query", {"kind": "answer", "status": 429, "code": "FREQUENCY_LIMITED"}, times=1)

    sandbox.stop(sign)
    listener.answers = lambda _number, _received: (204, b"")
    count = len(listener.received)
    sandbox.start()

    assert sandbox.query(trade).status_code == 429
    assert sandbox.query(trade).json() == before
    assert sandbox.control("GET", f"/funds/{SUB_MCHID}") == funds
    assert sandbox.control("GET", "/keys")["certificates"] == certificate
    assert sandbox.control("GET", "/settings")["clock_scale"] == 0.05
    assert read_notice(listener.wait_for(count + 1)[count].body)[1]["out_trade_no"] == trade
    query = {"appid": APPID, "secret": APP_SECRET, "js_code": code, "grant_type": "authorization_code"}
    answer = httpx.get(sandbox.url + "/sns/jscode2session", params=query, trust_env=False)
    assert answer.json()["openid"] == openid
    deadline = time.monotonic() + 30
    while sandbox.control("GET", f"/orders/{trade}")["refunds"][0]["status"] == "PROCESSING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
