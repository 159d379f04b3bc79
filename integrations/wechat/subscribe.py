"""Subscribe messages over wechatpy's client, for workers alone (wechat reference 2.8)."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from wechatpy.exceptions import WeChatClientException

from integrations.wechat.background import OFFICIAL_BASE, BackgroundClient
from integrations.wechat.token import REFUSED_TOKEN_CODES, TokenUnavailable
from messages.ports import NotSentNow, NotWanted, SendRefused

LIMITS = {
    "thing": 20, "character_string": 32, "number": 32, "letter": 32, "symbol": 5, "phrase": 5, "name": 10,
    "phone_number": 17, "car_number": 8, "amount": 13, "time": 40, "date": 40,
}  # fmt: skip
"""Characters of a value by the kind of its field."""

_NOT_WANTED = 43101
_LATER = frozenset({-1, 45009, 45011}) | REFUSED_TOKEN_CODES
_ASCII = ("character_string", "number", "letter")


@dataclass(frozen=True)
class WeChatSubscribeSender:
    """Implements ``messages.ports.SubscribeSender``. The client blocks, so every call runs in a thread."""

    client: BackgroundClient
    miniprogram_state: str

    async def send(self, openid: str, template: str, page: str, values: Mapping[str, str]) -> None:
        """``message/subscribe/send``."""
        asked = {
            "touser": openid,
            "template_id": template,
            "page": page,
            "data": {name: {"value": fit(name, value)} for name, value in values.items()},
            "miniprogram_state": self.miniprogram_state,
            "lang": "zh_CN",
        }
        try:
            await asyncio.to_thread(self.client.post, OFFICIAL_BASE + "/cgi-bin/message/subscribe/send", data=asked)
        except WeChatClientException as refused:
            if refused.errcode == _NOT_WANTED:
                raise NotWanted() from None
            if refused.errcode in _LATER:
                raise NotSentNow() from None
            if refused.errcode is None:
                raise
            raise SendRefused(int(refused.errcode)) from None
        except (TokenUnavailable, requests.exceptions.ConnectTimeout):
            raise NotSentNow() from None


def fit(name: str, value: str) -> str:
    """A value that WeChat takes for the field: cut to its length, of its kind, never empty."""
    kind = name.rstrip("0123456789")
    text = " ".join(value.split())
    if kind == "phrase":
        text = "".join(re.findall(r"[\u4e00-\u9fff]", text))
    elif kind in _ASCII:
        text = "".join(c for c in text if c.isascii() and c.isprintable())
    limit = LIMITS[kind]
    if len(text) > limit:
        text = text[: limit - 1] + "…" if kind == "thing" else text[:limit]
    return text or ("无" if kind in ("thing", "phrase", "name") else "0" if kind in ("number", "amount") else "-")
