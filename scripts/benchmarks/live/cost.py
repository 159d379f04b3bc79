"""What one room that is passed through costs: media server and relay, with HLS and the recording. And what
its smaller rendition costs beside it.
"""

import asyncio
import contextlib
import resource
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from integrations.media_server.confinement import STREAM_LIMITS
from integrations.media_server.rungs import FfmpegRung
from live.media.rungs import RUNG_CORES
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.stage import Stage, commands, family, shares
from server.settings import load_settings

SETTLE_S = 5.0
PATIENCE_S = 30.0
_MOST_MB = STREAM_LIMITS[resource.RLIMIT_AS] / 2**20


async def room_cost(stage: Stage, source: Path, seconds: float) -> list[Figure]:
    """The same processes without a room, then with one that nobody watches. The supervisor's ffmpeg, which measures the
    pictures, is told apart: it is no part of the way from the host to a viewer.
    """
    pids = stage.stack.pids()
    standing = {"nginx": family(pids["nginx"]), "relay": [pids["flv-relay"]]}
    idle = await shares(standing, seconds)
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await stage.on_air(room)
    await asyncio.sleep(SETTLE_S)
    _, taps = stage.readers(room.stream)
    busy = await shares({**standing, "ffmpeg of the supervisor": taps}, seconds)
    await stage.end(camera)
    whole = busy["nginx"] + busy["relay"]
    rest = sum(idle.values())
    return [
        *(Figure(f"one room: {name}", share * 100, "%") for name, share in busy.items()),
        Figure("no room: nginx and relay", rest * 100, "%"),
        Figure("one room more, of a core", (whole - rest) * 100, "%", 2),
    ]


async def rung_cost(stage: Stage, source: Path, seconds: float) -> list[Figure]:
    """A room alone, then with its smaller rendition, made as the supervisor makes it; nobody watches either."""
    media = load_settings(stage.env).live.media
    nginx = family(stage.stack.pids()["nginx"])
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await stage.on_air(room)
    await asyncio.sleep(SETTLE_S)
    alone = await shares({"nginx": nginx}, seconds)
    maker = FfmpegRung(stage.ffmpeg, media.rtmp_internal_url, media.rung_url)
    moves = asyncio.Event()

    async def make() -> None:
        async for _ in maker.make(room.stream):
            moves.set()

    making = asyncio.create_task(make())
    try:
        await asyncio.wait_for(moves.wait(), PATIENCE_S)
        await asyncio.sleep(SETTLE_S)
        [encoder] = [pid for pid, words in commands() if f"{media.rung_url}/{room.stream}" in words]
        beside = await shares({"nginx": nginx, "encoder": [encoder]}, seconds)
        taken = psutil.Process(encoder).memory_info()
    finally:
        making.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await making
        await stage.end(camera)
    return [
        Figure("small rendition: encoder, of a core", beside["encoder"] * 100, "%", RUNG_CORES * 100),
        Figure("small rendition: media server more, of a core", (beside["nginx"] - alone["nginx"]) * 100, "%"),
        Figure("small rendition: memory of the encoder", taken.rss / 2**20, "MB"),
        Figure("small rendition: addresses of the encoder", taken.vms / 2**20, "MB", _MOST_MB),
    ]
