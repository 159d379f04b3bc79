"""One signed call to WeChat Pay and what its answer proves.

Only a signed 2xx is a success and only a signed 4xx is a refusal. Everything else (timeout, reset, 5xx,
redirect, an answer nobody signed) leaves the outcome unknown, because the request may have been carried out
(reliability reference 3 and 4, number 36).
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha1, sha256
from secrets import token_hex
from urllib.parse import urlsplit

import httpx
import msgspec

from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.signatures import SignatureRejected, authorization, verify
from kit.clock import Clock
from payments.ports import BillInvalid, GatewayRefused, OutcomeUnknown

USER_AGENT = "longchuan-mall/1 (httpx)"
MAX_REPLY_BYTES = 1 << 20
MAX_BILL_BYTES = 64 << 20

# The connection was never made, so nothing can have been carried out: the next base may be asked.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _ErrorBody(msgspec.Struct):
    code: str = ""
    message: str = ""


class FileNotTaken(Exception):
    """A file lies at an address that is not WeChat Pay's, or is larger than it may be."""


@dataclass(frozen=True)
class SignedReply:
    """A reply whose signature has been verified (or a 204, whose empty body was)."""

    status: int
    body: bytes
    request_id: str


@dataclass(frozen=True)
class _Payload:
    """What is sent, and the part of it that is signed: of a file its description alone."""

    sent: bytes
    signed: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class SignedClient:
    """Signs, sends with failover between the bases, verifies."""

    configuration: WeChatPayConfiguration
    http: httpx.AsyncClient
    clock: Clock

    async def call(self, method: str, target: str, body: bytes = b"") -> SignedReply:
        """Call ``target`` (path with query). Raises GatewayRefused or OutcomeUnknown."""
        return await self._call(method, target, _Payload(body, body))

    async def upload(self, target: str, name: str, content: bytes, content_type: str) -> SignedReply:
        """Send a file: its name and SHA-256 are signed, not its bytes. Raises GatewayRefused or OutcomeUnknown."""
        meta = msgspec.json.encode({"filename": name, "sha256": sha256(content).hexdigest()})
        boundary = token_hex(16)
        parts = (
            ('name="meta"', "application/json", meta),
            (f'name="file"; filename="{name}"', content_type, content),
        )
        sent = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\nContent-Type: {kind}\r\n\r\n".encode()
            + part
            + b"\r\n"
            for named, kind, part in parts
        )
        payload = _Payload(sent + f"--{boundary}--\r\n".encode(), meta, f"multipart/form-data; boundary={boundary}")
        return await self._call("POST", target, payload)

    async def _call(self, method: str, target: str, payload: _Payload) -> SignedReply:
        try:
            async with asyncio.timeout(self.configuration.budget_seconds):
                return await self._call_bases(method, target, payload)
        except TimeoutError:
            raise OutcomeUnknown(f"{method} {_path(target)}: the time budget is used up") from None

    async def _call_bases(self, method: str, target: str, payload: _Payload) -> SignedReply:
        last: Exception | None = None
        for base in self.configuration.bases:
            try:
                reply = await self._send(method, base, target, payload)
            except _NEVER_SENT as error:
                last = error
                continue
            except httpx.HTTPError as error:
                last = error
                if method == "GET":
                    continue
                break
            if reply.status_code >= 500 and method == "GET" and base != self.configuration.bases[-1]:
                continue
            return self._judge(method, target, reply)
        raise OutcomeUnknown(f"{method} {_path(target)}: {type(last).__name__}") from last

    async def send(self, method: str, base: str, target: str, body: bytes) -> httpx.Response:
        """One signed attempt at one base; the answer is not judged."""
        return await self._send(method, base, target, _Payload(body, body))

    async def _send(self, method: str, base: str, target: str, payload: _Payload) -> httpx.Response:
        return await self.http.request(
            method,
            base + target,
            content=payload.sent or None,
            headers=self._headers(method, target, payload),
            timeout=self.configuration.timeout_seconds,
            follow_redirects=False,
        )

    def _headers(self, method: str, target: str, payload: _Payload) -> dict[str, str]:
        config = self.configuration
        headers = {
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            "Wechatpay-Serial": config.ring.newest().serial,
            "Authorization": authorization(
                config.private_key,
                mchid=config.mchid,
                serial=config.certificate_serial,
                method=method,
                target=target,
                body=payload.signed,
                moment=self.clock(),
            ),
        }
        if method != "GET":
            headers["Content-Type"] = payload.content_type
        return headers

    def _judge(self, method: str, target: str, reply: httpx.Response) -> SignedReply:
        request_id = reply.headers.get("request-id", "")[:128]
        where = f"{method} {_path(target)}"
        if reply.status_code >= 500 or reply.status_code < 200 or 300 <= reply.status_code < 400:
            raise OutcomeUnknown(f"{where}: status {reply.status_code}", request_id=request_id)
        if len(reply.content) > MAX_REPLY_BYTES:
            raise OutcomeUnknown(f"{where}: the reply is too long", request_id=request_id)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        try:
            verify(
                self.configuration.ring,
                headers,
                reply.content,
                now=self.clock(),
                is_notice=False,
            )
        except SignatureRejected as error:
            raise OutcomeUnknown(
                f"{where}: status {reply.status_code} is not signed by WeChat Pay ({error.reason})",
                request_id=request_id,
            ) from None
        if reply.status_code < 300:
            return SignedReply(reply.status_code, reply.content, request_id)
        try:
            error_body = msgspec.json.decode(reply.content, type=_ErrorBody)
        except msgspec.MsgspecError:
            error_body = _ErrorBody()
        raise GatewayRefused(
            error_body.code or "UNNAMED",
            error_body.message[:200],
            status=reply.status_code,
            request_id=request_id,
        )

    async def download(self, url: str, *, sha1_hex: str) -> bytes:
        """A bill's file. The reply is unsigned by design; its SHA-1 was stated in a signed reply and is
        checked.

        The address must be on one of the configured bases. Raises BillInvalid, GatewayRefused or
        OutcomeUnknown.
        """
        try:
            raw = await self.fetch(url, max_bytes=MAX_BILL_BYTES)
        except FileNotTaken as error:
            raise BillInvalid(f"the bill: {error}") from None
        if sha1(raw, usedforsecurity=False).hexdigest() != sha1_hex.lower():
            raise BillInvalid("the bill's SHA-1 is not the stated one")
        return raw

    async def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """A file by a signed request. The reply is unsigned by design, so its bytes are anybody's.

        Raises FileNotTaken or OutcomeUnknown.
        """
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self.configuration.bases:
            raise FileNotTaken("the address is not one of WeChat Pay's")
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        chunks, size = [], 0
        try:
            async with self.http.stream(
                "GET",
                url,
                headers=self._headers("GET", target, _Payload(b"", b"")),
                timeout=30.0,
                follow_redirects=False,
            ) as reply:
                if reply.status_code != 200:
                    raise OutcomeUnknown(f"GET {parts.path}: status {reply.status_code}")
                async for chunk in reply.aiter_bytes():
                    size += len(chunk)
                    if size > max_bytes:
                        raise FileNotTaken(f"more than {max_bytes} bytes")
                    chunks.append(chunk)
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"GET {parts.path}: {type(error).__name__}") from error
        return b"".join(chunks)


def _path(target: str) -> str:
    """The target without its query: queries carry merchant numbers, which logs need not repeat."""
    return target.partition("?")[0]
