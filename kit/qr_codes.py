"""Plain QR codes for print and screen."""

from io import BytesIO
from typing import Literal

import segno


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
