"""The product, reachable under ``/product`` on this host.

So that the phone page needs no cross-origin rule.

``/product/<path>`` becomes ``<PRODUCT_BASE_URL>/<path>``, for HTTP (streamed, live video included) and for
WebSockets.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import websockets
from sanic import HTTPResponse, Request, Sanic, Websocket
from sanic.response import raw

from scripts.wechat_sandbox.world import World

PREFIX = "/product"
TRY_AGAIN_LATER = 1013
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
    "host",
    "content-length",
    "content-encoding",
    "accept-encoding",
}


class ProductProxy:
    """Hands requests on to the product."""

    def __init__(self, world: World) -> None:
        self._base = world.settings.product_base_url
        self._client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(30.0, read=60.0))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def mount(self, app: Sanic[Any, Any]) -> None:
        """Take every path under the prefix."""
        app.add_websocket_route(self.relay_socket, PREFIX + "/<rest:path>/feed", name="product_socket")
        app.add_route(self.relay, PREFIX + "/<rest:path>", methods=list(METHODS), name="product_http")

    async def relay(self, request: Request, rest: str) -> HTTPResponse | None:
        """Hand one HTTP request on and stream its answer back."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        outgoing = self._client.build_request(
            request.method, self._base + self._target(request), headers=headers, content=request.body or None
        )
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.HTTPError as error:
            return raw(f"product: {type(error).__name__}".encode(), status=502)
        try:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            response = await request.respond(status=answer.status_code, headers=kept)
            async for chunk in answer.aiter_bytes():
                await response.send(chunk)
            await response.eof()
        finally:
            await answer.aclose()
        return None

    async def relay_socket(self, request: Request, ws: Websocket, rest: str) -> None:
        """Join the page's socket to the product's until either side closes."""
        parts = urlsplit(self._base + self._target(request))
        scheme = "wss" if parts.scheme == "https" else "ws"
        try:
            product = await websockets.connect(urlunsplit(parts._replace(scheme=scheme)), proxy=None)
        except (OSError, websockets.WebSocketException):
            await ws.close(TRY_AGAIN_LATER, "product")
            return
        tasks = [asyncio.create_task(_to_page(product, ws)), asyncio.create_task(_to_product(ws, product))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The page's end comes as a cancellation of this handler: neither task may outlive it.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await product.close()

    @staticmethod
    def _target(request: Request) -> str:
        return request.raw_url.decode("latin-1").removeprefix(PREFIX)


async def _to_page(product: websockets.ClientConnection, ws: Websocket) -> None:
    async for message in product:
        await ws.send(message)


async def _to_product(ws: Websocket, product: websockets.ClientConnection) -> None:
    while (message := await ws.recv()) is not None:
        await product.send(message)
