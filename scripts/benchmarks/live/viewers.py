"""Many viewers of one room at the relay, and one of them who reads nothing (live reference 6)."""

import asyncio
import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scripts.benchmarks.figures import Figure, percentile
from scripts.benchmarks.live.audience import Audience
from scripts.benchmarks.live.stage import SOURCE_S, Stage, computed_s
from scripts.benchmarks.sockets import resident_bytes
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment

CROWDS = (300, 2000)
MOST_BEHIND = 4 * 1024 * 1024
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Crowd:
    """``slowest`` and ``median`` are parts of the room's own rate, ``core`` the part of a core that the relay took."""

    viewers: int
    slowest: float
    median: float
    core: float
    resident: int


def octets_per_s(source: Path) -> float:
    """The rate of a room whose camera sends this file again and again."""
    return source.stat().st_size / SOURCE_S


async def crowd(stage: Stage, url: str, source: Path, viewers: int, seconds: int) -> Crowd:
    """So many viewers in a process of their own. ``seconds`` is a multiple of the source's eight, so that each counts
    the same pictures whenever it begins.
    """
    assert seconds % SOURCE_S == 0
    relay = stage.stack.pids()["flv-relay"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.benchmarks.live.audience", url, str(viewers), str(seconds),
        cwd=ROOT, env=plain_environment(), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S + seconds):
            assert await process.stdout.readline() == b"counting\n"
            before = computed_s([relay])
            told = await process.stdout.readline()
            core = (computed_s([relay]) - before) / seconds
            octets = json.loads(told)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    rate = octets_per_s(source) * seconds
    return Crowd(viewers, min(octets) / rate, percentile(octets, 0.5) / rate, core, resident_bytes(relay))


async def many_viewers(stage: Stage, source: Path, seconds: int) -> list[Figure]:
    """300, then 2,000 of them."""
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await stage.on_air(room)
    found = [Figure("rate of the room", octets_per_s(source) * 8 / 1e6, "Mb/s")]
    for count in CROWDS:
        seen = await crowd(stage, room.flv_url, source, count, seconds)
        found += [
            Figure(f"{count:,} viewers: slowest viewer, of the rate", seen.slowest * 100, "%", 98, at_least=True),
            Figure(f"{count:,} viewers: relay, of a core", seen.core * 100, "%", 15 if count == CROWDS[0] else 100),
            Figure(f"{count:,} viewers: memory of the relay", seen.resident / 2**20, "MB"),
        ]
    await stage.end(camera)
    return found


@dataclass(frozen=True)
class Stalled:
    """Beside a viewer who reads nothing until let go. ``grown`` are octets of the relay's memory at the worst moment,
    ``slowest`` of the others' octets by their median, ``dropped`` how many the relay let go.
    """

    grown: int
    slowest: float
    dropped: int
    stayed: bool


async def stall(stage: Stage, url: str, others: int, patience_s: float = PATIENCE_S) -> Stalled:
    """Watch until the relay has had enough of the one who does not read."""
    relay = stage.stack.pids()["flv-relay"]
    audience = Audience(url)
    await audience.come(others)
    await asyncio.sleep(3)
    before, dropped = resident_bytes(relay), await _dropped(stage)
    octets = [viewer.octets for viewer in audience.viewers]
    parts = urlsplit(url)
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    silent.connect((parts.hostname, parts.port))
    silent.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    worst = before
    try:
        async with asyncio.timeout(patience_s):
            while (gone := await _dropped(stage) - dropped) == 0:
                worst = max(worst, resident_bytes(relay))
                await asyncio.sleep(0.05)
    finally:
        silent.close()
    await asyncio.sleep(0.5)
    got = [viewer.octets - was for viewer, was in zip(audience.viewers, octets, strict=True)]
    stayed = all(viewer.is_open for viewer in audience.viewers)
    audience.leave()
    return Stalled(worst - before, min(got) / percentile(got, 0.5), gone, stayed)


async def _dropped(stage: Stage) -> int:
    base = stage.env["FLV_BASE_URL"].removesuffix("/live")
    told = (await stage.http.get(f"{base}/health/live")).json()
    return sum(int(each["dropped_slow"]) for each in told["rooms"])


async def one_stalled(stage: Stage, source: Path) -> list[Figure]:
    """Twenty watch, and one who does not read."""
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await stage.on_air(room)
    seen = await stall(stage, room.flv_url, 20)
    await stage.end(camera)
    return [
        Figure("one stalled viewer: growth of the relay's memory", seen.grown / 2**20, "MB", MOST_BEHIND / 2**20),
        Figure("one stalled viewer: slowest of 20 others, of their median", seen.slowest * 100, "%", 98, at_least=True),
        Figure("one stalled viewer: let go beside it", seen.dropped - 1 + (not seen.stayed), "", 0),
    ]
