"""How soon a broadcast can be seen again after its end, and how long the file of an hour takes."""

import asyncio
import shutil
import subprocess
import time
from pathlib import Path

from integrations.media_server.remux import FfmpegRemuxer
from live.replays.recordings import REPLAY, Recording, write_replay
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.stage import Stage
from scripts.benchmarks.live.waiting import until

ON_AIR_S = 10.0
ROUNDS = 5
HOUR_S = 3600
BEGUN_MS = 1_795_447_733_000


async def replays(stage: Stage, source: Path, hour_s: int = HOUR_S) -> list[Figure]:
    """The figures."""
    waits = [await _until_replay_s(stage, source) for _ in range(ROUNDS)]
    folder = source.parent / "hour"
    await asyncio.to_thread(lay_hour, stage.ffmpeg, source, folder, hour_s)
    began = time.monotonic()
    await FfmpegRemuxer(stage.ffmpeg).make_mp4(folder / REPLAY, folder / "hour.mp4")
    took = time.monotonic() - began
    size = (folder / "hour.mp4").stat().st_size
    shutil.rmtree(folder)
    return [
        Figure(f"end of a broadcast until its replay plays, slowest of {ROUNDS}", max(waits), "s", 2),
        Figure(f"MP4 of {hour_s:,} s", took, "s", 30),
        Figure(f"MP4 of {hour_s:,} s: size", size / 1e6, "MB"),
    ]


async def _until_replay_s(stage: Stage, source: Path) -> float:
    """From the host's word to a closed playlist at the address of the broadcast."""
    room = await stage.room()
    camera = stage.push(room.push_url, source)
    await stage.on_air(room)
    await asyncio.sleep(ON_AIR_S)
    began = time.monotonic()
    await stage.sessions.end(room.number, None)

    async def is_closed() -> bool:
        return "#EXT-X-ENDLIST" in (await stage.http.get(room.hls_url)).text

    await until(is_closed)
    took = time.monotonic() - began
    await stage.end(camera)
    return took


def lay_hour(ffmpeg: str, source: Path, folder: Path, seconds: int) -> None:
    """The segments of a long broadcast as the media server leaves them, and their closed playlist. Blocks."""
    folder.mkdir()
    subprocess.run(
        [ffmpeg, "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", str(source), "-t", str(seconds), "-c", "copy",
         "-f", "segment", "-segment_time", "1", "-segment_format", "mpegts", str(folder / "%d.ts")], check=True,
    )  # fmt: skip
    for made in folder.glob("*.ts"):
        made.rename(folder / f"{BEGUN_MS + int(made.stem) * 1000}.ts")
    recording = Recording(folder)
    recording.extend(closed=True)
    write_replay(recording)
