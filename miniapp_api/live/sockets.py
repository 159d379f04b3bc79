"""One frame for thousands of sockets: framed once, and written where the socket has nothing left to send."""

import asyncio
import contextlib
from functools import lru_cache
from typing import Any

from sanic.exceptions import WebsocketClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

CLOSE_SECONDS = 1.0


@lru_cache(maxsize=8)
def framed(text: str) -> bytes:
    """A text as it stands on the wire: a server's frames are not masked, so they are the same for everybody."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def write_now(ws: Any, text: str) -> bool:
    """Write a text to a socket of Sanic's that is open and has sent all it had; False: it has to wait its turn."""
    transport = ws.io_proto.transport if ws.io_proto is not None else None
    if transport is None or transport.is_closing() or ws.ws_proto.state is not OPEN:
        return False
    if transport.get_write_buffer_size() > 0:
        return False
    transport.write(framed(text))
    return True


async def let_go(ws: Any, code: int, reason: str) -> None:
    """Close a socket and say why; one that does not even take that is cut, so that it holds nothing here."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            with contextlib.suppress(WebsocketClosed):
                await ws.close(code, reason)
    except TimeoutError:
        if ws.io_proto is not None and ws.io_proto.transport is not None:
            ws.io_proto.transport.abort()
