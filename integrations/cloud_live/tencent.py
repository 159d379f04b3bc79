"""Tencent CSS: signed push and play addresses, its notices, and the two commands that cut a stream.

Addresses carry ``txTime``, the Unix second of their end in hexadecimal, and ``txSecret``, the MD5 of key, stream and
``txTime`` (CSS documentation, hotlink protection). Notices carry ``t``, their own end, and ``sign``, the MD5 of key and
``t`` (event notification): the sign covers no other field, so a notice is believed for its ten minutes and once.
Commands are signed by TC3-HMAC-SHA256 (API 3.0).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from kit.clock import Clock, utc_now
from kit.errors import NotPermitted, Unavailable
from live.media.keys import STREAM_NAME
from live.ports import CloudEvent, CloudFile

TIMEOUT_SECONDS = 5.0
VERSION, SERVICE = "2018-08-01", "live"
LONGEST_NOTICE = timedelta(minutes=20)
"""Notices are good for ten minutes; one that says it is good for longer than this is none."""
_BEGUN, _ENDED, _RECORDED = 1, 0, 100
_JSON = "application/json; charset=utf-8"
_SIGNED = "content-type;host;x-tc-action"


class CloudNoticeRefused(NotPermitted):
    """The notice is not signed by the cloud's callback key, or too old."""

    code = "cloud_notice_refused"
    title = "云直播回调签名无效"
    title_en = "The cloud's notice is not signed or too old"


class CloudSilent(Unavailable):
    """The cloud does not answer, or refuses a command."""

    code = "cloud_live_silent"
    title = "云直播服务无响应"
    title_en = "The cloud live service does not answer"


class _Notice(msgspec.Struct):
    """The fields of a notice that are read; it has many more."""

    t: int | str
    sign: str
    event_type: int
    stream_id: str = ""
    sequence: str = ""
    event_time: int = 0
    file_id: str = ""
    video_url: str = ""
    file_size: int = 0
    duration: int = 0
    start_time: int = 0
    end_time: int = 0


def address_secret(key: str, stream: str, expires: str) -> str:
    """``txSecret`` of an address."""
    return hashlib.md5(f"{key}{stream}{expires}".encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class TencentLive:
    """Implements :class:`live.ports.CloudLive`. ``push_url`` and ``play_url`` end with the application's name."""

    push_url: str
    play_url: str
    push_key: str
    play_key: str
    callback_key: str
    secret_id: str
    secret_key: str
    http: httpx.AsyncClient
    api_base: str
    clock: Clock = utc_now

    def push_address(self, stream: str, expires_at: datetime) -> str:
        """See :class:`live.ports.CloudLive`."""
        return f"{self.push_url}/{stream}?{self._query(self.push_key, stream, expires_at)}"

    def play_addresses(self, stream: str, expires_at: datetime) -> tuple[str, str]:
        """See :class:`live.ports.CloudLive`."""
        query = self._query(self.play_key, stream, expires_at)
        return f"{self.play_url}/{stream}.flv?{query}", f"{self.play_url}/{stream}.m3u8?{query}"

    def _query(self, key: str, stream: str, expires_at: datetime) -> str:
        expires = f"{int(expires_at.timestamp()):X}"
        return f"txSecret={address_secret(key, stream, expires)}&txTime={expires}"

    def read_event(self, body: bytes) -> CloudEvent | None:
        """See :class:`live.ports.CloudLive`. Raises :class:`CloudNoticeRefused`."""
        try:
            told = msgspec.json.decode(body, type=_Notice)
            until = datetime.fromtimestamp(int(told.t), UTC)
        except (msgspec.DecodeError, ValueError, OverflowError, OSError):
            raise CloudNoticeRefused() from None
        known = hashlib.md5(f"{self.callback_key}{told.t}".encode(), usedforsecurity=False).hexdigest()
        now = self.clock()
        if not hmac.compare_digest(known.encode(), told.sign.encode()) or not now < until < now + LONGEST_NOTICE:
            raise CloudNoticeRefused()
        if not STREAM_NAME.fullmatch(told.stream_id):
            return None
        if told.event_type == _RECORDED:
            file = CloudFile(
                told.file_id[:64], told.video_url[:500], told.file_size, told.duration,
                datetime.fromtimestamp(told.start_time, UTC), datetime.fromtimestamp(told.end_time, UTC),
            )  # fmt: skip
            return CloudEvent("recorded", told.stream_id, told.file_id[:64], file.ended_at, file)
        kind = {_BEGUN: "begun", _ENDED: "ended"}.get(told.event_type)
        if kind is None:
            return None
        return CloudEvent(kind, told.stream_id, told.sequence[:64], datetime.fromtimestamp(told.event_time, UTC))

    async def published(self) -> frozenset[str]:
        """See :class:`live.ports.CloudLive`."""
        found = await self._ask("DescribeLiveStreamOnlineList", self._domain() | {"PageNum": 1, "PageSize": 100})
        return frozenset(
            str(each.get("StreamName", "")) for each in found.get("OnlineInfo") or [] if isinstance(each, dict)
        )

    async def drop_publisher(self, stream: str) -> None:
        """See :class:`live.ports.CloudLive`."""
        await self._ask("DropLiveStream", self._domain() | {"StreamName": stream})

    async def forbid(self, stream: str, until: datetime) -> None:
        """See :class:`live.ports.CloudLive`."""
        resume = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self._ask("ForbidLiveStream", self._domain() | {"StreamName": stream, "ResumeTime": resume})

    def _domain(self) -> dict[str, Any]:
        address = urlsplit(self.push_url)
        return {"DomainName": address.hostname, "AppName": address.path.strip("/")}

    async def _ask(self, action: str, told: dict[str, Any]) -> dict[str, Any]:
        body = msgspec.json.encode(told)
        try:
            answer = await self.http.post(
                self.api_base, content=body, headers=self._headers(action, body), timeout=TIMEOUT_SECONDS
            )
            found = answer.json()["Response"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise CloudSilent(f"{action}: {type(error).__name__}") from error
        if "Error" in found:
            raise CloudSilent(f"{action}: {str(found['Error'].get('Code'))[:80]}")
        return dict(found)

    def _headers(self, action: str, body: bytes) -> dict[str, str]:
        """Signed as API 3.0 wants it: the canonical request, the scope of a day, a key derived for it."""
        moment = self.clock()
        host = urlsplit(self.api_base).netloc
        canonical = "\n".join((
            "POST", "/", "", f"content-type:{_JSON}", f"host:{host}", f"x-tc-action:{action.lower()}", "", _SIGNED,
            hashlib.sha256(body).hexdigest(),
        ))  # fmt: skip
        day = moment.astimezone(UTC).strftime("%Y-%m-%d")
        scope, second = f"{day}/{SERVICE}/tc3_request", int(moment.timestamp())
        text = f"TC3-HMAC-SHA256\n{second}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"TC3{self.secret_key}".encode()
        for part in (day, SERVICE, "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return {
            "content-type": _JSON,
            "host": host,
            "x-tc-action": action,
            "x-tc-version": VERSION,
            "x-tc-timestamp": str(second),
            "authorization": f"TC3-HMAC-SHA256 Credential={self.secret_id}/{scope}, SignedHeaders={_SIGNED},"
            f" Signature={signature}",
        }
