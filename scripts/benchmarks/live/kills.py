"""kill -9 of everything that carries pictures, while a camera paints its clock and a viewer reads it.

What the viewer saw tells how long pictures were away; what the kept pictures show afterwards tells what was lost; and
who reads the stream is counted all the time, because two readers for one relay would be one too many (live reference
2).
"""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.clock import age_ms
from scripts.benchmarks.live.pictures import painted
from scripts.benchmarks.live.player import Player, stamps_of
from scripts.benchmarks.live.stage import Room, Stage
from scripts.benchmarks.live.waiting import until

WATCH_S = 12.0
LOOK_S = 0.2
SETTLE_S = 3.0
BACK_S, SEGMENT_S, PLAYABLE_S = 5.0, 1.0, 2.0

Killing = Callable[[Stage, Room], Awaitable[None]]


@dataclass
class Death:
    """``at_s`` Unix seconds; ``pause_s`` the longest time in which the viewer saw nothing new; ``had_s`` when the last
    picture had been taken that the viewer had seen by then; ``reads`` and ``taps`` the most readers at one moment.
    ``hole_s`` and ``kept_until_s`` are of the kept pictures, and known when the session has ended.
    """

    what: str
    at_s: float
    pause_s: float = 0.0
    had_s: float = 0.0
    reads: int = 0
    taps: int = 0
    hole_s: float = float("nan")
    kept_until_s: float = float("nan")

    @property
    def unkept_s(self) -> float:
        """So much before the kill the kept pictures end."""
        return self.at_s - self.kept_until_s


def _program(name: str) -> Killing:
    async def kill(stage: Stage, _: Room) -> None:
        await asyncio.to_thread(stage.stack.kill, name)

    return kill


async def _tap(stage: Stage, room: Room) -> None:
    [pid] = stage.readers(room.stream)[1]
    os.kill(pid, signal.SIGKILL)


async def _flush(stage: Stage, _: Room) -> None:
    await stage.redis.flushall()


KILLINGS: dict[str, Killing] = {
    "supervisor": _program("live-supervisor"),
    "relay": _program("flv-relay"),
    "ffmpeg of the supervisor": _tap,
    "API": _program("api"),
    "Redis, flushed": _flush,
    "Redis, killed": _program("redis"),
    "nginx": _program("nginx"),
}


async def watch_deaths(stage: Stage, room: Room, names: Sequence[str], watch_s: float = WATCH_S) -> list[Death]:
    """Kill one after the other in one broadcast, end it, and look at what was kept."""
    deaths: list[Death] = []
    async with painted(stage, room), Player(stage.ffmpeg, room.flv_url) as player:
        await player.until(25)
        for name in names:
            await until(lambda: len(stage.readers(room.stream)[1]) == 1)  # a new supervisor waits for the old lease
            await player.sees_later_than(time.time())
            await asyncio.sleep(SETTLE_S)
            deaths.append(await _watch_one(stage, room, player, name, watch_s))
        await player.sees_later_than(time.time())
        await asyncio.sleep(SETTLE_S)
        await stage.sessions.end(room.number, None)
    await until(lambda: _is_closed(stage, room))
    _look_at_kept(deaths, await kept_times(stage, room), watch_s)
    return deaths


async def _watch_one(stage: Stage, room: Room, player: Player, name: str, watch_s: float) -> Death:
    death = Death(name, time.time(), had_s=player.seen[-1].painted_s)
    await KILLINGS[name](stage, room)
    while time.time() < death.at_s + watch_s:
        relays, taps = await asyncio.to_thread(stage.readers, room.stream)
        death.reads, death.taps = max(death.reads, len(relays)), max(death.taps, len(taps))
        await asyncio.sleep(LOOK_S)
    await player.sees_later_than(death.at_s)
    death.pause_s = player.longest_pause_s(death.at_s, max(time.time(), death.at_s + watch_s))
    return death


async def _is_closed(stage: Stage, room: Room) -> bool:
    return "#EXT-X-ENDLIST" in (await stage.http.get(room.hls_url)).text


async def kept_times(stage: Stage, room: Room) -> list[float]:
    """When each kept picture was taken, in the order of the replay, Unix seconds."""
    now = time.time()
    stamps = await stamps_of(stage.ffmpeg, room.hls_url)
    return [now - age_ms(stamp, int(now * 1000)) / 1000 for stamp in stamps if stamp is not None]


def _look_at_kept(deaths: list[Death], kept: list[float], watch_s: float) -> None:
    """What is missing of the kept pictures around each death."""
    for death in deaths:
        near = [at for at in kept if death.at_s - SETTLE_S < at < death.at_s + watch_s]
        death.hole_s = max((b - a for a, b in itertools.pairwise(near)), default=float("nan"))
        death.kept_until_s = max((at for at in near if at <= death.at_s), default=float("nan"))


async def kills(stage: Stage) -> list[Figure]:
    """The figures."""
    found = []
    for death in await watch_deaths(stage, await stage.room(), list(KILLINGS)):
        name = f"kill -9, {death.what}: "
        found += [
            Figure(name + "viewer without a new picture", death.pause_s, "s", BACK_S),
            Figure(name + "most connections that read the stream for the relay", death.reads, "", 1),
            Figure(name + "most ffmpeg that read it for the supervisor", death.taps, "", 1),
            Figure(name + "kept pictures end before the kill by", death.unkept_s, "s", PLAYABLE_S),
        ]
        # While nginx is away the camera has nobody to send to: nothing is lost that was sent.
        goal = None if death.what == "nginx" else SEGMENT_S
        found.append(Figure(name + "hole in the kept pictures", death.hole_s, "s", goal))
    return found
