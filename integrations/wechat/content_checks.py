"""Content security over wechatpy's client, for workers alone (wechat reference 2.9)."""

import asyncio
from dataclasses import dataclass
from typing import Any

import requests
from wechatpy.exceptions import WeChatClientException

from content.ports import CheckImpossible, CheckUnavailable, Suggestion, Verdict
from integrations.wechat.background import OFFICIAL_BASE, BackgroundClient
from integrations.wechat.token import TokenUnavailable

_IMAGE = 2
_LATER = frozenset({-1, 45009, 45011, 44990})
"""Busy, or a quota that fills up again."""


@dataclass(frozen=True)
class WeChatContentChecks:
    """Implements ``content.ports.ContentChecker``. The client blocks, so every call runs in a thread."""

    client: BackgroundClient

    async def check_text(self, text: str, openid: str, scene: int) -> Verdict:
        """``msg_sec_check`` version 2. An errcode of 0 says nothing: the result does."""
        asked = {"content": text, "version": 2, "scene": scene, "openid": openid}
        result: Any = (await self._post("/wxa/msg_sec_check", asked)).get("result")
        try:
            return Verdict(Suggestion(result["suggest"]), str(result.get("label", "")))
        except (TypeError, KeyError, ValueError, AttributeError):
            raise CheckUnavailable() from None

    async def ask_about_picture(self, url: str, openid: str, scene: int) -> str:
        """``media_check_async`` version 2; the verdict is pushed within half an hour."""
        asked = {"media_url": url, "media_type": _IMAGE, "version": 2, "scene": scene, "openid": openid}
        trace_id = (await self._post("/wxa/media_check_async", asked)).get("trace_id")
        if not isinstance(trace_id, str) or not 1 <= len(trace_id) <= 64:
            raise CheckUnavailable()
        return trace_id

    async def _post(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        # wechatpy writes a dict as raw UTF-8: a body of \uXXXX escapes would pass every check.
        try:
            answer = await asyncio.to_thread(self.client.post, OFFICIAL_BASE + path, data=asked)
        except WeChatClientException as refused:
            if refused.errcode is None or refused.errcode in _LATER:
                raise CheckUnavailable() from None
            raise CheckImpossible(str(refused.errcode)) from None
        except (requests.RequestException, TokenUnavailable):
            raise CheckUnavailable() from None
        return answer if isinstance(answer, dict) else {}
