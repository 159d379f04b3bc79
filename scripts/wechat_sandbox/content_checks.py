"""Content security and subscribe messages.

With the limits that WeChat documents (wechat reference 2.8, 2.9).
"""

import re
import secrets
from datetime import timedelta
from typing import Annotated, Any, Literal

import httpx
import msgspec

from scripts.wechat_sandbox.errors import MiniProgramError
from scripts.wechat_sandbox.message_push import MessagePush, PushOrder
from scripts.wechat_sandbox.miniprogram import decode_json
from scripts.wechat_sandbox.moments import utc_now
from scripts.wechat_sandbox.state import Book
from scripts.wechat_sandbox.world import World

MAX_MEDIA_BYTES = 10 * 1024 * 1024
SEEN_WITHIN = timedelta(hours=2)
LABELS_TO_REVIEW = {10001, 20012}
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
_LIMITS = {
    "thing": 20,
    "character_string": 32,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "phrase": 5,
    "name": 10,
}
_MORE_LIMITS = {"phone_number": 17, "car_number": 8, "amount": 13, "time": 40, "date": 40}


class TextCheck(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST wxa/msg_sec_check`` version 2."""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=2500)]
    version: Literal[2]
    scene: Literal[1, 2, 3, 4]
    openid: str
    title: str | None = None
    nickname: str | None = None
    signature: str | None = None


class MediaCheck(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST wxa/media_check_async`` version 2."""

    media_url: Annotated[str, msgspec.Meta(pattern=r"^https?://", max_length=1000)]
    media_type: Literal[1, 2]
    version: Literal[2]
    scene: Literal[1, 2, 3, 4]
    openid: str


class Value(msgspec.Struct, forbid_unknown_fields=True):
    """One value of a template."""

    value: str


class SubscribeMessage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST cgi-bin/message/subscribe/send``."""

    touser: str
    template_id: str
    data: dict[str, Value]
    page: str | None = None
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    lang: Literal["zh_CN", "en_US", "zh_HK", "zh_TW"] = "zh_CN"


class Subscription(msgspec.Struct, kw_only=True):
    """How many messages of a template a person has agreed to."""

    openid: str
    template_id: str
    left: int


class SentMessage(msgspec.Struct, kw_only=True):
    """A message that arrived on a phone."""

    openid: str
    template_id: str
    page: str
    values: dict[str, str]
    at: str


class ContentChecks:
    """Checks texts and takes messages."""

    def __init__(self, world: World, push: MessagePush) -> None:
        self._world = world
        self._push = push
        self._subscriptions: Book[Subscription] = Book(world.store, "subscriptions", Subscription)
        self._messages: Book[SentMessage] = Book(world.store, "messages", SentMessage)

    def check_text(self, body: bytes) -> dict[str, Any]:
        """Judge a text. A body of ``\\uXXXX`` escapes passes, whatever it says: so does the real one."""
        asked = decode_json(body, TextCheck)
        self._check_seen(asked.openid)
        text = "" if _ESCAPED.search(body) else "\n".join(filter(None, (asked.content, asked.title, asked.nickname)))
        word, label = next(
            ((word, label) for word, label in self._world.conditions.risky_words.items() if word in text),
            ("", 100),
        )
        suggest = "pass" if label == 100 else "review" if label in LABELS_TO_REVIEW else "risky"
        detail: dict[str, Any] = {
            "strategy": "content_model",
            "errcode": 0,
            "suggest": suggest,
            "label": label,
            "prob": 90,
        }
        if word:
            detail = {
                "strategy": "keyword",
                "errcode": 0,
                "suggest": suggest,
                "label": label,
                "keyword": word,
                "level": 90,
            }
        return {
            "errcode": 0,
            "errmsg": "ok",
            "trace_id": secrets.token_hex(12),
            "result": {"suggest": suggest, "label": label},
            "detail": [detail],
        }

    def check_media(self, body: bytes) -> dict[str, Any]:
        """Take a picture in; it is fetched, and the verdict pushed, some time after the answer."""
        asked = decode_json(body, MediaCheck)
        self._check_seen(asked.openid)
        trace_id = secrets.token_hex(16)
        self._world.timers.start(self._judge_media(asked, trace_id))
        return {"errcode": 0, "errmsg": "ok", "trace_id": trace_id}

    async def _judge_media(self, asked: MediaCheck, trace_id: str) -> None:
        conditions = self._world.conditions
        await self._world.timers.pause(self._world.scaled(conditions.media_check_seconds))
        suggest = conditions.media_suggest
        label = {"pass": 100, "review": 10001, "risky": 20002}[suggest]
        event: dict[str, Any] = {
            "Event": "wxa_media_check",
            "appid": self._world.settings.appid,
            "trace_id": trace_id,
            "version": 2,
            "errcode": 0,
            "errmsg": "ok",
        }
        if await self._is_picture(asked.media_url):
            detail = {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
            event |= {"result": {"suggest": suggest, "label": label}, "detail": [detail]}
        else:
            event |= {"errcode": -1008, "errmsg": "download media failed"}
        await self._push.push(PushOrder(event=event, openid=asked.openid))

    @staticmethod
    async def _is_picture(url: str) -> bool:
        """Fetch it as WeChat would, from outside and without a login: at most 10 MB, and nothing but a picture."""
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                answer = await client.get(url)
        except httpx.HTTPError:
            return False
        is_picture = answer.content.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM"))
        return answer.status_code == 200 and is_picture and len(answer.content) <= MAX_MEDIA_BYTES

    def _check_seen(self, openid: str) -> None:
        person = self._world.people.get(openid)
        if person is None:
            raise MiniProgramError(40003, "invalid openid")
        if person.seen_at is None or utc_now() - person.seen_at > SEEN_WITHIN:
            raise MiniProgramError(61010, "code is expired")

    def agree(self, openid: str, template_id: str, count: int) -> Subscription:
        """The person taps "allow" so many times."""
        key = f"{openid} {template_id}"
        known = self._subscriptions.get(key) or Subscription(openid=openid, template_id=template_id, left=0)
        known.left += count
        return self._subscriptions.put(key, known)

    def send(self, body: bytes) -> dict[str, Any]:
        """Send one subscribe message; one consent is one message."""
        asked = decode_json(body, SubscribeMessage)
        if self._world.people.get(asked.touser) is None:
            raise MiniProgramError(40003, "invalid openid")
        if not asked.template_id or len(asked.template_id) > 64:
            raise MiniProgramError(40037, "invalid template_id")
        if asked.page is not None and (asked.page.startswith("/") or not asked.page.startswith("pages/")):
            raise MiniProgramError(41030, "invalid page")
        for name, member in asked.data.items():
            check_value(name, member.value)
        key = f"{asked.touser} {asked.template_id}"
        subscription = self._subscriptions.get(key)
        if subscription is None or subscription.left < 1:
            raise MiniProgramError(43101, "user refuse to accept the msg")
        subscription.left -= 1
        self._subscriptions.put(key, subscription)
        message = SentMessage(
            openid=asked.touser,
            template_id=asked.template_id,
            page=asked.page or "",
            values={name: member.value for name, member in asked.data.items()},
            at=utc_now().isoformat(),
        )
        self._messages.put(f"{message.at} {secrets.token_hex(4)}", message)
        return {"errcode": 0, "errmsg": "ok"}

    def messages(self, openid: str = "") -> list[SentMessage]:
        """What arrived, oldest first."""
        return [message for message in self._messages if not openid or message.openid == openid]


def check_value(name: str, value: str) -> None:
    """Refuse a template value that is empty, too long or of the wrong kind: 47003 names the field."""
    kind = name.rstrip("0123456789")
    limit = (_LIMITS | _MORE_LIMITS).get(kind)
    bad = limit is None or not value or len(value) > limit
    if kind == "phrase":
        bad = bad or not all("\u4e00" <= character <= "\u9fff" for character in value)
    if kind == "number":
        bad = bad or not re.fullmatch(r"-?\d+(\.\d+)?", value)
    if bad:
        raise MiniProgramError(47003, f"argument invalid! data.{name}.value invalid")
