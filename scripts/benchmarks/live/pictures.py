"""From glass to glass: how old a picture is when a viewer has decoded it, encoder and decoder included.

Goals of live reference 6. Over HTTP-FLV a player that plays what it has is measured once it has caught up with the
group of pictures that it was given first; over HLS one that joins where the room's own player does, at many phases of a
segment.
"""

import asyncio
import itertools
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from public_pages.live_rooms.views import ASSETS
from scripts.benchmarks.figures import Figure, percentile
from scripts.benchmarks.live.clock import RATE, age_ms
from scripts.benchmarks.live.player import Player, Seen, stamps_of
from scripts.benchmarks.live.stage import Room, Stage

CAUGHT_UP_S = 2.0
PHASE_S = 0.37
"""Between two joins: not a part of a segment, so that joins fall everywhere in it."""


async def pictures(stage: Stage, seconds: float, joins: int) -> list[Figure]:
    """The figures."""
    found: list[Figure] = []
    for key_s in (1, 3):
        room = await stage.room()
        async with painted(stage, room, key_s * RATE):
            await asyncio.sleep(2 * key_s)
            firsts = [await first_picture_s(stage, room) for _ in range(joins)]
            ages, told = await flv_ages(stage, room, seconds)
            found += [
                Figure(f"HTTP-FLV, {key_s} s key frames: p50", percentile(ages, 0.5), "ms"),
                Figure(f"HTTP-FLV, {key_s} s key frames: p95", percentile(ages, 0.95), "ms", 250),
                Figure(f"HTTP-FLV, {key_s} s key frames: first picture, slowest of {joins}", max(firsts), "s", 0.5),
                Figure(f"HTTP-FLV, {key_s} s key frames: pictures a second, {RATE} taken", told, ""),
            ]
            if key_s == 1:
                old = [await hls_age_s(stage, room) for _ in range(joins)]
                found += [
                    Figure(f"HLS, 1 s segments, first picture: median of {joins}", percentile(old, 0.5), "s"),
                    Figure(f"HLS, 1 s segments, first picture: oldest of {joins}", max(old), "s", 3.5),
                ]
    return found


@asynccontextmanager
async def painted(stage: Stage, room: Room, group: int = RATE) -> AsyncIterator[None]:
    """A room whose pictures carry their time, on air."""
    camera = stage.paint(room.push_url, group)
    try:
        await stage.on_air(room)
        yield
    finally:
        await stage.end(camera)


async def flv_ages(stage: Stage, room: Room, seconds: float) -> tuple[list[int], float]:
    """The ages in ms of all pictures that a viewer has decoded, once caught up; and how many a second."""
    async with Player(stage.ffmpeg, room.flv_url) as player:
        await player.until(1)
        await asyncio.sleep(CAUGHT_UP_S)
        since = len(player.seen)
        await asyncio.sleep(seconds)
        seen: list[Seen] = player.seen[since:]
    return [each.age_ms for each in seen], len(seen) / seconds


async def first_picture_s(stage: Stage, room: Room) -> float:
    """From a player's start, the process itself included, to its first decoded picture."""
    async with Player(stage.ffmpeg, room.flv_url) as player:
        await player.until(1)
        return player.seen[0].at_s - player.opened_s


async def hls_age_s(stage: Stage, room: Room) -> float:
    """How old the picture is with which the room's player begins, when its segment has been fetched; decoding is not in
    it.
    """
    await asyncio.sleep(PHASE_S)
    name, into_s = hls_begins((await stage.http.get(room.hls_url)).text, hls_behind())
    answer = await stage.http.get(room.hls_url.replace("index.m3u8", name))
    now_ms = int(time.time() * 1000)
    stamps = await stamps_of(stage.ffmpeg, answer.raise_for_status().content, ("-f", "mpegts"))
    shown = stamps[min(int(into_s * RATE), len(stamps) - 1) :]
    return age_ms(next(stamp for stamp in shown if stamp is not None), now_ms) / 1000


def hls_behind() -> float:
    """How many target durations before the end of the list the room's player begins, by its own source."""
    [told] = re.findall(r"^const HLS_BEHIND = ([0-9.]+);", (ASSETS / "player.js").read_text(), re.MULTILINE)
    return float(told)


def hls_begins(playlist: str, behind: float) -> tuple[str, float]:
    """The segment in which a player begins that keeps so many target durations from the end, and how far into it.

    That is what hls.js does: it seeks to a time, not to the beginning of a segment.
    """
    lines = playlist.splitlines()
    [target_s] = [float(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-TARGETDURATION:")]
    listed = [
        (name, float(before.removeprefix("#EXTINF:").partition(",")[0]))
        for before, name in itertools.pairwise(lines)
        if before.startswith("#EXTINF:")
    ]
    left_s = behind * target_s
    for name, long_s in reversed(listed):
        if left_s <= long_s:
            return name, long_s - left_s
        left_s -= long_s
    return listed[0][0], 0.0
