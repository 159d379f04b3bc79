"""Papers for print: A4 pages in Chinese as a PDF, the same byte for byte whenever it is made from the same words.

Making one takes some milliseconds of computing for each page: from a request, do it in a thread.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kit.qr_codes import qr_modules

# Both are imported where a paper is made: most processes never make one, and they take a tenth of a process's start.
if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = Path(__file__).parent / "fonts" / "wqy-microhei-gb2312.ttf"
_FAMILY = "sheet"
MISSING = "〓"
"""Stands for a character that the typeface does not have; the clerk writes it in by hand."""
_MARGIN_MM = 16
_WIDTH_MM = 210 - 2 * _MARGIN_MM
_BOTTOM_MM = 297 - 13
_CODE_MM = 30
_CODE_BOTTOM_MM = _MARGIN_MM - 6 + _CODE_MM
_ROW_MM = 6.2
_FURTHER_LINE_MM = 4.2
_POINT_MM = 25.4 / 72
_SPACE = re.compile(r"[^\S\u3000]+")
_TOGETHER = re.compile(r"[（《]*(?:[!-~]+|.)[，。、；：）》]*")
"""What a line is not broken in: a word or number, and a character with what may not begin a line or end one."""


@functools.cache
def _advances() -> dict[int, float]:
    """How wide each character of the typeface is, as a part of its size."""
    from fontTools.ttLib import TTFont

    with TTFont(_FONT, lazy=True) as font:
        widths, em = font["hmtx"], font["head"].unitsPerEm
        return {code: widths[glyph][0] / em for code, glyph in font.getBestCmap().items()}


def printable(text: str) -> str:
    """The text in one line, with :data:`MISSING` for what cannot be printed. It is never said anywhere which it was.

    White space is one space, besides the full-width ones of the words themselves.
    """
    known = _advances()
    return "".join(each if ord(each) in known else MISSING for each in _SPACE.sub(" ", text.strip()))


def width_of(text: str, size: float) -> float:
    """In millimetres, of a printable text."""
    known = _advances()
    return sum(known[ord(each)] for each in text) * size * _POINT_MM


def _broken(text: str, size: float, width: float) -> list[str]:
    """A text in lines that are no wider; a single word that is, is broken anywhere."""
    shown = printable(text)
    if width_of(shown, size) <= width:
        return [shown]
    lines, line, left = [], "", width
    for piece in _TOGETHER.findall(shown):
        wide = width_of(piece, size)
        for part in [piece] if wide <= width else piece:
            wide = width_of(part, size)
            if wide > left and line:
                lines.append(line.rstrip())
                line, left, part = "", width, part.lstrip()
            line += part
            left -= wide
    return [*lines, line.rstrip()]


def _draw_boxes(pdf: "FPDF", boxes: Iterable[tuple[float, float, float, float]], operator: str) -> None:
    """Draws many rectangles at once, as the library does not.

    From the left, from above, wide and high; ``f`` fills them with the colour, ``S`` draws their frames.
    """
    k = pdf.k
    drawn = [f"{x * k:.2f} {(pdf.h - y - high) * k:.2f} {wide * k:.2f} {high * k:.2f} re" for x, y, wide, high in boxes]
    pdf._out(f"{' '.join(drawn)} {operator}")


class Sheet:
    """A document that grows downwards, page by page. Lengths are millimetres, sizes points."""

    def __init__(self, title: str, made_at: datetime) -> None:
        from fpdf import FPDF

        self._pdf = FPDF(format="A4")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_title(title)
        self._pdf.set_lang("zh-CN")
        self._pdf.set_creation_date(made_at)
        self._pdf.add_font(_FAMILY, fname=_FONT)
        self._foot, self._pages, self._y = "", 0, 0.0
        self._code: list[list[bool]] = []

    def begin_page(self, foot: str = "", code: str = "") -> None:
        """A new page. Each of the pages from here to the next call has a QR code in its upper right corner and ends in
        ``foot`` with its number, so that whichever is lost or photographed says what it belongs to."""
        self._number_pages()
        self._foot, self._code, self._pages = foot, qr_modules(code) if code else [], 0
        self._next_page()

    def line(self, text: str, size: float = 10, *, centred: bool = False) -> None:
        """A paragraph, broken where the page, or the code on it, ends."""
        beside = self._code and self._y < _CODE_BOTTOM_MM
        width, height = _WIDTH_MM - (_CODE_MM if beside else 0), size * 0.55
        for part in _broken(text, size, width):
            self._room(height)
            left = _MARGIN_MM + (max(width - width_of(part, size), 0) / 2 if centred else 1)
            self._text(left, self._y + height / 2 + size * _POINT_MM * 0.3, part, size)
            self._y += height

    def heading(self, text: str, needs: float = 24) -> None:
        """What comes next, on the page on which at least so many millimetres of it are."""
        if self._room(needs):
            self._pass_code()
        self.line(text, 11)

    def space(self, height: float = 3) -> None:
        """Nothing."""
        self._y += height

    def table(self, shares: Sequence[int], lines: Sequence[Sequence[str]], *, numbers_from: int) -> None:
        """Rows with a frame, as high as their words need; the first is the head, and stands on every page of the table.

        Columns from ``numbers_from`` on stand to the right.
        """
        widths = [_WIDTH_MM * share / sum(shares) for share in shares]
        head, *rows = [
            [_broken(text, 9, width - 2) for width, text in zip(widths, cells, strict=True)] for cells in lines
        ]
        self._pass_code()
        self._room(2 * _ROW_MM)
        self._row(widths, head, ["C"] * len(widths), is_head=True)
        aligned = ["R" if column >= numbers_from else "L" for column in range(len(widths))]
        for cells in rows:
            if self._room(_height_of(cells)):
                self._pass_code()
                self._row(widths, head, ["C"] * len(widths), is_head=True)
            self._row(widths, cells, aligned, is_head=False)

    def _row(
        self, widths: Sequence[float], cells: Sequence[list[str]], aligned: Sequence[str], *, is_head: bool
    ) -> None:
        height, left = _height_of(cells), float(_MARGIN_MM)
        boxes = [(left + sum(widths[:at]), self._y, width, height) for at, width in enumerate(widths)]
        if is_head:
            self._pdf.set_fill_color(236)
            _draw_boxes(self._pdf, boxes, "f")
            self._pdf.set_fill_color(0)
        _draw_boxes(self._pdf, boxes, "S")
        for width, parts, align in zip(widths, cells, aligned, strict=True):
            first = self._y + (height - (len(parts) - 1) * _FURTHER_LINE_MM) / 2 + 9 * _POINT_MM * 0.3
            for at, part in enumerate(parts):
                free = width - 2 - width_of(part, 9)
                place = {"L": 1.0, "C": 1 + free / 2, "R": 1 + free}[align]
                self._text(left + place, first + at * _FURTHER_LINE_MM, part, 9)
            left += width
        self._y += height

    def boxes(self, labels: Sequence[str], height: float = 26) -> None:
        """Frames beside each other to be signed in, kept on one page."""
        width = _WIDTH_MM / len(labels)
        self._room(height)
        self._pass_code()
        _draw_boxes(self._pdf, [(_MARGIN_MM + at * width, self._y, width, height) for at in range(len(labels))], "S")
        for at, label in enumerate(labels):
            left = _MARGIN_MM + at * width
            self._text(left + 2, self._y + 5, printable(label), 9)
            day = "年　　月　　日"
            self._text(left + width - 2 - width_of(day, 9), self._y + height - 3, day, 9)
        self._y += height

    def octets(self) -> bytes:
        """The finished file."""
        self._number_pages()
        return bytes(self._pdf.output())

    def _text(self, left: float, base: float, text: str, size: float) -> None:
        if text:
            self._pdf.set_font(_FAMILY, size=size)
            self._pdf.text(left, base, text)

    def _room(self, height: float) -> bool:
        """Whether a new page had to be begun for so much."""
        if self._y + height <= _BOTTOM_MM:
            return False
        self._next_page()
        return True

    def _next_page(self) -> None:
        self._pdf.add_page()
        self._pages, self._y = self._pages + 1, float(_MARGIN_MM)
        if self._code:
            self._draw_code()
        if self._foot and self._pages > 1:
            self.line(f"{self._foot}（续）", 9)
            self.space(1)

    def _pass_code(self) -> None:
        if self._code:
            self._y = max(self._y, _CODE_BOTTOM_MM + 2)

    def _number_pages(self) -> None:
        """What stands at the foot of the pages that are finished: only now one knows how many they are."""
        last = self._pdf.page
        for number in range(1, self._pages + 1 if self._foot else 0):
            self._pdf.page = last - self._pages + number
            self._pdf.current_font_is_set_on_page = False
            words = printable(f"{self._foot}　第 {number} 页，共 {self._pages} 页")
            self._text((210 - width_of(words, 8)) / 2, 297 - 7, words, 8)

    def _draw_code(self) -> None:
        """With the quiet zone that readers need."""
        module = _CODE_MM / (len(self._code) + 8)
        left, top = 210 - _MARGIN_MM - _CODE_MM, _CODE_BOTTOM_MM - _CODE_MM
        dark = []
        for down, cells in enumerate(self._code):
            across = 0
            for is_dark, run in groupby(cells):
                wide = len(list(run))
                if is_dark:
                    dark.append((left + (across + 4) * module, top + (down + 4) * module, wide * module, module))
                across += wide
        self._pdf.set_fill_color(0)
        _draw_boxes(self._pdf, dark, "f")


def _height_of(cells: Sequence[list[str]]) -> float:
    """Of a row of a table."""
    return _ROW_MM + (max(map(len, cells)) - 1) * _FURTHER_LINE_MM
