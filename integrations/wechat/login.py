"""Login and phone number over httpx, for the request path (wechat reference 2.1)."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import msgspec
from redis.asyncio import Redis

from accounts.ports import (
    CodeRejected,
    LoginTooFrequent,
    LoginUnavailable,
    PersonBlocked,
    WeChatIdentity,
)
from integrations.wechat.token import (
    REFUSED_TOKEN_CODES,
    SharedToken,
    TokenKeys,
    TokenReply,
    TokenUnavailable,
    token_request,
)
from kit.errors import DomainError

TIMEOUT_SECONDS = 5.0
MAX_CODE_CHARS = 256
_BUSY = -1
_CODE_REFUSED = frozenset({40029, 40163, 41008})
_TOO_FREQUENT = frozenset({45011, 45009})
_BLOCKED = 40226

ReplyT = TypeVar("ReplyT", bound="_Reply")


class _Reply(msgspec.Struct):
    errcode: int = 0
    errmsg: str = ""


class _SessionReply(_Reply):
    openid: str = ""
    unionid: str | None = None


class _Phone(msgspec.Struct):
    pure_phone_number: str = msgspec.field(name="purePhoneNumber", default="")
    country_code: str = msgspec.field(name="countryCode", default="86")


class _PhoneReply(_Reply):
    phone_info: _Phone | None = None


@dataclass(frozen=True)
class MiniProgramClient:
    """Implements ``accounts.ports.MiniProgramLogin``.

    ``base`` is an origin such as ``https://api.weixin.qq.com``.
    """

    appid: str
    secret: str = field(repr=False)
    base: str
    http: httpx.AsyncClient
    redis: Redis

    @property
    def token(self) -> SharedToken:
        """The shared access token of this mini-program."""
        return SharedToken(self.redis, TokenKeys.of(self.appid), self._fetch_token)

    async def exchange_login_code(self, code: str) -> WeChatIdentity:
        """code2session. The session key in the answer is dropped here.

        Nobody needs it, nothing can leak it.
        """
        query = {
            "appid": self.appid,
            "secret": self.secret,
            "js_code": _checked(code),
            "grant_type": "authorization_code",
        }
        reply = await self._retry_once_when_busy("GET", "/sns/jscode2session", query, None, _SessionReply)
        if reply.errcode or not reply.openid:
            raise refusal(reply.errcode, reply.errmsg)
        return WeChatIdentity(openid=reply.openid, unionid=reply.unionid)

    async def exchange_phone_code(self, code: str, openid: str) -> str:
        """The number behind the phone button's code; WeChat refuses a code that was given to somebody else.

        A refused token is replaced once and the call repeated once.
        """
        body = {"code": _checked(code), "openid": openid}
        try:
            token = await self.token.get()
            reply = await self._phone(token, body)
            if reply.errcode in REFUSED_TOKEN_CODES:
                await self.token.forget(token)
                reply = await self._phone(await self.token.get(), body)
        except TokenUnavailable as error:
            raise LoginUnavailable(wechat_errcode=error.errcode) from error
        if reply.errcode or reply.phone_info is None or not reply.phone_info.pure_phone_number:
            raise refusal(reply.errcode, reply.errmsg)
        return f"+{reply.phone_info.country_code}{reply.phone_info.pure_phone_number}"

    async def _phone(self, token: str, body: dict[str, str]) -> _PhoneReply:
        path = "/wxa/business/getuserphonenumber"
        return await self._retry_once_when_busy("POST", path, {"access_token": token}, body, _PhoneReply)

    async def _retry_once_when_busy(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: dict[str, str] | None,
        kind: type[ReplyT],
    ) -> ReplyT:
        reply = await self._call(method, path, query, body, kind)
        if reply.errcode != _BUSY:
            return reply
        await asyncio.sleep(0.2)
        return await self._call(method, path, query, body, kind)

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: dict[str, str] | None,
        kind: type[ReplyT],
    ) -> ReplyT:
        try:
            reply = await self.http.request(
                method,
                self.base + path,
                params=query,
                content=msgspec.json.encode(body) if body is not None else None,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=TIMEOUT_SECONDS,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            # The address carries the secret: the chained error would print it.
            raise LoginUnavailable(detail=f"{path}: {type(error).__name__}") from None
        if reply.status_code != 200:
            raise LoginUnavailable(detail=f"{path}: status {reply.status_code}")
        try:
            return msgspec.json.decode(reply.content, type=kind)
        except msgspec.MsgspecError:
            raise LoginUnavailable(detail=f"{path}: the answer cannot be read") from None

    async def _fetch_token(self) -> TokenReply:
        try:
            reply = await self.http.post(
                self.base + "/cgi-bin/stable_token",
                content=msgspec.json.encode(token_request(self.appid, self.secret)),
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise TokenUnavailable(f"stable_token: {type(error).__name__}") from None
        return TokenReply.read(reply.content)


def _checked(code: str) -> str:
    if not code or len(code) > MAX_CODE_CHARS or not code.isascii() or not code.isprintable():
        raise CodeRejected()
    return code


def refusal(errcode: int, errmsg: str) -> DomainError:
    """The room's error for WeChat's.

    ``errmsg`` ends with a request id (rid) that WeChat's support asks for.
    """
    if errcode in _CODE_REFUSED:
        return CodeRejected(wechat_errcode=errcode)
    if errcode in _TOO_FREQUENT:
        return LoginTooFrequent(wechat_errcode=errcode)
    if errcode == _BLOCKED:
        return PersonBlocked(wechat_errcode=errcode)
    return LoginUnavailable(detail=errmsg[:200] or None, wechat_errcode=errcode)
