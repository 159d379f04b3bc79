"""A workbook from a stranger as parts of XML, in which cells are replaced where they stand.

No library reads the workbook and writes another one: whatever is not one of the cells stays byte for byte as it was.
expat says where in the bytes a cell begins and ends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import column_index_from_string

from api_kit.errors import SpreadsheetRefused

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_FORMULAS = frozenset({"f", "formula", "formula1", "formula2", "definedName"})
# What fetches or runs: links to other workbooks, DDE, and functions that leave the sheet.
_LEAVES = re.compile(
    r"\[|\||(?:WEBSERVICE|HYPERLINK|RTD|CALL|EXEC|REGISTER(?:\.ID)?|IMAGE|FILTERXML|SQL\.REQUEST)\s*\(", re.IGNORECASE
)
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")


@dataclass
class _Spot:
    """A cell or a row: where its first byte is, where its inside ends, and where the next thing begins."""

    name: str
    number: int
    begins: int
    inside_ends: int = 0
    ends: int = 0
    style: str | None = None
    has_formula: bool = False
    is_empty_tag: bool = False
    cells: list["_Spot"] = field(default_factory=list)


@dataclass
class SheetMap:
    """Where the rows and cells of one sheet stand; ``merged`` and ``computed`` are ranges."""

    raw: bytes
    rows: list[_Spot] = field(default_factory=list)
    data: _Spot | None = None
    merged: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)

    def why_not(self, reference: str) -> str:
        """Why a cell cannot be filled: ``formula``, ``merged``, or '' when it can."""
        column, row = _column_and_row(reference)
        spot = next((cell for each in self.rows if each.number == row for cell in each.cells
                     if cell.number == column), None)  # fmt: skip
        if (spot and spot.has_formula) or any(_holds(each, column, row) for each in self.computed):
            return "formula"
        covered = [each for each in self.merged if _holds(each, column, row)]
        return "merged" if any(each.partition(":")[0] != reference for each in covered) else ""

    @property
    def last_row(self) -> int:
        """The number of the last row that stands in the file; 0 without any."""
        return max((each.number for each in self.rows), default=0)


def check_text(raw: bytes) -> None:
    """Raises :class:`SpreadsheetRefused` for XML in another encoding than UTF-8."""
    told = _ENCODING.match(raw.removeprefix(b"\xef\xbb\xbf"))
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise SpreadsheetRefused(reason="encoding") from error
    if told and told[1].lower() not in (b"utf-8", b"utf8"):
        raise SpreadsheetRefused(reason="encoding")


def check_formulas(raw: bytes) -> None:
    """Raises :class:`SpreadsheetRefused` when a formula of a part leads out of the workbook or runs something."""
    parser, depth, said = expat.ParserCreate(), 0, list[str]()

    def begins(tag: str, attributes: Any) -> None:
        nonlocal depth
        depth += tag.rpartition(":")[2] in _FORMULAS

    def ends(tag: str) -> None:
        nonlocal depth
        if tag.rpartition(":")[2] in _FORMULAS:
            depth -= 1
            if _LEAVES.search("".join(said)):
                raise SpreadsheetRefused(reason="linked")
            said.clear()

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.CharacterDataHandler = lambda text: said.append(text) if depth else None
    parser.Parse(raw, True)


def read_sheet_map(raw: bytes) -> SheetMap:
    """Where everything stands. Raises :class:`SpreadsheetRefused` for cells that do not say where they are."""
    found, open_spots = SheetMap(raw), list[_Spot]()
    parser = expat.ParserCreate()

    def begins(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if local == "sheetData":
            found.data = _Spot(tag, 0, parser.CurrentByteIndex)
            open_spots.append(found.data)
        elif local == "row" and found.data in open_spots:
            spot = _Spot(tag, _number(attributes.get("r")), parser.CurrentByteIndex)
            found.rows.append(spot)
            open_spots.append(spot)
        elif local == "c" and open_spots and open_spots[-1] in found.rows[-1:]:
            column, row = _column_and_row(attributes.get("r", ""))
            if row != found.rows[-1].number:
                raise SpreadsheetRefused(reason="no_references")
            spot = _Spot(tag, column, parser.CurrentByteIndex, style=attributes.get("s"))
            found.rows[-1].cells.append(spot)
            open_spots.append(spot)
        elif local == "f" and found.data in open_spots and len(open_spots) == 3:
            open_spots[-1].has_formula = True
            if attributes.get("ref") and attributes.get("t") in ("array", "dataTable"):
                found.computed.append(attributes["ref"])
        elif local == "mergeCell":
            found.merged.append(attributes.get("ref", ""))

    def ends(tag: str) -> None:
        if open_spots and open_spots[-1].name == tag and tag.rpartition(":")[2] in ("c", "row", "sheetData"):
            _close(open_spots.pop(), raw, parser.CurrentByteIndex)

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.Parse(raw, True)
    if found.data is None:
        raise SpreadsheetRefused(reason="unreadable")
    return found


def _close(spot: _Spot, raw: bytes, at: int) -> None:
    """expat stands before a closing tag, or behind an element that has none."""
    closing = f"</{spot.name}".encode()
    spot.is_empty_tag = not (
        raw.startswith(closing, at) and raw[at + len(closing) : at + len(closing) + 1] in b"> \t\r\n"
    )
    spot.inside_ends = at
    spot.ends = at if spot.is_empty_tag else raw.index(b">", at) + 1


def _number(text: str | None) -> int:
    if text is None or not text.isdigit() or len(text) > 7:
        raise SpreadsheetRefused(reason="no_references")
    return int(text)


def _column_and_row(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise SpreadsheetRefused(reason="no_references")
    return column_index_from_string(found[1]), int(found[2])


def _holds(span: str, column: int, row: int) -> bool:
    first, _, last = span.replace("$", "").partition(":")
    (left, top), (right, bottom) = _column_and_row(first), _column_and_row(last or first)
    return left <= column <= right and top <= row <= bottom


def with_cells(sheet: SheetMap, values: Mapping[str, str | Decimal | int]) -> bytes:
    """The sheet with values in cells; a cell keeps its format. The cells can be filled (:meth:`SheetMap.why_not`)."""
    assert sheet.data is not None
    prefix = sheet.data.name.removesuffix("sheetData")
    of_rows: dict[int, dict[int, str]] = {}
    for reference in values:
        column, row = _column_and_row(reference)
        of_rows.setdefault(row, {})[column] = reference
    edits: list[tuple[int, int, bytes]] = []
    known = {each.number: each for each in sheet.rows}
    new_rows: dict[int, list[bytes]] = {}
    for row in sorted(of_rows):
        spot = known.get(row)
        if spot is None:
            cells = b"".join(_cell(prefix, ref, values[ref], None) for _, ref in sorted(of_rows[row].items()))
            made = f"<{prefix}row r={quoteattr(str(row))}>".encode() + cells + f"</{prefix}row>".encode()
            place = min((each.begins for each in sheet.rows if each.number > row), default=-1)
            new_rows.setdefault(place, []).append(made)
            continue
        edits += _row_edits(
            spot, prefix, {column: (ref, values[ref]) for column, ref in of_rows[row].items()}, sheet.raw
        )
    for place, made_rows in new_rows.items():
        edits.append(_inserted(sheet.data, place, b"".join(made_rows), sheet.raw))
    return _edited(sheet.raw, edits)


def _row_edits(
    row: _Spot, prefix: str, values: dict[int, tuple[str, str | Decimal | int]], raw: bytes
) -> list[tuple[int, int, bytes]]:
    edits, added = list[tuple[int, int, bytes]](), dict[int, list[bytes]]()
    known = {cell.number: cell for cell in row.cells}
    for column in sorted(values):
        reference, value = values[column]
        cell = known.get(column)
        if cell is not None:
            edits.append((cell.begins, cell.ends, _cell(prefix, reference, value, cell.style)))
        else:
            place = min((each.begins for each in row.cells if each.number > column), default=-1)
            added.setdefault(place, []).append(_cell(prefix, reference, value, None))
    return edits + [_inserted(row, place, b"".join(made), raw) for place, made in added.items()]


def _inserted(parent: _Spot, place: int, made: bytes, raw: bytes) -> tuple[int, int, bytes]:
    """Before what begins at ``place``, or last inside the parent when that is -1."""
    if place >= 0:
        return place, place, made
    if not parent.is_empty_tag:
        return parent.inside_ends, parent.inside_ends, made
    opening = raw[parent.begins : parent.ends].rstrip(b" \t\r\n").removesuffix(b"/>").rstrip()
    return parent.begins, parent.ends, opening + b">" + made + f"</{parent.name}>".encode()


def _cell(prefix: str, reference: str, value: str | Decimal | int, style: str | None) -> bytes:
    styled = f" s={quoteattr(style)}" if style is not None else ""
    name = f"{prefix}c"
    if not isinstance(value, str):
        return f"<{name} r={quoteattr(reference)}{styled}><{prefix}v>{value}</{prefix}v></{name}>".encode()
    text = f'<{prefix}is><{prefix}t xml:space="preserve">{escape(value)}</{prefix}t></{prefix}is>'
    return f'<{name} r={quoteattr(reference)}{styled} t="inlineStr">{text}</{name}>'.encode()


def computed_when_opened(raw: bytes) -> bytes:
    """The workbook's part, so that a program computes every formula anew when it opens the file."""
    spots: dict[str, tuple[int, int, str]] = {}
    parser, begun = expat.ParserCreate(), dict[str, int]()

    def begins(tag: str, attributes: Any) -> None:
        begun[tag] = parser.CurrentByteIndex

    def ends(tag: str) -> None:
        at = parser.CurrentByteIndex
        after = raw.index(b">", at) + 1 if raw.startswith(f"</{tag}".encode(), at) else at
        spots[tag.rpartition(":")[2]] = (begun[tag], after, tag)

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.Parse(raw, True)
    if "calcPr" in spots:
        at, _, tag = spots["calcPr"]
        head = raw[at : raw.index(b">", at)]
        if b"fullCalcOnLoad" in head:
            return re.sub(rb"fullCalcOnLoad\s*=\s*([\"'])[^\"']*\1", b'fullCalcOnLoad="1"', raw)
        place = at + 1 + len(tag)
        return _edited(raw, [(place, place, b' fullCalcOnLoad="1"')])
    known = [spots[name] for name in ("sheets", "functionGroups", "definedNames") if name in spots]
    if not known:
        raise SpreadsheetRefused(reason="unreadable")
    _, place, tag = max(known, key=lambda each: each[1])
    prefix = tag.rpartition(":")[0]
    made = f'<{prefix}{":" if prefix else ""}calcPr fullCalcOnLoad="1"/>'.encode()
    return _edited(raw, [(place, place, made)])


def _edited(raw: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    pieces, at = list[bytes](), 0
    for begins, ends, made in sorted(edits, key=lambda each: each[:2]):
        pieces += [raw[at:begins], made]
        at = ends
    return b"".join([*pieces, raw[at:]])
