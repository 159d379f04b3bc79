"""Reads streams from the media server for the relay, in the relay's own process (decision record 0089)."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.media_server.rtmp import RtmpBrokenError, RtmpPlayer
from live.media.flv import Tag

log = logging.getLogger("longchuan.media_server")

ANSWER_SECONDS = 5.0
STALL_SECONDS = 8.0
GATHER_SECONDS = 0.1
FULL_PAUSE_SECONDS = 0.005
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class RtmpReader:
    """Implements :class:`live.ports.StreamReader` with one connection for each stream. ``rtmp_url`` is that of the
    application (``rtmp://host:port/name``).

    The socket is looked at by the clock: being woken for each of seventy messages a second costs more than the
    messages. The kernel keeps what comes meanwhile.
    """

    rtmp_url: str
    stall_seconds: float = STALL_SECONDS

    async def read(self, stream: str) -> AsyncIterator[list[Tag]]:
        """See :class:`live.ports.StreamReader`."""
        where = urlsplit(self.rtmp_url)
        player = RtmpPlayer(where.path.strip("/"), stream, self.rtmp_url)
        with socket.socket() as line:
            line.setblocking(False)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await asyncio.get_running_loop().sock_connect(line, (where.hostname, where.port or 1935))
                    first = await self._begin(line, player)
                if first:
                    yield first
                async for tags in self._gather(line, player):
                    yield tags
            except (OSError, RtmpBrokenError) as error:
                log.warning("stream %s…: %s", stream[:6], error or type(error).__name__)

    @staticmethod
    async def _begin(line: socket.socket, player: RtmpPlayer) -> list[Tag]:
        """The conversation until the stream plays, each answer as it comes."""
        loop = asyncio.get_running_loop()
        found: list[Tag] = []
        while True:
            await _send(line, player)
            if player.plays:
                return found
            piece = await loop.sock_recv(line, PIECE_BYTES)
            if not piece:
                raise RtmpBrokenError("the media server hangs up")
            found += player.feed(piece)

    async def _gather(self, line: socket.socket, player: RtmpPlayer) -> AsyncIterator[list[Tag]]:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            piece = _received(line)
            if piece == b"":
                return
            if piece is not None:
                tags = player.feed(piece)
                await _send(line, player)
                if tags:
                    heard_at = loop.time()
                    yield tags
            if loop.time() - heard_at > self.stall_seconds:
                raise RtmpBrokenError("nothing to see within the stall time")
            is_full = piece is not None and len(piece) > PIECE_BYTES // 2
            await asyncio.sleep(FULL_PAUSE_SECONDS if is_full else GATHER_SECONDS)


async def _send(line: socket.socket, player: RtmpPlayer) -> None:
    if player.to_send:
        await asyncio.get_running_loop().sock_sendall(line, bytes(player.to_send))
        player.to_send.clear()


def _received(line: socket.socket) -> bytes | None:
    """What is there, None when nothing is, no bytes at the end."""
    try:
        return line.recv(PIECE_BYTES)
    except BlockingIOError:
        return None
