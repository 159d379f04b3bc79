"""wechatpayv3, written by others, gets along with the sandbox; its known faults are allowed for.

Only its gateway is patched. It verifies every 2xx answer by itself and reads the notices.
"""

import asyncio
import gzip
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_.type import WeChatPayType as AsyncWeChatPayType
from wechatpayv3.core import Core

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import china_today
from tests.wechat_sandbox.sandbox_process import (
    APIV3_KEY,
    APPID,
    MCHID,
    PUBLIC_KEY_ID,
    SERIAL,
    SUB_MCHID,
    SandboxProcess,
)


def configuration(sandbox: SandboxProcess, url: str, *, is_partner: bool) -> dict[str, Any]:
    return {
        "wechatpay_type": WeChatPayType.JSAPI,
        "mchid": MCHID,
        "private_key": Path(sandbox.directory, "merchant.pem").read_text(),
        "cert_serial_no": SERIAL,
        "appid": APPID,
        "apiv3_key": APIV3_KEY,
        "notify_url": url,
        "partner_mode": is_partner,
        "public_key": Path(sandbox.directory, "wechat.pub.pem").read_text(),
        "public_key_id": PUBLIC_KEY_ID,
    }


def client(sandbox: SandboxProcess, url: str, *, is_partner: bool = True) -> Any:
    made = WeChatPay(**configuration(sandbox, url, is_partner=is_partner))
    made._core._gate_way = sandbox.url
    return made


def sign_for_phone(pay: Any, openid: str, prepay_id: str) -> dict[str, str]:
    text = [APPID, "1795448859", secrets.token_hex(16), f"prepay_id={prepay_id}"]
    return {
        "openid": openid,
        "appId": APPID,
        "timeStamp": text[1],
        "nonceStr": text[2],
        "package": text[3],
        "signType": "RSA",
        "paySign": pay.sign(text),
    }


def read(answer: tuple[int, str]) -> Any:
    status, text = answer
    assert status in (200, 204), text
    return json.loads(text) if text else None


@pytest.mark.parametrize("is_partner", [True, False])
def test_pay_query_refund_and_close(sandbox: SandboxProcess, listener: Listener, is_partner: bool) -> None:
    pay = client(sandbox, listener.url, is_partner=is_partner)
    owner = {"sub_mchid": SUB_MCHID} if is_partner else {}
    openid, trade = sandbox.new_person(), "W" + secrets.token_hex(8)
    payer = {"sp_openid": openid} if is_partner else {"openid": openid}
    opened = read(pay.pay(description="示例·红糖", out_trade_no=trade, amount={"total": 990}, payer=payer, **owner))
    request = sign_for_phone(pay, openid, opened["prepay_id"])
    assert sandbox.control("POST", "/cashier/pay", request)["errMsg"] == "requestPayment:ok"
    shown = read(pay.query(out_trade_no=trade, **owner))
    assert (shown["trade_state"], shown["amount"]["total"]) == ("SUCCESS", 990)
    assert read(pay.query(transaction_id=shown["transaction_id"], **owner)) == shown
    status, text = pay.close(out_trade_no=trade, **owner)
    assert (status, json.loads(text)["code"]) == (400, "ORDERPAID")

    notice = pay.callback(listener.wait_for(1)[0].headers, listener.received[0].body)
    assert (notice["event_type"], notice["resource"]["out_trade_no"]) == ("TRANSACTION.SUCCESS", trade)

    amount = {"refund": 90, "total": 990, "currency": "CNY"}
    refund = read(pay.refund(out_refund_no="WR" + trade, out_trade_no=trade, amount=amount, **owner))
    assert refund["status"] == "PROCESSING"
    assert read(pay.query_refund("WR" + trade, **owner))["refund_id"] == refund["refund_id"]
    told = pay.callback(listener.wait_for(2)[1].headers, listener.received[1].body)
    assert (told["event_type"], told["resource"]["out_refund_no"]) == ("REFUND.SUCCESS", "WR" + trade)

    unpaid = "W" + secrets.token_hex(8)
    read(pay.pay(description="示例", out_trade_no=unpaid, amount={"total": 1}, payer=payer, **owner))
    assert pay.close(out_trade_no=unpaid, **owner)[0] == 204


