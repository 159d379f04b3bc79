"""A viewer that decodes pictures and reads their clock; one whose line breaks calls again, as players do."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from integrations.media_server.confinement import die_with_parent
from scripts.benchmarks.live.clock import BITS, FILTER, age_ms, read
from scripts.benchmarks.live.waiting import until

QUICK = ("-flags", "low_delay", "-threads", "1", "-probesize", "65536",
         "-analyzeduration", "0", "-fpsprobesize", "0")  # fmt: skip
"""A player that begins with the first key frame: it looks for nothing that the stream's own header does not tell."""
CALL_AGAIN_S = 0.2


def reading(ffmpeg: str, source: str, options: Sequence[str]) -> list[str]:
    """The arguments that write forty octets to standard output for each picture, as soon as it is decoded."""
    return [ffmpeg, "-nostdin", "-v", "error", *options, "-i", source, "-map", "0:v:0", "-vf", FILTER,
            "-fps_mode", "passthrough", "-f", "rawvideo", "-flush_packets", "1", "pipe:1"]  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One picture: when it was decoded (Unix seconds) and how old its clock was then."""

    at_s: float
    age_ms: int

    @property
    def painted_s(self) -> float:
        """When it was taken."""
        return self.at_s - self.age_ms / 1000


@dataclass
class Player:
    """Watches an address. ``opened_s`` is when it first asked for it, ``lines`` how often it had to ask."""

    ffmpeg: str
    url: str
    seen: list[Seen] = field(default_factory=list)
    unread: int = 0
    opened_s: float = 0.0
    lines: int = 0

    async def __aenter__(self) -> "Player":
        self.opened_s = time.time()
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def until(self, count: int, patience_s: float = 30.0) -> None:
        """Wait until so many pictures have been seen. Raises TimeoutError."""
        await until(lambda: len(self.seen) >= count, patience_s)

    async def sees_later_than(self, moment_s: float, patience_s: float = 60.0) -> float:
        """Wait for a picture that was taken after a moment; answers when it was seen. Raises TimeoutError."""
        await until(lambda: bool(self.seen) and self.seen[-1].painted_s > moment_s, patience_s)
        return next(each.at_s for each in self.seen if each.painted_s > moment_s)

    def longest_pause_s(self, since_s: float, until_s: float) -> float:
        """The longest time without a new picture between two moments."""
        times = [since_s, *(each.at_s for each in self.seen if since_s < each.at_s < until_s), until_s]
        return max(b - a for a, b in itertools.pairwise(times))

    async def _watch(self) -> None:
        while True:
            self.lines += 1
            await self._watch_once()
            await asyncio.sleep(CALL_AGAIN_S)

    async def _watch_once(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *reading(self.ffmpeg, self.url, (*QUICK, "-f", "flv")),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, preexec_fn=die_with_parent(),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            while True:
                blocks = await process.stdout.readexactly(BITS)
                now = time.time()
                stamp = read(blocks)
                if stamp is None:
                    self.unread += 1
                else:
                    self.seen.append(Seen(now, age_ms(stamp, int(now * 1000))))
        except asyncio.IncompleteReadError:
            pass  # it ends of itself: to kill it too would reap it before the loop does
        except asyncio.CancelledError:
            if process.returncode is None:
                process.kill()
            raise
        finally:
            await process.wait()


async def stamps_of(ffmpeg: str, source: str | Path | bytes, options: Sequence[str] = ()) -> list[int | None]:
    """The clocks of all pictures of a source, which may be its bytes; None where one cannot be read."""
    given = source if isinstance(source, bytes) else None
    arguments = reading(ffmpeg, "pipe:0" if given is not None else str(source), options)
    if given is not None:
        arguments.remove("-nostdin")
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, preexec_fn=die_with_parent(),
    )  # fmt: skip
    out, _ = await process.communicate(given)
    return [read(out[at : at + BITS]) for at in range(0, len(out) - BITS + 1, BITS)]
