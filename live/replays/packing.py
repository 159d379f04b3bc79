"""Kept files of a stream in one tar (POSIX ustar), written and read piece by piece: memory does not grow with it.

The same files make the same octets: names are given, times and owners are none.
"""

import asyncio
import tarfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path

from live.replays.files import pieces_of

_BLOCK = tarfile.BLOCKSIZE


class PackedFileChanged(Exception):
    """A file was not as long as it had been when the packing came to it."""


async def packed(files: Sequence[tuple[str, Path]]) -> AsyncIterator[bytes]:
    """A tar of files under ASCII names. Raises OSError and :class:`PackedFileChanged`."""
    for name, path in files:
        info = tarfile.TarInfo(name)
        info.size = left = (await asyncio.to_thread(path.stat)).st_size
        yield info.tobuf(tarfile.USTAR_FORMAT)
        async for piece in pieces_of(path):
            left -= len(piece)
            yield piece
        if left:
            raise PackedFileChanged(name)
        yield b"\0" * (-info.size % _BLOCK)
    yield b"\0" * 2 * _BLOCK


async def unpacked(pieces: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    """The files of such a tar, one after the other, each in pieces under its name; an empty one is one empty piece.

    A tar that was cut ends early. Raises ``tarfile.TarError`` for what is none.
    """
    buffer, name, left, padding = bytearray(), "", 0, 0
    async for piece in pieces:
        buffer += piece
        while buffer:
            if left:
                content = bytes(buffer[:left])
                left -= len(content)
                del buffer[: len(content)]
                yield name, content
            elif padding:
                skipped = min(padding, len(buffer))
                padding -= skipped
                del buffer[:skipped]
            elif len(buffer) < _BLOCK:
                break
            else:
                block = bytes(buffer[:_BLOCK])
                del buffer[:_BLOCK]
                if block.count(0) == _BLOCK:
                    continue
                info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
                name, left, padding = info.name, info.size, -info.size % _BLOCK
                if not left:
                    yield name, b""
