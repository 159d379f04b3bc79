"""The phone page: static files under ``/phone``, with a policy that lets in no other origin's scripts."""

from pathlib import Path
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import file, redirect

from public_pages.live_rooms.views import ASSETS

FOLDER = Path(__file__).with_name("phone")
# Live pictures come from the product's media addresses, which are other origins; scripts and styles never do.
POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; "
    "media-src 'self' blob: http: https:; "
    "connect-src 'self' http: https: ws: wss:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def mount_phone(app: Sanic[Any, Any]) -> None:
    """Serve the page and its files."""

    @app.get("/phone", name="phone_page")
    async def phone(_request: Request) -> HTTPResponse:
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        return await file(FOLDER / "index.html", headers=headers)

    @app.get("/", name="front_door")
    async def front_door(_request: Request) -> HTTPResponse:
        return redirect("/phone")

    app.static("/phone/room", ASSETS, name="room_files")
    app.static("/phone", FOLDER, name="phone_files")
