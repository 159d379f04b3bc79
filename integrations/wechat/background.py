"""wechatpy's client for Celery tasks alone.

It blocks, so it never runs on the event loop (wechat reference 1.1).
"""

from typing import Any

import msgspec
import requests
from redis import Redis
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from integrations.wechat.token import (
    REFUSED_TOKEN_CODES,
    SharedTokenInThread,
    TokenKeys,
    TokenReply,
    TokenUnavailable,
    token_request,
)

OFFICIAL_BASE = "https://api.weixin.qq.com"
TIMEOUT_SECONDS = 10.0


class BackgroundClient(WeChatClient):  # type: ignore[misc]
    """``get`` and ``post`` reach every endpoint of WeChat's host, which ``base`` stands in for; the token
    is the shared one of ``stable_token``.

    ``cgi-bin/token`` is never called: fetching there would invalidate the token that other processes hold.
    wechatpy's own retry is replaced by one retry with a fresh token, so a refusal can never loop.
    """

    def __init__(self, appid: str, secret: str, *, base: str, redis: Redis) -> None:
        super().__init__(appid, secret, timeout=TIMEOUT_SECONDS, auto_retry=False)
        self._base = base.rstrip("/")
        self._http.trust_env = False
        self._token = SharedTokenInThread(redis, TokenKeys.of(appid), self._ask_stable_token)

    @property
    def access_token(self) -> str:
        """The shared token."""
        return self._token.get()

    def fetch_access_token(self) -> Any:
        """Refused on purpose: only the shared token is used."""
        raise TokenUnavailable("the token comes from stable_token through the shared key alone")

    def _ask_stable_token(self) -> TokenReply:
        try:
            reply = self._http.post(
                self._base + "/cgi-bin/stable_token",
                data=msgspec.json.encode(token_request(self.appid, self.secret)),
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TokenUnavailable(f"stable_token: {type(error).__name__}") from None
        return TokenReply.read(reply.content)

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """One call at ``base``; once more with a fresh token when the first one was refused."""
        url = self._at_base(url_or_endpoint, kwargs.pop("api_base_url", WeChatClient.API_BASE_URL))
        token = self.access_token
        try:
            return super()._request(method, url, **_with_token(kwargs, token))
        except WeChatClientException as error:
            if error.errcode not in REFUSED_TOKEN_CODES:
                raise
        self._token.forget(token)
        return super()._request(method, url, **_with_token(kwargs, self.access_token))

    def _at_base(self, url_or_endpoint: str, folder: str) -> str:
        """The address at the configured base. wechatpy's modules name WeChat's own host.

        No other host is called.
        """
        url = url_or_endpoint if "://" in url_or_endpoint else folder + url_or_endpoint
        for host in (OFFICIAL_BASE, self._base):
            if url.startswith(host + "/"):
                return self._base + url.removeprefix(host)
        raise ValueError("the background client calls WeChat's own host alone")


def _with_token(kwargs: dict[str, Any], token: str) -> dict[str, Any]:
    return {**kwargs, "params": {**(kwargs.get("params") or {}), "access_token": token}}
