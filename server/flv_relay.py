"""Process: HTTP-FLV to viewers. ``python -m server.flv_relay``.

It asks the media server which streams are on air, keeps one ``ffmpeg -c copy`` per stream, takes 100 ms of
tags at a time and hands the same bytes object to every viewer. It needs neither PostgreSQL nor Redis: who may watch
stands in the signed token. A viewer who stays on while the host is away goes on when the host is back
(decision record 0003).
It builds its few parts itself and loads nothing of the shop, so that after a kill the pictures are back
before a viewer has reloaded.
"""

import asyncio
import contextlib
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import parse_qs

import httpx
import msgspec
import uvloop

from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.media_server.pipes import FlvPipe
from kit.clock import Clock, utc_now
from kit.errors import Unavailable
from live.media.flv import FlvBrokenError, FlvReader, Timeline
from live.media.keys import LiveKeys
from live.ports import MediaEngine
from server.settings import load_settings

log = logging.getLogger("longchuan.flv_relay")

FLUSH_SECONDS = 0.1
POLL_SECONDS = 0.5
SLOW_VIEWER_BYTES = 3584 * 1024
"""What may wait for one viewer: with what is around it, less than 4 MB of memory (live reference 6)."""
ABSENT_SECONDS = 120.0
"""How long viewers are kept without a publisher: the session's grace of 60 s and as much again."""
NO_PICTURE_SECONDS = 5.0
REQUEST_SECONDS = 5.0
MAX_REQUEST_BYTES = 8 * 1024
MAX_VIEWERS = 6000
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

_PATH = re.compile(r"/live/([0-9a-z]{26})(\.480p)?\.flv")
_STREAM = 26
"""Letters of a stream's name; what follows them in a room's name is that of the smaller rendition."""
_FLV_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nCache-Control: no-store\r\n"
    b"Access-Control-Allow-Origin: *\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
)


class FlvSource(Protocol):
    """Reads a stream from the media server as FLV."""

    def read(self, stream: str) -> AsyncIterator[bytes]:
        """Pieces until the stream ends or stalls."""
        ...


