"""How soon a ban is felt by whom, and what it costs to listen to a broadcast.

``scripts/bench live`` starts the media server, the API, the supervisor and two relays. In each round a host pushes, two
viewers watch, and the session is cut: by somebody who lives on, and by a commit after which nothing else is done, so
that the supervisor alone acts. It prints when the publisher was gone, when the last byte reached each viewer and when
the playlist was refused (goal: 2 s, live reference 6), and what the tap takes of a core (720p, 2.5 Mbit/s).
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from redis.asyncio import Redis
from tortoise.context import TortoiseContext

from accounts.passwords import Passwords
from accounts.roles import Role
from accounts.staff import GrantedRole, StaffAccounts
from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.redis.room_bell import RedisRoomBell
from kit.clock import utc_now
from live.media.bans import Bans
from live.media.keys import LiveKeys
from live.media.playback import Playback, PlaybackPlan
from live.media.publishing import Publishing
from live.models import LiveSession, SessionState
from live.readiness.service import Readiness
from live.roster.service import Roster
from live.service import Sessions
from scripts.benchmarks.report import machine
from scripts.demo_county.people import BY
from scripts.demo_county.presenters import enter_hosts
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment
from scripts.local_stack.stack import LocalStack
from server.adapters import key_ring
from server.database import tortoise_config
from server.settings import DatabaseSettings, load_settings

PROCESSES = ("postgres", "redis", "nginx", "api", "flv-relay", "live-supervisor")
GOAL_S = 2.0
PATIENCE_S = 30.0
LISTEN_S = 20.0
POLL_S = 0.02


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(machine())
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), PROCESSES, usual_ports=False)
        try:
            stack.start()
            asyncio.run(measure(stack, make_source(stack, Path(folder, "source.flv")), rounds))
        finally:
            stack.destroy()


def make_source(stack: LocalStack, target: Path) -> Path:
    """Eight seconds of 720p at 30 pictures and 2.5 Mbit a second, a key frame every two seconds."""
    subprocess.run(
        [stack.environment["FFMPEG_PATH"], "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30",
         "-f", "lavfi", "-i", "sine=440", "-t", "8", "-c:v", "libx264", "-preset", "veryfast", "-b:v", "2500k",
         "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac", "-f", "flv", str(target)], check=True,
    )  # fmt: skip
    return target


@dataclass
class Centre:
    """The running live centre and its services in this process."""

    stack: LocalStack
    source: Path
    http: httpx.AsyncClient
    relays: list[str]
    pushers: list[asyncio.subprocess.Process] = field(default_factory=list)
    host: str = ""

    def __post_init__(self) -> None:
        env = self.stack.environment
        self.media = NginxRtmp(env["MEDIA_STAT_URL"], env["MEDIA_CONTROL_URL"], self.http)
        self.bell = RedisRoomBell(Redis.from_url(env["REDIS_URL"]))
        keys = LiveKeys(env["SECRET_KEY"], env["MEDIA_CALLBACK_SECRET"])
        self.sessions = Sessions(self.bell, self.media)
        self.publishing = Publishing(keys, env["RTMP_PUBLISH_URL"], self.bell)
        self.playback = Playback(keys, env["FLV_BASE_URL"], env["HLS_BASE_URL"])
        self.roster = Roster(key_ring(load_settings(env)))
        self.readiness = Readiness(self.roster, self.bell)

    async def enter_host(self) -> None:
        """Somebody who may present."""
        account = await StaffAccounts(Passwords()).create(
            "host", "示例主播", "correct horse battery", (GrantedRole(Role.HOST),), BY
        )
        await enter_hosts(self.roster)
        self.host = account.number

    async def on_air(self) -> tuple[LiveSession, PlaybackPlan, asyncio.subprocess.Process]:
        """A session that is pushed to and whose playlist is there."""
        session = await self.sessions.schedule(self.host, "M1", "示例场次", utc_now())
        await self.readiness.declare(session.number, self.host)
        await self.readiness.clear(session.number, self.host)
        address = await self.publishing.issue_address(session.number, self.host)
        pusher = await asyncio.create_subprocess_exec(
            self.stack.environment["FFMPEG_PATH"], "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1",
            "-i", str(self.source), "-c", "copy", "-f", "flv", address.url,
        )  # fmt: skip
        self.pushers.append(pusher)
        found = self.playback.plan(session.stream, SessionState.LIVE, "bench")
        assert found is not None
        plan = found

        async def is_there() -> bool:
            return (await self.http.get(plan.hls_url)).status_code == 200

        await _until(is_there)
        return session, plan, pusher


async def measure(stack: LocalStack, source: Path, rounds: int) -> None:
    """Print the figures."""
    async with TortoiseContext() as context, httpx.AsyncClient(trust_env=False) as http, _second_relay(stack) as second:
        await context.init(config=tortoise_config(DatabaseSettings(url=stack.environment["DATABASE_URL"], pool_max=2)))
        centre = Centre(stack, source, http, [stack.environment["FLV_BASE_URL"], second])
        try:
            await centre.enter_host()
            for who in ("request", "commit alone"):
                found = [await _cut(centre, alone=who != "request") for _ in range(rounds)]
                for what in found[0]:
                    worst = max(each[what] for each in found)
                    judged = "met" if worst <= GOAL_S else "MISSED"
                    seconds = "  ".join(f"{each[what]:.2f}" for each in found)
                    print(f"{who:13} {what:20} {seconds} s  {judged}", flush=True)
            print(f"tap: {await _tap_share(centre):.1%} of a core")
        finally:
            for pusher in centre.pushers:
                with contextlib.suppress(ProcessLookupError):
                    pusher.kill()
                await pusher.wait()
            await context.close_connections()


async def _until(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await question():
                return
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def _second_relay(stack: LocalStack) -> AsyncIterator[str]:
    port = stack.ports["flv"] + 1
    relay = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.flv_relay", cwd=ROOT,
        env={**plain_environment(), **stack.environment, "FLV_PORT": str(port)},
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}/live"
    finally:
        relay.terminate()
        await relay.wait()


async def _cut(centre: Centre, *, alone: bool) -> dict[str, float]:
    """Seconds from the beginning of the ban."""
    session, plan, pusher = await centre.on_air()
    assert plan.flv_url is not None
    last: dict[str, float] = {}
    async with asyncio.TaskGroup() as tasks:
        for at, base in enumerate(centre.relays):
            url = f"{base}/{plan.flv_url.rsplit('/', 1)[1]}"
            tasks.create_task(_watch(centre.http, url, f"last byte, relay {at + 1}", last))

        async def all_watch() -> bool:
            return len(last) == len(centre.relays)

        await _until(all_watch)
        began = time.monotonic()
        away = NginxRtmp("http://127.0.0.1:9/stat", "http://127.0.0.1:9/control", centre.http)
        media = away if alone else centre.media
        await Bans(centre.bell, media).ban(session.number, "staff:bench", "示例原因")
        done: dict[str, float] = {}

        async def all_felt() -> bool:
            if pusher.returncode is not None:
                done.setdefault("publisher gone", time.monotonic() - began)
            if (await centre.http.get(plan.hls_url)).status_code == 403:
                done.setdefault("playlist refused", time.monotonic() - began)
            return len(done) == 2

        await _until(all_felt)
    return done | {what: max(0.0, at - began) for what, at in last.items()}


async def _watch(http: httpx.AsyncClient, url: str, what: str, last: dict[str, float]) -> None:
    """Note when the newest byte came, until the relay hangs up."""
    with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
        async with http.stream("GET", url, timeout=PATIENCE_S) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():
                last[what] = time.monotonic()


async def _tap_share(centre: Centre) -> float:
    """Processor time of the supervisor's ffmpeg by the clock's."""
    session, _, _ = await centre.on_air()
    await asyncio.sleep(5)
    [tap] = [
        p for p in psutil.process_iter(["cmdline"])
        if f"{centre.stack.environment['RTMP_INTERNAL_URL']}/{session.stream}" in (words := p.info["cmdline"] or [])
        and "-vf" in words
    ]  # fmt: skip
    before, began = tap.cpu_times(), time.monotonic()
    await asyncio.sleep(LISTEN_S)
    after = tap.cpu_times()
    return float(after.user + after.system - before.user - before.system) / (time.monotonic() - began)


if __name__ == "__main__":
    main()
