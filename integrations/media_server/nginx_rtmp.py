"""The media server's truth and its scissors: ``rtmp_stat`` and ``rtmp_control`` of nginx-rtmp."""

from dataclasses import dataclass
from xml.etree import ElementTree

import httpx
import msgspec

from kit.errors import Unavailable
from live.media.keys import STREAM_NAME, VIEWER_NAME
from live.ports import PublishedStream

TIMEOUT_SECONDS = 2.0
MAX_STAT_BYTES = 4 * 1024 * 1024


class MediaServerSilent(Unavailable):
    """The media server does not answer, or with something that is not its statistics."""

    code = "media_server_silent"
    title = "流媒体服务无响应"
    title_en = "The media server does not answer"


def read_stat(document: bytes, application: str) -> list[PublishedStream]:
    """The streams of ``application`` that have a publisher. Raises :class:`MediaServerSilent` for anything
    else.
    """
    if len(document) > MAX_STAT_BYTES or b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise MediaServerSilent("statistics of an unexpected form")
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        raise MediaServerSilent("statistics that are not XML") from error
    if root.tag != "rtmp":
        raise MediaServerSilent("statistics without rtmp")
    found = []
    for app in root.iterfind("server/application"):
        if app.findtext("name") != application:
            continue
        for stream in app.iterfind("live/stream"):
            name = stream.findtext("name") or ""
            for client in stream.iterfind("client"):
                if client.find("publishing") is not None and STREAM_NAME.fullmatch(name):
                    found.append(PublishedStream(name, client.findtext("id") or "", client.findtext("address") or ""))
    return found


class _Entry(msgspec.Struct):
    """A file in a folder, as nginx's ``autoindex_format json`` lists it."""

    name: str


@dataclass(frozen=True)
class NginxRtmp:
    """Implements :class:`live.ports.MediaEngine` with one nginx on loopback. ``http`` is closed by whoever made it."""

    stat_url: str
    control_url: str
    http: httpx.AsyncClient
    application: str = "live"

    async def published(self) -> list[PublishedStream]:
        """See :class:`live.ports.MediaEngine`."""
        return read_stat(await self._get(self.stat_url, {}), self.application)

    async def drop_publisher(self, stream: str) -> None:
        """See :class:`live.ports.MediaEngine`."""
        await self._get(f"{self.control_url}/drop/publisher", {"app": self.application, "name": stream})

    async def barred(self) -> frozenset[str]:
        """See :class:`live.ports.MediaEngine`: the folder that nginx itself asks before it hands out a playlist."""
        listed = await self._get(f"{self.control_url.rpartition('/')[0]}/barred/", {})
        try:
            entries = msgspec.json.decode(listed, type=list[_Entry])
        except msgspec.DecodeError as error:
            raise MediaServerSilent("a list of what is barred of an unexpected form") from error
        names = (entry.name for entry in entries)
        return frozenset(name for name in names if STREAM_NAME.fullmatch(name) or VIEWER_NAME.fullmatch(name))

    async def _get(self, url: str, query: dict[str, str]) -> bytes:
        try:
            answer = await self.http.get(url, params=query, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise MediaServerSilent(f"{type(error).__name__}") from error
        if answer.status_code == 404 and query:
            return b""
        if answer.status_code >= 300:
            raise MediaServerSilent(f"status {answer.status_code}")
        return answer.content
