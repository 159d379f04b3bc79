"""FLV as pure functions of bytes: tags in, one continuous timeline out.

The relay takes tags as the media server sends them, keeps what a new viewer needs (metadata, sequence
headers, the pictures since the last key frame) and puts every publish of a session on one clock, so a
viewer who stays on never sees time run backwards. Layout: Adobe Flash Video File Format Specification 10.1,
annex E.
"""

from dataclasses import dataclass, field

FILE_HEADER = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
"""Version 1, audio and video, nine bytes long, followed by the size of no previous tag."""

AUDIO, VIDEO, SCRIPT = 8, 9, 18
MAX_TAG_BYTES = 8 * 1024 * 1024
GAP_MS = 40
"""What is put between the last picture of one publish and the first of the next: one frame at 25 a second."""

_AVC, _AAC = 7, 10
_ENHANCED = 0x80


class FlvBrokenError(ValueError):
    """The bytes are not FLV."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One FLV tag. ``timestamp_ms`` counts from the start of its publish; ``body`` is what follows the
    tag's header.
    """

    kind: int
    timestamp_ms: int
    body: bytes

    @property
    def is_header(self) -> bool:
        """Whether this is the decoder's configuration, not sound or picture."""
        if len(self.body) < 2:
            return False
        first = self.body[0]
        if self.kind == VIDEO:
            if first & _ENHANCED:
                return first & 0x0F == 0
            return first & 0x0F == _AVC and self.body[1] == 0
        return self.kind == AUDIO and first >> 4 == _AAC and self.body[1] == 0

    @property
    def is_key_frame(self) -> bool:
        """Whether decoding can begin at this picture."""
        return self.kind == VIDEO and bool(self.body) and self.body[0] >> 4 & 7 == 1 and not self.is_header

    @property
    def is_end_of_sequence(self) -> bool:
        """Whether this says that no picture follows; a viewer who waits for the host to return must not be
        told so.
        """
        if self.kind != VIDEO or len(self.body) < 2:
            return False
        if self.body[0] & _ENHANCED:
            return self.body[0] & 0x0F == 2
        return self.body[0] & 0x0F == _AVC and self.body[1] == 2

    def encode(self, timestamp_ms: int) -> bytes:
        """The tag on the wire at another time, followed by its own size."""
        size = len(self.body)
        stamp = timestamp_ms & 0xFFFFFFFF
        head = bytes((self.kind,)) + size.to_bytes(3, "big") + (stamp & 0xFFFFFF).to_bytes(3, "big")
        return head + bytes((stamp >> 24, 0, 0, 0)) + self.body + (size + 11).to_bytes(4, "big")


class FlvReader:
    """Cuts a byte stream into tags; pieces may arrive in any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False

    def feed(self, piece: bytes) -> list[Tag]:
        """The tags that are complete after this piece. Raises :class:`FlvBrokenError`."""
        self._buffer += piece
        if not self._started and not self._skip_file_header():
            return []
        tags: list[Tag] = []
        at = 0
        while len(self._buffer) - at >= 11:
            size = int.from_bytes(self._buffer[at + 1 : at + 4], "big")
            kind = self._buffer[at]
            if kind not in (AUDIO, VIDEO, SCRIPT) or size > MAX_TAG_BYTES:
                raise FlvBrokenError(f"tag of kind {kind} and {size} bytes")
            end = at + 11 + size + 4
            if len(self._buffer) < end:
                break
            stamp = int.from_bytes(self._buffer[at + 4 : at + 7], "big") | self._buffer[at + 7] << 24
            tags.append(Tag(kind, stamp, bytes(self._buffer[at + 11 : at + 11 + size])))
            at = end
        del self._buffer[:at]
        return tags

    def _skip_file_header(self) -> bool:
        if len(self._buffer) < 13:
            return False
        if self._buffer[:3] != b"FLV":
            raise FlvBrokenError("no FLV signature")
        skip = int.from_bytes(self._buffer[5:9], "big") + 4
        if not 13 <= skip <= 1024:
            raise FlvBrokenError(f"a file header of {skip - 4} bytes")
        if len(self._buffer) < skip:
            return False
        del self._buffer[:skip]
        self._started = True
        return True


@dataclass
class Timeline:
    """What viewers of one room see, over all publishes, and what a joining viewer is given first.

    ``max_gop_bytes`` bounds the memory that pictures since the last key frame may take; a longer group is
    not kept and a new viewer waits for its end.
    """

    max_gop_bytes: int = 16 * 1024 * 1024
    last_ms: int = 0
    _script: bytes = b""
    _video_header: bytes = b""
    _audio_header: bytes = b""
    _group: list[bytes] = field(default_factory=list)
    _group_bytes: int = 0
    _shift_ms: int | None = None
    _waits_for_key: bool = True

    def begin_publish(self) -> None:
        """A new source follows: its clock starts anywhere and its first picture must be a key frame."""
        self._shift_ms = None
        self._waits_for_key = True
        self._forget_group()

    @property
    def is_joinable(self) -> bool:
        """Whether a new viewer can be given a picture at once."""
        return bool(self._video_header and self._group)

    def accept(self, tag: Tag) -> bytes:
        """The bytes for the viewers, which may be none."""
        if tag.is_end_of_sequence:
            return b""
        if tag.kind == SCRIPT:
            self._script = tag.encode(0)
            return b""  # players take a second one for a new track
        if tag.is_header:
            return self._accept_header(tag)
        if self._waits_for_key and not tag.is_key_frame:
            return b""
        return self._accept_media(tag)

    def joining_bytes(self) -> bytes:
        """File header, metadata, sequence headers, and the pictures since the last key frame."""
        return b"".join((FILE_HEADER, self._script, self._video_header, self._audio_header, *self._group))

    def _accept_header(self, tag: Tag) -> bytes:
        if tag.kind == VIDEO:
            self._video_header = tag.encode(0)
        else:
            self._audio_header = tag.encode(0)
        return tag.encode(self.last_ms)

    def _accept_media(self, tag: Tag) -> bytes:
        self._waits_for_key = False
        if self._shift_ms is None:
            self._shift_ms = (self.last_ms + GAP_MS if self.last_ms else 0) - tag.timestamp_ms
        stamp = max(tag.timestamp_ms + self._shift_ms, 0)
        self.last_ms = max(self.last_ms, stamp)
        wire = tag.encode(stamp)
        if tag.is_key_frame:
            self._forget_group()
        if tag.is_key_frame or self._group:
            self._group.append(wire)
            self._group_bytes += len(wire)
            if self._group_bytes > self.max_gop_bytes:
                self._forget_group()
        return wire

    def _forget_group(self) -> None:
        self._group.clear()
        self._group_bytes = 0
