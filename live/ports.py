"""What the live room needs from the world."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from live.media.vitals import Limits


@dataclass(frozen=True)
class PublishedStream:
    """One stream that the media server is receiving now. ``client`` is the media server's number of the
    connection.
    """

    name: str
    client: str
    address: str


class MediaServer(Protocol):
    """The engine that takes the host's pictures in."""

    async def published(self) -> list[PublishedStream]:
        """Every stream that has a publisher at this moment. Raises ``Unavailable`` when the engine does not
        answer.
        """
        ...

    async def drop_publisher(self, stream: str) -> None:
        """Cut the publisher of a stream; nothing happens when there is none. Raises ``Unavailable``."""
        ...

    async def barred(self) -> frozenset[str]:
        """The streams whose pictures nobody may be shown, kept by the engine itself, so that a relay that knows no
        database hears of them. Raises ``Unavailable``.
        """
        ...


class StreamTap(Protocol):
    """Listens to one stream beside those who watch it."""

    def read(self, stream: str, limits: Limits, hear: Callable[[str, str], None]) -> AsyncIterator[bytes]:
        """What arrives, as FLV, until the stream ends or stalls; ``hear`` is told what ffmpeg's detectors find, by the
        names of their metadata. No process is left when this returns.
        """
        ...


class RoomBell(Protocol):
    """Wakes the processes that serve a room's feed. It may lose calls: every listener polls all the same."""

    async def ring(self, number: str) -> None:
        """Something has been written to the feed of this session. Never raises."""
        ...

    def rings(self) -> AsyncIterator[str]:
        """The numbers of sessions as their bells ring, in any process. Endless; outages are waited out."""
        ...


class Remuxer(Protocol):
    """Makes one file of a kept playlist."""

    async def make_mp4(self, playlist: Path, target: Path) -> None:
        """Copy the pictures into an MP4 whose index stands first. Raises ``Unavailable`` when it cannot be
        made.
        """
        ...
