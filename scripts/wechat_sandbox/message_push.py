"""Message push to the product.

Signed, sealed with AES, as XML or JSON, sent up to four times (wechat reference 2.10).
"""

import asyncio
import base64
import hashlib
import secrets
import struct
import time
from typing import Any, Literal
from xml.sax.saxutils import escape

import httpx
import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from scripts.wechat_sandbox.world import World

ANSWER_SECONDS = 5.0
TRIES = 4
RETRY_SECONDS = 5.0
BLOCK = 32


class PushOrder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be pushed: ``event`` holds the members beside the envelope that every message has."""

    event: dict[str, Any]
    openid: str = ""
    format: Literal["json", "xml"] = "json"
    sealed: bool = True
    url: str = ""
    tries: int = TRIES
    flavour: Literal["genuine", "bad_signature", "other_appid", "bad_padding"] = "genuine"


def push_signature(*parts: str) -> str:
    """SHA-1 over the sorted parts, as WeChat signs pushes."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def seal(plaintext: bytes, appid: str, encoding_aes_key: str, *, break_padding: bool = False) -> str:
    """AES-256-CBC: 16 random bytes, a length, the text and the appid, padded to 32-byte blocks; base64."""
    key = base64.b64decode(encoding_aes_key + "=")
    content = secrets.token_bytes(16) + struct.pack(">I", len(plaintext)) + plaintext + appid.encode()
    pad = BLOCK - len(content) % BLOCK
    content += bytes([0 if break_padding else pad]) * pad
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(content) + encryptor.finalize()).decode()


def to_xml(members: dict[str, Any]) -> str:
    """The message as WeChat's XML: numbers bare, texts in CDATA, nested members as elements."""
    return "<xml>" + "".join(_element(name, value) for name, value in members.items()) + "</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    elif isinstance(value, int):
        inner = str(value)
    else:
        text = str(value)
        inner = f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)
    return f"<{name}>{inner}</{name}>"


class MessagePush:
    """Pushes messages and asks the product to prove that it knows the token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def push(self, order: PushOrder) -> list[dict[str, Any]]:
        """Send the message until ``success`` comes back; the answer tells each try."""
        content = self._envelope(order)
        tries: list[dict[str, Any]] = []
        for attempt in range(max(1, order.tries)):
            if attempt:
                await asyncio.sleep(self._world.scaled(RETRY_SECONDS))
            tried = await self._send(order, content)
            tries.append(tried)
            if tried["acknowledged"]:
                break
        return tries

    async def verify(self, url: str = "") -> dict[str, Any]:
        """Ask the product as the console does when the address is saved: it must echo ``echostr``."""
        echo = secrets.token_hex(8)
        query = self._signed_query() | {"echostr": echo}
        try:
            answer = await self._client.get(url or self._world.settings.push_url, params=query)
        except httpx.HTTPError as error:
            return {"status": 0, "verified": False, "error": type(error).__name__}
        return {"status": answer.status_code, "verified": answer.status_code == 200 and answer.text == echo}

    def _envelope(self, order: PushOrder) -> str:
        members: dict[str, Any] = {
            "ToUserName": "gh_0000longchuan",
            "FromUserName": order.openid or "oSystem00000000000000000000",
            "CreateTime": int(time.time()),
            "MsgType": "event",
            **order.event,
        }
        return to_xml(members) if order.format == "xml" else msgspec.json.encode(members).decode()

    def _signed_query(self) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
        signature = push_signature(self._world.settings.push_token, timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    async def _send(self, order: PushOrder, content: str) -> dict[str, Any]:
        settings = self._world.settings
        query, body = self._signed_query(), content
        if order.sealed:
            appid = "wx0000000000000000" if order.flavour == "other_appid" else settings.appid
            sealed = seal(content.encode(), appid, settings.push_aes_key, break_padding=order.flavour == "bad_padding")
            signed = push_signature(settings.push_token, query["timestamp"], query["nonce"], sealed)
            query |= {"encrypt_type": "aes", "msg_signature": signed}
            outer = {"ToUserName": "gh_0000longchuan", "Encrypt": sealed}
            body = to_xml(outer) if order.format == "xml" else msgspec.json.encode(outer).decode()
        if order.flavour == "bad_signature":
            query = {name: ("0" * 40 if "signature" in name else value) for name, value in query.items()}
        content_type = "text/xml" if order.format == "xml" else "application/json"
        tried: dict[str, Any] = {"status": 0, "acknowledged": False}
        try:
            answer = await self._client.post(
                order.url or settings.push_url,
                params=query,
                content=body.encode(),
                headers={"Content-Type": content_type, "User-Agent": "Mozilla/4.0"},
            )
            tried = {
                "status": answer.status_code,
                "acknowledged": answer.text == "success" or not answer.content,
            }
            tried["acknowledged"] = tried["acknowledged"] and answer.status_code == 200
        except httpx.HTTPError as error:
            tried["error"] = type(error).__name__
        self._world.journal.write("push", "push." + str(order.event.get("Event", "")), status=tried["status"])
        return tried
