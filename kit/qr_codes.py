"""Plain QR codes for print and screen, and what a photograph of one says."""

from io import BytesIO
from typing import Any, Literal

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
    """A code of the same kind as rows of dark and light modules, without its quiet zone.

    By the library that reads codes: a village's papers have hundreds, and it makes one fifteen times as fast.
    """
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False)
    lines: Any = memoryview(picture).tolist()
    return [[module == 0 for module in line] for line in lines]


def read_qr_codes(picture: bytes, most: int = 8) -> list[str | None]:
    """What the QR codes in a picture of ours say, at most so many, in the order in which they are found; blocks.

    None stands for a code that is there and cannot be read whole. The bytes are those that ``kit.imaging`` has encoded,
    never what somebody handed in.
    """
    with Image.open(BytesIO(picture), formats=["JPEG"]) as opened:
        found = zxingcpp.read_barcodes(opened.convert("L"), formats=_QR, return_errors=True)
    return [code.text if code.valid else None for code in found[:most]]
