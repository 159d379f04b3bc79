"""RTMP as a player hears it, as pure functions of bytes: chunks in, FLV tags out.

What a player has to say is short: a handshake, ``connect``, ``createStream``, ``play``, an answer to each ping and an
acknowledgement after each window. Sound and pictures have the same bodies in RTMP as in FLV. Layout: Adobe's Real Time
Messaging Protocol 1.0, sections 5 to 7, and AMF 0.
"""

import os
import struct
from dataclasses import dataclass, field
from typing import TypeAlias

from live.media.flv import AUDIO, MAX_TAG_BYTES, SCRIPT, VIDEO, Tag

HANDSHAKE_BYTES = 1536
SET_CHUNK_SIZE, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE, COMMAND = 1, 3, 4, 5, 20
PING_REQUEST, PING_RESPONSE = 6, 7
MAX_CHUNK_BYTES = 0xFFFFFF
MAX_CHUNK_STREAMS = 16
_EXTENDED = 0xFFFFFF
_HEADER_BYTES = (11, 7, 3, 0)
_COMMAND_CHUNKS, _CONTROL_CHUNKS = 3, 2
_META = b"\x02\x00\x0aonMetaData"
_MAX_DEPTH = 8

Amf: TypeAlias = "float | bool | str | dict[str, Amf] | None"


class RtmpBrokenError(ValueError):
    """The bytes are not what a media server says to a player, or it refuses to play."""


def amf_bytes(*values: Amf) -> bytes:
    """AMF 0 of numbers, booleans, strings of at most 65,535 octets, objects and null."""
    found = bytearray()
    for value in values:
        if value is None:
            found += b"\x05"
        elif isinstance(value, bool):
            found += bytes((1, value))
        elif isinstance(value, float):
            found += struct.pack(">Bd", 0, value)
        elif isinstance(value, str):
            found += b"\x02" + _name_bytes(value)
        else:
            found += b"\x03"
            for name, inner in value.items():
                found += _name_bytes(name) + amf_bytes(inner)
            found += b"\x00\x00\x09"
    return bytes(found)


def _name_bytes(name: str) -> bytes:
    raw = name.encode()
    return struct.pack(">H", len(raw)) + raw


def amf_values(raw: bytes) -> list[Amf]:
    """All values of a command. Raises :class:`RtmpBrokenError`."""
    values, at = list[Amf](), 0
    try:
        while at < len(raw):
            value, at = _amf_value(raw, at, 0)
            values.append(value)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise RtmpBrokenError("a command that is not AMF 0") from error
    return values


def _amf_value(raw: bytes, at: int, depth: int) -> tuple[Amf, int]:
    kind, at = raw[at], at + 1
    if kind == 0:
        return float(struct.unpack_from(">d", raw, at)[0]), at + 8
    if kind == 1:
        return bool(raw[at]), at + 1
    if kind == 2:
        return _amf_name(raw, at)
    if kind in (5, 6):
        return None, at
    if kind not in (3, 8) or depth == _MAX_DEPTH:
        raise RtmpBrokenError(f"a command with a value of kind {kind}, {depth} deep")
    found: dict[str, Amf] = {}
    at += 4 if kind == 8 else 0
    while raw[at : at + 3] != b"\x00\x00\x09":
        name, at = _amf_name(raw, at)
        found[name], at = _amf_value(raw, at, depth + 1)
    return found, at + 3


