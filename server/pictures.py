"""Public pictures of a local folder: for development, and behind a host name of their own where nginx is not wanted."""

from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from integrations.object_storage.folder import FolderStorage, is_public_key
from kit.errors import NotFound
from kit.imaging import CONTENT_TYPE

HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
}


def add_pictures(app: Sanic[Any, Any], folder: FolderStorage) -> None:
    """Serve ``/pictures/<key>`` for public keys; everything else there does not exist."""

    async def picture(_: Request, key: str) -> HTTPResponse:
        content = await folder.get(key) if is_public_key(key) else None
        if content is None:
            raise NotFound()
        return HTTPResponse(content, content_type=CONTENT_TYPE, headers=HEADERS)

    app.add_route(picture, "/pictures/<key:path>", name="pictures")
