"""Message push: wechatpy and the sandbox as the other side, XML and JSON, and what must not pass."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from messages.inbox import Inbox
from tests.payments.channel import APPID
from tests.payments.sandbox import PUSH_AES_KEY, PUSH_TOKEN, Sandbox
from tests.payments.webhooks import end, serve
from tests.servers import free_port
from webhook_api.wechat.push import MessagePush, PushNotAuthentic, PushNotReadable, PushQuery

PUSH = MessagePush(APPID, PUSH_TOKEN, PUSH_AES_KEY)
EVENT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o123]]></FromUserName>"
    "<CreateTime>1764000000</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[wxa_media_check]]></Event></xml>"
)
JSON_EVENT = '{"ToUserName":"gh_1","FromUserName":"o123","CreateTime":1764000000,"MsgType":"event","Event":"X"}'


def sealed(plain: str, *, appid: str = APPID, at: int = 0, is_json: bool = False) -> tuple[PushQuery, bytes]:
    """A push as WeChat makes it, in safe mode."""
    stamp, nonce = str(int(time.time()) + at), secrets.token_hex(8)
    crypto = WeChatCrypto(PUSH_TOKEN, PUSH_AES_KEY, appid)
    encrypt = PrpCrypto(crypto.key).encrypt(plain, appid).decode()
    signature = hashlib.sha1("".join(sorted([PUSH_TOKEN, stamp, nonce, encrypt])).encode()).hexdigest()
    raw = (
        msgspec.json.encode({"ToUserName": "gh_1", "Encrypt": encrypt})
        if is_json
        else f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()
    )
    query = PushQuery(timestamp=stamp, nonce=nonce, msg_signature=signature, encrypt_type="aes")
    return query, raw


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize(("plain", "event"), [(EVENT, "wxa_media_check"), (JSON_EVENT, "x")])
def test_a_genuine_push_opens(is_json: bool, plain: str, event: str) -> None:
    message = PUSH.open(*sealed(plain, is_json=is_json))
    assert (message.sender, message.kind, message.event) == ("o123", "event", event)
    assert message.key == PUSH.open(*sealed(plain)).key, "a repeat has the same key"


def test_two_answers_of_one_second_are_two_and_a_repeat_is_one() -> None:
    """Fails when what the person has answered is no part of the key. A message id alone says which message it is."""
    popup = {"FromUserName": "o123", "CreateTime": 1764000000, "MsgType": "event", "Event": "subscribe_msg_popup_event"}
    answer = {"PopupScene": "0", "SubscribeStatusString": "accept"}

    def key(**members: object) -> str:
        return PUSH.open(*sealed(msgspec.json.encode(members).decode(), is_json=True)).key

    one, two = ({**popup, "List": {"TemplateId": each, **answer}} for each in ("T1", "T2"))
    turned = dict(reversed(one.items()))
    assert key(**one) == key(**one) == key(**turned) != key(**two)
    assert key(**one, MsgId="7") == key(**two, MsgId="7") == "7"


def test_wechatpys_own_envelope_opens() -> None:
    stamp = str(int(time.time()))
    raw = WeChatCrypto(PUSH_TOKEN, PUSH_AES_KEY, APPID).encrypt_message(EVENT, "nonce", stamp)
    signature = raw.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    query = PushQuery(timestamp=stamp, nonce="nonce", msg_signature=signature, encrypt_type="aes")
    assert PUSH.open(query, raw.encode()).event == "wxa_media_check"


def changed(**members: str) -> Callable[[PushQuery], PushQuery]:
    return lambda query: msgspec.structs.replace(query, **members)


@pytest.mark.parametrize(
    "change",
    [
        changed(msg_signature="0" * 40),
        changed(msg_signature=""),
        changed(nonce="other"),
        changed(encrypt_type=""),
        changed(timestamp="yesterday"),
        changed(timestamp=str(int(time.time()) - 3600)),
    ],
)
def test_a_forged_or_old_push_is_refused(change: Callable[[PushQuery], PushQuery]) -> None:
    query, raw = sealed(EVENT)
    with pytest.raises(PushNotAuthentic):
        PUSH.open(change(query), raw)


def test_a_genuine_push_of_an_hour_ago_is_refused() -> None:
    with pytest.raises(PushNotAuthentic):
        PUSH.open(*sealed(EVENT, at=-3600))


@pytest.mark.parametrize(
    "plain",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><MsgType>text</MsgType><Content>&a;</Content></xml>',
        '<!doctype x SYSTEM "file:///etc/passwd"><xml><MsgType>text</MsgType></xml>',
        "<xml><unclosed></xml>",
        "<other>1</other>",
        "plain text",
        "{not json",
        "{}",
    ],
)
def test_signed_nonsense_is_unreadable(plain: str) -> None:
    with pytest.raises(PushNotReadable):
        PUSH.open(*sealed(plain))


@pytest.mark.parametrize("raw", [b"", b"{}", b"<xml></xml>", b"\xff", b'{"Encrypt":7}', b"<!DOCTYPE x><xml/>"])
def test_unsealed_bodies_are_unreadable(raw: bytes) -> None:
    query, _ = sealed(EVENT)
    with pytest.raises(PushNotReadable):
        PUSH.open(query, raw)


def test_a_push_for_another_mini_program_and_a_large_one_are_refused() -> None:
    with pytest.raises(PushNotReadable):
        PUSH.open(*sealed(EVENT, appid="wxffffffffffffffff"))
    query, _ = sealed(EVENT)
    with pytest.raises(PushNotReadable):
        PUSH.open(query, b"{" + b" " * 70_000)


@pytest_asyncio.fixture
async def address(database: str) -> AsyncIterator[str]:
    port = free_port()
    server = await serve("wechat/messages", {MessagePush: PUSH, Inbox: Inbox()}, port)
    yield f"http://127.0.0.1:{port}/v1/webhook/wechat/messages"
    await end(server)


async def test_the_sandbox_verifies_and_pushes_over_http(wechat: Sandbox, address: str) -> None:
    verified = await asyncio.to_thread(lambda: wechat.control("POST", "/push/verifications", url=address))
    assert verified == {"status": 200, "verified": True}

    async def push(body_format: str, flavour: str = "genuine", *, is_sealed: bool = True) -> dict[str, Any]:
        event = {"Event": "trade_manage_remind_shipping", "transaction_id": "4200"}
        order = {"event": event, "format": body_format, "flavour": flavour, "sealed": is_sealed, "tries": 1}
        answer = await asyncio.to_thread(lambda: wechat.control("POST", "/push", url=address, **order))
        return dict(answer["tries"][0])

    for body_format in ("json", "xml"):
        assert await push(body_format) == {"status": 200, "acknowledged": True}
        assert (await push(body_format, "bad_signature"))["status"] == 401
        assert (await push(body_format, is_sealed=False))["status"] == 401
        assert (await push(body_format, "other_appid"))["status"] == 422
        assert (await push(body_format, "bad_padding"))["status"] == 422


async def test_a_wrong_probe_is_not_echoed(address: str) -> None:
    query = {"timestamp": str(int(time.time())), "nonce": "n", "signature": "0" * 40, "echostr": "x"}
    async with httpx.AsyncClient(trust_env=False) as http:
        reply = await http.get(address, params=query)
    assert (reply.status_code, reply.json()["code"]) == (401, "push_not_authentic")


PLAIN = MessagePush(APPID, PUSH_TOKEN, PUSH_AES_KEY, plain=True)


def plain_query(at: int = 0) -> PushQuery:
    stamp, nonce = str(int(time.time()) + at), secrets.token_hex(8)
    signature = hashlib.sha1("".join(sorted([PUSH_TOKEN, stamp, nonce])).encode()).hexdigest()
    return PushQuery(timestamp=stamp, nonce=nonce, signature=signature)


@pytest.mark.parametrize(("plain", "event"), [(EVENT, "wxa_media_check"), (JSON_EVENT, "x")])
def test_plain_text_opens_where_it_is_configured_and_nowhere_else(plain: str, event: str) -> None:
    assert PLAIN.open(plain_query(), plain.encode()).event == event
    for push, query, raw in (
        (PUSH, plain_query(), plain.encode()),
        (PLAIN, *sealed(plain)),
        (PLAIN, plain_query(at=-400), plain.encode()),
        (PLAIN, msgspec.structs.replace(plain_query(), signature="0" * 40), plain.encode()),
    ):
        with pytest.raises(PushNotAuthentic):
            push.open(query, raw)
    for raw in (b'<!DOCTYPE x [<!ENTITY a "b">]>' + EVENT.encode(), b"\xff", b"{}"):
        with pytest.raises(PushNotReadable):
            PLAIN.open(plain_query(), raw)
