"""Files of tables that leave the house: written, or filled into a superior's own workbook without touching the rest."""

import asyncio
import html
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal
from xml.parsers import expat

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from api_kit.errors import SpreadsheetRefused
from api_kit.spreadsheet_guard import check_workbook, is_workbook
from api_kit.spreadsheets import Cell, safe_text, write_sheet
from api_kit.workbook_parts import (
    SheetMap,
    check_formulas,
    check_text,
    computed_when_opened,
    read_sheet_map,
    with_cells,
)
from api_kit.workbook_relations import book_part, elements, related, sheet_parts

Value = str | int | Decimal

# Parts that ask other machines for data whenever the file is opened.
_FETCHING = ("xl/connections.xml", "xl/querytables/", "xl/webextensions/", "customdata/", "xl/model/")


class SheetFiles:
    """Implements ``poverty_alleviation.exports.ports.Workbooks``. Whatever blocks runs on a thread."""

    async def table(self, file_format: Literal["xlsx", "csv"], rows: Sequence[Sequence[Value]]) -> bytes:
        """A file of one table, formula-safe; the first row is its header."""
        titles, *others = rows

        async def each() -> AsyncIterator[Sequence[Cell]]:
            for row in others:
                yield row

        written = write_sheet(file_format, [str(title) for title in titles], each())
        return b"".join([piece async for piece in written])

    async def sheet_names(self, raw: bytes) -> list[str]:
        """The sheets of a stranger's workbook. Raises SpreadsheetRefused."""
        return await asyncio.to_thread(lambda: list(_judged(raw)))

    async def unfillable(self, raw: bytes, cells: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
        """Which cells cannot be filled, and why."""
        return await asyncio.to_thread(_unfillable, raw, cells)

    async def filled(self, raw: bytes, cells: Mapping[str, Mapping[str, Value]], notice: str) -> bytes:
        """The workbook with values in cells, and the notice below the last row of every sheet."""
        return await asyncio.to_thread(_filled, raw, cells, notice)

    async def replaced(self, raw: bytes, old: str, new: str) -> bytes:
        """The file with one text of it in the place of another."""
        return await asyncio.to_thread(_replaced, raw, old, new)

    async def text_of(self, raw: bytes) -> str:
        """Everything that is written in a file of either kind. Raises SpreadsheetRefused."""
        return await asyncio.to_thread(_text_of, raw)


def _judged(raw: bytes) -> dict[str, str]:
    """The part of each sheet by its name."""
    if not is_workbook(raw):
        raise SpreadsheetRefused(reason="unreadable")
    check_workbook(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    try:
        return _sheets_of(parts)
    except (KeyError, ValueError, expat.ExpatError) as error:
        raise SpreadsheetRefused(reason="unreadable") from error


def _sheets_of(parts: Mapping[str, bytes]) -> dict[str, str]:
    for name, content in parts.items():
        if any(name.lower().startswith(fetching) for fetching in _FETCHING):
            raise SpreadsheetRefused(reason="linked")
        if name.endswith(".rels") and any(
            each.get("TargetMode", "").lower() == "external" for each in elements(content, "Relationship")
        ):
            raise SpreadsheetRefused(reason="linked")
        if name.startswith("xl/") and name.endswith(".xml"):
            check_formulas(content)
    read = parts.__getitem__
    book = book_part(read)
    sheets = sheet_parts(read, book, related(read, book))
    # A chart as a sheet would bear no notice, and the formulas of another folder have not been looked at.
    if len(sheets) != len(elements(parts[book], "sheet")) or not all(
        part.startswith("xl/") and part.endswith(".xml") for part in (book, *sheets.values())
    ):
        raise SpreadsheetRefused(reason="unreadable")
    for part in sheets.values():
        check_text(parts[part])
        read_sheet_map(parts[part])
    check_text(parts[book])
    computed_when_opened(parts[book])
    return sheets


def _maps(raw: bytes) -> dict[str, tuple[str, SheetMap]]:
    sheets = _judged(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: (part, read_sheet_map(archive.read(part))) for name, part in sheets.items()}


def _unfillable(raw: bytes, cells: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
    sheets, found = _maps(raw), list[tuple[str, str, str]]()
    for name, references in cells.items():
        if name not in sheets:
            found.append((name, "", "sheet"))
            continue
        _, sheet = sheets[name]
        found += [(name, each, why) for each in references if (why := sheet.why_not(each))]
    return found


def _filled(raw: bytes, cells: Mapping[str, Mapping[str, Value]], notice: str) -> bytes:
    changed: dict[str, bytes] = {}
    for name, (part, sheet) in _maps(raw).items():
        values = {at: _safe(value) for at, value in cells.get(name, {}).items()}
        last = max([sheet.last_row, *(int(at.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for at in values)])
        changed[part] = with_cells(sheet, {**values, f"A{last + 2}": _safe(notice)})

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        book = book_part(archive.read)
        changed[book] = computed_when_opened(archive.read(book))
    return _rewritten(raw, lambda name, content: changed.get(name, content))


def _safe(value: Value) -> Value:
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", safe_text(value)) if isinstance(value, str) else value


def _replaced(raw: bytes, old: str, new: str) -> bytes:
    if not is_workbook(raw):
        return raw.replace(old.encode(), new.encode())

    def change(name: str, content: bytes) -> bytes:
        return content.replace(old.encode(), new.encode()) if name.endswith(".xml") else content

    return _rewritten(raw, change)


def _rewritten(raw: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same archive, part by part in its order."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for part in archive.infolist():
            info = zipfile.ZipInfo(part.filename, part.date_time)
            made.writestr(info, change(part.filename, archive.read(part)), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _text_of(raw: bytes) -> str:
    if not is_workbook(raw):
        return raw.decode(errors="ignore")
    check_workbook(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    return html.unescape("\n".join(part.decode(errors="ignore") for part in parts))
