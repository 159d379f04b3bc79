"""A line that freezes: the host's connection stays open, and nothing comes any more.

Nothing is closed, so no machine tells another that it is over: the media server has to notice it. Then the session
waits for its host, who thaws, or whose second encoder has been calling with the same key all the time.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import psutil  # type: ignore[import-untyped]

from kit.database import row, scalar
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.player import Player
from scripts.benchmarks.live.stage import Room, Stage
from scripts.benchmarks.live.waiting import until

NOTICED_S, BACK_S = 12.0, 5.0
"""Ten seconds without a picture and a callback; and what a kill may take (live reference 6)."""
AWAY_S = 3.0
STAYS_S = 3.0
LOOK_S = 0.2
SESSION = "JOIN live_session s ON s.id = p.session_id WHERE s.number = $1"


@dataclass
class Freeze:
    """``noticed_s`` from the freeze until the session waits for its host; ``back_s`` from the thaw, or from that moment
    for a second encoder, until a viewer sees what was taken later. ``pipes`` and ``taps`` are the most readers at one
    moment, ``lines`` how often the viewer had to ask.
    """

    noticed_s: float = float("nan")
    back_s: float = float("nan")
    reads: int = 0
    taps: int = 0
    lines: int = 0
    publishes: int = 0
    recordings: int = 0


async def freeze(stage: Stage, room: Room, *, thaws: bool) -> Freeze:
    """Freeze a broadcast, let it come back the one way or the other, and end it."""
    found = Freeze()
    camera = stage.paint(room.push_url)
    async with Player(stage.ffmpeg, room.flv_url) as player:
        await player.until(25)
        await until(lambda: len(stage.readers(room.stream)[1]) == 1)
        async with _counted(stage, room, found):
            _tell(camera, signal.SIGSTOP)
            frozen_s = time.time()
            second = None if thaws else stage.paint(room.push_url)
            back_s = await _waits_since(room)
            found.noticed_s = back_s - frozen_s
            if thaws:
                await asyncio.sleep(AWAY_S)
                back_s = time.time()
                _tell(camera, signal.SIGCONT)
            found.back_s = await player.sees_later_than(back_s) - back_s
            if second is not None:  # whoever thaws now finds the place taken
                _tell(camera, signal.SIGCONT)
            await asyncio.sleep(STAYS_S)
            await player.sees_later_than(time.time())
        found.lines = player.lines
        await stage.sessions.end(room.number, None)
        await until(lambda: _is_kept(room))
    for each in (camera, second):
        if each is not None:
            await stage.end(each)
    found.publishes = await _count(room, "live_stream_publish")
    found.recordings = await _count(room, "live_recording")
    return found


async def frozen(stage: Stage) -> list[Figure]:
    """The figures."""
    figures = []
    for what, thaws in (("thaws", True), ("second encoder with the key", False)):
        found = await freeze(stage, await stage.room(), thaws=thaws)
        name = f"frozen line, {what}: "
        figures += [
            Figure(name + "session waits for its host after", found.noticed_s, "s", NOTICED_S),
            Figure(name + "picture again after", found.back_s, "s", BACK_S),
            Figure(name + "times that the viewer had to ask", found.lines, "", 1),
            Figure(name + "most connections that read the stream for the relay", found.reads, "", 1),
            Figure(name + "most ffmpeg that read it for the supervisor", found.taps, "", 1),
            Figure(name + "publishes of the one session", found.publishes, "", 2),
            Figure(name + "recordings of it", found.recordings, "", 1),
        ]
    return figures


def _tell(camera: subprocess.Popen[bytes], what: signal.Signals) -> None:
    """Stop a camera where it stands, its encoder with it, or let both go on."""
    for each in [psutil.Process(camera.pid), *psutil.Process(camera.pid).children()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.pid, what)


@asynccontextmanager
async def _counted(stage: Stage, room: Room, found: Freeze) -> AsyncIterator[None]:
    """Look all the time who reads the stream."""

    async def look() -> None:
        while True:
            relays, taps = await asyncio.to_thread(stage.readers, room.stream)
            found.reads, found.taps = max(found.reads, len(relays)), max(found.taps, len(taps))
            await asyncio.sleep(LOOK_S)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def _waits_since(room: Room) -> float:
    """Wait until viewers have been told that the host is away; answers since when, Unix seconds."""
    told: list[datetime] = []

    async def is_told() -> bool:
        found = await row(
            f"SELECT p.created_at FROM live_feed_message p {SESSION} AND p.kind = 'state'"
            " AND p.payload ->> 'state' = 'interrupted'",
            room.number,
        )
        told.extend([found["created_at"]] if found else [])
        return bool(told)

    await until(is_told)
    return told[0].timestamp()


async def _is_kept(room: Room) -> bool:
    return await _count(room, "live_recording") > 0


async def _count(room: Room, table: str) -> int:
    found: int = await scalar(f"SELECT count(*) FROM {table} p {SESSION}", room.number)
    return found
