"""A small HTTP/1.1 client that costs little: prepared requests, keep-alive, ``content-length`` bodies."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
PATIENCE_S = 30.0


@dataclass
class Round:
    """What one load did in one round. ``latencies_ms`` has one entry per answered request.

    ``made`` of the answers that are kept in memory had to be made.
    """

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0
    body_bytes: int = 0
    made: int = 0
    sample: bytes = b""

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (len(self.latencies_ms) - self.refused) / self.seconds if self.seconds else 0.0


class _Connection(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it has the answer."""

    def __init__(self, following: Callable[[], bytes], until: float, into: Round) -> None:
        self._following, self._until, self._into = following, until, into
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._wanted = -1
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _ask(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        self._transport.write(self._following())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._wanted < 0:
            end = self._received.find(HEAD_END)
            if end < 0:
                return
            start = self._received.lower().find(LENGTH, 0, end) + len(LENGTH)
            length = int(self._received[start : self._received.find(b"\r", start)])
            self._wanted = end + len(HEAD_END) + length
            self._into.body_bytes = length
        if len(self._received) >= self._wanted:
            self._answered()

    def _answered(self) -> None:
        now, into = time.perf_counter(), self._into
        into.latencies_ms.append((now - self._sent_at) * 1000)
        if not self._received.startswith(b"HTTP/1.1 2"):
            into.refused += 1
            into.sample = bytes(self._received[:600])
        self._received.clear()
        self._wanted = -1
        if now < self._until:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)
            assert self._transport is not None
            self._transport.close()


async def drive(port: int, following: Callable[[], bytes], connections: int, seconds: float) -> Round:
    """Ask without a pause over so many connections for so long."""
    loop, into = asyncio.get_running_loop(), Round()
    began = time.perf_counter()
    opened: list[_Connection] = []
    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(following, began + seconds, into), "127.0.0.1", port
        )
        opened.append(connection)
    async with asyncio.timeout(seconds + PATIENCE_S):
        await asyncio.gather(*(connection.done for connection in opened))
    into.seconds = time.perf_counter() - began
    return into


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a POST of JSON."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
