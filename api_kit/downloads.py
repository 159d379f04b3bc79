"""Files that go out: piece by piece, for print, or a picture that has no address."""

from collections.abc import AsyncIterator

from sanic.response import BaseHTTPResponse, HTTPResponse, ResponseStream, raw

from kit.imaging import CONTENT_TYPE


def download(name: str, content_type: str, pieces: AsyncIterator[bytes]) -> ResponseStream:
    """A file under an ASCII name; memory does not grow with it."""

    async def send(response: BaseHTTPResponse | ResponseStream) -> None:
        async for piece in pieces:
            await response.write(piece)  # type: ignore[arg-type, union-attr]

    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return ResponseStream(send, headers=headers, content_type=content_type)


def printed(octets: bytes, name: str) -> HTTPResponse:
    """A paper for print, kept by nobody on the way."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return raw(octets, content_type="application/pdf", headers=headers)


def private_picture(content: bytes) -> HTTPResponse:
    """A picture for one pair of eyes: inert, and kept by nobody on the way."""
    headers = {
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": 'inline; filename="picture.jpg"',
        "cache-control": "no-store",
    }
    return raw(content, content_type=CONTENT_TYPE, headers=headers)
