"""Files are shown to clamd as it takes them: ``zINSTREAM``, chunks behind their lengths, an empty chunk, one reply.

Whatever is neither ``OK`` nor ``FOUND`` (an error, a file above clamd's ``StreamMaxLength``, no daemon, no reply in
time) is no result, and without a result no file is taken.
"""

import asyncio
import re
from dataclasses import dataclass

import structlog

from kit.file_scanning import FileHarmful, FileNotScanned

log = structlog.get_logger("clamav")

_CHUNK = 64 * 1024
_LONGEST_REPLY = 4096
_TCP = re.compile(r"tcp://(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):([0-9]{1,5})")
_UNIX = re.compile(r"unix://(/.+)")


def is_clamd_address(address: str) -> bool:
    """Whether it is ``tcp://host:port`` or ``unix:///path``."""
    return bool(_UNIX.fullmatch(address) or ((tcp := _TCP.fullmatch(address)) and 0 < int(tcp[2]) < 65536))


@dataclass(frozen=True)
class ClamAvScanner:
    """A clamd at ``tcp://host:port`` or ``unix:///path``; ``timeout_s`` bounds the whole of one file."""

    address: str
    timeout_s: float

    async def check(self, content: bytes) -> None:
        """Returns for a file that clamd finds nothing in. Raises FileHarmful and FileNotScanned."""
        try:
            async with asyncio.timeout(self.timeout_s):
                reply = await self._reply(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.warning("file_not_scanned", reason=type(error).__name__)
            raise FileNotScanned() from None
        if reply.endswith(" FOUND"):
            signature = reply.removeprefix("stream: ").removesuffix(" FOUND")[:80]
            log.warning("file_harmful", name=signature)
            raise FileHarmful(signature=signature)
        if reply != "stream: OK":
            log.warning("file_not_scanned", reason=reply[:80])
            raise FileNotScanned()

    async def _reply(self, content: bytes) -> str:
        reader, writer = await self._open()
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                chunk = content[start : start + _CHUNK]
                writer.write(len(chunk).to_bytes(4, "big") + chunk)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace")
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if path := _UNIX.fullmatch(self.address):
            return await asyncio.open_unix_connection(path[1], limit=_LONGEST_REPLY)
        if (tcp := _TCP.fullmatch(self.address)) is None:
            raise OSError("no address of a clamd")
        return await asyncio.open_connection(tcp[1].strip("[]"), int(tcp[2]), limit=_LONGEST_REPLY)
