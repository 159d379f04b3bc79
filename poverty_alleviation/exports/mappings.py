"""What a template is filled with: a cell with a sum of an area, or a column of cells with an item of each household."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import msgspec

from poverty_alleviation.exports.errors import MappingRefused, RowsDoNotFit
from poverty_alleviation.exports.items import ITEMS, WITHHELD, MoneyUnit, unknown_areas, written_money
from poverty_alleviation.exports.ports import Value, Workbooks

MOST_MAPPED = 500
MOST_ROWS = 5000
_PLACE = re.compile(r"([A-Z]{1,2})([1-9][0-9]{0,3})(?::([A-Z]{1,2})([1-9][0-9]{0,3}))?")


class MappedCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place of a template: a cell (``B5``) for a sum, cells of one column (``A7:A60``) for households.

    ``area`` is '' for the county, or the code of a township or village. ``unit`` and ``decimals`` are of money.
    """

    sheet: Annotated[str, msgspec.Meta(min_length=1, max_length=31)]
    at: Annotated[str, msgspec.Meta(min_length=2, max_length=13)]
    item: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    area: Annotated[str, msgspec.Meta(max_length=12, pattern=r"^[0-9]*$(?!\n)")] = ""
    unit: MoneyUnit = MoneyUnit.YUAN
    decimals: Annotated[int, msgspec.Meta(ge=0, le=6)] = 2

    @property
    def cells(self) -> list[str]:
        """Every cell of the place, downwards; none when it is no place."""
        found = _PLACE.fullmatch(self.at)
        if found is None:
            return []
        column, first, other, last = found[1], int(found[2]), found[3] or found[1], int(found[4] or found[2])
        return [f"{column}{row}" for row in range(first, last + 1)] if other == column and last <= MOST_ROWS else []


def shown_by(mapped: Sequence[MappedCell]) -> list[str]:
    """What a purpose has to open for such a file."""
    return sorted({ITEMS[each.item].shows for each in mapped})


async def check_mapping(mapped: Sequence[MappedCell], raw: bytes, workbooks: Workbooks) -> None:
    """Raises :class:`MappingRefused` with everything that is wrong."""
    problems = [(each.sheet, each.at, why) for each in mapped if (why := _wrong(each))]
    unknown = await unknown_areas({each.area for each in mapped})
    problems += [(each.sheet, each.at, "area") for each in mapped if each.area in unknown]
    places = Counter((each.sheet, cell) for each in mapped for cell in each.cells)
    problems += [(sheet, cell, "overlap") for (sheet, cell), count in places.items() if count > 1]
    wanted: dict[str, list[str]] = {}
    for sheet, cell in places:
        wanted.setdefault(sheet, []).append(cell)
    problems += await workbooks.unfillable(raw, wanted)
    if problems or not mapped:
        told = [{"sheet": sheet, "cell": cell, "why": why} for sheet, cell, why in problems]
        raise MappingRefused(problems=told[:200], count=len(told))


def _wrong(each: MappedCell) -> str:
    item = ITEMS.get(each.item)
    if item is None:
        return "item"
    if not each.cells:
        return "cell"
    if not item.is_of_household and len(each.cells) > 1:
        return "range"
    if item.is_of_household and each.area:
        return "area"
    return "" if item.is_money or each.unit is MoneyUnit.YUAN else "unit"


def filled_cells(
    mapped: Sequence[MappedCell],
    sums: dict[tuple[str, str], int | None],
    households: Sequence[dict[str, str | int]],
) -> dict[str, dict[str, Value]]:
    """The value of each cell by sheet. Raises :class:`RowsDoNotFit`."""
    cells: dict[str, dict[str, Value]] = {}
    for each in mapped:
        of_sheet = cells.setdefault(each.sheet, {})
        if not ITEMS[each.item].is_of_household:
            of_sheet[each.cells[0]] = _written(each, sums[each.item, each.area])
            continue
        if len(households) > len(each.cells):
            raise RowsDoNotFit()
        of_sheet |= {cell: _written(each, row[each.item]) for cell, row in zip(each.cells, households, strict=False)}
    return cells


def _written(each: MappedCell, value: str | int | None) -> Value:
    if value is None:
        return WITHHELD
    if isinstance(value, int) and ITEMS[each.item].is_money:
        return written_money(value, each.unit, each.decimals)
    return value
