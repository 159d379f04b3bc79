"""Spreadsheets in and out: XLSX and CSV from strangers as checked rows, tables as files that no program executes.

Reading never evaluates a formula, follows a link or unfolds without a bound (``spreadsheet_guard``). What is wrong
with the file as a whole is refused; what is wrong with a cell is a sentence with its row and column, and all of them
are told at once. Writing marks a text that a spreadsheet program would run as a formula with a leading apostrophe, and
reading takes that apostrophe away again, so what was exported comes back unchanged.

Reading and writing block and run on threads of their own, two at a time, so that a large file holds up nobody else.
"""

import asyncio
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal
from xml.parsers import expat

import msgspec
import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from api_kit.errors import ContentTooLarge, SpreadsheetEmpty, SpreadsheetRefused
from api_kit.spreadsheet_guard import check_workbook, is_workbook
from api_kit.workbook_rows import Formula, workbook_rows
from kit.errors import DomainError
from kit.money import parse_yuan

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
MAX_FILE_BYTES = 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 60
MAX_CELL_CHARS = 32_767
"""What Excel itself allows in a cell."""
MAX_PROBLEMS = 200
"""More than these are counted and not told: nobody reads on, and the answer stays small."""

__all__ = [
    "CSV",
    "XLSX",
    "Column",
    "RowProblem",
    "Sheet",
    "SheetRow",
    "SpreadsheetRefused",
    "day",
    "fen_of_yuan",
    "matching",
    "one_of",
    "read_sheet",
    "safe_text",
    "whole_number",
    "write_sheet",
]

Cell = str | int | Decimal | date | None
Format = Literal["xlsx", "csv"]

_RUN = "=+-@\t\r"
_THREADS = ThreadPoolExecutor(2, "spreadsheets")
_BATCH = 500

assert openpyxl.DEFUSEDXML, "openpyxl must parse through defusedxml"


@dataclass(frozen=True)
class Column:
    """One declared column: ``title`` stands in the first row, ``name`` in the values, ``read`` makes the value.

    ``read`` raises ValueError, or a DomainError, with a sentence for whoever filled the cell in. An empty cell of a
    column that is not ``required`` is None and is not read.
    """

    name: str
    title: str
    read: Callable[[str], Any] = str
    required: bool = True
    max_chars: int = 200


class SheetRow(msgspec.Struct, frozen=True):
    """A row without a problem; ``number`` is what the spreadsheet program shows, the header being 1."""

    number: int
    values: dict[str, Any]


class RowProblem(msgspec.Struct, frozen=True):
    """What is wrong at one place; ``column`` is its title, or empty when it is the whole row."""

    row: int
    column: str
    detail: str


class Sheet(msgspec.Struct, frozen=True):
    """What a file holds. ``problem_count`` may exceed the number of ``problems`` that are told."""

    rows: list[SheetRow]
    problems: list[RowProblem]
    problem_count: int