def _amf_name(raw: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int(struct.unpack_from(">H", raw, at)[0])
    if end > len(raw):
        raise RtmpBrokenError("a command that ends in a name")
    return raw[at + 2 : end].decode(), end


def message(kind: int, body: bytes, chunk_stream: int, message_stream: int = 0) -> bytes:
    """One short message in chunks of 128 octets, which is what a server expects before it is told otherwise."""
    head = struct.pack(">BI", chunk_stream, 0)[:4] + len(body).to_bytes(3, "big") + bytes((kind,))
    pieces = [body[at : at + 128] for at in range(0, len(body), 128)]
    return head + struct.pack("<I", message_stream) + bytes((0xC0 | chunk_stream,)).join(pieces)


@dataclass(slots=True)
class _Chunks:
    """What the next chunk of one chunk stream goes on from."""

    kind: int = 0
    length: int = 0
    timestamp_ms: int = 0
    delta_ms: int = 0
    extended: bool = False
    have: int = 0
    parts: list[bytes] = field(default_factory=list)


class RtmpPlayer:
    """One connection that plays one stream. :attr:`to_send` is what has to be written, and is emptied by whoever did.

    The words of the conversation follow each other; nothing is asked before the last answer has come.
    """

    def __init__(self, application: str, stream: str, address: str) -> None:
        """``application`` and ``stream`` by name, ``address`` of the application (``tcUrl``)."""
        self.to_send = bytearray(b"\x03" + bytes(8) + os.urandom(HANDSHAKE_BYTES - 8))
        self.plays = False
        self._connect: dict[str, Amf] = {
            "app": application,
            "tcUrl": address,
            "flashVer": "LNX 9,0,124,2",
            "fpad": False,
        }
        self._stream = stream
        self._buffer = bytearray()
        self._greeted = False
        self._chunk_bytes = 128
        self._streams: dict[int, _Chunks] = {}
        self._window = 0
        self._heard = self._acknowledged = 0

    def feed(self, piece: bytes) -> list[Tag]:
        """The tags that are complete after this piece. Raises :class:`RtmpBrokenError`."""
        self._buffer += piece
        self._heard += len(piece)
        if not self._greeted and not self._greet():
            return []
        tags: list[Tag] = []
        at = 0
        while (end := self._take_chunk(at, tags)) > at:
            at = end
        del self._buffer[:at]
        if self._window and self._heard - self._acknowledged >= self._window:
            self._acknowledged = self._heard
            self._say(ACKNOWLEDGEMENT, struct.pack(">I", self._heard & 0xFFFFFFFF))
        return tags

    def _greet(self) -> bool:
        """S0, S1 and S2 have come: S1 is given back, and the conversation begins."""
        if self._buffer and self._buffer[0] != 3:
            raise RtmpBrokenError(f"RTMP of version {self._buffer[0]}")
        if len(self._buffer) < 1 + 2 * HANDSHAKE_BYTES:
            return False
        self.to_send += self._buffer[1 : 1 + HANDSHAKE_BYTES]
        del self._buffer[: 1 + 2 * HANDSHAKE_BYTES]
        self._greeted = True
        self._command("connect", 1.0, self._connect)
        return True

    def _take_chunk(self, at: int, tags: list[Tag]) -> int:
        """Where the chunk ends that begins at ``at``; ``at`` itself when it is not all there."""
        buffer = self._buffer
        left = len(buffer) - at
        if left < 1:
            return at
        form, number, body = buffer[at] >> 6, buffer[at] & 0x3F, at + 1
        if number < 2:  # one or two octets more
            body += 1 + number
            if left < 2 + number:
                return at
            number = 64 + buffer[at + 1] + (buffer[at + 2] << 8 if number else 0)
        chunks = self._streams.get(number)
        if chunks is None:
            if form or len(self._streams) >= MAX_CHUNK_STREAMS:
                raise RtmpBrokenError(f"chunk stream {number} begins with a header of form {form}")
            chunks = self._streams[number] = _Chunks()
        head, body = body, body + _HEADER_BYTES[form]
        if len(buffer) < body:
            return at
        stamp = int.from_bytes(buffer[head : head + 3], "big") if form < 3 else 0
        extended = stamp == _EXTENDED if form < 3 else chunks.extended
        if extended:
            if len(buffer) < body + 4:
                return at
            stamp = int.from_bytes(buffer[body : body + 4], "big")
            body += 4
        length = int.from_bytes(buffer[head + 3 : head + 6], "big") if form < 2 else chunks.length
        if length > MAX_TAG_BYTES:
            raise RtmpBrokenError(f"a message of {length} octets")
        end = body + min(length - chunks.have, self._chunk_bytes)
        if len(buffer) < end:
            return at
        if chunks.have == 0:
            self._begin(chunks, form, stamp, extended)
            if form < 2:
                chunks.length, chunks.kind = length, buffer[head + 6]
        elif form < 3:
            raise RtmpBrokenError("a message that begins within another")
        part = bytes(buffer[body:end])
        chunks.have += len(part)
        if chunks.have < length:
            chunks.parts.append(part)
            return end
        whole = b"".join((*chunks.parts, part)) if chunks.parts else part
        chunks.parts.clear()
        chunks.have = 0
        self._take_message(chunks, whole, tags)
        return end

    @staticmethod
    def _begin(chunks: _Chunks, form: int, stamp: int, extended: bool) -> None:
        """A new message: form 0 tells its time, 1 and 2 how much later it is, 3 that the number is the same again."""
        if form < 3:
            chunks.delta_ms = stamp
        since = chunks.timestamp_ms if form else 0
        chunks.timestamp_ms = (since + chunks.delta_ms) & 0xFFFFFFFF
        chunks.extended = extended

    def _take_message(self, chunks: _Chunks, body: bytes, tags: list[Tag]) -> None:
        kind = chunks.kind
        if kind in (AUDIO, VIDEO):
            if body:
                tags.append(Tag(kind, chunks.timestamp_ms, body))
        elif kind == SCRIPT:
            if body.startswith(_META):
                tags.append(Tag(SCRIPT, chunks.timestamp_ms, body))
        elif kind == COMMAND:
            self._hear(amf_values(body))
        elif kind in (SET_CHUNK_SIZE, WINDOW_SIZE, USER_CONTROL):
            self._obey(kind, body)

    def _obey(self, kind: int, body: bytes) -> None:
        if len(body) < 4:
            raise RtmpBrokenError(f"a control message of {len(body)} octets")
        value = int.from_bytes(body[:4], "big")
        if kind == USER_CONTROL:
            if body[:2] == PING_REQUEST.to_bytes(2, "big"):
                self._say(USER_CONTROL, PING_RESPONSE.to_bytes(2, "big") + body[2:6])
        elif kind == WINDOW_SIZE:
            self._window = value
        elif not 1 <= value <= MAX_CHUNK_BYTES:
            raise RtmpBrokenError(f"chunks of {value} octets")
        else:
            self._chunk_bytes = value

    def _hear(self, words: list[Amf]) -> None:
        match words:
            case ["_result", 1.0, *_]:
                self._command("createStream", 2.0, None)
            case ["_result", 2.0, _, float(number)] if 0 <= number <= 0xFFFFFFFF:
                self._command("play", 0.0, None, self._stream, -1.0, at=int(number))
                self.plays = True
            case ["_error", *_]:
                raise RtmpBrokenError("the media server refuses")
            case ["onStatus", _, _, {"level": "error", **rest}]:
                raise RtmpBrokenError(f"the media server refuses: {rest.get('code')}")

    def _command(self, *words: Amf, at: int = 0) -> None:
        self.to_send += message(COMMAND, amf_bytes(*words), _COMMAND_CHUNKS, at)

    def _say(self, kind: int, body: bytes) -> None:
        self.to_send += message(kind, body, _CONTROL_CHUNKS)
