"""One ffmpeg that makes the small rendition of a stream and gives it to the media server beside the stream."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import ffmpeg

from integrations.media_server.confinement import limited
from integrations.media_server.pipes import STALL_SECONDS, read_output, stream_input

log = logging.getLogger("longchuan.media_server")

KEPT_LINES = 20
HEIGHT = 480
KEY_FRAMES_S = 2
_BEHIND = ("nice", "-n", "10")
"""Who watches the whole picture, the API and the recording come first."""
_FRAMES = re.compile(rb"frame=\s*(\d+)")


def rung_arguments(ffmpeg_path: str, source_url: str, target_url: str) -> list[str]:
    """480 lines or the source's own if they are fewer, 800 kbit/s, a key frame every two seconds, the sound as it is.

    One thread, so that no rung takes more than its half of a core (live reference 1c).
    """
    node = stream_input(source_url, threads="1").output(
        target_url,
        f="flv",
        flvflags="no_duration_filesize",
        vf=f"scale=-2:'min({HEIGHT},ih)'",
        pix_fmt="yuv420p",
        preset="veryfast",
        maxrate="900k",
        bufsize="1800k",
        bf=0,
        force_key_frames=f"expr:gte(t,n_forced*{KEY_FRAMES_S})",
        sc_threshold=0,
        threads=1,
        **{"c:v": "libx264", "b:v": "800k", "c:a": "copy"},
    )
    said = node.global_args(
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-progress", "pipe:1", "-stats_period", "0.5"
    )
    built: list[str] = ffmpeg.compile(said, ffmpeg_path)
    return [*_BEHIND, *built]


@dataclass(frozen=True)
class FfmpegRung:
    """Implements :class:`live.ports.RungMaker`. ``rung_url`` is the media server's application for small renditions."""

    ffmpeg_path: str
    rtmp_url: str
    rung_url: str
    stall_seconds: float = STALL_SECONDS

    async def make(self, stream: str) -> AsyncIterator[None]:
        """See :class:`live.ports.RungMaker`."""
        last_words: deque[str] = deque(maxlen=KEPT_LINES)
        arguments = rung_arguments(self.ffmpeg_path, f"{self.rtmp_url}/{stream}", f"{self.rung_url}/{stream}")
        loop = asyncio.get_running_loop()
        frames, moved_at = 0, loop.time()
        try:
            encoder = read_output(arguments, self.stall_seconds, last_words.append, enter=limited())
            async with aclosing(encoder) as reports:
                async for report in reports:
                    told = [int(count) for count in _FRAMES.findall(report)]
                    if told and told[-1] > frames:
                        frames, moved_at = told[-1], loop.time()
                        yield
                    elif loop.time() - moved_at > self.stall_seconds:
                        last_words.append("no picture within the stall time")
                        return
        finally:
            if last_words:
                log.warning("rung (stream %s…): %s", stream[:6], last_words[-1])
