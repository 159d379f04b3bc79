"""Papers for print: A4 pages in Chinese as a PDF, the same byte for byte whenever it is made from the same words.

Making one takes tenths of a second of computing: from a request, do it in a thread.
"""

import functools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from kit.qr_codes import qr_modules

_FONT = Path(__file__).parent / "fonts" / "wqy-microhei-gb2312.ttf"
_FAMILY = "sheet"
MISSING = "〓"
"""Stands for a character that the typeface does not have; the clerk writes it in by hand."""
_MARGIN_MM = 16
_WIDTH_MM = 210 - 2 * _MARGIN_MM


@functools.cache
def _characters() -> frozenset[int]:
    with TTFont(_FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def printable(text: str) -> str:
    """The text in one line, with :data:`MISSING` for what cannot be printed. It is never said anywhere which it was."""
    known = _characters()
    return "".join(each if ord(each) in known else MISSING for each in " ".join(text.split()))


class Sheet:
    """A document that grows downwards, page by page. Lengths are millimetres, sizes points."""

    def __init__(self, title: str, made_at: datetime) -> None:
        self._pdf = FPDF(format="A4")
        self._pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
        self._pdf.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self._pdf.set_title(title)
        self._pdf.set_lang("zh-CN")
        self._pdf.set_creation_date(made_at)
        self._pdf.add_font(_FAMILY, fname=_FONT)

    def begin_page(self) -> None:
        """A new page."""
        self._pdf.add_page()

    def line(self, text: str, size: float = 10, *, centred: bool = False) -> None:
        """A paragraph, broken where the page ends."""
        self._pdf.set_font(_FAMILY, size=size)
        self._pdf.multi_cell(
            0, size * 0.55, printable(text), align="C" if centred else "L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def space(self, height: float = 3) -> None:
        """Nothing."""
        self._pdf.ln(height)

    def table(self, shares: Sequence[int], lines: Sequence[Sequence[str]], *, numbers_from: int) -> None:
        """Rows with a frame; the first is the head. Columns from ``numbers_from`` on stand to the right."""
        widths = [_WIDTH_MM * share / sum(shares) for share in shares]
        self._pdf.set_font(_FAMILY, size=9)
        for number, cells in enumerate(lines):
            self._pdf.set_fill_color(236)
            for column, (width, text) in enumerate(zip(widths, cells, strict=True)):
                align = "C" if number == 0 else "R" if column >= numbers_from else "L"
                self._pdf.cell(width, 7, self._fitting(text, width - 2), border=1, align=align, fill=number == 0)
            self._pdf.ln(7)

    def boxes(self, labels: Sequence[str], height: float = 28) -> None:
        """Frames beside each other to be signed in, kept on one page."""
        width = _WIDTH_MM / len(labels)
        if self._pdf.will_page_break(height):
            self._pdf.add_page()
        top = self._pdf.get_y()
        self._pdf.set_font(_FAMILY, size=9)
        for at, label in enumerate(labels):
            left = _MARGIN_MM + at * width
            self._pdf.rect(left, top, width, height)
            self._pdf.set_xy(left + 1, top + 1)
            self._pdf.cell(width - 2, 6, printable(label))
            self._pdf.set_xy(left + 1, top + height - 7)
            self._pdf.cell(width - 2, 6, "年  月  日", align="R")
        self._pdf.set_xy(_MARGIN_MM, top + height)

    def qr_code(self, text: str, side: float = 30) -> None:
        """A code in the page's upper right corner, with the quiet zone that readers need."""
        modules = qr_modules(text)
        module = side / (len(modules) + 8)
        left, top = 210 - _MARGIN_MM - side, _MARGIN_MM - 6
        self._pdf.set_fill_color(0)
        for down, cells in enumerate(modules):
            at = 0
            while at < len(cells):
                end = at
                while end < len(cells) and cells[end]:
                    end += 1
                if end > at:
                    place = left + (at + 4) * module, top + (down + 4) * module
                    self._pdf.rect(*place, (end - at) * module, module, style="F")
                at = end + 1

    def octets(self) -> bytes:
        """The finished file."""
        return bytes(self._pdf.output())

    def _fitting(self, text: str, width: float) -> str:
        shown = printable(text)
        if self._pdf.get_string_width(shown) <= width:
            return shown
        while shown and self._pdf.get_string_width(shown + "…") > width:
            shown = shown[:-1]
        return shown + "…"
