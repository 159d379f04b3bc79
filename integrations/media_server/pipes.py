"""One ffmpeg whose output we read. ffmpeg-python builds the argument list and never runs
anything.

The child has a process group of its own and dies with its parent, however the parent dies
(``PR_SET_PDEATHSIG``), so there are never two for one stream after a kill -9 (live reference 2, where
ffmpeg runs).
"""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import ffmpeg

from integrations.media_server.confinement import die_with_parent

PIPE_BYTES = 256 * 1024
"""What the kernel keeps between two looks, where it grants so much: 10 Mbit/s for twice the longest pause."""
LOOK_SECONDS = 0.02
FULL_PAUSE_SECONDS = 0.005
STALL_SECONDS = 8.0


def stream_input(source_url: str, **options: str) -> ffmpeg.nodes.FilterableStream:
    """Read one RTMP stream.

    The probe may take 2 MB and 2 s: smaller ones attach between key frames and silently give sound alone (live
    reference 1c). It is not told to guess the frame rate and what it has read is passed on, so the first picture
    comes with the next key frame and not two seconds later.
    """
    return ffmpeg.input(
        source_url,
        f="live_flv",
        protocol_whitelist="rtmp,tcp",
        rw_timeout=5_000_000,
        probesize=2_000_000,
        analyzeduration=2_000_000,
        fpsprobesize=0,
        rtmp_live="live",
        **options,
    )


def flv_output(source: ffmpeg.nodes.FilterableStream) -> ffmpeg.nodes.OutputStream:
    """Write it as FLV to standard output, unchanged."""
    return source.output("pipe:1", c="copy", f="flv", flvflags="no_duration_filesize", flush_packets=1)


async def read_output(
    arguments: list[str],
    stall_seconds: float,
    hear: Callable[[str], None],
    enter: Callable[[], None] | None = None,
) -> AsyncGenerator[bytes]:
    """What a program writes until it ends, stalls, or the caller stops, as much as has gathered at each look; ``hear``
    gets each line of its standard error, ``enter`` is what the child runs before it becomes the program and has it die
    with us. The process is gone when this returns.

    The pipe is looked at by the clock: being woken for each of seventy tags a second costs more than the tags.
    """
    ours, theirs, capacity = _pipe()
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                preexec_fn=enter or die_with_parent(),
            )
        finally:
            os.close(theirs)
        assert process.stderr is not None
        drain = asyncio.create_task(_drain(process.stderr, hear))
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        try:
            while True:
                piece = _read(ours, capacity)
                if piece == b"":
                    return
                if piece is not None:
                    heard_at = loop.time()
                    yield piece
                elif loop.time() - heard_at > stall_seconds:
                    hear("no output within the stall time")
                    return
                is_full = piece is not None and len(piece) > capacity // 2
                await asyncio.sleep(FULL_PAUSE_SECONDS if is_full else LOOK_SECONDS)
        finally:
            await _end(process)
            drain.cancel()
            with suppress(asyncio.CancelledError):
                await drain
    finally:
        os.close(ours)


def _pipe() -> tuple[int, int, int]:
    """Our end, theirs, and how much it holds; ours does not block."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    capacity = 64 * 1024
    if sys.platform == "linux":
        with suppress(OSError):  # a user may have only so much in pipes
            fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        capacity = fcntl.fcntl(ours, fcntl.F_GETPIPE_SZ)
    return ours, theirs, capacity


def _read(end: int, most: int) -> bytes | None:
    """What is there, None when nothing is, no bytes at the end."""
    try:
        return os.read(end, most)
    except BlockingIOError:
        return None


async def _drain(stderr: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    """An unread pipe blocks ffmpeg at 64 kB."""
    rest = ""
    while piece := await stderr.read(4096):
        *lines, rest = (rest + piece.decode(errors="replace")).replace("\r", "\n").split("\n")
        for line in lines:
            if line:
                hear(line[:400])
        rest = rest[-4096:]
    if rest:
        hear(rest[:400])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
