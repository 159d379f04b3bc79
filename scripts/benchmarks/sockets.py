"""A client of the feed that costs little: thousands of sockets in one process, frames parsed where they arrive."""

import asyncio
import os
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import msgspec

KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
FINAL_TEXT, FINAL_CLOSE, FINAL_PING = 0x81, 0x88, 0x89


class Said(msgspec.Struct):
    """As much of a message as is measured."""

    offset: int
    at: datetime


class Told(msgspec.Struct):
    """As much of a frame or snapshot as is measured."""

    type: str
    epoch: str
    messages: list[Said]
    from_: int | None = msgspec.field(name="from", default=None)
    to: int | None = None
    offset: int | None = None


@dataclass
class Watched:
    """What all sockets together have seen. ``waits_ms`` is from the message's own moment to its arrival."""

    waits_ms: list[float] = field(default_factory=list)
    frames: int = 0
    holes: int = 0
    snapshots: int = 0
    closed: dict[int, int] = field(default_factory=dict)
    is_measuring: bool = False
    # The same bytes come to every socket: each text is read once.
    _read: dict[bytes, Told] = field(default_factory=dict)

    def read(self, raw: bytes) -> Told:
        """The frame in these bytes."""
        told = self._read.get(raw)
        if told is None:
            if len(self._read) > 64:
                self._read.clear()
            told = self._read[raw] = msgspec.json.decode(raw, type=Told)
        return told


class Place(asyncio.Protocol):
    """One viewer's socket, and where the viewer stands over all of its sockets."""

    def __init__(self, watched: Watched, path: str, port: int) -> None:
        self.watched, self.path, self.port = watched, path, port
        self.epoch = ""
        self.offset = -1
        self.is_open = False
        self.settled = asyncio.Event()
        self.gone = asyncio.Event()
        self._is_upgraded = False
        self._received = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the feed from where the viewer stands."""
        self.transport = cast(asyncio.Transport, transport)
        self._received.clear()
        self._is_upgraded, self.is_open = False, True
        self.gone.clear()
        stands = f"?epoch={self.epoch}&offset={self.offset}" if self.offset >= 0 else ""
        self.transport.write(
            f"GET {self.path}{stands} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        """The viewer is nowhere."""
        self.is_open = False
        self.settled.set()
        self.gone.set()

    def data_received(self, data: bytes) -> None:
        """Read what has arrived as a whole."""
        self._received += data
        if not self._is_upgraded:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._received.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(bytes(self._received[:200]))
            del self._received[: end + 4]
            self._is_upgraded = True
        while self._take():
            pass

    def _take(self) -> bool:
        """Read one frame of the server's, which are not masked; False when it has not arrived as a whole."""
        buffer = self._received
        if len(buffer) < 2:
            return False
        size, begin = buffer[1] & 0x7F, 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(buffer) < begin:
                return False
            size = int.from_bytes(buffer[2:begin], "big")
        if len(buffer) < begin + size:
            return False
        kind, body = buffer[0], bytes(buffer[begin : begin + size])
        del buffer[: begin + size]
        if kind == FINAL_TEXT:
            self._told(self.watched.read(body))
        elif kind == FINAL_PING:
            self._answer(0x8A, body)
        elif kind == FINAL_CLOSE:
            code = int.from_bytes(body[:2], "big")
            self.watched.closed[code] = self.watched.closed.get(code, 0) + 1
            self._answer(0x88, body[:2])
        return True

    def _answer(self, kind: int, body: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(bytes((kind, 0x80 | len(body), 0, 0, 0, 0)) + body)  # masked by nothing

    def _told(self, told: Told) -> None:
        now, watched = time.time(), self.watched
        watched.frames += 1
        self.settled.set()
        if told.type == "snapshot":
            watched.snapshots += self.offset >= 0
            self.offset = told.offset or 0
        else:
            held = [said.offset for said in told.messages]
            is_dense = told.from_ == self.offset and held == list(range(self.offset + 1, (told.to or 0) + 1))
            watched.holes += not is_dense
            if watched.is_measuring:
                watched.waits_ms += [(now - said.at.timestamp()) * 1000 for said in told.messages]
            self.offset = told.to or 0
        self.epoch = told.epoch


async def open_all(places: list[Place], at_once: int) -> None:
    """Connect every place that is not open, so many in flight, until each has been told something."""
    loop = asyncio.get_running_loop()
    turn = asyncio.Semaphore(at_once)

    async def come(place: Place) -> None:
        while not place.is_open:
            async with turn:
                place.settled.clear()
                try:
                    await loop.create_connection(lambda: place, "127.0.0.1", place.port)
                    await place.settled.wait()
                except OSError:
                    await asyncio.sleep(0.1)

    await asyncio.gather(*(come(place) for place in places))


def slow_reader(port: int, path: str) -> socket.socket:
    """A viewer that opens a feed and never reads from it."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return made


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, whatever else the machine did."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as told:
        fields = told.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is really there."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
