"""How soon a product that was explained can be looked at again, and whether its pictures are the right ones."""

import asyncio
import itertools
import time
from datetime import UTC, datetime

from live.models import LiveSession, Pin
from miniapp_api.live_replays.endpoints import clip_path
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.clock import age_ms
from scripts.benchmarks.live.pictures import painted
from scripts.benchmarks.live.player import stamps_of
from scripts.benchmarks.live.stage import Stage
from scripts.benchmarks.live.waiting import until

EXPLAINED_S = 6.0
ROUNDS = 3


async def clips(stage: Stage) -> list[Figure]:
    """The figures."""
    room = await stage.room()
    waits, missing = [], []
    async with painted(stage, room):
        await asyncio.sleep(3)
        session = await LiveSession.get(number=room.number)
        for chapter in range(1, ROUNDS + 1):
            begun = time.time()
            pin = await Pin.create(
                session_id=session.id,
                code="K1",
                title="示例红糖",
                price_fen=3990,
                pinned_at=_moment(begun),
                offset_ms=0,
            )
            await asyncio.sleep(EXPLAINED_S)
            over = time.time()
            await Pin.filter(id=pin.id).update(unpinned_at=_moment(over), end_offset_ms=0)
            url = stage.env["PUBLIC_BASE_URL"] + clip_path(room.number, chapter)

            async def is_whole(url: str = url, over: float = over) -> bool:
                return await _ends_at(stage, url) >= over

            await until(is_whole)
            waits.append(time.time() - over)
            now = time.time()
            stamps = await stamps_of(stage.ffmpeg, url)
            taken = [now - age_ms(each, int(now * 1000)) / 1000 for each in stamps if each is not None]
            missing.append(max(min(taken) - begun, over - max(taken)))
    return [
        Figure(f"un-pin until the whole clip plays, slowest of {ROUNDS}", max(waits), "s", 2),
        Figure("pictures that it lacks at either end", max(0.0, *missing), "s", 0.1),
    ]


async def _ends_at(stage: Stage, url: str) -> float:
    """Until when the clip that is there goes, Unix seconds; 0 without one."""
    answer = await stage.http.get(url)
    lines = answer.text.splitlines() if answer.status_code == 200 else []
    ends = [
        int(line.rpartition("/")[2].removesuffix(".ts")) / 1000 + float(before.removeprefix("#EXTINF:").rstrip(","))
        for before, line in itertools.pairwise(lines)
        if line.endswith(".ts")
    ]
    return max(ends, default=0.0)


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
