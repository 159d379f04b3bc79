"""Process: HTTP-FLV to viewers. ``python -m server.flv_relay``.

It asks the media server which streams are on air, reads each of them once, takes 100 ms of
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
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx
import msgspec
import uvloop

from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.media_server.reader import RtmpReader
from kit.clock import Clock, utc_now
from kit.errors import Unavailable
from live.media.flv import Timeline
from live.media.keys import LiveKeys
from live.ports import MediaEngine, StreamReader
from server.flv_viewers import Viewer
from server.settings import load_settings

FLUSH_SECONDS = 0.1
POLL_SECONDS = 0.5
ABSENT_SECONDS = 120.0
"""How long viewers are kept without a publisher: the session's grace of 60 s and as much again."""
MAX_VIEWERS = 6000
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

_PATH = re.compile(r"/live/([0-9a-z]{26})(\.480p)?\.flv")
_STREAM = 26
"""Letters of a stream's name; what follows them in a room's name is that of the smaller rendition."""
_FLV_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nCache-Control: no-store\r\n"
    b"Access-Control-Allow-Origin: *\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
)


@dataclass
class Room:
    """One stream and its viewers."""

    stream: str
    source: StreamReader
    timeline: Timeline = field(default_factory=Timeline)
    viewers: set[Viewer] = field(default_factory=set)
    joining: set[Viewer] = field(default_factory=set)
    dropped_slow: int = 0
    restarts: int = 0
    absent_since: float | None = None
    _pending: list[bytes] = field(default_factory=list)
    _pump: asyncio.Task[None] | None = None

    def on_air(self) -> None:
        """The media server has a publisher: it is read."""
        self.absent_since = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._keep_reading())

    def off_air(self, now: float) -> bool:
        """The publisher is gone: nothing is read, the viewers stay for a while. True when the room may be
        forgotten.
        """
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        if self.absent_since is None:
            self.absent_since = now
        return now - self.absent_since > ABSENT_SECONDS

    async def close(self, *, at_once: bool = False) -> None:
        """End the reading and every viewer; ``at_once`` sends nothing of what is still queued."""
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
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            await self._read_once()
            if loop.time() - began > 10:
                failures = 0
            self.restarts += 1
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
            failures += 1

    async def _read_once(self) -> None:
        """Read one run of the source; what has gathered goes on at once."""
        self.timeline.begin_publish()
        async with contextlib.aclosing(self.source.read(self.stream)) as gathered:  # type: ignore[type-var]
            async for tags in gathered:
                for tag in tags:
                    if wire := self.timeline.accept(tag):
                        self._pending.append(wire)
                self.flush()


def _token_in(query: str) -> str:
    try:
        return parse_qs(query[:1024], max_num_fields=8).get("token", [""])[-1]
    except ValueError:
        return ""


@dataclass(frozen=True)
class Rungs:
    """The media server's application of smaller renditions, and how they are read."""

    media: MediaEngine
    source: StreamReader


@dataclass
class Relay:
    """All rooms of one process. ``rungs`` lists and reads the smaller renditions, where there are any."""

    media: MediaEngine
    keys: LiveKeys
    source: StreamReader
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
        viewer.seats = (room.viewers, room.joining)
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
        """Twice a second: exactly those streams are read that have a publisher and are not barred."""
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
        rungs = Rungs(NginxRtmp(media.stat_url, media.control_url, http, "rung"), RtmpReader(media.rung_url))
        relay = Relay(
            NginxRtmp(media.stat_url, media.control_url, http),
            LiveKeys(settings.secret_key, media.callback_secret),
            RtmpReader(media.rtmp_internal_url),
            rungs if media.second_rung else None,
        )
        serving = asyncio.create_task(relay.serve(settings.live.flv_host, settings.live.flv_port))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await serving


if __name__ == "__main__":
    uvloop.run(_main())
