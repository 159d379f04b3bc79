"""Spreadsheets from strangers: what is read, what is refused, and that a file which comes back is unchanged."""

import asyncio
import contextlib
import csv
import io
import time
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_kit.errors import ContentTooLarge
from api_kit.spreadsheets import (
    MAX_PROBLEMS,
    Cell,
    Column,
    Sheet,
    SpreadsheetRefused,
    day,
    fen_of_yuan,
    one_of,
    read_sheet,
    safe_text,
    whole_number,
    write_sheet,
)

COLUMNS = (
    Column("title", "名称", max_chars=20),
    Column("price_fen", "价格（元）", fen_of_yuan(1, 100_000_00)),
    Column("pieces", "库存", whole_number(0, 1000)),
    Column("from_day", "起", day, required=False),
    Column("on_sale", "上架", one_of({"是": True, "否": False}), required=False),
)
NAMES = [column.title for column in COLUMNS]
TITLES: list[object] = [*NAMES]


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def text(rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(encoding)


def changed(raw: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A workbook with other parts."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


async def each(rows: Sequence[Sequence[Cell]]) -> AsyncIterator[Sequence[Cell]]:
    for row in rows:
        yield row


async def written(file_format: Any, rows: Sequence[Sequence[Cell]], titles: Sequence[str] = NAMES) -> bytes:
    return b"".join([piece async for piece in write_sheet(file_format, titles, each(rows))])


GOOD: list[list[object]] = [TITLES, ["古法红糖", "39.9", 12, "2026/3/1", "是"], ["", "", "", "", ""], ["软米", 68, "3"]]


@pytest.mark.parametrize(
    "raw",
    [
        text(GOOD),
        text(GOOD, "utf-8-sig"),
        text(GOOD, "gb18030"),
        workbook(GOOD),
        workbook([TITLES, ["古法红糖", 39.90, 12.0, datetime(2026, 3, 1), True], [], ["软米", 68, 3, None, None]]),  # noqa: DTZ001
        workbook([[TITLES[1], TITLES[0], TITLES[2], None], [39.9, " 古法红糖 ", 12], [], [68, "软米", 3]]),
    ],
    ids=["utf-8", "with mark", "gb18030", "xlsx", "typed cells", "other order"],
)
async def test_rows_come_as_values_with_the_numbers_that_a_person_sees(raw: bytes) -> None:
    sheet = await read_sheet(raw, COLUMNS)
    assert sheet.problems == []
    assert [row.number for row in sheet.rows] == [2, 4]
    first, second = (row.values for row in sheet.rows)
    assert (first["title"], first["price_fen"], first["pieces"]) == ("古法红糖", 3990, 12)
    assert first.get("from_day") in (date(2026, 3, 1), None)
    assert (second["title"], second["price_fen"], second["pieces"], second.get("on_sale")) == ("软米", 6800, 3, None)


@pytest.mark.parametrize("make", [text, workbook])
async def test_every_bad_cell_is_told_with_its_row_and_column(make: Callable[[object], bytes]) -> None:
    rows = [
        TITLES,
        ["好", "1", "1"],
        ["名" * 21, "1", "1"],
        ["", "x", "-1"],
        ["好", "1.999", "1.5", "三月", "也许"],
        ["好", "0", "1001", "2026-02-30"],
        ["好", "1", "1", "", "", "多余"],
    ]
    sheet = await read_sheet(make(rows), COLUMNS)
    assert [row.number for row in sheet.rows] == [2]
    assert {(p.row, p.column) for p in sheet.problems} == {
        (3, "名称"), (4, "名称"), (4, "价格（元）"), (4, "库存"), (5, "价格（元）"), (5, "库存"), (5, "起"),
        (5, "上架"), (6, "价格（元）"), (6, "库存"), (6, "起"), (7, ""),
    }  # fmt: skip
    assert sheet.problem_count == len(sheet.problems) == 12
    assert all(any("一" <= c <= "鿿" for c in p.detail) for p in sheet.problems)


async def test_problems_beyond_the_limit_are_counted() -> None:
    sheet = await read_sheet(text([TITLES] + [["", "", ""]] + [["", "x", "x"]] * 300), COLUMNS)
    assert (len(sheet.problems), sheet.problem_count) == (MAX_PROBLEMS, 900)


async def test_a_formula_is_an_error_of_its_cell_and_never_a_value() -> None:
    raw = workbook([TITLES, ["=1+1", "1", "1"], ["好", '=HYPERLINK("http://x")', "1"], ["好", "1", "=9"]])
    sheet = await read_sheet(raw, COLUMNS)
    assert sheet.rows == []
    assert [(p.row, p.column) for p in sheet.problems] == [(2, "名称"), (3, "价格（元）"), (4, "库存")]
    assert "公式" in sheet.problems[0].detail
    plain = await read_sheet(text([TITLES, ["=1+1", "1", "1"]]), COLUMNS)
    assert plain.rows[0].values["title"] == "=1+1"  # a text in a CSV stays a text


def _entity(parts: dict[str, bytes]) -> None:
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    start = sheet.index("<worksheet")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    parts["xl/worksheets/sheet1.xml"] = (sheet[:start] + bomb + sheet[start:]).encode()


def _entity_in_utf16(parts: dict[str, bytes]) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    parts["xl/theme/theme1.xml"] = text.encode("utf-16")


def _macro(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\0" * 100


def _macro_type(parts: dict[str, bytes]) -> None:
    kind = parts["[Content_Types].xml"].replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
    parts["[Content_Types].xml"] = kind


def _link(parts: dict[str, bytes]) -> None:
    parts["xl/externalLinks/externalLink1.xml"] = b"<x/>"


def _bomb(parts: dict[str, bytes]) -> None:
    parts["xl/media/zeros.bin"] = b"\0" * 20_000_000


def _wide_bomb(parts: dict[str, bytes]) -> None:
    noise = bytes(range(256)) * 8
    for i in range(120):
        parts[f"xl/media/{i}.bin"] = noise * 150  # 300 KB each, 36 MB together


def _many(parts: dict[str, bytes]) -> None:
    for i in range(300):
        parts[f"xl/media/{i}"] = b""


def _broken(parts: dict[str, bytes]) -> None:
    parts["xl/worksheets/sheet1.xml"] = b"<worksheet><sheetData><row>"


def _broken_elsewhere(parts: dict[str, bytes]) -> None:
    parts["xl/worksheets/sheet1.dat"] = b"<worksheet><sheetData><row>"
    for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
        parts[name] = parts[name].replace(b"sheet1.xml", b"sheet1.dat")


def _deep(parts: dict[str, bytes]) -> None:
    parts["xl/theme/theme1.xml"] = b"<a>" * 5000 + b"</a>" * 5000


def _no_sheet(parts: dict[str, bytes]) -> None:
    del parts["xl/worksheets/sheet1.xml"]


def _no_book(parts: dict[str, bytes]) -> None:
    del parts["xl/workbook.xml"]


def _sheet(body: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        parts["xl/worksheets/sheet1.xml"] = f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>".encode()

    return change


HOSTILE = [
    (_entity, "xml_entities"),
    (_entity_in_utf16, "xml_entities"),
    (_macro, "macros"),
    (_macro_type, "macros"),
    (_link, "linked"),
    (_bomb, "unfolds_too_far"),
    (_wide_bomb, "unfolds_too_far"),
    (_many, "too_many_parts"),
    (_broken, "unreadable"),
    (_broken_elsewhere, "unreadable"),
    (_deep, "unreadable"),
    (_no_sheet, "unreadable"),
    (_no_book, "unreadable"),
    (_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>'), "too_many_columns"),
    (_sheet('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>'), "unreadable"),
    (_sheet('<row r="999999999"><c r="A999999999"><v>1</v></c></row>'), "header"),
    (_sheet('<row r="1"><c r="A1" t="s"><v>77</v></c></row>'), "unreadable"),
    (_sheet('<row r="x"><c r="A1"><v>1</v></c></row>'), "unreadable"),
    (_sheet(""), "empty"),
]


@pytest.mark.parametrize(("change", "reason"), HOSTILE, ids=[f"{c.__name__}-{i}" for i, (c, _) in enumerate(HOSTILE)])
async def test_a_hostile_workbook_is_refused_quickly(change: Callable[..., None], reason: str) -> None:
    raw = changed(workbook(GOOD), change)
    began = time.process_time()
    tracemalloc.start()
    with pytest.raises(SpreadsheetRefused) as refused:
        await read_sheet(raw, COLUMNS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.facts["reason"] == reason
    assert peak < 64 * 1024 * 1024
    assert time.process_time() - began < 5


async def test_a_far_row_is_refused_and_not_walked_to() -> None:
    named = [f'<c r="{c}1" t="inlineStr"><is><t>{t}</t></is></c>' for c, t in zip("ABC", TITLES[:3], strict=True)]
    far = f'<row r="1">{"".join(named)}</row>'
    raw = changed(workbook(GOOD), _sheet(far + '<row r="900000000"><c r="A900000000"><v>1</v></c></row>'))
    with pytest.raises(SpreadsheetRefused) as refused:
        await read_sheet(raw, COLUMNS)
    assert refused.value.facts["reason"] == "too_many_rows"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n \r\n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_format"),
        (b"PK\x03\x04 and nothing more", "unreadable"),
        (b"\xff\xfea\0b\0", "encoding"),
        (b"\x80\x81\xff\xff", "encoding"),
        (b"a\0b", "encoding"),
        ('名称,价格（元）,库存\n"不闭合,1,1'.encode(), "unreadable"),
        (text([[*TITLES, "利润"], ["a", 1, 1]]), "header"),
        (text([["名称", "库存"], ["a", 1]]), "header"),
        (text([[*TITLES, "名称"], ["a", 1, 1]]), "header"),
        (text([["x"] * 61]), "too_many_columns"),
        (text([TITLES] + [["a", 1, 1]] * 5001), "too_many_rows"),
        (workbook([TITLES] + [["a", 1, 1]] * 5001), "too_many_rows"),
    ],
    ids=range(14),
)
async def test_a_file_that_is_no_table_of_ours_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(SpreadsheetRefused) as refused:
        await read_sheet(raw, COLUMNS)
    assert refused.value.facts["reason"] == reason


async def test_a_file_above_a_mebibyte_is_not_opened() -> None:
    with pytest.raises(ContentTooLarge):
        await read_sheet(b"PK\x03\x04" + b"\0" * 1024 * 1024, COLUMNS)


async def test_bytes_cut_or_flipped_anywhere_never_raise_anything_else() -> None:
    whole = workbook(GOOD)
    for at in range(0, len(whole), 97):
        for raw in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            with contextlib.suppress(SpreadsheetRefused):
                assert isinstance(await read_sheet(raw, COLUMNS), Sheet)


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''x", "'", "=cmd|' /C calc'!A0", "'好"]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_what_is_written_runs_nowhere_and_reads_back_as_it_was(file_format: Any) -> None:
    raw = await written(file_format, [[word, "1.00", 7, date(2026, 3, 1), "是"] for word in DANGEROUS])
    if file_format == "xlsx":
        cells = [cell for row in openpyxl.load_workbook(io.BytesIO(raw)).active.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells} == {"s", "n", "d"}
        first = [str(cell.value) for cell in cells]
    else:
        assert raw.startswith(b"\xef\xbb\xbf")
        first = [cell for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")) for cell in row]
    assert not [value for value in first if value[:1] in ("=", "+", "-", "@", "\t", "\r")]
    sheet = await read_sheet(raw, COLUMNS)
    # XML knows no carriage return, so what was one comes back as the line's end that it was.
    back = DANGEROUS if file_format == "csv" else [word.replace("\r", "'\n") for word in DANGEROUS]
    assert [row.values["title"] for row in sheet.rows] == back
    assert sheet.rows[0].values["from_day"] == date(2026, 3, 1)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=15))
def test_any_text_comes_back_from_its_safe_form(word: str) -> None:
    assert safe_text(word)[:1] not in ("=", "+", "-", "@")
    sheet = asyncio.run(read_sheet(text([["名称"], [safe_text(word)]]), COLUMNS[:1]))
    assert [row.values["title"] for row in sheet.rows] == [word]


async def test_writing_a_large_table_takes_little_memory_and_the_loop_runs_on() -> None:
    async def rows() -> AsyncIterator[Sequence[Cell]]:
        for i in range(20_000):
            yield [f"商品 {i}", "1.00", i, None, "是"]

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    beside = asyncio.create_task(tick())
    tracemalloc.start()
    size = 0
    async for piece in write_sheet("csv", NAMES, rows()):
        size += len(piece)
        assert len(piece) < 256 * 1024
        await asyncio.sleep(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    beside.cancel()
    assert size > 400_000
    assert peak < 4 * 1024 * 1024
    assert ticks > 3


async def test_reading_blocks_a_thread_and_not_the_loop() -> None:
    raw = workbook([TITLES] + [["商品", "1.00", 1, "2026-01-01", "是"]] * 3000)
    began = asyncio.get_running_loop().time()
    reading = asyncio.create_task(read_sheet(raw, COLUMNS))
    await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().time() - began < 0.5
    assert not reading.done()
    assert len((await reading).rows) == 3000
