"""R12: whatever is uploaded, nothing is served but a picture that we encoded ourselves, and no address is fetched.

Fails when the first bytes are not looked at (``format_of``), when the file is stored as it came instead of encoded
anew, and when the picture route loses its headers: each was tried.
"""

from collections.abc import AsyncIterator, Awaitable

import httpx
import pytest

from server.app import DOORS, load_doors
from tests.content.paint import opened, paint, png_of, with_place
from tests.doors.house import House
from tests.doors.problems import check_problem

PICTURES = "/v1/miniapp/pictures"
SCRIPT = b"<script>alert(document.domain)</script>"
PHP = b"<?php system($_GET['c']); ?>"
REFUSED = {
    "html": b"<!doctype html><html>" + SCRIPT,
    "html that begins with a space": b" " + SCRIPT,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg in xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "pdf and html": b"%PDF-1.7\n" + SCRIPT,
    "php": PHP,
    "gif and script": b"GIF89a/*" + b"\0" * 40 + b"*/=1;alert(1)",
    "bmp": paint("BMP", (20, 20)),
    "tiff": paint("TIFF", (20, 20)),
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "playlist": b"#EXTM3U\nfile:///etc/passwd\n",
    "an address": b"http://169.254.169.254/latest/meta-data/",
    "nothing": b"",
    "jpeg's first bytes and php": b"\xff\xd8\xff\xe0" + PHP,
    "png's first bytes and html": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "webp's first bytes and html": b"RIFF\x24\0\0\0WEBP" + SCRIPT,
    "riff of another kind": b"RIFF\x24\0\0\0WAVEfmt ",
    "half a jpeg": paint()[:1500],
    "50,000 by 50,000 pixels": png_of(50_000, 50_000),
}
NAMES = ["picture.jpg", "shell.php", "../../../etc/passwd", "x.jpg\u202egpj.exe", "a.svg", "x.php.jpg", "-i;$(id).png"]


async def upload(
    http: httpx.AsyncClient,
    house: House,
    content: bytes,
    name: str = "picture.jpg",
    declared: str = "image/jpeg",
    role: str = "consumer",
    purpose: str = "review",
) -> httpx.Response:
    path = PICTURES if role.startswith("consumer") else "/v1/console/pictures"
    files = {"file": (name, content, declared)}
    return await http.post(path, files=files, data={"purpose": purpose}, headers=house.headers(role))


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_picture_is_refused_whatever_it_is_called(
    house: House, http: httpx.AsyncClient, name: str
) -> None:
    before = await house.fingerprint()
    for declared in ("image/jpeg", "text/html"):
        reply = await upload(http, house, REFUSED[name], declared=declared)
        members = check_problem(reply, 422)
        assert members["code"] in ("picture_invalid", "picture_too_large")
    assert await house.fingerprint() == before


