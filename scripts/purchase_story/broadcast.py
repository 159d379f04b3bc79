"""The host's camera and the viewers' players: ffmpeg, as OBS and phones would behave."""

import asyncio
import contextlib
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

_FRAMES = re.compile(rb"frame=\s*(\d+)")


@dataclass
class Camera:
    """Pushes a moving test picture with a tone, H.264 and AAC with a key frame each second."""

    ffmpeg: str
    _process: asyncio.subprocess.Process | None = None
    _said: list[bytes] = field(default_factory=list)
    _listener: asyncio.Task[None] | None = None

    async def begin(self, url: str, seconds: float) -> None:
        """Start pushing in real time."""
        picture = "testsrc2=size=640x360:rate=25,format=yuv420p[out0];sine=frequency=440:sample_rate=44100[out1]"
        self._process = await asyncio.create_subprocess_exec(
            self.ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-f", "lavfi",
            "-i", picture, "-t", str(seconds),
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "500k", "-g", "25",
            "-keyint_min", "25", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "64k", "-f", "flv", url,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._said.append(line)
            del self._said[:-40]

    @property
    def is_running(self) -> bool:
        """Whether the media server has not thrown it out."""
        return self._process is not None and self._process.returncode is None

    async def wait(self, seconds: float) -> int | None:
        """The exit code when it ends within so many seconds, else None."""
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._process.wait(), seconds)
        return None

    async def stop(self) -> None:
        """The host presses stop."""
        if self.is_running:
            assert self._process is not None
            self._process.send_signal(signal.SIGINT)
            if await self.wait(5) is None:
                self._process.kill()
                await self._process.wait()
        if self._listener is not None:
            await self._listener

    @property
    def last_words(self) -> str:
        """What ffmpeg said at last."""
        return b"".join(self._said).decode(errors="replace")[-600:]


async def is_refused(ffmpeg: str, url: str) -> bool:
    """Whether a push to this address is thrown out within fifteen seconds."""
    camera = Camera(ffmpeg)
    await camera.begin(url, 20)
    code = await camera.wait(15)
    await camera.stop()
    return code not in (None, 0)


async def decoded_frames(ffmpeg: str, url: str, seconds: float, options: Sequence[str] = ()) -> int:
    """How many video frames a player decodes from an address within so many seconds of its own clock."""
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "info", "-stats", *options, "-i", url,
        "-t", str(seconds), "-an", "-f", "null", "-",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await asyncio.wait_for(process.communicate(), seconds + 15)
    except TimeoutError:
        process.kill()
        _, said = await process.communicate()
    found = _FRAMES.findall(said)
    return int(found[-1]) if found else 0
