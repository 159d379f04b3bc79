"""Pictures for tests, painted here."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

from kit.database import execute
from kit.numbers import opaque_id

SOUTH = {1: "N", 2: (24.0, 11.0, 30.0), 3: "E", 4: (97.0, 47.0, 30.0)}


def paint(kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: Any = (180, 40, 40), **save: Any) -> bytes:
    """A picture of one colour with a darker left half, so that turning it shows."""
    picture = Image.new("RGB", size, colour)
    picture.paste((20, 20, 20), (0, 0, size[0] // 2, size[1]))
    buffer = BytesIO()
    picture.save(buffer, kind, **save)
    return buffer.getvalue()


def with_place(orientation: int = 6) -> bytes:
    """A photograph that says where it was taken and which way up it is."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRETMAKER"
    exif.get_ifd(0x8825).update(SOUTH)
    return paint(exif=exif, comment=b"SECRETCOMMENT")


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be so large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def opened(content: bytes) -> Image.Image:
    """What was stored, decoded."""
    picture: Image.Image = Image.open(BytesIO(content))
    picture.load()
    return picture


async def a_picture(uploader: str, purpose: str) -> str:
    """A picture that has passed, by decree and without files; answers its number."""
    number = opaque_id()
    await execute(
        "INSERT INTO picture (number, stem, base_url, uploader, purpose, state, sha256, width, height, uploaded_at,"
        " check_attempts, label) VALUES ($1, $2, '/pictures', $3, $4, 'passed', $5, 8, 8, now(), 0, '')",
        number,
        number,
        uploader,
        purpose,
        number.encode(),
    )
    return number
