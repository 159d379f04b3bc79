"""The relay's viewers: one connection each, a request in, FLV out (decision record 0003)."""

import asyncio
from typing import Protocol, cast

SLOW_VIEWER_BYTES = 3584 * 1024
"""What may wait for one viewer: with what is around it, less than 4 MB of memory (live reference 6)."""
REQUEST_SECONDS = 5.0
MAX_REQUEST_BYTES = 8 * 1024


class Desk(Protocol):
    """Answers requests and counts who is connected."""

    connections: int

    def answer(self, viewer: "Viewer", method: str, target: str) -> None:
        """Say something to a viewer, or let it in."""
        ...


class Viewer(asyncio.Protocol):
    """One connection: a request line and headers in, FLV out until somebody hangs up."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.seats: tuple[set[Viewer], ...] = ()
        self.name = ""
        self._transport: asyncio.Transport | None = None
        self._request = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._most = SLOW_VIEWER_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the viewer a few seconds to say what it wants."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._timer = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self.abort)
        self._desk.connections += 1

    def data_received(self, data: bytes) -> None:
        """Gather the request; what follows it is ignored."""
        if self._timer is None:
            return
        self._request += data
        if len(self._request) > MAX_REQUEST_BYTES:
            self.refuse(431, "Request Header Fields Too Large")
            return
        end = self._request.find(b"\r\n\r\n")
        if end < 0:
            return
        self._timer.cancel()
        self._timer = None
        line = bytes(self._request[:end]).split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self._request.clear()
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            self.refuse(400, "Bad Request")
        else:
            self._desk.answer(self, line[0], line[1])

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the viewer."""
        self._desk.connections -= 1
        if self._timer is not None:
            self._timer.cancel()
        for seats in self.seats:
            seats.discard(self)

    def send(self, chunk: bytes) -> bool:
        """Queue bytes. False when more than a viewer may have would wait then; they are not queued."""
        if self._transport is None or self._transport.is_closing():
            return True
        waiting = self._transport.get_write_buffer_size()
        if waiting + len(chunk) > self._most:
            return False
        if waiting < SLOW_VIEWER_BYTES // 2:
            self._most = SLOW_VIEWER_BYTES  # a long first group has been taken
        self._transport.write(chunk)
        return True

    def begin(self, first: bytes) -> None:
        """Queue what a newcomer is given, however long it is, and let the viewer take it before it counts as slow. The
        bytes are the same for all who join.
        """
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(first)
        self._most = SLOW_VIEWER_BYTES + len(first)

    def refuse(self, status: int, reason: str) -> None:
        """Answer without a picture."""
        self.say(status, reason, b"", "text/plain")

    def say(self, status: int, reason: str, body: bytes, content_type: str) -> None:
        """A whole short answer, then the end of the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        assert self._transport is not None
        self._transport.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self._transport.close()

    def close(self) -> None:
        """End after what is queued has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End at once and free what is queued."""
        if self._transport is not None:
            self._transport.abort()