def test_bills_and_their_download(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"bills_ready": "at_once"})
    pay = client(sandbox, listener.url)
    trade, _ = sandbox.buy(listener.url)
    told = read(pay.trade_bill(china_today(), sub_mchid=SUB_MCHID))
    status, content = pay.download_bill(told["download_url"])
    assert status == 200
    assert trade in gzip.decompress(content).decode()


def test_it_refuses_what_a_stranger_signed(sandbox: SandboxProcess, listener: Listener) -> None:
    pay = client(sandbox, listener.url)
    trade, _ = sandbox.buy(listener.url)
    sandbox.fault("pay.query", {"kind": "bad_reply", "flavour": "other_key"})
    with pytest.raises(Exception, match="failed to verify the signature"):
        pay.query(out_trade_no=trade, sub_mchid=SUB_MCHID)
    listener.wait_for(1)
    for flavour in ("signature", "other_key", "signtest"):
        sandbox.control("POST", "/notices/forgeries", {"out_trade_no": trade, "flavour": flavour})
    for forged in listener.wait_for(4)[1:]:
        assert not pay.callback(forged.headers, forged.body)


def test_certificate_mode_and_rotation(
    sandbox: SandboxProcess, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.control("PATCH", "/settings", {"signing_mode": "certificate"})
    settings = configuration(sandbox, listener.url, is_partner=True)
    del settings["public_key"], settings["public_key_id"]
    # The constructor fetches certificates: the gateway is aimed at the sandbox before it does.
    fetch = Core._init_certificates

    def aim_and_fetch(core: Any) -> None:
        core._gate_way = sandbox.url
        fetch(core)

    monkeypatch.setattr(Core, "_init_certificates", aim_and_fetch)
    pay = WeChatPay(**settings)
    trade, _ = sandbox.buy(listener.url)
    assert read(pay.query(out_trade_no=trade, sub_mchid=SUB_MCHID))["trade_state"] == "SUCCESS"
    rotated = sandbox.control("POST", "/keys/certificates")["serial"]
    assert read(pay.query(out_trade_no=trade, sub_mchid=SUB_MCHID))["trade_state"] == "SUCCESS"
    sandbox.buy(listener.url)
    newest = listener.wait_for(2)[1]
    assert newest.headers["wechatpay-serial"] == rotated
    assert pay.callback(newest.headers, newest.body)["event_type"] == "TRANSACTION.SUCCESS"


async def test_the_async_client_in_parallel(sandbox: SandboxProcess, listener: Listener) -> None:
    openids = [sandbox.new_person() for _ in range(12)]

    async def run() -> list[str]:
        settings = configuration(sandbox, listener.url, is_partner=True)
        made = AsyncWeChatPay(**settings | {"wechatpay_type": AsyncWeChatPayType.JSAPI})
        made._core._gate_way = sandbox.url
        async with made as pay:

            async def one(openid: str) -> str:
                trade = "A" + secrets.token_hex(8)
                status, text = await pay.pay(
                    description="示例",
                    out_trade_no=trade,
                    amount={"total": 100},
                    payer={"sp_openid": openid},
                    sub_mchid=SUB_MCHID,
                )
                assert status == 200, text
                request = sign_for_phone(pay, openid, json.loads(text)["prepay_id"])
                paid = await asyncio.to_thread(sandbox.control, "POST", "/cashier/pay", request)
                assert paid["errMsg"] == "requestPayment:ok"
                status, text = await pay.query(out_trade_no=trade, sub_mchid=SUB_MCHID)
                return str(json.loads(text)["trade_state"])

            return await asyncio.gather(*(one(openid) for openid in openids))

    assert await run() == ["SUCCESS"] * 12
    assert len(listener.wait_for(12)) == 12
