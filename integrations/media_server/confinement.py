"""What an ffmpeg may take and reach, whatever the bytes say that it is given.

No file of a stranger meets ffmpeg here: pictures are decoded by another library (decision record 0027). What does are a
host's stream, over the loopback, and the segments that nginx wrote of it; a decoder's hole would be the host's to use.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kit.errors import Unavailable

GIB = 1024**3
FILE_LIMITS: Mapping[int, int] = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_AS: 4 * GIB,
    resource.RLIMIT_FSIZE: 64 * GIB,
    resource.RLIMIT_CPU: 1200,
}
"""Of work on files: open files, memory and size of what is written in octets, processor time in seconds."""
STREAM_LIMITS: Mapping[int, int] = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_AS: GIB,
    resource.RLIMIT_FSIZE: 0,
}
"""Of what decodes a host's stream in one thread and writes no file. It lasts as long as the broadcast, so its processor
time has no end: being one thread, and behind everybody else (nice), is what bounds it.
"""
_PR_SET_PDEATHSIG = 1
_SYNC, _PACKET, _PACKETS = 0x47, 188, 3
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


class SegmentForged(Unavailable):
    """What is called a segment is no MPEG transport stream."""

    code = "segment_forged"
    title = "录像分片格式不符"
    title_en = "A kept segment is not a transport stream"


def die_with_parent() -> Callable[[], None] | None:
    """What the child runs before it becomes ffmpeg, where the system can do it (Linux)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def limited(limits: Mapping[int, int] = STREAM_LIMITS) -> Callable[[], None] | None:
    """What a child runs before it becomes ffmpeg (Linux): limits, and the death of its parent is its own."""
    arm = die_with_parent()
    if arm is None:
        return None

    def enter() -> None:
        for which, most in limits.items():
            hard = resource.getrlimit(which)[1]
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, least))
        arm()  # last: a change of rights would disarm it

    return enter


def confined(limits: Mapping[int, int] = FILE_LIMITS) -> Callable[[], None] | None:
    """What a child runs before it becomes ffmpeg (Linux): as :func:`limited`, and it has no network.

    A network namespace of its own has not even a loopback. Where the system grants none (no privilege, and user
    namespaces switched off), the protocol whitelist alone keeps it from the network.
    """
    limit = limited(limits)
    if limit is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> None:
        if libc.unshare(_NEW_NET) != 0:
            libc.unshare(_NEW_USER | _NEW_NET)
        limit()

    return enter


def check_segments(playlist: Path) -> list[Path]:
    """Every file that a kept playlist names begins like a transport stream, so ffmpeg takes none for a list that leads
    elsewhere; answers them. Blocks. Raises :class:`SegmentForged` and OSError.
    """
    found = []
    for name in playlist.read_text(encoding="ascii").splitlines():
        if name and not name.startswith("#"):
            if not name.removesuffix(".ts").isdigit():
                raise SegmentForged(name[:40])
            with (playlist.parent / name).open("rb") as file:
                head = file.read(_PACKET * (_PACKETS - 1) + 1)
            if len(head) <= _PACKET or any(head[at] != _SYNC for at in range(0, len(head), _PACKET)):
                raise SegmentForged(name)
            found.append(playlist.parent / name)
    return found
