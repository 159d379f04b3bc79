"""A host whose line is gone for twenty seconds: the session goes on, one recording, and viewers do nothing about it."""

import asyncio
import time
from datetime import datetime

from kit.database import row, scalar
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.pictures import painted
from scripts.benchmarks.live.player import Player
from scripts.benchmarks.live.stage import Room, Stage
from scripts.benchmarks.live.waiting import until

AWAY_S = 20.0
BACK_S = 3.0
BREAK = "#EXT-X-DISCONTINUITY\n"
"""Without it a player of HLS would take the new publish's time for a step back."""


async def gone_for_a_while(stage: Stage, room: Room, away_s: float = AWAY_S) -> list[Figure]:
    """The figures. Seconds count from the moment at which the media server has let the host in again."""
    async with Player(stage.ffmpeg, room.flv_url) as player:
        async with painted(stage, room):
            await player.until(25)
            await asyncio.sleep(2)
        await asyncio.sleep(away_s)
        camera = stage.paint(room.push_url)
        back_s = await _let_in_again(room)
        flv_s = await player.sees_later_than(back_s)
        await until(lambda: _lists_later_than(stage, room, back_s))
        hls_s = time.time()
        lines, live = player.lines, (await stage.http.get(room.hls_url)).text
        await asyncio.sleep(2)
        await stage.sessions.end(room.number, None)
        await until(lambda: _is_kept(room))
        await stage.end(camera)
    publishes = await scalar(f"SELECT count(*) FROM live_stream_publish p {_SESSION}", room.number)
    recordings = await scalar(f"SELECT count(*) FROM live_recording p {_SESSION}", room.number)
    playlist = (await stage.http.get(room.hls_url)).text
    what = f"host away for {away_s:.0f} s: "
    return [
        Figure(what + "picture again over HTTP-FLV", flv_s - back_s, "s", BACK_S),
        Figure(what + "segment again over HLS", hls_s - back_s, "s", BACK_S),
        Figure(what + "times that the viewer had to ask", lines, "", 1),
        Figure(what + "publishes of the one session", publishes, "", 2, at_least=True),
        Figure(what + "recordings of it", recordings, "", 1),
        Figure(what + "breaks told while on air", live.count(BREAK), "", 1, at_least=True),
        Figure(what + "breaks in the replay", playlist.count(BREAK), "", 1),
    ]


_SESSION = "JOIN live_session s ON s.id = p.session_id WHERE s.number = $1"


async def _let_in_again(room: Room) -> float:
    """When the second publish began, Unix seconds."""
    found: list[datetime] = []

    async def is_in() -> bool:
        told = await row(f"SELECT p.started_at {_FROM} AND p.generation = 2", room.number)
        found.extend([told["started_at"]] if told else [])
        return bool(found)

    await until(is_in)
    return found[0].timestamp()


_FROM = f"FROM live_stream_publish p {_SESSION}"


async def _is_kept(room: Room) -> bool:
    return bool(await scalar(f"SELECT 1 FROM live_recording p {_SESSION}", room.number))


async def _lists_later_than(stage: Stage, room: Room, moment_s: float) -> bool:
    """Whether the playlist has a segment that was begun after a moment; segments are named by the clock."""
    names = [line for line in (await stage.http.get(room.hls_url)).text.splitlines() if line.endswith(".ts")]
    return bool(names) and int(names[-1].removesuffix(".ts")) > moment_s * 1000
