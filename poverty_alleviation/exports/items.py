"""The catalogue of what can stand in an export: sums by area, and rows of households."""

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import msgspec

from kit.database import rows
from kit.encryption import FieldCipher, RowOpener
from places.queries import division_names
from poverty_alleviation.households import UNREADABLE, household_place
from poverty_alleviation.office.rollups import Audience, Dimension, RollUpCell, roll_up_for
from poverty_alleviation.queries import HouseholdFigures, figures
from poverty_alleviation.statements.quarters import quarter_span
from poverty_alleviation.vault import household_rights

WITHHELD = "—"
"""Stands for a sum that is kept back, and for one of an area that has none: which of both it is would tell."""


class MoneyUnit(StrEnum):
    """In what money is written."""

    YUAN = "yuan"
    WAN = "wan"


class ExportItem(msgspec.Struct, frozen=True):
    """One thing that can be written. ``shows``: what a purpose has to open for it (``unmasking.MAY_SEE``)."""

    code: str
    label: str
    shows: str
    is_money: bool
    is_of_household: bool


ITEMS: dict[str, ExportItem] = {
    item.code: item
    for item in (
        ExportItem("sum.attributed_sales", "带动销售额", "sums", True, False),
        ExportItem("sum.attributed_sales_last_year", "带动销售额（上年同期）", "sums", True, False),
        ExportItem("sum.income_paid", "增收额（已支付）", "sums", True, False),
        ExportItem("sum.income_paid_last_year", "增收额（已支付，上年同期）", "sums", True, False),
        ExportItem("sum.income_confirmed", "增收额（已确认）", "sums", True, False),
        ExportItem("sum.carried", "带动户数", "sums", False, False),
        ExportItem("household.serial", "序号", "household_figures", False, True),
        ExportItem("household.code", "农户编码", "household_figures", False, True),
        ExportItem("household.name", "户主姓名", "name", False, True),
        ExportItem("household.township", "乡镇", "household_figures", False, True),
        ExportItem("household.village", "村", "household_figures", False, True),
        ExportItem("household.attributed_sales", "带动销售额", "household_figures", True, True),
        ExportItem("household.income_paid", "增收额（已支付）", "household_figures", True, True),
        ExportItem("household.income_confirmed", "增收额（已确认）", "household_figures", True, True),
    )
}
"""Sales and income are items of their own, and nothing adds them (domain reference 2.4)."""

_BY_LENGTH = {0: Dimension.COUNTY, 9: Dimension.TOWNSHIP, 12: Dimension.VILLAGE}


def written_money(fen: int, unit: MoneyUnit, decimals: int) -> Decimal:
    """Fen in yuan or in ten thousand yuan, half a last digit upwards."""
    exact = Decimal(fen).scaleb(-2 if unit is MoneyUnit.YUAN else -6)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


async def unknown_areas(areas: Collection[str]) -> set[str]:
    """Which are neither the county ('') nor a township or village that is entered."""
    shaped = {area for area in areas if len(area) in _BY_LENGTH}
    known = await division_names(sorted(shaped))
    return {area for area in areas if area and area not in known}


async def sums_of(
    wanted: Collection[tuple[str, str]], quarter: str, day: date, audience: Audience = Audience.COUNTY
) -> dict[tuple[str, str], int | None]:
    """Fen or households by item and area, as the ``audience`` may read them: None is kept back, or nothing.

    One table for each kind of area. Raises ``QuarterInvalid``, ``QuarterNotClosed``.
    """
    cells: dict[str, RollUpCell] = {}
    for by in {_BY_LENGTH[len(area)] for _, area in wanted}:
        table = await roll_up_for(audience, by, quarter, day)
        cells |= {"": table.total} if by is Dimension.COUNTY else {cell.key: cell for cell in table.cells}
    return {(item, area): _amount(cells.get(area), item) for item, area in wanted}


def _amount(cell: RollUpCell | None, item: str) -> int | None:
    name = item.removeprefix("sum.")
    if cell is None:
        return None
    if name == "carried":
        return cell.carried
    measure = getattr(cell, name.removesuffix("_last_year"))
    found: int | None = measure.base_fen if name.endswith("_last_year") else measure.fen
    return found


async def carried_households(quarter: str, township: str | None) -> list[HouseholdFigures]:
    """The figures of each household that has an official one in a quarter, by code. Raises ``QuarterInvalid``."""
    found = await figures(*quarter_span(quarter), township)
    return [each for each in found if each.attributed_sales_fen or each.income_paid_fen or each.income_confirmed_fen]


async def household_values(
    carried: list[HouseholdFigures], items: Collection[str], cipher: FieldCipher
) -> list[dict[str, str | int]]:
    """What stands in a household's row by item, money in fen; names are opened when they are among the items."""
    places = await division_names(sorted({code for each in carried for code in (each.township, each.village)}))
    names = await _names(carried, cipher) if "household.name" in items else {}
    return [
        {
            "household.serial": serial,
            "household.code": each.household,
            "household.name": names.get(each.household, ""),
            "household.township": places.get(each.township, each.township),
            "household.village": places.get(each.village, each.village),
            "household.attributed_sales": each.attributed_sales_fen,
            "household.income_paid": each.income_paid_fen,
            "household.income_confirmed": each.income_confirmed_fen,
        }
        for serial, each in enumerate(carried, start=1)
    ]


@household_rights()
async def _names(carried: list[HouseholdFigures], cipher: FieldCipher) -> dict[str, str]:
    found = await rows(
        "SELECT code, name_cipher FROM household WHERE code = ANY($1::text[])", [each.household for each in carried]
    )
    names = {}
    for each in found:
        opener = RowOpener(cipher)
        name = opener.open("name", each["name_cipher"], household_place("name", each["code"]))
        names[each["code"]] = UNREADABLE if opener.unreadable else name or ""
    return names
