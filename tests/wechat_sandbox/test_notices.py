"""Notices: sealed, signed, repeated on schedule, and every way to spoil them."""

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import certificate_key, is_signed_by, read_notice, wechat_public_key
from tests.wechat_sandbox.sandbox_process import APPID, MCHID, PUBLIC_KEY_ID, SUB_MCHID, SandboxProcess


def notices(sandbox: SandboxProcess, trade: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.control("GET", f"/notices?out_trade_no={trade}")["notices"]
    return found


def wait_for_state(sandbox: SandboxProcess, trade: str, state: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if notices(sandbox, trade)[0]["state"] == state:
            break
        time.sleep(0.02)
    notice = notices(sandbox, trade)[0]
    assert notice["state"] == state
    return notice


def test_a_notice_is_sealed_and_signed(sandbox: SandboxProcess, listener: Listener) -> None:
    began = int(time.time())
    trade, openid = sandbox.buy(listener.url)
    received = listener.wait_for(1)[0]
    assert began <= int(received.headers["wechatpay-timestamp"]) <= time.time()
    assert is_signed_by(wechat_public_key(sandbox), received.headers, received.body)
    assert received.headers["wechatpay-serial"] == PUBLIC_KEY_ID
    assert received.headers["wechatpay-signature-type"] == "WECHATPAY2-SHA256-RSA2048"
    notice, resource = read_notice(received.body)
    assert (notice["event_type"], notice["resource_type"]) == ("TRANSACTION.SUCCESS", "encrypt-resource")
    assert len(notice["id"]) <= 36
    assert len(notice["resource"]["nonce"]) == 12
    assert resource == sandbox.query(trade).json()
    assert (resource["sp_appid"], resource["sp_mchid"], resource["sub_mchid"]) == (APPID, MCHID, SUB_MCHID)
    assert resource["payer"] == {"sp_openid": openid}
    assert wait_for_state(sandbox, trade, "delivered")["genuine_attempts"] == 1


def test_retries_follow_the_schedule_until_a_200(sandbox: SandboxProcess, listener: Listener) -> None:
    listener.answers = lambda number, _: (500, b'{"code":"FAIL"}') if number < 3 else (200, b"")
    trade, _ = sandbox.buy(listener.url)
    received = listener.wait_for(4)
    gaps = [later.at - earlier.at for earlier, later in pairwise(received)]
    for gap, documented in zip(gaps, (15, 15, 30), strict=True):
        assert documented * 0.01 <= gap < documented * 0.01 + 2.0
    assert len({item.headers["wechatpay-nonce"] for item in received}) == 4
    assert len({read_notice(item.body)[0]["id"] for item in received}) == 1
    assert wait_for_state(sandbox, trade, "delivered")["genuine_attempts"] == 4
    time.sleep(0.5)
    assert len(listener.received) == 4


@pytest.mark.parametrize("status", [201, 302, 404, 503])
def test_only_200_and_204_end_it(sandbox: SandboxProcess, listener: Listener, status: int) -> None:
    listener.answers = lambda number, _: (status, b"") if number == 0 else (204, b"")
    sandbox.buy(listener.url)
    listener.wait_for(2)


def test_the_schedule_ends_after_sixteen_attempts(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.00001})
    listener.answers = lambda _number, _received: (500, b"")
    trade, _ = sandbox.buy(listener.url)
    assert wait_for_state(sandbox, trade, "exhausted")["genuine_attempts"] == 16


def test_a_lost_notice_never_comes(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.fault("notice.transaction", {"kind": "lose"})
    trade, _ = sandbox.buy(listener.url)
    wait_for_state(sandbox, trade, "lost")
    other, _ = sandbox.buy(listener.url)
    received = listener.wait_for(1)
    time.sleep(0.3)
    assert len(listener.received) == 1
    assert read_notice(received[0].body)[1]["out_trade_no"] == other
    assert sandbox.query(trade).json()["trade_state"] == "SUCCESS"


def test_duplicates_and_delay_add_up(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.fault("notice.*", {"kind": "duplicate", "copies": 9})
    sandbox.fault("notice.*", {"kind": "delay", "seconds": 0.4})
    began = time.monotonic()
    trade, _ = sandbox.buy(listener.url)
    received = listener.wait_for(10)
    assert received[0].at - began >= 0.4
    assert {read_notice(item.body)[1]["out_trade_no"] for item in received} == {trade}
    assert all(is_signed_by(wechat_public_key(sandbox), item.headers, item.body) for item in received)


def test_reordered_notices_come_newest_first(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.fault("notice.transaction", {"kind": "reorder", "count": 3}, times=3)
    trades = [sandbox.buy(listener.url)[0] for _ in range(3)]
    received = listener.wait_for(3)
    assert [read_notice(item.body)[1]["out_trade_no"] for item in received] == trades[::-1]


def test_a_reorder_that_never_fills_is_released(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.fault("notice.transaction", {"kind": "reorder", "count": 50, "within_seconds": 0.3}, times=1)
    trade, _ = sandbox.buy(listener.url)
    listener.wait_for(1)
    wait_for_state(sandbox, trade, "delivered")


@pytest.mark.parametrize(
    "flavour", ["signature", "other_key", "serial", "signtest", "stale", "ciphertext", "amount", "mchid"]
)
def test_each_forgery_is_what_it_says(sandbox: SandboxProcess, listener: Listener, flavour: str) -> None:
    sandbox.fault("notice.transaction", {"kind": "forge", "flavour": flavour})
    trade, _ = sandbox.buy(listener.url)
    forged, genuine = listener.wait_for(2)[:2]
    key = wechat_public_key(sandbox)
    assert is_signed_by(key, genuine.headers, genuine.body)
    assert read_notice(genuine.body)[1]["amount"]["total"] == 4990
    is_signed = is_signed_by(key, forged.headers, forged.body)
    assert is_signed is (flavour not in ("signature", "other_key", "signtest"))
    age = time.time() - int(forged.headers["wechatpay-timestamp"])
    assert (age > 300) is (flavour == "stale")
    assert (forged.headers["wechatpay-serial"] == PUBLIC_KEY_ID) is (flavour != "serial")
    assert forged.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/") is (flavour == "signtest")
    if flavour == "ciphertext":
        with pytest.raises(Exception, match=r"^$"):
            read_notice(forged.body)
    else:
        resource = read_notice(forged.body)[1]
        assert resource["amount"]["total"] == (4991 if flavour == "amount" else 4990)
        assert resource["sub_mchid"] == ("1999999999" if flavour == "mchid" else SUB_MCHID)
    assert wait_for_state(sandbox, trade, "delivered")["attempts"][0]["flavour"] == flavour


def test_a_forgery_answered_with_204_delivers_nothing(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.fault("notice.transaction", {"kind": "forge", "flavour": "amount", "instead": True})
    trade, _ = sandbox.buy(listener.url)
    listener.wait_for(1)
    assert wait_for_state(sandbox, trade, "lost")["genuine_attempts"] == 0


def test_forgeries_and_repeats_on_demand(sandbox: SandboxProcess, listener: Listener) -> None:
    trade, _ = sandbox.buy(listener.url)
    wait_for_state(sandbox, trade, "delivered")
    listener.answers = lambda _number, _received: (401, b"")
    told = sandbox.control("POST", "/notices/forgeries", {"out_trade_no": trade, "flavour": "other_key"})
    assert (told["status"], told["flavour"]) == (401, "other_key")
    listener.answers = lambda _number, _received: (204, b"")
    notice = notices(sandbox, trade)[0]
    assert sandbox.control("POST", f"/notices/{notice['id']}/repeats")["status"] == 204
    entries = sandbox.control("GET", f"/journal?kind=notice&out_trade_no={trade}")["entries"]
    assert [entry["status"] for entry in entries] == [204, 401, 204]


def test_migration_signs_a_share_by_each_key(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"signing_mode": "both", "notice_public_key_percent": 50})
    certificate = sandbox.control("GET", "/keys")["certificates"][-1]
    for _ in range(4):
        sandbox.buy(listener.url)
    serials = [item.headers["wechatpay-serial"] for item in listener.wait_for(4)]
    assert sorted(serials).count(PUBLIC_KEY_ID) == 2
    for item in listener.received:
        is_public = item.headers["wechatpay-serial"] == PUBLIC_KEY_ID
        key = wechat_public_key(sandbox) if is_public else certificate_key(certificate["pem"])
        assert is_signed_by(key, item.headers, item.body)
