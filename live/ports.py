"""What the live room needs from the world."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from live.media.flv import Tag
from live.media.vitals import Limits


@dataclass(frozen=True)
class PublishedStream:
    """One stream that the media server is receiving now. ``client`` is the media server's number of the
    connection.
    """

    name: str
    client: str
    address: str


class MediaEngine(Protocol):
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
        """The streams whose pictures nobody may be shown and the viewers, by their rooms' names of them, who may be
        shown none, kept by the engine itself, so that a relay that knows no database hears of them. Raises
        ``Unavailable``.
        """
        ...


class StreamReader(Protocol):
    """Reads a stream for those who watch it."""

    def read(self, stream: str) -> AsyncIterator[list[Tag]]:
        """What has arrived, ten times a second, until the stream ends or stalls or cannot be had."""
        ...


class StreamTap(Protocol):
    """Listens to one stream beside those who watch it."""

    def read(self, stream: str, limits: Limits, hear: Callable[[str, str], None]) -> AsyncIterator[bytes]:
        """What arrives, as FLV, until the stream ends or stalls; ``hear`` is told what ffmpeg's detectors find, by the
        names of their metadata. No process is left when this returns.
        """
        ...


class RelayOut(Protocol):
    """Hands a stream on, unchanged, to a server elsewhere."""

    async def push(self, stream: str, target_url: str) -> None:
        """Until the stream ends, the other side hangs up or nothing moves. No process is left when this returns."""
        ...


class RungMaker(Protocol):
    """Makes a smaller rendition of a stream, which the engine serves beside it."""

    def make(self, stream: str) -> AsyncIterator[None]:
        """Until the stream ends or nothing moves; yields whenever pictures have gone out. No process is left when this
        returns.
        """
        ...


class PublicHosts(Protocol):
    """Knows where a name leads."""

    async def is_public(self, host: str, port: int) -> bool:
        """Whether every address of a server is one of the open Internet; not for one that is not found."""
        ...


@dataclass(frozen=True)
class CloudFile:
    """A recording that the cloud has made."""

    file_id: str
    url: str
    size_bytes: int
    duration_s: int
    begun_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class CloudEvent:
    """What the cloud tells about a stream: ``begun``, ``ended``, or ``recorded`` with its file.

    ``key`` names one push to it (``begun`` and ``ended`` of one push have the same), or the file.
    """

    kind: str
    stream: str
    key: str
    at: datetime
    file: CloudFile | None = None


class CloudLive(Protocol):
    """A cloud that takes a stream and shows it to more viewers than the county's line can carry."""

    def push_address(self, stream: str, expires_at: datetime) -> str:
        """Where the stream is handed to it; a secret."""
        ...

    def play_addresses(self, stream: str, expires_at: datetime) -> tuple[str, str]:
        """HTTP-FLV and HLS for a viewer."""
        ...

    def read_event(self, body: bytes) -> CloudEvent | None:
        """What a notice says, None for what is not of our streams. Raises ``NotPermitted`` for a forged or old one."""
        ...

    async def published(self) -> frozenset[str]:
        """The streams that it is receiving now. Raises ``Unavailable``."""
        ...

    async def drop_publisher(self, stream: str) -> None:
        """Cut a stream. Raises ``Unavailable``."""
        ...

    async def forbid(self, stream: str, until: datetime) -> None:
        """Cut a stream and take it no more until then. Raises ``Unavailable``."""
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

    async def make_cover(self, playlist: Path, target: Path) -> None:
        """A picture of a kept playlist as JPEG. Raises ``Unavailable`` when it cannot be made."""
        ...


class ManifestSigner(Protocol):
    """The county's key, by Ed25519 (RFC 8032), and the public keys that were its before. All hexadecimal."""

    @property
    def public_key(self) -> str:
        """Of the key that signs now."""
        ...

    def sign(self, message: bytes) -> str:
        """The signature."""
        ...

    def holds(self, message: bytes, signature: str, public_key: str) -> bool:
        """Whether it is that of this key over the message, and the key is or was the county's."""
        ...


class ColdStorage(Protocol):
    """Where old evidence lies under keys. Every method raises ``ColdStorageUnavailable``."""

    async def put(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep an object, whole or not at all; what raises in ``pieces`` comes out. Memory does not grow with it."""
        ...

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """An object piece by piece; None when there is none."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Let objects go; those that are not there are no matter."""
        ...
