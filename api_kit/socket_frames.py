"""Frames of a WebSocket (RFC 6455, 5): a client's are read as far as they have come, a server's are written.

No input and output here. A frame that is too big is refused by its head, before any of it is kept.
"""

from collections.abc import Iterator
from functools import lru_cache

PART, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""The kinds of RFC 6455, 5.2. ``PART`` stands for a piece of a message that goes on."""
NORMAL, GOING_AWAY, BAD_FRAME, NO_CODE, BAD_TEXT, FLOOD, TOO_BIG, FAILED = (
    1000, 1001, 1002, 1005, 1007, 1008, 1009, 1011,
)  # fmt: skip
_OF_CLIENTS = frozenset([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])
_MOST_OF_CONTROL = 125
_FINAL, _RESERVED, _MASKED = 0x80, 0x70, 0x80


class FrameRefusedError(Exception):
    """What a client sent is none of the frames that it may send now; ``code`` says why the socket is closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Reads what one client sends; a message has at most ``most`` bytes, over all its pieces."""

    __slots__ = ("_buffer", "_kind", "_most", "_parts", "_size")

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._kind = PART
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The kinds and contents that are whole with these bytes, one after another.

        Of a message in pieces each but the last is an empty ``PART``. Whoever stops asking has the rest not read.
        Raises FrameRefusedError; nothing may be fed after that.
        """
        buffer = self._buffer
        buffer += data
        while (found := self._next(buffer)) is not None:
            yield found

    def _next(self, buffer: bytearray) -> tuple[int, bytes] | None:
        if len(buffer) < 2:
            return None
        head, size, begin = buffer[0], buffer[1] & 0x7F, 2
        kind, is_final = head & 0x0F, bool(head & _FINAL)
        self._check(kind, is_final, bool(head & _RESERVED), bool(buffer[1] & _MASKED), size)
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(buffer) < begin:
                return None
            size = int.from_bytes(buffer[2:begin], "big")
        if kind < CLOSE and self._size + size > self._most:
            raise FrameRefusedError(TOO_BIG, "too big")
        end = begin + 4 + size
        if len(buffer) < end:
            return None
        body = _unmasked(bytes(buffer[begin + 4 : end]), bytes(buffer[begin : begin + 4]))
        del buffer[:end]
        return (kind, body) if kind >= CLOSE else self._piece(kind, is_final, body)

    def _check(self, kind: int, is_final: bool, is_reserved: bool, is_masked: bool, size: int) -> None:
        is_control = kind >= CLOSE
        if kind not in (PART, TEXT, BINARY, CLOSE, PING, PONG) or is_reserved or not is_masked:
            raise FrameRefusedError(BAD_FRAME, "no frame of a client")
        if is_control and (not is_final or size > _MOST_OF_CONTROL):
            raise FrameRefusedError(BAD_FRAME, "a control frame is short and whole")
        if not is_control and (kind == PART) != (self._kind != PART):
            raise FrameRefusedError(BAD_FRAME, "a message in pieces ends before the next one")

    def _piece(self, kind: int, is_final: bool, body: bytes) -> tuple[int, bytes]:
        """A message, when this was its last piece."""
        if not is_final:
            self._kind = kind or self._kind
            self._parts.append(body)
            self._size += len(body)
            return PART, b""
        if kind == PART:
            kind, body = self._kind, b"".join((*self._parts, body))
            self._kind, self._size = PART, 0
            self._parts.clear()
        if kind == TEXT:
            try:
                body.decode()
            except UnicodeDecodeError:
                raise FrameRefusedError(BAD_TEXT, "no UTF-8") from None
        return kind, body


def _unmasked(body: bytes, mask: bytes) -> bytes:
    size = len(body)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(body, "big") ^ key).to_bytes(size, "big")


def close_code(body: bytes) -> int:
    """The code of a client's close frame, or that it gave none. Raises FrameRefusedError."""
    if not body:
        return NO_CODE
    code = int.from_bytes(body[:2], "big")
    try:
        body[2:].decode()
    except UnicodeDecodeError:
        raise FrameRefusedError(BAD_TEXT, "no UTF-8") from None
    if len(body) < 2 or not (code in _OF_CLIENTS or 3000 <= code < 5000):
        raise FrameRefusedError(BAD_FRAME, "no code to close with")
    return code


def frame(kind: int, body: bytes) -> bytes:
    """A whole frame of a server, which masks nothing."""
    size = len(body)
    if size < 126:
        return bytes((_FINAL | kind, size)) + body
    if size < 1 << 16:
        return bytes((_FINAL | kind, 126)) + size.to_bytes(2, "big") + body
    return bytes((_FINAL | kind, 127)) + size.to_bytes(8, "big") + body


@lru_cache(maxsize=8)
def framed(text: str) -> bytes:
    """A text as it stands on the wire: the same for everybody, so thousands of sockets share it."""
    return frame(TEXT, text.encode())


def closing(code: int, reason: str = "") -> bytes:
    """A frame that closes; its reason is cut to what fits."""
    if code == NO_CODE:
        return frame(CLOSE, b"")
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode()[: _MOST_OF_CONTROL - 2])