@pytest.mark.parametrize("tail", [SCRIPT, PHP, b"PK\x03\x04archive", b"%PDF-1.7"])
async def test_of_a_polyglot_only_the_picture_is_served_from_another_place_as_inert_bytes(
    house: House, http: httpx.AsyncClient, tail: bytes
) -> None:
    raw = paint("JPEG", (300, 200), comment=tail) + tail
    reply = await upload(http, house, raw, role="host", purpose="live")
    assert reply.status_code == 201, reply.text
    assert reply.json()["state"] == "passed"
    served = 0
    for path in house.files():
        content = path.read_bytes()
        assert tail not in content
        if path.parts[-3] != "public":
            continue
        answer = await http.get(f"/pictures/{'/'.join(path.parts[-3:])}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "immutable" in answer.headers["cache-control"]
        assert opened(answer.content).format == "JPEG"
        served += 1
    assert served >= 3


@pytest.mark.parametrize("name", NAMES)
async def test_the_clients_name_of_a_file_names_nothing(house: House, http: httpx.AsyncClient, name: str) -> None:
    raw = paint("PNG", (64, 48), colour=(NAMES.index(name) + 1, 5, 5))
    reply = await upload(http, house, raw, name=name, role="county_officer", purpose="page")
    assert reply.status_code == 201, reply.text
    shapes = {(p.suffix, len(p.stem.rsplit("-", 1)[0])) for p in house.files()}
    assert shapes == {(".jpg", 26)}


async def test_the_place_is_gone_from_every_file(house: House, http: httpx.AsyncClient) -> None:
    assert (await upload(http, house, with_place())).status_code == 201
    assert all(b"SECRET" not in path.read_bytes() for path in house.files())


@pytest.mark.parametrize(
    "key",
    ["../merchant.pem", "%2e%2e/merchant.pem", "public/../../merchant.pem", "public/..%2f..%2fmerchant.pem",
     "public/AA/nothing-750.jpg", "public", "public/AA/.hidden12345.jpg", "private/AA/whatever12-750.jpg",
     "public//etc/passwd"],
)  # fmt: skip
async def test_no_key_leads_out_of_the_public_folder(house: House, http: httpx.AsyncClient, key: str) -> None:
    reply = await http.get(f"/pictures/{key}")
    assert reply.status_code == 404, (key, reply.status_code)


async def test_a_private_picture_is_served_to_the_county_alone_and_every_look_is_noted(
    house: House, http: httpx.AsyncClient
) -> None:
    number = (await upload(http, house, paint("PNG"), role="merchant_clerk", purpose="licence")).json()["number"]
    (private, *_) = [path for path in house.files() if path.parts[-3] == "private"]
    assert (await http.get(f"/pictures/{'/'.join(private.parts[-3:])}")).status_code == 404
    path = f"/v1/console/pictures/{number}/file"
    for role, status in (("county_officer", 200), ("merchant_clerk", 200), ("foreign_clerk", 404), ("host", 403),
                         ("consumer", 403), ("anonymous", 401), ("administrator", 403)):  # fmt: skip
        reply = await http.get(path, params={"purpose": "核对证照"}, headers=house.headers(role))
        assert reply.status_code == status, role
    assert reply.headers["cache-control"] == "no-store"
    without = await http.get(path, headers=house.headers("county_officer"))
    check_problem(without, 422)
    assert await house.noted(f"picture:{number}") == 2


async def test_bodies_above_a_mebibyte_are_for_pictures_alone(house: House, http: httpx.AsyncClient) -> None:
    large = paint("PNG", (1500, 1000)) + b"\0" * (9 * 1024 * 1024)
    assert (await upload(http, house, large)).status_code == 201
    too_large = large + b"\0" * 2 * 1024 * 1024
    assert await is_refused_by_size(upload(http, house, too_large))
    headers = house.headers("consumer") | {"content-type": "application/json"}

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(24):
            yield b" " * 65_536

    # The limit is the route's, also on a connection that has just carried a picture, and also without a length.
    for content in (b" " * 1_200_000, chunks()):
        assert (await upload(http, house, paint())).status_code == 201
        assert await is_refused_by_size(http.post("/v1/miniapp/session", content=content, headers=headers))


async def is_refused_by_size(request: Awaitable[httpx.Response]) -> bool:
    """413, or a connection that was closed before all of the body was sent."""
    try:
        check_problem(await request, 413, "content_too_large")
    except (httpx.ReadError, httpx.WriteError):
        return True
    return True


FRAMES = {
    "no boundary": ("multipart/form-data", b"x", 415),
    "json": ("application/json", b"{}", 415),
    "not closed": ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1", 422),
    "no file": ("multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nreview\r\n--b--', 422),
    "a part without a name": ("multipart/form-data; boundary=b",
                              b"--b\r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\nx\r\n--b--", 422),
    "two files": ("multipart/form-data; boundary=b",
                  b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n' * 2 + b"--b--", 422),
    "a million parts": ("multipart/form-data; boundary=b", b"--b\r\n\r\n" * 1_000_000 + b"--b--", 422),
    "a million header lines": ("multipart/form-data; boundary=b",
                               b"--b\r\n" + b"a: b\r\n" * 1_000_000 + b"\r\n--b--", 422),
    "a purpose that is no text": ("multipart/form-data; boundary=b",
                                  b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n\xff\r\n--b--', 422),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
async def test_frames_that_are_no_upload(house: House, http: httpx.AsyncClient, name: str) -> None:
    content_type, body, status = FRAMES[name]
    headers = house.headers("consumer") | {"content-type": content_type}
    before = await house.fingerprint()
    reply = await http.post(PICTURES, content=body, headers=headers)
    check_problem(reply, status)
    assert reply.elapsed.total_seconds() < 2
    assert await house.fingerprint() == before


def test_no_route_takes_an_address_to_fetch() -> None:
    """There is nothing to point at an address inside the house, so there is no request forgery by it."""
    load_doors()
    bodies = [e.body for door in DOORS for e in door.endpoints if e.body is not None]
    fields = {f for body in bodies for f in body.__struct_fields__}
    assert [f for f in fields if "url" in f.lower() or f.endswith("_uri")] == []
