"""A kept playlist as one MP4, by copy, and a picture of it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from integrations.media_server.confinement import check_segments, confined
from kit.errors import Unavailable

MAX_SECONDS = 600.0


class FileNotMade(Unavailable):
    """ffmpeg could not make the file."""

    code = "archive_not_made"
    title = "录像文件生成失败"
    title_en = "The recording's file could not be made"


def mp4_arguments(ffmpeg_path: str, playlist: Path, target: Path) -> list[str]:
    """The demuxer is forced and only local media segments may be opened (reliability reference 0.9)."""
    node = ffmpeg.input(str(playlist), f="hls", protocol_whitelist="file", allowed_extensions="ts").output(
        str(target), c="copy", f="mp4", movflags="+faststart", **{"bsf:a": "aac_adtstoasc"}
    )
    built: list[str] = ffmpeg.compile(
        node.global_args("-nostdin", "-hide_banner", "-loglevel", "error"), ffmpeg_path, overwrite_output=True
    )
    return built


def cover_arguments(ffmpeg_path: str, segment: Path, target: Path) -> list[str]:
    """The first picture of one segment; the demuxer is forced."""
    node = ffmpeg.input(str(segment), f="mpegts", protocol_whitelist="file").output(
        str(target), vframes=1, f="image2", vcodec="mjpeg", update=1, pix_fmt="yuvj420p", **{"q:v": 4}
    )
    built: list[str] = ffmpeg.compile(
        node.global_args("-nostdin", "-hide_banner", "-loglevel", "error"), ffmpeg_path, overwrite_output=True
    )
    return built


@dataclass(frozen=True)
class FfmpegRemuxer:
    """Runs one ffmpeg with a time limit. Implements :class:`live.ports.Remuxer`."""

    ffmpeg_path: str
    max_seconds: float = MAX_SECONDS

    async def make_mp4(self, playlist: Path, target: Path) -> None:
        """See :class:`live.ports.Remuxer`. The file is written under another name and renamed when it is
        whole.
        """
        await self._checked(playlist)
        await self._make(lambda draft: mp4_arguments(self.ffmpeg_path, playlist, draft), target)

    async def make_cover(self, playlist: Path, target: Path) -> None:
        """See :class:`live.ports.Remuxer`. Taken a third of the way in, when the broadcast has found its feet."""
        segments = await self._checked(playlist)
        if not segments:
            raise FileNotMade("no pictures")
        source = segments[len(segments) // 3]
        await self._make(lambda draft: cover_arguments(self.ffmpeg_path, source, draft), target)

    async def _checked(self, playlist: Path) -> list[Path]:
        try:
            return await asyncio.to_thread(check_segments, playlist)
        except OSError as error:
            raise FileNotMade(f"a segment that cannot be read: {error.strerror}") from error

    async def _make(self, arguments: Callable[[Path], list[str]], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        process = await asyncio.create_subprocess_exec(
            *arguments(draft),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=confined(),
        )
        try:
            _, errors = await asyncio.wait_for(process.communicate(), self.max_seconds)
            if process.returncode != 0:
                raise FileNotMade(errors.decode(errors="replace")[-300:])
            draft.replace(target)
        except TimeoutError as error:
            raise FileNotMade("out of time") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            draft.unlink(missing_ok=True)
