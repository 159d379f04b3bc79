"""A superior's workbook as a clerk makes one: titles, formats, a formula, a merged heading."""

import io
import zipfile
from collections.abc import Callable

import openpyxl
from openpyxl.styles import Font, PatternFill

SUMS, LIST = "汇总", "名册"


def template(title: str = "电商带贫季报") -> bytes:
    """Sums in B3:C4 with their total in B5, and a list of households from row 3 on."""
    book = openpyxl.Workbook()
    sums = book.active
    sums.title = SUMS
    sums["A1"] = title
    sums.merge_cells("A1:C1")
    sums["A1"].font = Font(bold=True, size=16)
    for row, name in ((3, "全县"), (4, "章凤镇")):
        sums[f"A{row}"] = name
        sums[f"B{row}"].number_format = "0.0000"
        sums[f"B{row}"].fill = PatternFill("solid", fgColor="FFFF00")
    sums["B5"] = "=SUM(B3:B4)"
    listed = book.create_sheet(LIST)
    for place, title in enumerate(("序号", "户主", "增收额"), 1):
        listed.cell(2, place, title)
    listed["C60"] = "=SUM(C3:C59)"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


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


def parts_of(raw: bytes) -> dict[str, bytes]:
    """Every part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
