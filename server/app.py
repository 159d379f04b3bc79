"""The HTTP process: doors on one Sanic application. ``python -m server.app`` runs one single-process server."""

import importlib
from pathlib import Path
from typing import Any

import msgspec
from sanic import Request, Sanic
from sanic.response import HTTPResponse, html
from swagger_ui_bundle import swagger_ui_path

from api_kit.mounting import limit_bodies, mount
from api_kit.openapi import describe
from api_kit.sockets import AllowedOrigins
from console_api import door as console
from integrations.object_storage.folder import FolderStorage
from miniapp_api import door as miniapp
from public_pages import door as pages
from public_pages.live_rooms.views import ASSETS, ASSETS_PATH
from server.authentication import authenticator
from server.bootstrap import Bootstrap, bootstrap
from server.collecting import keep_what_stands
from server.database import ROOT, connect, disconnect
from server.draining import drain_on_signals
from server.pictures import add_pictures
from server.problems import problem_for
from server.settings import Settings, load_settings
from server.sockets import SocketProtocol, Turns
from server.telemetry import add_telemetry, configure_logging
from webhook_api import door as webhook

VERSION = "0.1.0"
DOORS = [miniapp, console, webhook, pages]
# Importing an endpoints module adds its routes to its door; a door folder is one room it serves.
DOOR_MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for door in ("miniapp_api", "console_api", "webhook_api", "public_pages")
    for path in (ROOT / door).glob("*/endpoints.py")
)
_DOCS = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>陇川 API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"><div id="ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true})</script></html>"""


def load_doors() -> None:
    """Import every endpoints module once."""
    for module in DOOR_MODULES:
        importlib.import_module(module)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI description of all doors."""
    load_doors()
    return describe(DOORS, VERSION)


def create_app(settings: Settings, built: Bootstrap | None = None) -> Sanic[Any, Any]:
    """The application with every door mounted. It refuses to be built when a route lacks a service or an actor."""
    load_doors()
    built = built or bootstrap(settings)
    app: Sanic[Any, Any] = Sanic("longchuan", configure_logging=False, env_prefix=None)
    app.config.REQUEST_MAX_SIZE = 1024 * 1024
    app.config.REQUEST_TIMEOUT = 10
    app.config.RESPONSE_TIMEOUT = 30
    app.config.KEEP_ALIVE_TIMEOUT = 30
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 15
    app.config.WEBSOCKET_MAX_SIZE = 4 * 1024
    app.config.WEBSOCKET_PING_INTERVAL = settings.live.feed.ping_s
    app.config.WEBSOCKET_PING_TIMEOUT = settings.live.feed.pong_s
    app.config.PROXIES_COUNT = settings.trusted_proxies
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.ctx.settings = settings
    app.ctx.built = built
    app.ctx.origins, app.ctx.turns = built.services[AllowedOrigins], Turns()
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]
    add_telemetry(app)
    limit_bodies(app)
    for door in DOORS:
        mount(app, door, built.services, authenticator(built.sessions))
    _add_docs(app)
    if settings.live.room_pages:
        app.static(ASSETS_PATH, ASSETS, name="room_assets")
    if isinstance(built.storage, FolderStorage):
        add_pictures(app, built.storage)

    async def start(_: Any) -> None:
        await connect(settings)
        await built.start()

    async def let_viewers_go(_: Any) -> None:
        await built.live.feed_hub.stop()

    async def stop(_: Any) -> None:
        await built.stop()
        await disconnect()

    app.register_listener(start, "before_server_start")
    # Open sockets would hold the shutdown up until its time limit.
    app.register_listener(let_viewers_go, "before_server_stop")
    app.register_listener(stop, "after_server_stop")
    return app


def _add_docs(app: Sanic[Any, Any]) -> None:
    document = msgspec.json.encode(describe(DOORS, VERSION))

    async def openapi(_: Request) -> HTTPResponse:
        return HTTPResponse(document, content_type="application/json")

    async def docs(_: Request) -> HTTPResponse:
        return html(_DOCS)

    app.add_route(openapi, "/openapi.json", name="openapi")
    app.add_route(docs, "/docs", name="docs")
    app.static("/docs/assets", Path(swagger_ui_path), name="docs_assets")


def main() -> None:
    """Run one server in this process; a supervisor outside restarts it (architecture, findings)."""
    settings = load_settings()
    configure_logging(settings.log_level)
    app = create_app(settings)
    drain_on_signals(app, settings.api_drain_s)
    keep_what_stands()
    app.run(
        host=settings.api_host,
        port=settings.api_port,
        single_process=True,
        register_sys_signals=False,
        access_log=False,
        motd=False,
        backlog=4096,
        protocol=SocketProtocol,
    )


if __name__ == "__main__":
    main()
