"""Message push, read by wechatpy's own crypto and parser."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature

from tests.wechat_sandbox.listener import Listener, Received
from tests.wechat_sandbox.sandbox_process import APPID, PUSH_AES_KEY, PUSH_TOKEN, SandboxProcess
from tests.wechat_sandbox.test_miniprogram import post, token

EVENT = {"Event": "trade_manage_remind_shipping", "transaction_id": "42000001", "trade_info": {"count": 2}}


def query_of(received: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(received.path).query).items()}


def unseal(received: Received) -> str:
    query = query_of(received)
    check_signature(PUSH_TOKEN, query["signature"], query["timestamp"], query["nonce"])
    body: object = received.body
    if received.headers["content-type"].startswith("application/json"):
        body = json.loads(received.body)
    crypto = WeChatCrypto(PUSH_TOKEN, PUSH_AES_KEY, APPID)
    return str(crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"]))


@pytest.mark.parametrize("style", ["json", "xml"])
def test_a_sealed_push_in_both_styles(sandbox: SandboxProcess, listener: Listener, style: str) -> None:
    listener.answers = lambda _number, _received: (200, b"success")
    order = {"event": EVENT, "openid": "oSomebody", "format": style, "url": listener.url}
    tries = sandbox.control("POST", "/push", order)["tries"]
    assert tries == [{"status": 200, "acknowledged": True}]
    text = unseal(listener.received[0])
    if style == "json":
        content = json.loads(text)
        assert (content["Event"], content["FromUserName"]) == (EVENT["Event"], "oSomebody")
        assert content["trade_info"] == {"count": 2}
    else:
        message = parse_message(text)
        assert message._data["Event"] == EVENT["Event"]
        assert message._data["transaction_id"] == "42000001"


def test_it_is_repeated_until_success(sandbox: SandboxProcess, listener: Listener) -> None:
    listener.answers = lambda number, _: (200, b"busy") if number < 2 else (200, b"success")
    order = {"event": EVENT, "url": listener.url}
    tries = sandbox.control("POST", "/push", order)["tries"]
    assert [each["acknowledged"] for each in tries] == [False, False, True]
    listener.answers = lambda _number, _received: (500, b"")
    assert len(sandbox.control("POST", "/push", order)["tries"]) == 4


def test_spoiled_pushes_are_refused_by_a_second_reader(sandbox: SandboxProcess, listener: Listener) -> None:
    for flavour in ("bad_signature", "other_appid"):
        order = {"event": EVENT, "url": listener.url, "format": "xml", "flavour": flavour, "tries": 1}
        sandbox.control("POST", "/push", order)
    with pytest.raises(InvalidSignatureException):
        unseal(listener.received[0])
    with pytest.raises(InvalidAppIdException):
        unseal(listener.received[1])


def test_what_a_person_answers_to_the_popup_counts_and_is_pushed_by_itself(tmp_path: Path, listener: Listener) -> None:
    """Fails when what was rejected counts: tried."""
    listener.answers = lambda _number, _received: (200, b"success")
    process = SandboxProcess(tmp_path, product_base_url=listener.url)
    process.start()
    try:
        openid = process.new_person()
        asked = {"openid": openid, "answers": {"T-yes": "accept", "T-no": "reject"}}
        told = process.control("POST", "/subscription-popups", asked)
        assert told == {"errMsg": "requestSubscribeMessage:ok", "T-yes": "accept", "T-no": "reject"}
        listener.wait_for(1)
        content = json.loads(unseal(listener.received[0]))
        assert (content["Event"], content["FromUserName"]) == ("subscribe_msg_popup_event", openid)
        assert {each["TemplateId"]: each["SubscribeStatusString"] for each in content["List"]} == asked["answers"]
        good = token(process)["access_token"]
        body = {"touser": openid, "page": "pages/live/room", "data": {"thing1": {"value": "红糖"}}}
        sent = [
            post(process, "/cgi-bin/message/subscribe/send", body | {"template_id": template}, good)["errcode"]
            for template in ("T-yes", "T-yes", "T-no")
        ]
        assert sent == [0, 43101, 43101]
        for wrong, status in (({"answers": {"T": "maybe"}}, 422), ({"answers": {}}, 422), ({"openid": "oNobody"}, 404)):
            process.control("POST", "/subscription-popups", asked | wrong, expect=(status,))
        assert len(listener.received) == 1
    finally:
        process.stop()


def test_the_address_is_verified_by_an_echo(sandbox: SandboxProcess, listener: Listener) -> None:
    listener.answers = lambda _number, received: (200, query_of(received)["echostr"].encode())
    assert sandbox.control("POST", "/push/verifications", {"url": listener.url})["verified"]
    query = query_of(listener.received[0])
    check_signature(PUSH_TOKEN, query["signature"], query["timestamp"], query["nonce"])
    listener.answers = lambda _number, _received: (200, b"other")
    assert not sandbox.control("POST", "/push/verifications", {"url": listener.url})["verified"]
