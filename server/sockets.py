"""The protocol of the HTTP process's connections: a request for a socket waits for its turn, a foreign page is refused
before it is parsed, and a socket that is open is :class:`api_kit.sockets.Socket`. One that is closed leaves nothing in
circles: under a storm of joins a full collection, which looks at every socket that is open, would stop the process.
"""

import asyncio
import os
import re
from collections import deque
from typing import Any

from prometheus_client import Counter
from sanic.http.constants import Stage
from sanic.server import HttpProtocol

from api_kit.languages import is_english_first
from api_kit.socket_frames import GOING_AWAY
from api_kit.sockets import AllowedOrigins, OriginForeign, Socket, SocketRules
from server.problems import problem_document

AT_ONCE = 8
"""So many sockets begin in one pass of the loop, some two milliseconds: no tick of a room is later for it."""
MOST_HELD = 64 * 1024
FOREIGN = Counter("sockets_foreign_total", "Requests for a socket from pages that are not ours, refused unread")

_UPGRADE = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_ORIGIN = re.compile(rb"\r\norigin:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)
_HOST = re.compile(rb"\r\nhost:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)
_HOST_SAID_BY_PROXIES = re.compile(rb"\r\n(?:forwarded|x-forwarded-host):", re.IGNORECASE)
_NO_ID = "0" * 32
_LANGUAGE = re.compile(rb"\r\naccept-language:([^\r\n]*)", re.IGNORECASE)


def _refusal(*, english: bool) -> bytes:
    """The whole answer to a foreign page, some 500 bytes, as the route would give it, with a place for its id."""
    body = problem_document(OriginForeign(), _NO_ID, english=english)
    return (
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        b"X-Content-Type-Options: nosniff\r\nX-Request-ID: " + _NO_ID.encode() + b"\r\n"
        b"Content-Language: " + (b"en" if english else b"zh-CN") + b"\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)
    )


_CHINESE, _ENGLISH = _refusal(english=False), _refusal(english=True)


def asks_for_socket(head: bytes) -> bool:
    """Whether this is a whole head that asks for a socket; one that comes in pieces takes the usual way."""
    return head.startswith(b"GET ") and b"\r\n\r\n" in head and _UPGRADE.search(head) is not None


def is_foreign(head: bytes, origins: AllowedOrigins) -> bool:
    """Whether the page that asks is not ours, as far as that can be told before the head is parsed.

    The route looks again: where a proxy has said the host, and where a head came in pieces.
    """
    origin = _ORIGIN.search(head)
    if origin is None or _HOST_SAID_BY_PROXIES.search(head):
        return False
    host = _HOST.search(head)
    return not origins.allow(origin[1].decode("latin-1"), host[1].decode("latin-1") if host else "")


class Turns:
    """Who asks for a socket, in the order of coming; a few begin in each pass of the loop."""

    def __init__(self) -> None:
        self._waiting: deque[SocketProtocol] = deque()

    def wait(self, protocol: "SocketProtocol") -> None:
        """Let it begin when its turn has come; alone, that is at once."""
        if not self._waiting:
            protocol.loop.call_soon(self._begin, protocol.loop)
        self._waiting.append(protocol)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self._waiting.popleft().begin()
        if self._waiting:
            loop.call_soon(self._begin, loop)


class SocketProtocol(HttpProtocol):
    """Sanic's of HTTP, which becomes a socket where a route opens one. ``app.ctx`` has ``origins`` and ``turns``."""

    __slots__ = ("_held", "socket")

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.socket: Socket | None = None
        self._held: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self.socket is not None:
            self.socket.data_received(data)
        elif self._held is not None:
            self._held += data
            if len(self._held) > MOST_HELD:
                self.abort()  # type: ignore[no-untyped-call]
        elif self._is_between_requests() and asks_for_socket(data):
            if is_foreign(data, self.app.ctx.origins):
                self._refuse(data)
            else:
                self._held = data
                self.app.ctx.turns.wait(self)
        else:
            super().data_received(data)

    def _is_between_requests(self) -> bool:
        return not self.recv_buffer and (self.http is None or self.http.stage is Stage.IDLE)

    def _refuse(self, head: bytes) -> None:
        FOREIGN.inc()
        assert self.transport is not None
        asked = _LANGUAGE.search(head)
        answer = _ENGLISH if asked and is_english_first(asked[1].decode("latin-1")) else _CHINESE
        self.transport.write(answer.replace(_NO_ID.encode(), os.urandom(16).hex().encode()))
        self.transport.close()

    def begin(self) -> None:
        """The turn of a request for a socket has come."""
        held, self._held = self._held, None
        if held is not None and self.transport is not None and not self.transport.is_closing():
            super().data_received(held)

    def open_socket(self, answer: bytes) -> Socket:
        """Answer the handshake; what comes from now on are frames. Some may have come behind the head."""
        config = self.app.config
        rules = SocketRules(config.WEBSOCKET_MAX_SIZE, config.WEBSOCKET_PING_INTERVAL, config.WEBSOCKET_PING_TIMEOUT)
        transport: Any = self.transport
        transport.write(answer)
        self.socket = Socket(transport, self._can_write, rules, bytes(self.recv_buffer))
        self.recv_buffer.clear()
        # It holds itself by this until it has answered, which it never does now: a circle around the whole connection.
        self._http.response_func = None
        return self.socket

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        super().connection_lost(exc)  # type: ignore[no-untyped-call]
        if self.socket is not None:
            self.socket.connection_lost()

    def close(self, timeout: float | None = None) -> None:
        """Close what Sanic is done with; a socket says so."""
        if self.socket is not None:
            self.socket.close(GOING_AWAY, "bye")
        super().close(timeout)

    def close_if_idle(self) -> bool:
        """Close what is not being answered; an open socket never is."""
        if self.socket is None:
            return bool(super().close_if_idle())
        self.socket.close(GOING_AWAY, "bye")
        return True