async def read_sheet(
    raw: bytes, columns: Sequence[Column], max_rows: int = MAX_ROWS, max_bytes: int = MAX_FILE_BYTES
) -> Sheet:
    """The rows of a CSV (UTF-8 or GB18030) or of an XLSX's first sheet, on a thread.

    ``max_bytes`` is for tables that are meant to be large; a workbook may still unfold no further than any other.
    Raises :class:`SpreadsheetRefused`, :class:`SpreadsheetEmpty` for a header alone, and :class:`ContentTooLarge`.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(_read, raw, columns, max_rows, max_bytes))


def _read(raw: bytes, columns: Sequence[Column], max_rows: int, max_bytes: int) -> Sheet:
    if len(raw) > max_bytes:
        raise ContentTooLarge(limit_bytes=max_bytes)
    lines = _workbook_lines(raw) if is_workbook(raw) else _csv_lines(raw)
    header = next(lines, None)
    if header is None:
        raise SpreadsheetRefused(reason="empty")
    places = _places([str(cell or "").strip() for cell in header[1]], columns)
    rows: list[SheetRow] = []
    problems: list[RowProblem] = []
    filled = wrong = 0
    for number, cells in lines:
        if number > 2 * max_rows:
            raise SpreadsheetRefused(reason="too_many_rows", limit=max_rows)
        if all(cell is None or cell == "" for cell in cells):
            continue
        filled += 1
        if filled > max_rows:
            raise SpreadsheetRefused(reason="too_many_rows", limit=max_rows)
        values, told = _read_row(number, cells, places)
        wrong += len(told)
        problems += told[: MAX_PROBLEMS - len(problems)]
        if not told:
            rows.append(SheetRow(number, values))
    if not filled:
        raise SpreadsheetEmpty()
    return Sheet(rows, problems, wrong)


def _places(header: list[str], columns: Sequence[Column]) -> list[tuple[int, Column]]:
    """Where each declared column stands. Raises :class:`SpreadsheetRefused` for a header that says anything else."""
    while header and not header[-1]:
        header = header[:-1]
    declared = {column.title: column for column in columns}
    unknown = [title for title in header if title not in declared]
    missing = [title for title, column in declared.items() if column.required and title not in header]
    doubled = sorted({title for title in header if header.count(title) > 1})
    if unknown or missing or doubled:
        raise SpreadsheetRefused(
            reason="header", unknown=[t[:40] for t in unknown[:20]], missing=missing, doubled=doubled[:20]
        )
    return [(place, declared[title]) for place, title in enumerate(header)]


def _read_row(
    number: int, cells: Sequence[object], places: list[tuple[int, Column]]
) -> tuple[dict[str, Any], list[RowProblem]]:
    values: dict[str, Any] = {}
    problems = []
    if any(cell not in (None, "") for cell in cells[len(places) :]):
        problems.append(RowProblem(number, "", "这一行的内容超出了表头的列"))
    for place, column in places:
        cell = cells[place] if place < len(cells) else None
        try:
            values[column.name] = _read_cell(cell, column)
        except (ValueError, DomainError) as error:
            detail = error.title if isinstance(error, DomainError) else str(error)
            problems.append(RowProblem(number, column.title, detail))
    return values, problems


def _read_cell(cell: object, column: Column) -> Any:
    if isinstance(cell, Formula):
        raise ValueError("不接受公式，请粘贴为数值")
    text = _text_of(cell)
    if len(text) > column.max_chars:
        raise ValueError(f"超过 {column.max_chars} 个字")
    if not text:
        if column.required:
            raise ValueError("不能为空")
        return None
    return column.read(text)


def _text_of(cell: object) -> str:
    """A cell as the text that a person would type for it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return format(Decimal(repr(cell)).normalize(), "f") if cell == cell and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time().isoformat() == "00:00:00" else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell).strip(" \u3000\n")
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _RUN + "'" else text


def _csv_lines(raw: bytes) -> Iterator[tuple[int, list[object]]]:
    text = _decoded(raw)
    if not text.strip():
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > MAX_COLUMNS:
                raise SpreadsheetRefused(reason="too_many_columns", limit=MAX_COLUMNS)
            yield number, list(cells)
    except csv.Error as error:
        raise SpreadsheetRefused(reason="unreadable") from error


def _decoded(raw: bytes) -> str:
    """Chinese spreadsheet programs write GB18030 and name no encoding; UTF-8 is tried first because it can fail."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SpreadsheetRefused(reason="encoding")


def _workbook_lines(raw: bytes) -> Iterator[tuple[int, list[object]]]:
    check_workbook(raw)
    try:
        yield from workbook_rows(raw, MAX_COLUMNS)
    except (
        zipfile.BadZipFile, expat.ExpatError, KeyError, ValueError, TypeError, IndexError, OverflowError, SyntaxError,
    ) as error:  # fmt: skip
        # Parts that do not fit together; a broken part that is read as a tree is a SyntaxError.
        raise SpreadsheetRefused(reason="unreadable") from error


def whole_number(minimum: int, maximum: int) -> Callable[[str], int]:
    """A reader of whole numbers in a range, with both ends."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and minimum <= int(text) <= maximum):
            raise ValueError(f"应为 {minimum} 到 {maximum} 的整数")
        return int(text)

    return read


