"""Part of the webhook door on a port of this process, in the test's own loop and database."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sanic import Sanic
from sanic.server import AsyncioServer

from api_kit.doors import Door
from api_kit.mounting import mount
from server.problems import problem_for
from webhook_api import door

for room in ("payments", "wechat"):
    import_module(f"webhook_api.{room}.endpoints")  # adds the routes to the door


async def serve(part: str, services: Mapping[type, object], port: int) -> AsyncioServer:
    """Serve the endpoints whose path holds ``part``."""
    only = Door("webhook", door.prefix, door.title)
    only.endpoints = [endpoint for endpoint in door.endpoints if part in endpoint.path]
    app: Sanic[Any, Any] = Sanic(f"webhooks{port}", configure_logging=False)
    Sanic.test_mode = True  # else Sanic rewrites its own methods, which works once per process
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]

    async def nobody(request: object) -> None:
        return None

    mount(app, only, services, nobody)
    server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()  # type: ignore[no-untyped-call]
    await server.start_serving()  # type: ignore[no-untyped-call]
    return server


async def end(server: AsyncioServer) -> None:
    """Close it, and forget the application's name."""
    await server.close()  # type: ignore[no-untyped-call]
    for connection in server.connections:
        connection.abort()
    Sanic._app_registry.clear()
