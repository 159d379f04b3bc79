"""A daemon that speaks clamd's protocol (zINSTREAM, zPING) and knows one virus, the test file that harms nobody."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# In two parts, or scanners would take this source for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
STREAM_MAX_LENGTH = 12 * 1024 * 1024


class ClamdTwin:
    """``delay_s`` is how long it thinks; ``scanned`` the sizes of what it was shown."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.longest = STREAM_MAX_LENGTH
        self.scanned: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session: one command, one reply."""
        try:
            command = await reader.readuntil(b"\0")
            writer.write(await self._reply(command, reader))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _reply(self, command: bytes, reader: asyncio.StreamReader) -> bytes:
        if command == b"zPING\0":
            return b"PONG\0"
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            if len(content) + size > self.longest:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += await reader.readexactly(size)
        self.scanned.append(len(content))
        await asyncio.sleep(self.delay_s)
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@asynccontextmanager
async def clamd_on(address: str, twin: ClamdTwin) -> AsyncIterator[None]:
    """The twin at ``tcp://127.0.0.1:port`` or ``unix:///path``."""
    if address.startswith("unix://"):
        start = functools.partial(asyncio.start_unix_server, path=Path(address.removeprefix("unix://")))
    else:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        start = functools.partial(asyncio.start_server, host=host, port=int(port))
    server = await start(twin.serve)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