def fen_of_yuan(minimum_fen: int, maximum_fen: int) -> Callable[[str], int]:
    """A reader of amounts in yuan with at most two decimals, as fen."""

    def read(text: str) -> int:
        fen = parse_yuan(text)
        if not minimum_fen <= fen <= maximum_fen:
            raise ValueError(f"应为 {minimum_fen / 100:.2f} 到 {maximum_fen / 100:.2f} 元")
        return fen

    return read


def matching(pattern: str, sentence: str = "格式有误") -> Callable[[str], str]:
    """A reader of texts of one pattern."""
    fits = re.compile(pattern).fullmatch

    def read(text: str) -> str:
        if not fits(text):
            raise ValueError(sentence)
        return text

    return read


def day(text: str) -> date:
    """A day, written ``2026-03-01``, ``2026/3/1`` or as a date cell."""
    parts = text.replace("/", "-").split("-")
    try:
        year, month, number = (int(part) for part in parts if part.isascii() and part.isdigit())
        return date(year, month, number)
    except ValueError:
        raise ValueError("应为日期，例如 2026-03-01") from None


def one_of(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    """A reader of a word out of a few; answers what the word stands for."""

    def read(text: str) -> Any:
        if text not in choices:
            raise ValueError(f"应为：{'、'.join(choices)}")
        return choices[text]

    return read


def safe_text(text: str) -> str:
    """A text that no spreadsheet program runs, and that :func:`read_sheet` reads as it was."""
    runs = text[:1] in tuple(_RUN) or (text[:1] == "'" and text[1:2] in tuple(_RUN + "'"))
    return f"'{text}" if runs else text


async def write_sheet(
    file_format: Format, titles: Sequence[str], rows: AsyncIterable[Sequence[Cell]]
) -> AsyncIterator[bytes]:
    """The bytes of a table, piece by piece; memory does not grow with the rows.

    Numbers stay numbers, and a Decimal is an amount of two decimals that a spreadsheet program can sum.
    """
    pieces = _csv_pieces if file_format == "csv" else _xlsx_pieces
    async for piece in pieces(titles, rows):
        yield piece


async def _batches(rows: AsyncIterable[Sequence[Cell]]) -> AsyncIterator[list[list[Cell]]]:
    batch: list[list[Cell]] = []
    async for cells in rows:
        batch.append([safe_text(cell) if isinstance(cell, str) else cell for cell in cells])
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _csv_text(batch: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(batch)
    return text.getvalue().encode()


async def _csv_pieces(titles: Sequence[str], rows: AsyncIterable[Sequence[Cell]]) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + _csv_text([[safe_text(title) for title in titles]])  # Excel knows UTF-8 by its mark alone
    async for batch in _batches(rows):
        yield _csv_text(batch)


def _in_xml(text: str) -> str:
    """XML has no control characters, and one line end: a carriage return is read back as a line feed."""
    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))


async def _xlsx_pieces(titles: Sequence[str], rows: AsyncIterable[Sequence[Cell]]) -> AsyncIterator[bytes]:
    """openpyxl's write-only workbook keeps its rows in a file on disk and not in memory."""
    loop = asyncio.get_running_loop()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")

    def written(cell: Cell) -> object:
        if not isinstance(cell, Decimal):
            return _in_xml(cell) if isinstance(cell, str) else cell
        amount = WriteOnlyCell(sheet, cell)
        amount.number_format = "0.00"
        return amount

    def append(batch: Sequence[Sequence[Cell]]) -> None:
        for cells in batch:
            sheet.append([written(cell) for cell in cells])

    await loop.run_in_executor(_THREADS, append, [[safe_text(title) for title in titles]])
    async for batch in _batches(rows):
        await loop.run_in_executor(_THREADS, append, batch)
    with tempfile.TemporaryFile() as file:
        await loop.run_in_executor(_THREADS, book.save, file)
        file.seek(0)
        while piece := await loop.run_in_executor(_THREADS, file.read, 64 * 1024):
            yield piece
