"""Many viewers of one address in one process, who count what arrives: ``python -m … URL VIEWERS SECONDS``.

Prints the octets of each viewer between two moments, as JSON.
"""

import asyncio
import json
import resource
import sys
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

from scripts.benchmarks.live.waiting import until

SETTLE_S = 3.0
AT_ONCE = 100
_SHARED = bytearray(1 << 20)
"""Where every viewer's octets land and are forgotten: nothing is kept of what is only counted."""


class Counting(asyncio.BufferedProtocol):
    """A viewer who looks at nothing."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.octets = 0
        self.is_open = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.is_open = True
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def connection_lost(self, _: Exception | None) -> None:
        """The relay has let the viewer go."""
        self.is_open = False

    def get_buffer(self, _: int) -> memoryview:
        """The one buffer."""
        return memoryview(_SHARED)

    def buffer_updated(self, count: int) -> None:
        """Count."""
        self.octets += count


@dataclass
class Audience:
    """Viewers of one address."""

    url: str
    viewers: list[Counting] = field(default_factory=list)

    async def come(self, count: int) -> None:
        """Open so many more connections and wait until each has been given something."""
        parts = urlsplit(self.url)
        request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        made = [Counting(request) for _ in range(count)]
        for at in range(0, count, AT_ONCE):
            await asyncio.gather(*(self._open(viewer) for viewer in made[at : at + AT_ONCE]))
        self.viewers += made
        await until(lambda: all(viewer.octets > len(request) for viewer in made))

    async def _open(self, viewer: Counting) -> None:
        parts = urlsplit(self.url)
        await asyncio.get_running_loop().create_connection(lambda: viewer, parts.hostname or "", parts.port or 0)

    async def count(self, seconds: float) -> list[int]:
        """The octets of each viewer in the next seconds; none for who was let go."""
        before = [viewer.octets for viewer in self.viewers]
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(seconds)
        took = loop.time() - began
        return [
            int((viewer.octets - was) * seconds / took) if viewer.is_open else 0
            for viewer, was in zip(self.viewers, before, strict=True)
        ]

    def leave(self) -> None:
        """Hang up, all of them."""
        for viewer in self.viewers:
            if viewer.transport is not None:
                viewer.transport.abort()


async def _main(url: str, viewers: int, seconds: float) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    audience = Audience(url)
    await audience.come(viewers)
    await asyncio.sleep(SETTLE_S)
    print("counting", flush=True)
    print(json.dumps(await audience.count(seconds)), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
