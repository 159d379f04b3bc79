"""One ffmpeg that listens to a stream: what arrives goes on unchanged, and detectors look at it on the way."""

import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import ffmpeg

from integrations.media_server.confinement import limited
from integrations.media_server.pipes import STALL_SECONDS, flv_output, read_output, stream_input
from live.media.vitals import Limits

log = logging.getLogger("longchuan.media_server")

KEPT_LINES = 50
WIDTH = 160
SOUND_HZ = 8000
_FOUND = re.compile(r"(lavfi\.[A-Za-z_.]+)=(\S+)")


def tap_arguments(ffmpeg_path: str, source_url: str, limits: Limits) -> list[str]:
    """Decode the key frames alone, 160 pixels wide, and the sound at 8 kHz; both say what they find on standard error.

    One thread: a key frame each second or two needs no more, and what decodes a host's stream has its limits.
    Detectors write metadata, which ``metadata=print`` shows: their own lines differ between versions. The sound is cut
    into seconds, so its level is told once a second.
    """
    source = stream_input(source_url, threads="1", **{"skip_frame:v": "nokey"})
    pictures = f"scale={WIDTH}:-2,blackdetect=d=0.1,freezedetect=d={limits.frozen_s:g},metadata=mode=print"
    sound = (
        f"aresample={SOUND_HZ},asetnsamples=n={SOUND_HZ},silencedetect=n={limits.quiet_db}dB:d={limits.silent_s:g},"
        "astats=metadata=1:reset=1:measure_overall=RMS_level:measure_perchannel=none,ametadata=mode=print"
    )
    node = ffmpeg.merge_outputs(flv_output(source), source.output("-", f="null", vf=pictures, af=sound))
    said = node.global_args("-nostdin", "-hide_banner", "-nostats", "-loglevel", "info")
    built: list[str] = ffmpeg.compile(said, ffmpeg_path)
    return built


@dataclass(frozen=True)
class FfmpegTap:
    """Implements :class:`live.ports.StreamTap`."""

    ffmpeg_path: str
    rtmp_url: str
    stall_seconds: float = STALL_SECONDS

    async def read(self, stream: str, limits: Limits, hear: Callable[[str, str], None]) -> AsyncIterator[bytes]:
        """See :class:`live.ports.StreamTap`."""

        def note(line: str) -> None:
            found = _FOUND.search(line)
            if found:
                hear(found[1], found[2])
            else:
                last_words.append(line)

        last_words: deque[str] = deque(maxlen=KEPT_LINES)
        arguments = tap_arguments(self.ffmpeg_path, f"{self.rtmp_url}/{stream}", limits)
        try:
            found = read_output(arguments, self.stall_seconds, note, enter=limited())
            async with aclosing(found) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            log.info("tap (stream %s…) has ended: %s", stream[:6], last_words[-1] if last_words else "")
