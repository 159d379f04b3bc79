"""The running live centre as a measure needs it: rooms, cameras, and what its processes compute."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from redis.asyncio import Redis

from accounts.passwords import Passwords
from accounts.roles import Role
from accounts.staff import GrantedRole, StaffAccounts
from integrations.media_server.confinement import die_with_parent
from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.redis.room_bell import RedisRoomBell
from kit.clock import utc_now
from live.media.keys import LiveKeys
from live.media.playback import Playback
from live.media.publishing import Publishing
from live.models import SessionState
from live.readiness.service import Readiness
from live.roster.service import Roster
from live.service import Sessions
from scripts.benchmarks.live.waiting import until
from scripts.benchmarks.sockets import cpu_seconds
from scripts.demo_county.presenters import enter_hosts
from scripts.local_stack.probes import answers_http
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment
from scripts.local_stack.stack import LocalStack
from server.adapters import key_ring
from server.settings import load_settings

SOURCE_S = 8
BY = "staff:bench"


@dataclass(frozen=True)
class Room:
    """A session that the gate has let through: where to push and where to watch."""

    number: str
    stream: str
    push_url: str
    flv_url: str
    hls_url: str


@dataclass
class Stage:
    """The stack, and who stands before it. The database is connected by whoever makes a stage. ``preset``: x264's."""

    stack: LocalStack
    http: httpx.AsyncClient
    preset: str = "veryfast"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        env = self.env = self.stack.environment
        self.ffmpeg = env["FFMPEG_PATH"]
        self.media = NginxRtmp(env["MEDIA_STAT_URL"], env["MEDIA_CONTROL_URL"], self.http)
        self.redis = Redis.from_url(env["REDIS_URL"])
        self.bell = RedisRoomBell(self.redis)
        self.keys = LiveKeys(env["SECRET_KEY"], env["MEDIA_CALLBACK_SECRET"])
        self.sessions = Sessions(self.bell, self.media)
        self.publishing = Publishing(self.keys, env["RTMP_PUBLISH_URL"], self.bell)
        self.playback = Playback(self.keys, env["FLV_BASE_URL"], env["HLS_BASE_URL"])
        self.roster = Roster(key_ring(load_settings(env)))
        self.host = ""

    @property
    def segments(self) -> Path:
        """The folder that has one folder for each stream."""
        return Path(self.env["MEDIA_DIR"]) / "hls"

    async def room(self) -> Room:
        """A new session through the gate, which asks for a host on the roster and a declaration."""
        if not self.host:
            made = await StaffAccounts(Passwords()).create(
                "bench-host", "示例主播", "correct horse battery", (GrantedRole(Role.HOST),), BY
            )
            self.host = made.number
            await enter_hosts(self.roster)
        session = await self.sessions.schedule(self.host, "M1", "示例场次", utc_now())
        readiness = Readiness(self.roster, self.bell)
        await readiness.declare(session.number, self.host)
        await readiness.clear(session.number, self.host)
        address = await self.publishing.issue_address(session.number, self.host)
        return self.room_of(session.number, session.stream, address.url)

    def room_of(self, number: str, stream: str, push_url: str) -> Room:
        """A session and the addresses that a viewer of it has once it is on air."""
        plan = self.playback.plan(stream, SessionState.LIVE, "V" * 26)
        assert plan is not None
        assert plan.flv_url is not None
        return Room(number, stream, push_url, plan.flv_url, plan.hls_url)

    def push(self, url: str, source: Path) -> subprocess.Popen[bytes]:
        """A camera that sends a file again and again, without encoding it."""
        return self.start(
            self.ffmpeg, "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1", "-i", str(source),
            "-c", "copy", "-f", "flv", url,
        )  # fmt: skip

    def paint(self, url: str, group: int = 25) -> subprocess.Popen[bytes]:
        """A camera that paints its clock (:mod:`scripts.benchmarks.live.painter`)."""
        words = (self.ffmpeg, url, "--group", str(group), "--preset", self.preset)
        return self.start_module("scripts.benchmarks.live.painter", *words)

    def start_module(self, module: str, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Another process of the product or of a measure."""
        return self.start(sys.executable, "-m", module, *words, **more)

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """A process that is ended with the stage, and dies with this one."""
        self.processes.append(
            subprocess.Popen(
                words,
                cwd=ROOT,
                env={**plain_environment(), **self.env, **more},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=die_with_parent(),
            )
        )
        return self.processes[-1]

    async def is_there(self, url: str) -> bool:
        """Whether something is at an address."""
        return (await self.http.get(url)).status_code == 200

    async def on_air(self, room: Room) -> None:
        """Wait until there is a playlist and a picture."""
        await until(lambda: self.is_there(room.hls_url))

    async def end(self, process: subprocess.Popen[bytes]) -> None:
        """End one process that this stage has started."""
        process.kill()
        await asyncio.to_thread(process.wait)

    async def close(self) -> None:
        """End what was started."""
        for process in self.processes:
            await self.end(process)
        await self.redis.aclose()

    @asynccontextmanager
    async def second_relay(self) -> AsyncIterator[str]:
        """Another relay process; answers the beginning of its addresses."""
        port = self.stack.ports["flv"] + 1
        relay = self.start_module("server.flv_relay", FLV_PORT=str(port))
        try:
            await until(lambda: asyncio.to_thread(answers_http, port, "/health/ready"))
            yield f"http://127.0.0.1:{port}/live"
        finally:
            await self.end(relay)

    def readers(self, stream: str) -> tuple[list[int], list[int]]:
        """Who reads: relays, once for each connection to the media server, so nothing else may be on air; and the
        supervisor's ffmpeg processes, which look at the pictures of this stream.
        """
        source = f"{self.env['RTMP_INTERNAL_URL']}/{stream}"
        relays, taps = list[int](), list[int]()
        for pid, words in commands():
            if "server.flv_relay" in words:
                relays += [pid] * self._rtmp_connections(pid)
            elif source in words and "-vf" in words:
                taps.append(pid)
        return relays, taps

    def _rtmp_connections(self, pid: int) -> int:
        with contextlib.suppress(psutil.Error):
            lines = psutil.Process(pid).net_connections("tcp")
            return sum(
                line.status == psutil.CONN_ESTABLISHED and line.raddr.port == self.stack.ports["rtmp"] for line in lines
            )
        return 0


def commands() -> Iterator[tuple[int, list[str]]]:
    """Every process that lives, and its arguments."""
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            yield process.pid, process.info["cmdline"] or []


def computed_s(pids: list[int]) -> float:
    """Processor seconds of processes so far; one that is gone counts nothing."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += cpu_seconds(pid)
    return total


async def shares(groups: dict[str, list[int]], seconds: float) -> dict[str, float]:
    """What part of a core each group of processes takes for a while."""
    before, began = {name: computed_s(pids) for name, pids in groups.items()}, time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return {name: (computed_s(pids) - before[name]) / took for name, pids in groups.items()}


def family(pid: int) -> list[int]:
    """A process and its children, but for ffmpeg."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [pid, *(c.pid for c in parent.children(recursive=True) if "ffmpeg" not in os.path.basename(c.name()))]
    return [pid]


def make_source(ffmpeg: str, target: Path) -> Path:
    """Eight seconds of 720p at 30 pictures and about 2.6 Mbit a second, a key frame each second."""
    subprocess.run(
        [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30", "-f", "lavfi", "-i", "sine=440",
         "-t", str(SOURCE_S), "-c:v", "libx264", "-preset", "veryfast", "-b:v", "2500k", "-minrate", "2500k",
         "-maxrate", "2500k", "-bufsize", "2500k", "-x264-params", "nal-hrd=cbr", "-pix_fmt", "yuv420p", "-g", "30",
         "-keyint_min", "30", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "128k", "-f", "flv", str(target)],
        check=True,
    )  # fmt: skip
    return target
