"""The access token: one Redis key and one lock per mini-program, for the async client and for Celery alike.

Only ``cgi-bin/stable_token`` is asked: it answers the same token to everybody until it nears its end, so
two askers never invalidate each other (wechat reference 1.1, 2.1; commerce reference R20). The keys hold
the appid, so several mini-programs may share one Redis. What is kept is rebuildable: a flushed Redis costs
one call.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

LOCK_MS = 10_000
"""Longer than one call may take; a holder that died frees the lock by time."""

WAIT_SECONDS = 8.0
POLL_SECONDS = 0.05

EARLY_SECONDS = 300
"""A token is dropped this long before its end: WeChat hands out the next one from then on."""

DELETE_IF_OURS = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
"""Frees the lock only when it is still ours, and forgets a token only when it is still the one that was
refused: a
fresh one survives a late complaint. Lua runs alone in Redis."""

REFUSED_TOKEN_CODES = frozenset({40001, 40014, 42001})
"""The token is invalid, not the latest, or expired (wechat reference 2.1)."""


class TokenUnavailable(Exception):
    """No token could be had.

    ``errcode`` is WeChat's, 0 when it did not answer or nobody freed the lock in time.
    """

    def __init__(self, message: str, errcode: int = 0) -> None:
        super().__init__(message)
        self.errcode = errcode


@dataclass(frozen=True)
class TokenKeys:
    """The names in Redis for one mini-program."""

    token: str
    lock: str

    @classmethod
    def of(cls, appid: str) -> "TokenKeys":
        """The keys of an appid."""
        return cls(
            token=f"wechat:{appid}:access_token",
            lock=f"wechat:{appid}:access_token:lock",
        )


def token_request(appid: str, secret: str) -> dict[str, object]:
    """The body of the call. Never forced.

    Forcing kills the token that others hold, and has a quota of 20 a day.
    """
    return {
        "grant_type": "client_credential",
        "appid": appid,
        "secret": secret,
        "force_refresh": False,
    }


def lifetime_seconds(expires_in: int) -> int:
    """How long the answer may be kept."""
    return max(
        1,
        expires_in - EARLY_SECONDS if expires_in > 2 * EARLY_SECONDS else expires_in // 2,
    )


class TokenReply(msgspec.Struct):
    """The answer of ``stable_token``: a token and its seconds, or an error."""

    access_token: str = ""
    expires_in: int = 0
    errcode: int = 0
    errmsg: str = ""

    @classmethod
    def read(cls, raw: bytes) -> "TokenReply":
        """Raises :class:`TokenUnavailable` unless it holds a token."""
        try:
            reply = msgspec.json.decode(raw, type=cls)
        except msgspec.MsgspecError:
            raise TokenUnavailable("stable_token answered something that is not JSON") from None
        if not reply.access_token or reply.expires_in <= 0:
            raise TokenUnavailable(f"stable_token: {reply.errcode} {reply.errmsg[:200]}", reply.errcode)
        return reply


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class SharedToken:
    """The token for code on the event loop. ``fetch`` makes the one call to ``stable_token``."""

    redis: AsyncRedis
    keys: TokenKeys
    fetch: Callable[[], Awaitable[TokenReply]]

    async def get(self) -> str:
        """The kept token, or a new one that exactly one of all waiting processes fetches.

        Without Redis every asker fetches for itself, which is correct and only slower: the token is the same.
        Raises :class:`TokenUnavailable`.
        """
        try:
            return await self._get()
        except RedisError:
            return (await self.fetch()).access_token

    async def _get(self) -> str:
        mine, until = secrets.token_hex(16), time.monotonic() + WAIT_SECONDS
        while True:
            if kept := await self.redis.get(self.keys.token):
                return _text(kept)
            if await self.redis.set(self.keys.lock, mine, nx=True, px=LOCK_MS):
                return await self._fetch_as_holder(mine)
            if time.monotonic() > until:
                raise TokenUnavailable("another process holds the token lock and does not finish")
            await asyncio.sleep(POLL_SECONDS)

    async def _fetch_as_holder(self, mine: str) -> str:
        try:
            if kept := await self.redis.get(self.keys.token):
                return _text(kept)
            reply = await self.fetch()
            await self.redis.set(
                self.keys.token,
                reply.access_token,
                ex=lifetime_seconds(reply.expires_in),
            )
            return reply.access_token
        finally:
            await self.redis.eval(DELETE_IF_OURS, 1, self.keys.lock, mine)

    async def forget(self, refused: str) -> None:
        """Drop the token that WeChat has refused, unless it has been replaced already."""
        try:
            await self.redis.eval(DELETE_IF_OURS, 1, self.keys.token, refused)
        except RedisError:
            return


@dataclass(frozen=True)
class SharedTokenInThread:
    """The same token, the same key and the same lock for Celery's synchronous code."""

    redis: Redis
    keys: TokenKeys
    fetch: Callable[[], TokenReply]

    def get(self) -> str:
        """See :meth:`SharedToken.get`."""
        try:
            return self._get()
        except RedisError:
            return self.fetch().access_token

    def _get(self) -> str:
        mine, until = secrets.token_hex(16), time.monotonic() + WAIT_SECONDS
        while True:
            if kept := self.redis.get(self.keys.token):
                return _text(kept)
            if self.redis.set(self.keys.lock, mine, nx=True, px=LOCK_MS):
                return self._fetch_as_holder(mine)
            if time.monotonic() > until:
                raise TokenUnavailable("another process holds the token lock and does not finish")
            time.sleep(POLL_SECONDS)

    def _fetch_as_holder(self, mine: str) -> str:
        try:
            if kept := self.redis.get(self.keys.token):
                return _text(kept)
            reply = self.fetch()
            self.redis.set(
                self.keys.token,
                reply.access_token,
                ex=lifetime_seconds(reply.expires_in),
            )
            return reply.access_token
        finally:
            self.redis.eval(DELETE_IF_OURS, 1, self.keys.lock, mine)

    def forget(self, refused: str) -> None:
        """See :meth:`SharedToken.forget`."""
        try:
            self.redis.eval(DELETE_IF_OURS, 1, self.keys.token, refused)
        except RedisError:
            return
