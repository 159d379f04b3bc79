"""Hostile bytes to pictures of ours.

A file is taken by its first bytes alone, decoded within a bound of pixels and encoded anew, so that nothing of what
came is served: no EXIF, no place, no comment, no trailing archive or script (commerce reference R12, reliability
reference 4.39 to 4.41).
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

from PIL import Image, ImageOps

from kit.errors import Invalid

SIZES = {"large": 1500, "medium": 750, "small": 200}
"""The longest edge of each derived file, in pixels; a smaller picture is not blown up."""

CONTENT_TYPE = "image/jpeg"
MAX_EDGE = 20_000
_QUALITY = 85

Made = TypeVar("Made")


class PictureInvalid(Invalid):
    """What was handed in is no JPEG, PNG or WebP picture that can be read."""

    code = "picture_invalid"
    title = "图片无法识别，请上传 JPEG、PNG 或 WebP 图片"
    title_en = "Not a readable JPEG, PNG or WebP picture"


class PictureTooLarge(Invalid):
    """A picture has more bytes or more pixels than are taken."""

    code = "picture_too_large"
    title = "图片过大"
    title_en = "The picture is too large"


@dataclass(frozen=True)
class Encoded:
    """A picture encoded anew. ``width`` and ``height`` are those of the large file."""

    width: int
    height: int
    files: dict[str, bytes]


def format_of(raw: bytes) -> str:
    """JPEG, PNG or WEBP by the first bytes; whatever else a file claims to be. Raises :class:`PictureInvalid`."""
    if raw.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    raise PictureInvalid()


def encode_anew(raw: bytes, max_pixels: int) -> Encoded:
    """The derived files of a picture; blocks, so call it in a thread.

    Raises :class:`PictureInvalid` and, before a pixel is decoded, :class:`PictureTooLarge`.
    """
    return _read(raw, max_pixels, _derive)


def encode_for_keeping(raw: bytes, max_pixels: int, edge: int) -> bytes:
    """One JPEG of at most ``edge`` pixels, without anything that hung on the file; the same whenever it is made.

    Blocks; raises as :func:`encode_anew` does.
    """

    def reduce(opened: Image.Image) -> bytes:
        return _jpeg(_drawn(opened, edge))

    return _read(raw, max_pixels, reduce)


def _read(raw: bytes, max_pixels: int, make: Callable[[Image.Image], Made]) -> Made:
    kind = format_of(raw)
    try:
        with Image.open(BytesIO(raw), formats=[kind]) as opened:
            width, height = opened.size
            if width * height > max_pixels or max(width, height) > MAX_EDGE:
                raise PictureTooLarge(max_pixels=max_pixels)
            return make(opened)
    except PictureTooLarge:
        raise
    except Image.DecompressionBombError:
        raise PictureTooLarge(max_pixels=max_pixels) from None
    except Exception:
        # Pillow's decoders let OSError, SyntaxError, ValueError, struct.error and others through.
        raise PictureInvalid() from None


def _derive(opened: Image.Image) -> Encoded:
    picture = _drawn(opened, SIZES["large"])
    files = {}
    for name, longest in SIZES.items():
        smaller = picture.copy()
        smaller.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        files[name] = _jpeg(smaller)
    return Encoded(picture.width, picture.height, files)


def _drawn(opened: Image.Image, edge: int) -> Image.Image:
    opened.draft("RGB", (edge, edge))  # a JPEG is decoded at a fraction of its size where that is enough
    picture = _on_white(ImageOps.exif_transpose(opened))
    picture.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return picture


def _jpeg(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return buffer.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB without transparency and without anything that hung on the file."""
    if picture.mode in ("P", "PA", "LA", "RGBA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    bare = picture if picture.mode == "RGB" else picture.convert("RGB")
    bare.info = {}
    return bare
