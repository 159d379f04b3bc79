"""Clients of the feed that mean no good, beside viewers who do: what the others feel, and what the process keeps.

Sockets that never read, never answer a ping, send floods, frames that are too big or come from a foreign page, each
again and again when they have been thrown out; and viewers who come, look and go. Live reference 3.

They are a process of their own, behind everybody else (nice): what those who watch feel is what the API does to them,
not what it costs this machine to attack it. ``python -m scripts.benchmarks.hostile PORT PATH EACH JOINS SECONDS``
prints what was done as JSON.
"""

import asyncio
import contextlib
import json
import os
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvloop

from scripts.benchmarks.sockets import KEY, Place, Watched, slow_reader
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment

PAUSE_S = 0.1
BIG = 5000
FLOOD = 80
_CLOSE = 8


@dataclass
class Attack:
    """What was done so far. ``endings`` counts codes of closing and refusals by HTTP, 0 where the API just hung up."""

    port: int
    path: str
    rounds: Counter[str] = field(default_factory=Counter)
    endings: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def keep_on(self, kind: str) -> None:
        """One attacker, until cancelled."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._once(kind)
            self.rounds[kind] += 1
            await asyncio.sleep(PAUSE_S)

    async def _once(self, kind: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            origin = "Origin: https://evil.example\r\n" if kind == "foreign" else ""
            writer.write(
                f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n{origin}"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101"):
                self.endings[kind, int(head.split()[1])] += 1
                return
            if kind == "big":
                writer.write(_masked(b"x" * BIG))
            elif kind == "flood":
                writer.write(_masked(b'{"likes": 1}') * FLOOD)
            self.endings[kind, await _ending(reader)] += 1
        finally:
            writer.transport.abort()

    async def come_and_go(self, count: int, seconds: float) -> None:
        """Viewers who stay until they have been told something, the same number in each second."""
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def join() -> None:
            place = Place(Watched(), self.path, self.port)
            with contextlib.suppress(OSError):
                await loop.create_connection(lambda: place, "127.0.0.1", self.port)
                await place.settled.wait()
                if place.transport is not None:
                    place.transport.abort()
                self.rounds["join"] += 1

        async with asyncio.TaskGroup() as joins:
            for n in range(count):
                await asyncio.sleep(max(0.0, began + n * seconds / count - loop.time()))
                joins.create_task(join())


KINDS = ("big", "flood", "foreign", "mute")
"""Those who come back when they are thrown out; ``mute`` reads and answers no ping."""


@dataclass
class Attacked:
    """What an attack has come to, told at its end."""

    rounds: dict[str, int] = field(default_factory=dict)
    endings: dict[tuple[str, int], int] = field(default_factory=dict)


@asynccontextmanager
async def attacked(port: int, path: str, each: int, joins: int, seconds: float) -> AsyncIterator[Attacked]:
    """So many of each kind, as many who never read, and viewers who come and go, beside a block; at its end all of it
    has been done.
    """
    told = Attacked()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.benchmarks.hostile", str(port), path, str(each), str(joins), str(seconds),
        cwd=ROOT, env=plain_environment(), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"attacking\n"
        yield told
        found = json.loads(await process.stdout.readline())
        told.rounds = found["rounds"]
        told.endings = {(kind, code): count for kind, code, count in found["endings"]}
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _attack(port: int, path: str, each: int, joins: int, seconds: float) -> None:
    os.nice(19)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attack = Attack(port, path)
    silent = [slow_reader(port, path) for _ in range(each)]
    tasks = [asyncio.create_task(attack.keep_on(kind)) for kind in KINDS for _ in range(each)]
    print("attacking", flush=True)
    async with asyncio.TaskGroup() as going:
        going.create_task(attack.come_and_go(joins, seconds))
        going.create_task(asyncio.sleep(seconds))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for socket in silent:
        socket.close()
    endings = [[kind, code, count] for (kind, code), count in attack.endings.items()]
    print(json.dumps({"rounds": attack.rounds, "endings": endings}), flush=True)


def _masked(body: bytes) -> bytes:
    """A text frame of a client, masked by nothing (RFC 6455 5.2)."""
    size = bytes((0x80 | len(body),)) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + body


async def _ending(reader: asyncio.StreamReader) -> int:
    """Read frames and answer none until the other side closes; its code, or 0."""
    while True:
        try:
            kind, size = await reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await reader.readexactly(8), "big")
            body = await reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        if kind & 0x0F == _CLOSE:
            return int.from_bytes(body[:2], "big")


if __name__ == "__main__":
    uvloop.run(_attack(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