@dataclass
class Room:
    """One stream and its viewers."""

    stream: str
    source: FlvSource
    timeline: Timeline = field(default_factory=Timeline)
    viewers: set["Viewer"] = field(default_factory=set)
    joining: set["Viewer"] = field(default_factory=set)
    dropped_slow: int = 0
    restarts: int = 0
    absent_since: float | None = None
    _pending: list[bytes] = field(default_factory=list)
    _pump: asyncio.Task[None] | None = None

    def on_air(self) -> None:
        """The media server has a publisher: the pipe runs."""
        self.absent_since = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._keep_reading())

    def off_air(self, now: float) -> bool:
        """The publisher is gone: the pipe stops, the viewers stay for a while. True when the room may be
        forgotten.
        """
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        if self.absent_since is None:
            self.absent_since = now
        return now - self.absent_since > ABSENT_SECONDS

    async def close(self, *, at_once: bool = False) -> None:
        """End the pipe and every viewer; ``at_once`` sends nothing of what is still queued."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        self._pending.clear()
        for viewer in [*self.viewers, *self.joining]:
            if at_once:
                viewer.abort()
            else:
                viewer.close()

    def flush(self) -> None:
        """Send what has gathered to those who watch, then let those who wait join with a key frame."""
        if self._pending:
            chunk = b"".join(self._pending)
            self._pending.clear()
            slow = [viewer for viewer in self.viewers if not viewer.send(chunk)]
            for viewer in slow:
                self.dropped_slow += 1
                viewer.abort()
        if self.joining and self.timeline.is_joinable:
            first = self.timeline.joining_bytes()
            for viewer in self.joining:
                viewer.begin(first)
            self.viewers |= self.joining
            self.joining.clear()

    async def _keep_reading(self) -> None:
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._read_once(began)
            except FlvBrokenError as error:
                log.warning("room %s: %s", self.stream[:6], error)
            if asyncio.get_running_loop().time() - began > 10:
                failures = 0
            self.restarts += 1
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
            failures += 1

    async def _read_once(self, began: float) -> None:
        """Read one run of the source; what a piece held goes on at once. A run without a video header is given up: it
        attached badly.
        """
        self.timeline.begin_publish()
        reader = FlvReader()
        loop = asyncio.get_running_loop()
        async with contextlib.aclosing(self.source.read(self.stream)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for tag in reader.feed(piece):
                    if wire := self.timeline.accept(tag):
                        self._pending.append(wire)
                self.flush()
                if not self.timeline.saw_video_header and loop.time() - began > NO_PICTURE_SECONDS:
                    log.warning("room %s: sound without a picture, starting ffmpeg again", self.stream[:6])
                    return


class Viewer(asyncio.Protocol):
    """One connection: a request line and headers in, FLV out until somebody hangs up."""

    def __init__(self, relay: "Relay") -> None:
        self.relay = relay
        self.room: Room | None = None
        self.name = ""
        self._transport: asyncio.Transport | None = None
        self._request = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._most = SLOW_VIEWER_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the viewer a few seconds to say what it wants."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._timer = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self.abort)
        self.relay.connections += 1

    def data_received(self, data: bytes) -> None:
        """Gather the request; what follows it is ignored."""
        if self._timer is None:
            return
        self._request += data
        if len(self._request) > MAX_REQUEST_BYTES:
            self.refuse(431, "Request Header Fields Too Large")
            return
        end = self._request.find(b"\r\n\r\n")
        if end < 0:
            return
        self._timer.cancel()
        self._timer = None
        line = bytes(self._request[:end]).split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self._request.clear()
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            self.refuse(400, "Bad Request")
        else:
            self.relay.answer(self, line[0], line[1])

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the viewer."""
        self.relay.connections -= 1
        if self._timer is not None:
            self._timer.cancel()
        if self.room is not None:
            self.room.viewers.discard(self)
            self.room.joining.discard(self)

    def send(self, chunk: bytes) -> bool:
        """Queue bytes. False when more than a viewer may have would wait then; they are not queued."""
        if self._transport is None or self._transport.is_closing():
            return True
        waiting = self._transport.get_write_buffer_size()
        if waiting + len(chunk) > self._most:
            return False
        if waiting < SLOW_VIEWER_BYTES // 2:
            self._most = SLOW_VIEWER_BYTES  # a long first group has been taken
        self._transport.write(chunk)
        return True

    def begin(self, first: bytes) -> None:
        """Queue what a newcomer is given, however long it is, and let the viewer take it before it counts as slow. The
        bytes are the same for all who join.
        """
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(first)
        self._most = SLOW_VIEWER_BYTES + len(first)

    def refuse(self, status: int, reason: str) -> None:
        """Answer without a picture."""
        self.say(status, reason, b"", "text/plain")

    def say(self, status: int, reason: str, body: bytes, content_type: str) -> None:
        """A whole short answer, then the end of the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        assert self._transport is not None
        self._transport.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self._transport.close()

    def close(self) -> None:
        """End after what is queued has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End at once and free what is queued."""
        if self._transport is not None:
            self._transport.abort()


def _token_in(query: str) -> str:
    try:
        return parse_qs(query[:1024], max_num_fields=8).get("token", [""])[-1]
    except ValueError:
        return ""


@dataclass(frozen=True)
class Rungs:
    """The media server's application of smaller renditions, and how they are read."""

    media: MediaEngine
    source: FlvSource


