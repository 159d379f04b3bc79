"""Plain QR codes for print and screen, and what a photograph of one says."""

from io import BytesIO
from typing import Literal

import segno
import zxingcpp
from PIL import Image

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def qr_code(text: str, kind: Literal["svg", "png"]) -> bytes:
    """A QR code of the text with a quiet zone, readable with 15 % of it gone (error correction M)."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind=kind, scale=8, border=4)
    return drawn.getvalue()


def inline_qr_code(text: str) -> str:
    """The same as an element of an HTML page; its size is the page's business."""
    drawn: str = segno.make(text, error="m", micro=False).svg_inline(border=4, omitsize=True)
    return drawn


def qr_modules(text: str) -> list[list[bool]]:
    """The same code as rows of dark and light modules, without its quiet zone."""
    return [[bool(module) for module in line] for line in segno.make(text, error="m", micro=False).matrix]


def read_qr_codes(picture: bytes, most: int = 8) -> list[str]:
    """What the QR codes in a picture of ours say, at most so many, in the order in which they are found; blocks.

    The bytes are those that ``kit.imaging`` has encoded, never what somebody handed in.
    """
    with Image.open(BytesIO(picture), formats=["JPEG"]) as opened:
        found = zxingcpp.read_barcodes(opened.convert("L"), formats=_QR)
    return [code.text for code in found[:most] if code.valid]
