"""How soon a ban is felt by whom, and what it costs to listen to a broadcast.

In each round a host pushes, two viewers watch at two relays, and the session is cut: by somebody who lives on, and by a
commit after which nothing else is done, so that the supervisor alone acts. Seconds until the publisher was gone, the
last byte had reached each viewer and the playlist was refused (goal: 2 s, live reference 6), and what the tap takes of
a core.
"""

import asyncio
import contextlib
import time
from pathlib import Path

import httpx

from integrations.media_server.nginx_rtmp import NginxRtmp
from live.media.bans import Bans
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.stage import Stage, shares
from scripts.benchmarks.live.waiting import until

GOAL_S = 2.0
LISTEN_S = 20.0
WATCH_S = 30.0


async def bans(stage: Stage, source: Path, rounds: int) -> list[Figure]:
    """The figures."""
    found = []
    async with stage.second_relay() as second:
        relays = [stage.env["FLV_BASE_URL"], second]
        for who in ("a request", "the commit alone"):
            cuts = [await _cut(stage, source, relays, alone=who != "a request") for _ in range(rounds)]
            found += [
                Figure(f"ban by {who}: {what}, slowest of {rounds}", max(cut[what] for cut in cuts), "s", GOAL_S)
                for what in cuts[0]
            ]
    return [*found, Figure("tap, of a core", await _tap_share(stage, source) * 100, "%")]


async def _cut(stage: Stage, source: Path, relays: list[str], *, alone: bool) -> dict[str, float]:
    """Seconds from the beginning of the ban."""
    room = await stage.room()
    pusher = stage.push(room.push_url, source)
    await stage.on_air(room)
    last: dict[str, float] = {}
    async with asyncio.TaskGroup() as tasks:
        for at, base in enumerate(relays):
            url = f"{base}/{room.flv_url.rsplit('/', 1)[1]}"
            tasks.create_task(_watch(stage.http, url, f"last byte, relay {at + 1}", last))
        await until(lambda: len(last) == len(relays))
        began = time.monotonic()
        away = NginxRtmp("http://127.0.0.1:9/stat", "http://127.0.0.1:9/control", stage.http)
        await Bans(stage.bell, away if alone else stage.media).ban(room.number, "staff:bench", "示例原因")
        done: dict[str, float] = {}

        async def all_felt() -> bool:
            if pusher.poll() is not None:
                done.setdefault("publisher gone", time.monotonic() - began)
            if (await stage.http.get(room.hls_url)).status_code == 403:
                done.setdefault("playlist refused", time.monotonic() - began)
            return len(done) == 2

        await until(all_felt)
    return done | {what: max(0.0, at - began) for what, at in last.items()}


async def _watch(http: httpx.AsyncClient, url: str, what: str, last: dict[str, float]) -> None:
    """Note when the newest byte came, until the relay hangs up."""
    with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
        async with http.stream("GET", url, timeout=WATCH_S) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():
                last[what] = time.monotonic()


async def _tap_share(stage: Stage, source: Path) -> float:
    """Processor time of the supervisor's ffmpeg by the clock's."""
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await until(lambda: len(stage.readers(room.stream)[1]) == 1)
    await asyncio.sleep(5)
    taps = stage.readers(room.stream)[1]
    found = await shares({"tap": taps}, LISTEN_S)
    await stage.end(camera)
    return found["tap"]