@dataclass
class Relay:
    """All rooms of one process. ``rungs`` lists and reads the smaller renditions, where there are any."""

    media: MediaEngine
    keys: LiveKeys
    source: FlvSource
    rungs: Rungs | None = None
    clock: Clock = utc_now
    rooms: dict[str, Room] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()
    connections: int = 0
    last_poll_at: float | None = None

    def answer(self, viewer: Viewer, method: str, target: str) -> None:
        """Route one request: a room's stream, or the health of the process."""
        path, _, query = target.partition("?")
        found = _PATH.fullmatch(path)
        if method not in ("GET", "HEAD"):
            viewer.refuse(405, "Method Not Allowed")
        elif path in ("/health/live", "/health/ready"):
            self._tell_health(viewer, path.endswith("ready"))
        elif not found or (found[2] and self.rungs is None):
            viewer.refuse(404, "Not Found")
        elif not self._may_watch(viewer, found[1], _token_in(query)):
            viewer.refuse(403, "Forbidden")
        elif self.connections > MAX_VIEWERS:
            viewer.refuse(503, "Service Unavailable")
        else:
            self._let_in(viewer, found[1] + (found[2] or ""), method)

    def _may_watch(self, viewer: Viewer, stream: str, token: str) -> bool:
        """A good token, of a stream that nobody has cut and a viewer whom nobody has put out."""
        viewer.name = self.keys.playing_viewer(stream, token, self.clock()) or ""
        return bool(viewer.name) and not self.barred & {stream, viewer.name}

    def _let_in(self, viewer: Viewer, name: str, method: str) -> None:
        """Who holds a good token may be there before the first picture: the host is about to begin."""
        viewer.send(_FLV_ANSWER)
        if method == "HEAD":
            viewer.close()
            return
        room = self.rooms.setdefault(name, self._room(name))
        viewer.room = room
        room.joining.add(viewer)

    def _room(self, name: str) -> Room:
        source = self.rungs.source if self.rungs is not None and len(name) > _STREAM else self.source
        return Room(name[:_STREAM], source)

    def _tell_health(self, viewer: Viewer, readiness: bool) -> None:
        fresh = self.last_poll_at is not None and asyncio.get_running_loop().time() - self.last_poll_at < 10
        report = {
            "media_server": fresh,
            "rooms": [
                {
                    "on_air": r.absent_since is None,
                    "viewers": len(r.viewers) + len(r.joining),
                    "dropped_slow": r.dropped_slow,
                    "restarts": r.restarts,
                }
                for r in self.rooms.values()
            ],
        }
        good = fresh or not readiness
        viewer.say(
            200 if good else 503,
            "OK" if good else "Service Unavailable",
            msgspec.json.encode(report),
            "application/json",
        )

    async def follow_media_server(self) -> None:
        """Twice a second: pipes run for exactly those streams that have a publisher and are not barred."""
        while True:
            with contextlib.suppress(Unavailable):
                await self._bar(await self.media.barred())
                names = {stream.name for stream in await self.media.published()} - self.barred
                if self.rungs is not None:
                    small = {stream.name for stream in await self.rungs.media.published()}
                    names |= {f"{name}.480p" for name in small & names}
                await self._match(names)
                self.last_poll_at = asyncio.get_running_loop().time()
            await asyncio.sleep(POLL_SECONDS)

    async def _bar(self, barred: frozenset[str]) -> None:
        """Close the rooms that an officer has cut and hang up on viewers who were put out; a token that was good is
        worth nothing there.
        """
        self.barred = barred
        for name in [name for name in self.rooms if name[:_STREAM] in barred]:
            await self.rooms.pop(name).close(at_once=True)
        for room in self.rooms.values() if barred else ():
            for viewer in [each for each in (*room.viewers, *room.joining) if each.name in barred]:
                viewer.abort()

    async def _match(self, names: set[str]) -> None:
        for name in names:
            if name not in self.rooms:
                self.rooms[name] = self._room(name)
            self.rooms[name].on_air()
        now = asyncio.get_running_loop().time()
        for name in set(self.rooms) - names:
            if self.rooms[name].off_air(now):
                await self.rooms.pop(name).close()

    async def beat(self) -> None:
        """Every 100 ms by absolute time: let in who waits, and send what may be left."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for room in self.rooms.values():
                room.flush()
            due = max(due + FLUSH_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())

    async def serve(self, host: str, port: int, *, ready: Callable[[int], None] = lambda port: None) -> None:
        """Serve until cancelled; ``ready`` is told the port, which the kernel chooses when ``port`` is 0."""
        server = await asyncio.get_running_loop().create_server(lambda: Viewer(self), host, port, backlog=4096)
        ready(server.sockets[0].getsockname()[1])
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.follow_media_server())
                tasks.create_task(self.beat())
        finally:
            server.close()
            for room in self.rooms.values():
                await room.close()


async def _main() -> None:
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, stream=sys.stdout, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    media = settings.live.media
    async with httpx.AsyncClient(trust_env=False) as http:
        rungs = Rungs(
            NginxRtmp(media.stat_url, media.control_url, http, "rung"), FlvPipe(media.ffmpeg_path, media.rung_url)
        )
        relay = Relay(
            NginxRtmp(media.stat_url, media.control_url, http),
            LiveKeys(settings.secret_key, media.callback_secret),
            FlvPipe(media.ffmpeg_path, media.rtmp_internal_url),
            rungs if media.second_rung else None,
        )
        serving = asyncio.create_task(relay.serve(settings.live.flv_host, settings.live.flv_port))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await serving


if __name__ == "__main__":
    uvloop.run(_main())
