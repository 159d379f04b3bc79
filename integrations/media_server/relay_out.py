"""One ffmpeg that hands a stream on, unchanged, to a server that takes RTMP."""

import logging
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass

import ffmpeg

from integrations.media_server.pipes import STALL_SECONDS, read_output, stream_input

log = logging.getLogger("longchuan.media_server")

KEPT_LINES = 20


def relay_out_arguments(ffmpeg_path: str, source_url: str, target_url: str) -> list[str]:
    """Copy to ``target_url`` and say on standard output how far it is, twice a second."""
    node = stream_input(source_url).output(target_url, c="copy", f="flv", flvflags="no_duration_filesize")
    said = node.global_args(
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-progress", "pipe:1", "-stats_period", "0.5"
    )
    built: list[str] = ffmpeg.compile(said, ffmpeg_path)
    return built


@dataclass(frozen=True)
class FfmpegRelayOut:
    """Implements :class:`live.ports.RelayOut`."""

    ffmpeg_path: str
    rtmp_url: str
    stall_seconds: float = STALL_SECONDS

    async def push(self, stream: str, target_url: str) -> None:
        """See :class:`live.ports.RelayOut`. An address holds a key, so what ffmpeg says is kept without it."""
        last_words: deque[str] = deque(maxlen=KEPT_LINES)
        secret = target_url.rpartition("/")[2]
        arguments = relay_out_arguments(self.ffmpeg_path, f"{self.rtmp_url}/{stream}", target_url)
        try:
            async with aclosing(read_output(arguments, self.stall_seconds, last_words.append)) as pieces:
                async for _ in pieces:
                    pass  # reports; none for the stall time means that it hangs
        finally:
            if last_words:
                log.warning("relay-out (stream %s…): %s", stream[:6], last_words[-1].replace(secret, "…"))
