"""A WebSocket on a connection of the HTTP process: no task, no lock and one timer of its own.

Sanic's own keeps two tasks and a dozen locks for each socket and wakes four more for each frame, and a handshake of its
takes two thirds of what a viewer costs who comes and goes.
"""

import asyncio
import binascii
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.exceptions import BadRequest, SanicException

from api_kit.socket_frames import (
    BINARY,
    CLOSE,
    FAILED,
    FLOOD,
    NORMAL,
    PING,
    PONG,
    TEXT,
    TOO_BIG,
    FrameReader,
    FrameRefusedError,
    close_code,
    closing,
    frame,
    framed,
)
from kit.errors import NotPermitted

CLOSE_SECONDS = 1.0
"""So long a socket may take to send what closes it; then it is cut, so that it holds nothing here."""
FRAMES_PER_MINUTE = 120
"""Of every kind, pings and pieces too; what a room takes of messages is less."""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_UPGRADE_REQUIRED = 426

Hear = Callable[[bytes], None]


class OriginForeign(NotPermitted):
    """A page that is not ours asks for a socket; its visitors' cookies would speak for it."""

    code = "origin_foreign"
    title = "不接受该网页来源的连接"
    title_en = "Pages of this origin may not connect"


class SocketGoneError(Exception):
    """The socket is closed, or being closed: nothing is sent any more."""


@dataclass(frozen=True)
class AllowedOrigins:
    """Pages that may open a socket. No Origin at all: not a browser, so no foreign page speaks with its
    cookies.
    """

    origins: tuple[str, ...]

    def allow(self, origin: str | None, host: str) -> bool:
        """Whether a page of ``origin`` may connect to us under the name ``host``."""
        return origin is None or origin in self.origins or origin.partition("://")[2] == host


@dataclass(frozen=True)
class SocketRules:
    """The biggest message in bytes; seconds between a sign of life and the next ping, and until its pong."""

    most_bytes: int
    ping_s: float
    pong_s: float


class Socket:
    """An open socket. ``writable`` is set while the connection takes more.

    Whoever sends more frames than one may, or none that one may, or answers no ping, loses it (1008, 1002, 1007, 1009,
    1011); what had already come of them by then is not read on.
    """

    __slots__ = (
        "_early",
        "_frames",
        "_hear",
        "_loop",
        "_minute",
        "_ping",
        "_reader",
        "_rules",
        "_timer",
        "_transport",
        "_writable",
        "is_open",
    )

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event, rules: SocketRules, early: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = transport
        self._writable = writable
        self._rules = rules
        self._reader = FrameReader(rules.most_bytes)
        self._hear: Hear | None = None
        self._early = early
        self._minute = self._loop.time()
        self._frames = 0
        self._ping = b""
        self.is_open = True
        # Spread: those who came in one moment are not asked in one moment.
        self._timer = self._loop.call_later(rules.ping_s * random.uniform(0.5, 1), self._ask)

    def listen(self, hear: Hear) -> None:
        """Hand on each message from now on, whole, as bytes; a text is UTF-8."""
        self._hear = hear
        early, self._early = self._early, b""
        self.data_received(early)

    def send_now(self, text: str) -> bool:
        """Send a text if the socket has sent all it had; False: it has to wait its turn."""
        transport = self._transport
        if not self.is_open or transport is None or transport.is_closing() or transport.get_write_buffer_size() > 0:
            return False
        transport.write(framed(text))
        return True

    async def send(self, text: str) -> None:
        """Send a text when the connection takes it. Raises SocketGoneError."""
        await self._writable.wait()
        if not self.is_open or self._transport is None:
            raise SocketGoneError()
        self._transport.write(framed(text))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say why and close; a socket that is closed already stays so."""
        if not self.is_open or self._transport is None:
            return
        self.is_open = False
        self._timer.cancel()
        if not self._transport.is_closing():
            self._transport.write(closing(code, reason))
            self._transport.close()
        self._timer = self._loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take what the client has sent."""
        if not self.is_open:
            return
        if self._hear is None:
            self._early += data
            if len(self._early) > self._rules.most_bytes:
                self.close(TOO_BIG, "too early")
            return
        try:
            for kind, body in self._reader.feed(data):
                if not self._take(kind, body, self._hear):
                    return
        except FrameRefusedError as refused:
            self.close(refused.code, refused.reason)

    def _take(self, kind: int, body: bytes, hear: Hear) -> bool:
        """Take one frame; whether to read on."""
        self._frames += 1
        if self._frames > FRAMES_PER_MINUTE and not self._is_next_minute():
            self.close(FLOOD, "flood")
        elif kind in (TEXT, BINARY):
            hear(body)
        elif kind == PING:
            if self._transport is not None:
                self._transport.write(frame(PONG, body))
        elif kind == PONG:
            if self._ping and body == self._ping:
                self._ping = b""
                self._timer.cancel()
                self._timer = self._loop.call_later(self._rules.ping_s, self._ask)
        elif kind == CLOSE:
            self.close(close_code(body))
        return self.is_open

    def _is_next_minute(self) -> bool:
        now = self._loop.time()
        if now - self._minute <= 60:
            return False
        self._minute, self._frames = now, 1
        return True

    def _ask(self) -> None:
        """See whether somebody is there."""
        if self._transport is None or not self.is_open:
            return
        self._ping = random.getrandbits(32).to_bytes(4, "big")
        self._transport.write(frame(PING, self._ping))
        self._timer = self._loop.call_later(self._rules.pong_s, self.close, FAILED, "no pong")

    def connection_lost(self) -> None:
        """The connection is no more: let go of all that holds it or is held by it."""
        self.is_open = False
        self._timer.cancel()
        self._transport = self._hear = None


def accepting(request: Request) -> bytes:
    """The answer to a client's handshake (RFC 6455, 4.2). Raises BadRequest, and 426 where no socket was asked for."""
    headers = request.headers
    upgrade, connection = headers.get("upgrade", ""), headers.get("connection", "")
    if upgrade.lower() != "websocket" or "upgrade" not in {each.strip() for each in connection.lower().split(",")}:
        raise SanicException("a socket is asked for with an upgrade", status_code=_UPGRADE_REQUIRED)
    key = headers.get("sec-websocket-key", "").encode()
    try:
        is_key = len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except binascii.Error:
        is_key = False
    if not is_key or headers.get("sec-websocket-version") != "13":
        raise BadRequest("the handshake is none of RFC 6455")
    accepted = binascii.b2a_base64(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest(), newline=False)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n"
    )


def open_socket(request: Request) -> Socket:
    """Answer a client's handshake. The server has to run with :class:`server.sockets.SocketProtocol`."""
    answer = accepting(request)
    assert request.transport is not None
    protocol: Any = request.transport.get_protocol()
    opened: Socket = protocol.open_socket(answer)
    return opened
