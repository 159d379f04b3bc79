"""A plain painting for each product of the demo: hills of the county under a morning sky, and what is sold."""

import math
from io import BytesIO

from PIL import Image, ImageDraw

EDGE = 900
# category: the colour of the thing, and its shape
_THINGS = {
    "sugar": ("#7b3f1d", "jar"),
    "rice": ("#f1e7cf", "sack"),
    "tea-coffee": ("#3f6b3a", "jar"),
    "nuts-dried": ("#a0692f", "heap"),
    "cured-meat": ("#9c3b2e", "sack"),
    "fruit": ("#f2b52c", "heap"),
    "fungi-shoots": ("#6d5844", "heap"),
    "silk": ("#e9e1f0", "cloth"),
    "brocade": ("#b3263a", "cloth"),
    "knives": ("#8d99a6", "blade"),
    "lodging": ("#8a5a3c", "house"),
    "tickets": ("#3d7ea6", "house"),
}


def paint(category: str, serial: int) -> bytes:
    """The picture of a product as a JPEG; ``serial`` moves the hills, so that no two are the same."""
    colour, shape = _THINGS.get(category, ("#888888", "heap"))
    picture = Image.new("RGB", (EDGE, EDGE))
    draw = ImageDraw.Draw(picture)
    for y in range(EDGE):
        draw.line([(0, y), (EDGE, y)], fill=(200 + y * 40 // EDGE, 222 + y * 16 // EDGE, 240 - y * 50 // EDGE))
    draw.ellipse((620, 90, 770, 240), fill="#ffe9a8")
    for layer, green in enumerate(("#a9c3a0", "#7fa678", "#5b8757")):
        ridge = [
            (x, 420 + layer * 110 + 60 * math.sin(x / (150 + 40 * layer) + serial * 1.7 + layer))
            for x in range(0, EDGE + 1, 10)
        ]
        draw.polygon([*ridge, (EDGE, EDGE), (0, EDGE)], fill=green)
    _SHAPES[shape](draw, colour)
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _jar(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.rounded_rectangle((300, 380, 600, 800), 50, fill=colour, outline="#fffaf0", width=8)
    draw.rounded_rectangle((330, 330, 570, 390), 16, fill="#c9a15a")
    draw.rounded_rectangle((340, 520, 560, 680), 12, fill="#fffaf0")


def _sack(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.polygon([(330, 400), (570, 400), (640, 800), (260, 800)], fill=colour, outline="#6b5a3c", width=8)
    draw.polygon([(370, 320), (530, 320), (570, 400), (330, 400)], fill=colour, outline="#6b5a3c", width=8)


def _heap(draw: ImageDraw.ImageDraw, colour: str) -> None:
    for row, count in enumerate((1, 2, 3, 4)):
        for place in range(count):
            x, y = 450 + (place * 2 - count) * 85, 380 + row * 115
            draw.ellipse((x, y, x + 165, y + 155), fill=colour, outline="#5a4020", width=5)


def _cloth(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.rectangle((250, 330, 650, 800), fill=colour)
    for stripe in range(330, 800, 60):
        draw.line([(250, stripe), (650, stripe)], fill="#20304f", width=10)
        for x in range(280, 650, 60):
            draw.polygon([(x, stripe + 15), (x + 15, stripe + 30), (x, stripe + 45), (x - 15, stripe + 30)], "#f0c14b")


def _blade(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.rectangle((210, 430, 560, 620), fill=colour, outline="#f4f6f8", width=8)
    draw.rounded_rectangle((560, 470, 740, 540), 24, fill="#4b2e1e")


def _house(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.polygon([(220, 520), (450, 340), (680, 520)], fill="#5c3b28")
    draw.rectangle((270, 520, 630, 800), fill=colour)
    draw.rectangle((410, 640, 490, 800), fill="#fffaf0")


_SHAPES = {"jar": _jar, "sack": _sack, "heap": _heap, "cloth": _cloth, "blade": _blade, "house": _house}
