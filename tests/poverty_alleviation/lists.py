"""Superiors' lists of people who do not exist, as files."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

from console_api.register_imports.columns import TITLES, columns_of
from kit.clock import china_day, utc_now
from poverty_alleviation.identity_numbers import check_character
from tests.products.shelf import VILLAGE

HEADERS = {layout: [column.title for column in columns_of(layout, (), china_day(utc_now()))] for layout in TITLES}

FIGURES = {
    "aac073": "1000.00", "aac071": "2000.00", "aac072": "100.00", "aac085": "300.00", "aac076": "0", "aac077": "200",
    "aac086": "0", "aac087": "60", "aac078": "40", "aac083": "0", "aac081": "3400.00", "aac074": "400.00",
    "aac079": "3000.00", "aac082": "1000.00",
}  # fmt: skip
"""An income (AC07) of a household of three that adds up, in yuan."""


def paper(serial: int, born: str = "19700101") -> str:
    """A number of an area that no county has."""
    body = f"999999{born}{serial:03d}"
    return body + check_character(body)


def person(number: str, name: str, paper: str, relation: str, **more: Any) -> dict[str, Any]:
    """A row of the list of 2022."""
    place = {"县": "陇川县", "乡": "章凤镇", "行政村": "章凤村"}
    of = {"户编号": number, "姓名": name, "证件号码": paper, "与户主关系": relation}
    return {**place, **of, "民族": "景颇族", "户类型": "脱贫户", **more}


def family(serial: int = 1, **more: Any) -> list[dict[str, Any]]:
    """Three rows: a head, a grown child, and a minor."""
    number, told = f"5331000{serial:05d}", {"人数": 3, "人均纯收入": "3000.00", **more}
    return [
        person(number, f"示例户主{serial}", paper(serial), "户主", **{"户/人联系电话": "10000000077", **told}),
        person(number, f"示例之子{serial}", paper(serial, "19950101"), "之子", **told),
        person(number, f"示例孙女{serial}", paper(serial, "20180101"), "之孙女", **told),
    ]


def coded(serial: int = 1, **more: Any) -> list[dict[str, Any]]:
    """The same three people under the codes of the national tables, with the year's income."""
    return [
        {
            "aac001": row["户编号"], "aar040": "2025", "aad001": VILLAGE, "aac029": f"示例户主{serial}",
            "aac031": paper(serial), "aac006": "01", "aac007": "因病", "aar010": "已脱贫", "aab002": row["姓名"],
            "aab003": "男", "aab004": row["证件号码"], "aab006": row["与户主关系"], "aab007": "景颇族",
            "aab017": "健康", **FIGURES, **more,
        }
        for row in family(serial)
    ]  # fmt: skip


def _cells(layout: str, table: Sequence[dict[str, Any]]) -> list[list[Any]]:
    return [HEADERS[layout], *([row.get(title) for title in HEADERS[layout]] for row in table)]


def text(layout: str, table: Sequence[dict[str, Any]], encoding: str = "gb18030") -> bytes:
    """As CSV, as Chinese spreadsheet programs write it."""
    file = io.StringIO()
    csv.writer(file).writerows(_cells(layout, table))
    return file.getvalue().encode(encoding)


def workbook(layout: str, table: Sequence[dict[str, Any]]) -> bytes:
    """As XLSX."""
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in _cells(layout, table):
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
