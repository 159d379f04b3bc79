"""The kept pictures: media segments on disk become one playlist over all publishes of a session.

nginx-rtmp writes one MPEG-TS file per second, named by the clock (Unix milliseconds at its first byte), and
its own playlist shows the last minute alone. The whole is therefore read from the files: the first
picture's time stamp of each segment against the next one's gives its length, and where the stamps jump a
new publish has begun.
"""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PACKET = 188
READ_BYTES = 64 * 1024
JUMP_MS = 3000
"""More than this between two segments is another publish, not a long group of pictures."""
MAX_SEGMENT_MS = 15_000
_WRAP_MS = (1 << 33) // 90
REPLAY = "replay.m3u8"


@dataclass(frozen=True)
class Segment:
    """One file. ``wall_ms`` is when it was begun, ``first_ms`` and ``end_ms`` are stamps of its own
    publish.
    """

    name: str
    wall_ms: int
    first_ms: int
    end_ms: int
    begins_publish: bool

    @property
    def duration_ms(self) -> int:
        """Its length."""
        return self.end_ms - self.first_ms


def picture_stamps(packets: bytes) -> list[int]:
    """Presentation times in ms of the pictures that begin in these transport packets (ISO/IEC 13818-1)."""
    stamps = []
    for at in range(0, len(packets) - PACKET + 1, PACKET):
        packet = packets[at : at + PACKET]
        if packet[0] != 0x47 or not packet[1] & 0x40:
            continue
        body = 4
        if packet[3] & 0x20:
            body += 1 + packet[4]
        if not packet[3] & 0x10 or body + 14 > PACKET or packet[body : body + 3] != b"\x00\x00\x01":
            continue
        if packet[body + 3] & 0xF0 != 0xE0:
            continue
        if packet[body + 7] & 0x80:
            p = packet[body + 9 : body + 14]
            ticks = (p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1
            stamps.append(ticks // 90)
    return stamps


def _first_stamp(path: Path) -> int | None:
    with path.open("rb") as file:
        stamps = picture_stamps(file.read(READ_BYTES // PACKET * PACKET))
    return stamps[0] if stamps else None


def _last_stamp(path: Path) -> int | None:
    size = path.stat().st_size // PACKET * PACKET
    with path.open("rb") as file:
        file.seek(max(0, size - 4 * READ_BYTES // PACKET * PACKET))
        stamps = picture_stamps(file.read(4 * READ_BYTES))
    return max(stamps) if stamps else None


def _segment_files(folder: Path) -> list[str]:
    found = [n for n in os.listdir(folder) if n.endswith(".ts") and n[:-3].isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda name: int(name[:-3]))


@dataclass
class Recording:
    """The segments of one session. ``extend`` reads what is new; each file is read once."""

    folder: Path
    segments: list[Segment] = field(default_factory=list)
    _firsts: dict[str, int | None] = field(default_factory=dict)

    def extend(self, *, closed: bool, files: Sequence[str] | None = None) -> None:
        """Take in the files that are whole: all but the newest while the session may go on, all when it is
        closed. ``files`` are some of the folder's in their order, instead of all.

        A file without a picture is left out. Raises OSError for a folder that cannot be read.
        """
        known = {segment.name for segment in self.segments}
        found = _segment_files(self.folder) if files is None else files
        names = [name for name in found if self._first(name, is_whole=closed or name != found[-1]) is not None]
        whole = names if closed else names[:-1]
        for at, name in enumerate(names):
            if name in known or name not in whole:
                continue
            following = names[at + 1] if at + 1 < len(names) else None
            self._take(name, following)

    def _first(self, name: str, *, is_whole: bool) -> int | None:
        if name not in self._firsts:
            first = _first_stamp(self.folder / name)
            if first is None and not is_whole:
                return None  # its first picture may be written a moment later
            self._firsts[name] = first
        return self._firsts[name]

    def _take(self, name: str, following: str | None) -> None:
        first = self._firsts[name]
        after = self._firsts[following] if following else None
        assert first is not None
        previous = self.segments[-1] if self.segments else None
        if after is not None and 0 < (after - first) % _WRAP_MS <= MAX_SEGMENT_MS:
            end = first + (after - first) % _WRAP_MS
        else:
            last = _last_stamp(self.folder / name)
            end = max(last if last is not None else first, first) + 40
        wall_ms = int(name[:-3])
        begins = (
            previous is None
            or abs(first - previous.end_ms % _WRAP_MS) > JUMP_MS
            or first < previous.first_ms
            or wall_ms - previous.wall_ms > previous.duration_ms + JUMP_MS
        )
        self.segments.append(Segment(name, wall_ms, first, end, begins))

    @property
    def duration_ms(self) -> int:
        """The length of the whole."""
        return sum(segment.duration_ms for segment in self.segments)

    def octets(self) -> int:
        """What the segments come to on disk. Blocks."""
        return sum((self.folder / segment.name).stat().st_size for segment in self.segments)

    def offset_ms(self, wall_ms: int) -> int:
        """The place in the replay of what was on air at a moment of the clock."""
        at = bisect_right([segment.wall_ms for segment in self.segments], wall_ms) - 1
        if at < 0:
            return 0
        before = sum(segment.duration_ms for segment in self.segments[:at])
        segment = self.segments[at]
        return before + min(wall_ms - segment.wall_ms, segment.duration_ms)

    def playlist(self, base: str = "") -> str:
        """A closed HLS playlist (RFC 8216) over all publishes; ``base`` stands before the name of each segment."""
        longest = max((segment.duration_ms for segment in self.segments), default=1000)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            "#EXT-X-MEDIA-SEQUENCE:0",
            f"#EXT-X-TARGETDURATION:{-(-longest // 1000)}",
        ]
        for at, segment in enumerate(self.segments):
            if segment.begins_publish and at:
                lines.append("#EXT-X-DISCONTINUITY")
            lines += [f"#EXTINF:{segment.duration_ms / 1000:.3f},", base + segment.name]
        return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def slice_of(folder: Path, from_ms: int, until_ms: int, *, closed: bool) -> Recording:
    """The pictures of a span of the clock (Unix ms), to the second: whole segments, of which each is read for itself.

    The newest file counts when the session is ``closed``, else it may still be written to. Raises OSError.
    """
    files = _segment_files(folder)
    walls = [int(name[:-3]) for name in files]
    first, following = max(bisect_right(walls, from_ms) - 1, 0), bisect_left(walls, until_ms)
    has_following = following < len(files)
    recording = Recording(folder)
    recording.extend(closed=closed and not has_following, files=files[first : following + 1])
    if recording.segments and recording.segments[0].wall_ms + recording.segments[0].duration_ms <= from_ms:
        del recording.segments[0]  # the span began while nobody was on air
    return recording


def write_replay(recording: Recording) -> None:
    """Put the closed playlist beside its segments, whole or not at all."""
    draft = recording.folder / f".{REPLAY}.new"
    draft.write_text(recording.playlist(), encoding="ascii")
    draft.chmod(0o644)
    draft.replace(recording.folder / REPLAY)
