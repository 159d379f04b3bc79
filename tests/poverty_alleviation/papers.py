"""Reads what this project prints: the words of a PDF page by page, and the QR code that is drawn on one."""

import re
import zlib

from PIL import Image, ImageDraw

from kit.documents import width_of

_PLACED = re.compile(
    rb"/F[0-9]+ (?P<size>[\d.]+) Tf|BT (?P<left>[\d.-]+) (?P<up>[\d.-]+) Td \((?P<drawn>(?:[^\\()]|\\.)*)\) Tj",
    re.DOTALL,
)


def streams(pdf: bytes) -> list[bytes]:
    """Every stream of the file, unpacked."""
    found = []
    for raw in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(raw))
        except zlib.error:
            found.append(raw)
    return found


def _characters(pdf: bytes) -> dict[int, str]:
    (table,) = [each for each in streams(pdf) if b"beginbfchar" in each or b"beginbfrange" in each]
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>", table)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _words(drawn: bytes, known: dict[int, str]) -> str:
    plain = re.sub(rb"\\(.)", lambda m: {b"r": b"\r", b"n": b"\n"}.get(m[1], m[1]), drawn, flags=re.DOTALL)
    return "".join(known[int.from_bytes(plain[at : at + 2], "big")] for at in range(0, len(plain), 2))


def pages_of(pdf: bytes) -> list[str]:
    """The words of each page, one cell a line."""
    known = _characters(pdf)
    pages = []
    for stream in streams(pdf):
        if not stream.startswith(b"2 J"):
            continue
        cells = []
        for drawn in re.findall(rb"\(((?:[^\\()]|\\.)*)\) Tj", stream, re.DOTALL):
            cells.append(_words(drawn, known))
        pages.append("\n".join(cells))
    return pages


def drawn_code(pdf: bytes, page: int) -> Image.Image:
    """The filled black rectangles of a page as a picture, as a phone would see them."""
    picture = Image.new("L", (210 * 8, 297 * 8), 255)
    pen, dark = ImageDraw.Draw(picture), True
    scale = 8 * 25.4 / 72
    stream = [each for each in streams(pdf) if each.startswith(b"2 J")][page]
    pattern = rb"(?P<grey>[\d.]+) g\b|(?P<boxes>(?:[\d.-]+ [\d.-]+ [\d.-]+ [\d.-]+ re )+)f"
    for found in re.finditer(pattern, stream):
        if found["grey"] is not None:
            dark = float(found["grey"]) == 0
            continue
        for box in found["boxes"].split(b" re ")[:-1] if dark else []:
            left, base, width, height = (float(each) * scale for each in box.split())
            sides = left, 297 * 8 - base - height, left + width - 1, 297 * 8 - base - 1
            pen.rectangle([round(side) for side in sides], fill=0)
    return picture


def placed(pdf: bytes, page: int | None = None) -> list[tuple[float, float, float]]:
    """Where the words of a page, or of all, begin and end from the left, and their base from above, in millimetres."""
    known, found = _characters(pdf), []
    drawn = [each for each in streams(pdf) if each.startswith(b"2 J")]
    for stream in drawn if page is None else drawn[page : page + 1]:
        size = 0.0
        for each in _PLACED.finditer(stream):
            if each["size"] is not None:
                size = float(each["size"])
                continue
            left, up = float(each["left"]) * 25.4 / 72, float(each["up"]) * 25.4 / 72
            words = _words(each["drawn"], known)
            found.append((left, left + width_of(words, size), 297 - up))
    return found
