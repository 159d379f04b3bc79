"""The bucket, against moto's server: requests are signed, headers and keys are as the pages need them."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from moto.server import ThreadedMotoServer

from content.errors import StorageUnavailable
from content.pictures import Pictures, pictures_of
from integrations.object_storage.s3 import IMMUTABLE, S3Storage
from kit.database import transaction
from tests.content.paint import opened, paint
from tests.servers import free_port

BUCKET = "county-pictures"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/public/*"}
    ],
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3, with one bucket."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(trust_env=False) as client:
        assert client.put(f"{base}/{BUCKET}").status_code == 200
        assert client.put(f"{base}/{BUCKET}?policy", json=POLICY).status_code < 300
    yield base
    server.stop()


def storage_at(endpoint: str, bucket: str = BUCKET) -> S3Storage:
    return S3Storage.of(
        bucket=bucket, endpoint=endpoint, region="us-east-1", access_key_id="testing", secret_access_key="testing"
    )  # pragma: allowlist secret


async def test_a_picture_lies_in_the_bucket_and_goes_again(database: str, endpoint: str) -> None:
    pictures = Pictures(storage_at(endpoint), f"{endpoint}/{BUCKET}")
    taken = await pictures.take(paint(), "staff:U1", "product")
    async with transaction():
        await pictures.attach([taken.number], "staff:U1", "product", "product:P1")
    (view,) = await pictures_of("product:P1")
    assert view.url is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(view.url)
    assert answer.status_code == 200
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/jpeg", IMMUTABLE)
    assert opened(answer.content).size == (640, 480)
    assert opened(await pictures.file(taken.number, None)).size == (640, 480)
    keys = [view.url.split(f"/{BUCKET}/")[1]]
    await pictures.storage.delete(keys)
    await pictures.storage.delete(keys)
    assert await pictures.storage.get(keys[0]) is None


@pytest.mark.parametrize(("bucket", "path"), [(BUCKET, f"/{BUCKET}/public"), ("127", "/public")])
async def test_requests_carry_a_signature_of_version_four(bucket: str, path: str) -> None:
    """Asked of a socket of our own, because moto believes everybody. An endpoint that begins with the bucket's name is
    the bucket's own, as 127.0.0.1 is of a bucket that is called 127.
    """
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await storage_at(f"http://127.0.0.1:{port}", bucket).put("public/AA/abcdefgh-200.jpg", b"x", "image/jpeg")
    server.close()
    (head,) = heard
    assert head.startswith(f"PUT {path}/AA/abcdefgh-200.jpg")
    signed = next(line for line in head.split("\r\n") if line.lower().startswith("authorization:"))
    assert "AWS4-HMAC-SHA256 Credential=testing/" in signed
    assert "x-amz-content-sha256" in signed
    assert "cache-control: public" in head.lower()


async def test_a_bucket_that_is_away_is_unavailable_and_leaves_no_picture(database: str) -> None:
    pictures = Pictures(storage_at(f"http://127.0.0.1:{free_port()}"), "https://pictures.example.cn")
    with pytest.raises(StorageUnavailable):
        await pictures.take(paint(), "staff:U1", "product")
    assert await pictures_of("product:P1") == []
