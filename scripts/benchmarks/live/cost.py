"""What one room that is passed through costs: media server, relay and its ffmpeg, with HLS and the recording."""

import asyncio
from pathlib import Path

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.stage import Stage, family, shares

SETTLE_S = 5.0


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
    pipes, taps = stage.readers(room.stream)
    busy = await shares({**standing, "ffmpeg of the relay": pipes, "ffmpeg of the supervisor": taps}, seconds)
    await stage.end(camera)
    whole = busy["nginx"] + busy["relay"] + busy["ffmpeg of the relay"]
    rest = sum(idle.values())
    return [
        *(Figure(f"one room: {name}", share * 100, "%") for name, share in busy.items()),
        Figure("no room: nginx and relay", rest * 100, "%"),
        Figure("one room more, of a core", (whole - rest) * 100, "%", 2),
    ]
