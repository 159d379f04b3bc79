"""The rows of a workbook's first sheet, cell by cell from its XML, on the fly.

The file has passed ``spreadsheet_guard`` before. openpyxl would build several objects for each cell, which takes ten
times as long; of it are used what a number means as a date and which formats are dates. A formula is never a value.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601
from openpyxl.xml.functions import fromstring

from api_kit.errors import SpreadsheetRefused
from api_kit.workbook_relations import book_part, elements, related, sheet_parts

_BLOCK = 64 * 1024


class Formula:
    """A cell whose value would have to be computed."""


def workbook_rows(raw: bytes, most_columns: int) -> Iterator[tuple[int, list[object]]]:
    """The number and the cells of every row that the sheet has; numbers rise, and rows without cells may be missing.

    Raises :class:`SpreadsheetRefused` for more columns and for a file without a sheet; whatever else does not fit
    together raises ValueError, KeyError, IndexError, OverflowError or an error of expat, which is no business of this.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        book = book_part(archive.read)
        named = related(archive.read, book)
        sheets = list(sheet_parts(archive.read, book, named).values())
        if not sheets:
            raise SpreadsheetRefused(reason="empty")
        is_1904 = any(each.get("date1904") in ("1", "true") for each in elements(archive.read(book), "workbookPr"))
        reader = _Cells(
            _strings(archive, named.get("sharedStrings", {})),
            _formats(archive, named.get("styles", {})),
            MAC_EPOCH if is_1904 else WINDOWS_EPOCH,
            most_columns,
        )
        with archive.open(sheets[0]) as part:
            while block := part.read(_BLOCK):
                reader.parser.Parse(block, False)
                yield from reader.taken()
        reader.parser.Parse(b"", True)
        yield from reader.taken()


def _all(tree: Element, name: str) -> list[Element]:
    return [each for each in tree.iter() if each.tag.rpartition("}")[2] == name]


def _formats(archive: zipfile.ZipFile, named: dict[str, str]) -> dict[int, bool]:
    """The styles of cells whose number is a moment (False) or a length of time (True)."""
    formats = dict(BUILTIN_FORMATS)
    times: dict[int, bool] = {}
    for path in named.values():
        tree: Element = fromstring(archive.read(path))  # defusedxml's, as api_kit.spreadsheets asserts
        formats |= {int(each.get("numFmtId", "0")): each.get("formatCode", "") for each in _all(tree, "numFmt")}
        for styles in _all(tree, "cellXfs"):
            for place, style in enumerate(styles):
                code = formats.get(int(style.get("numFmtId", "0")))
                if is_date_format(code) or is_timedelta_format(code):
                    times[place] = bool(is_timedelta_format(code))
    return times


def _strings(archive: zipfile.ZipFile, named: dict[str, str]) -> list[str]:
    strings: list[str] = []
    words: list[str] = []
    open_tags: list[str] = []

    def opened(name: str, _: dict[str, str]) -> None:
        open_tags.append(name.rpartition(":")[2])
        if open_tags[-1] == "si":
            words.clear()

    def read(text: str) -> None:
        if open_tags[-1] == "t" and "rPh" not in open_tags:
            words.append(text)

    def closed(_: str) -> None:
        if open_tags.pop() == "si":
            strings.append("".join(words))

    for path in named.values():
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = opened, read, closed
        parser.Parse(archive.read(path), True)
    return strings


class _Cells:
    """Hears the elements of a sheet and keeps the rows that are complete."""

    def __init__(self, strings: list[str], times: dict[int, bool], epoch: datetime, most_columns: int) -> None:
        self.strings, self.times, self.epoch, self.most_columns = strings, times, epoch, most_columns
        self.rows: list[tuple[int, list[object]]] = []
        self.number = 0
        self.row: list[object] = []
        self.place = 0
        self.kind, self.style, self.is_formula = "n", 0, False
        self.words: list[str] = []
        self.hears = self.is_phonetic = False
        self.columns: dict[str, int] = {}
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.opened
        self.parser.EndElementHandler = self.closed
        self.parser.CharacterDataHandler = self.read

    def taken(self) -> list[tuple[int, list[object]]]:
        """The rows that are complete, once."""
        rows, self.rows = self.rows, []
        return rows

    def opened(self, name: str, said: dict[str, str]) -> None:
        """An element begins."""
        name = name.rpartition(":")[2]
        if name == "c":
            letters = said.get("r", "").rstrip("0123456789")
            self.place = self._column(letters) if letters else self._within(self.place + 1)
            self.kind, self.style, self.is_formula = said.get("t", "n"), int(said.get("s", 0)), False
            self.words.clear()
        elif name in ("v", "t"):
            self.hears = not self.is_phonetic and (name == "v") != (self.kind == "inlineStr")
        elif name == "f":
            self.is_formula = True
        elif name == "rPh":
            self.is_phonetic = True
        elif name == "row":
            number = int(said.get("r", self.number + 1))
            if number <= self.number:
                raise ValueError("rows go back")
            self.number, self.row, self.place = number, [], 0

    def read(self, text: str) -> None:
        """Something between two tags."""
        if self.hears:
            self.words.append(text)

    def closed(self, name: str) -> None:
        """An element ends."""
        name = name.rpartition(":")[2]
        if name == "c":
            missing = self.place - len(self.row)
            if missing > 0:
                self.row.extend([None] * missing)
            self.row[self.place - 1] = self._value("".join(self.words))
        elif name in ("v", "t"):
            self.hears = False
        elif name == "rPh":
            self.is_phonetic = False
        elif name == "row":
            self.rows.append((self.number, self.row))

    def _column(self, letters: str) -> int:
        known = self.columns.get(letters)
        if known is None:
            if len(letters) > 3:
                raise ValueError("no column has such a name")
            known = 0
            for letter in letters:
                known = known * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
            self.columns[letters] = self._within(known)
        return known

    def _within(self, place: int) -> int:
        if place > self.most_columns:
            raise SpreadsheetRefused(reason="too_many_columns", limit=self.most_columns)
        return place

    def _value(self, text: str) -> Any:
        if self.is_formula:
            return Formula()
        if not text:
            return None
        if self.kind == "n":
            number = float(text) if "." in text or "E" in text or "e" in text else int(text)
            return self._moment(number) if self.style in self.times else number
        if self.kind == "s":
            return self.strings[int(text)]
        if self.kind == "b":
            return bool(int(text))
        return from_ISO8601(text) if self.kind == "d" else text

    def _moment(self, number: float) -> Any:
        try:
            return from_excel(number, self.epoch, timedelta=self.times[self.style])
        except (OverflowError, ValueError):
            return "#VALUE!"
