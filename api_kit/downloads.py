"""Files that go out piece by piece."""

from collections.abc import AsyncIterator

from sanic.response import BaseHTTPResponse, ResponseStream


def download(name: str, content_type: str, pieces: AsyncIterator[bytes]) -> ResponseStream:
    """A file under an ASCII name; memory does not grow with it."""

    async def send(response: BaseHTTPResponse | ResponseStream) -> None:
        async for piece in pieces:
            await response.write(piece)  # type: ignore[arg-type, union-attr]

    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return ResponseStream(send, headers=headers, content_type=content_type)
