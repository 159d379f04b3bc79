"""Opens and closes sockets of a server in this process without one collection of garbage, and prints how many are left.

``python -m tests.server.closing_sockets ENDING``. A process of its own: Sanic rewrites its code when a server starts.
"""

import asyncio
import contextlib
import gc
import sys
from typing import Any

from sanic import Request, Sanic
from websockets.asyncio.client import connect

from api_kit.sockets import AllowedOrigins, Socket, open_socket
from server.sockets import SocketProtocol, Turns
from tests.live.waiting import until
from tests.servers import free_port

SOCKETS = 20
SERVER, TOO_BIG, CLIENT = "server", "too-big", "client"


def left() -> int:
    """How many sockets and connections this process still has."""
    return sum(type(each) in (Socket, SocketProtocol) for each in gc.get_objects())


async def _open_and_close(ending: str) -> int:
    app: Sanic[Any, Any] = Sanic("circles", configure_logging=False)
    app.config.WEBSOCKET_MAX_SIZE = 1024
    app.ctx.origins, app.ctx.turns = AllowedOrigins(()), Turns()

    async def feed(request: Request) -> None:
        ws = open_socket(request)
        ws.listen(lambda _: ws.close())
        await ws.send("told")
        if ending == SERVER:
            ws.close(1001, "bye")
        else:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    feed.is_websocket = True  # type: ignore[attr-defined]
    app.add_route(feed, "/feed")
    port = free_port()
    serving: Any = await app.create_server("127.0.0.1", port, return_asyncio_server=True, protocol=SocketProtocol)
    await serving.startup()
    gc.collect()
    gc.disable()
    for _ in range(SOCKETS):
        async with connect(f"ws://127.0.0.1:{port}/feed", proxy=None) as ws:
            assert await ws.recv() == "told"
            if ending == TOO_BIG:
                await ws.send("x" * 2000)
                await ws.wait_closed()
    with contextlib.suppress(TimeoutError):
        await until(lambda: left() == 0, 10, 0.1)
    return left()


if __name__ == "__main__":
    print("left", asyncio.run(_open_and_close(sys.argv[1])))
