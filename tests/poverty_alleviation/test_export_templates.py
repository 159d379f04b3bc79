"""A superior's workbook: judged before it is opened, mapped, filled as it was approved, and never made to run."""

from dataclasses import replace
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from api_kit.errors import SpreadsheetRefused
from kit.database import execute, scalar
from poverty_alleviation.exports.errors import (
    ExportStands,
    MappingRefused,
    TemplateUnknown,
)
from poverty_alleviation.exports.items import MoneyUnit, written_money
from poverty_alleviation.exports.making import ExportMaking
from poverty_alleviation.exports.mappings import MappedCell
from poverty_alleviation.exports.marks import marks_in
from poverty_alleviation.exports.models import ExportKind, ExportState
from poverty_alleviation.exports.queries import export_card
from poverty_alleviation.exports.service import ExportRequest
from poverty_alleviation.exports.templates import template_shown
from poverty_alleviation.households import Identity
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.unmasking import ViewingPurpose
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, closed_quarter
from tests.poverty_alleviation.exports_desk import (
    ASKER,
    CELLS,
    FIGURES,
    at,
    making,
    mapped,
    other,
    ready,
    sheet_of,
)
from tests.poverty_alleviation.templates import LIST, SUMS, changed, template
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_roll_ups import QUARTER, busy, third
from tests.products.shelf import TOWNSHIP, VILLAGE
from traceability.models import IntakeMode

__all__ = ["making"]


async def test_no_name_runs_as_a_formula(county: County, making: ExportMaking) -> None:
    """A household that calls itself a formula is a text in a filled template. Fails without ``_safe``: tried."""
    for name, said in (("EVIL1", "=HYPERLINK(1)"), ("EVIL2", "@SUM(1)")):
        await county.enter_supplier(name)
        await county.registry.enter(Identity(name=said), TOWNSHIP, VILLAGE, OFFICER, f"示例{name}")
        await county.registry.decide(
            f"示例{name}", AssistanceStatus.REGISTERED, county.now.date().replace(month=1), "示例文件", OFFICER
        )
        await county.registry.link(
            f"示例{name}", county.suppliers[name], county.now.date().replace(month=1), "示例文件", OFFICER
        )
        await county.sealed_lot({name: 5_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())
    wanted = ExportRequest(
        kind=ExportKind.TEMPLATE, quarter=QUARTER, purpose=ViewingPurpose.SUPERIOR_REPORT, document="示例",
        template=await mapped(making),
    )  # fmt: skip
    async with closed_quarter(county):
        sheet = sheet_of((await making.exports.download(ASKER, await ready(making, wanted))).content, LIST)
    assert [(sheet[at].value, sheet[at].data_type) for at in ("B3", "B4")] == [
        ("'=HYPERLINK(1)", "s"), ("'@SUM(1)", "s"),
    ]  # fmt: skip


async def test_a_template_is_tried_out_and_filled(county: County, making: ExportMaking) -> None:
    """By hand: H1 116.72, H2 54.97 and H5 60.00 paid are 231.69, so 0.0232 ten thousand; 8.72 confirmed is of one."""
    await busy(county)
    await third(county)
    number = await mapped(making)
    async with closed_quarter(county):
        tried = await making.templates.preview(number, QUARTER)
    assert (tried.version, tried.rows, tried.fits) == (1, 3, True)
    assert {each.cell: each.value for each in tried.cells} == {"B3": "0.0232", "C3": "3", "B4": "—"}
    wanted = ExportRequest(
        kind=ExportKind.TEMPLATE, quarter=QUARTER, purpose=ViewingPurpose.SUPERIOR_REPORT, document="示例",
        template=number,
    )  # fmt: skip
    async with closed_quarter(county):
        asked = await ready(making, wanted)
        content = (await making.exports.download(ASKER, asked)).content
    sums, listed = sheet_of(content, SUMS), sheet_of(content, LIST)
    assert [sums[at].value for at in ("B3", "C3", "B4", "B5")] == [0.0232, 3, "—", "=SUM(B3:B4)"]
    assert [[cell.value for cell in row] for row in listed["A3:C6"]] == [
        [1, "示例户主H1", 116.7], [2, "示例户主H2", 55], [3, "示例户主", 60], [None, None, None],
    ]  # fmt: skip
    for sheet in (sums, listed):
        (said,) = [cell.value for row in sheet.iter_rows() for cell in row if asked in str(cell.value)]
        assert marks_in(said)
    card = await export_card(asked)
    assert (card.template, card.version, card.shows) == (number, 1, ["household_figures", "name", "sums"])


async def test_what_was_approved_is_filled_though_the_mapping_changes(county: County, making: ExportMaking) -> None:
    number = await mapped(making)
    wanted = ExportRequest(
        kind=ExportKind.TEMPLATE, quarter=QUARTER, purpose=ViewingPurpose.SUPERIOR_REPORT, document="示例",
        template=number,
    )  # fmt: skip
    async with closed_quarter(county):
        asked = await making.exports.ask(ASKER, wanted)
    assert await making.templates.map(number, CELLS[:1], SECOND) == 2
    assert (await template_shown(number)).cells == CELLS[:1]
    assert (await export_card(asked)).version == 1
    for attack in ("UPDATE export_mapping SET cells = '[]'", "DELETE FROM export_template",
                   "UPDATE export_download SET mark = 1", "UPDATE office_export SET document = 'x'",
                   "UPDATE office_export SET mapping_id = NULL"):  # fmt: skip
        with pytest.raises(BaseORMException):
            await execute(attack)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([at("B3", "sum.nothing")], "item"),
        ([at("3B")], "cell"),
        ([at("AAA3")], "cell"),
        ([at("B5001")], "cell"),
        ([at("B3:B4")], "range"),
        ([at("B3:C9", "household.code")], "cell"),
        ([at("B3", area="533124999")], "area"),
        ([at("B3", area="53")], "area"),
        ([at("D3:D9", "household.code", area=TOWNSHIP)], "area"),
        ([at("B3", unit=MoneyUnit.WAN)], "unit"),
        ([at("B5")], "formula"),
        ([at("B1")], "merged"),
        ([at("B3", sheet="没有")], "sheet"),
        ([at("B3"), at("B3", "sum.income_paid")], "overlap"),
        ([at("C55:C60", "household.serial", sheet=LIST)], "formula"),
    ],
)
async def test_a_mapping_is_refused_with_every_reason(making: ExportMaking, cells: list[MappedCell], why: str) -> None:
    number = await making.templates.take(template(), "示例季报", OFFICER)
    with pytest.raises(MappingRefused) as refused:
        await making.templates.map(number, cells, OFFICER)
    problems: Any = refused.value.facts["problems"]
    assert why in {each["why"] for each in problems}
    with pytest.raises(TemplateUnknown):
        await making.templates.preview(number, QUARTER)


async def test_a_template_is_taken_once_and_only_when_it_is_harmless(making: ExportMaking) -> None:
    raw = template()
    number = await making.templates.take(raw, "示例季报", OFFICER)
    assert await making.templates.take(raw, "另一名称", SECOND) == number
    assert (await template_shown(number)).template.name == "示例季报"
    stored = await scalar("SELECT content_sealed FROM export_template")
    assert not bytes(stored).startswith(b"PK")
    hostile = changed(template(), lambda parts: parts.update({"xl/vbaProject.bin": b"x"}))
    with pytest.raises(SpreadsheetRefused):
        await making.templates.take(hostile, "示例", OFFICER)


async def test_more_rows_than_may_be_or_fit_fail_and_are_told(county: County, making: ExportMaking) -> None:
    await busy(county)
    few = replace(making, most_rows=1)
    number = await few.exports.ask(ASKER, FIGURES)
    await few.exports.decide(number, ExportState.APPROVED, "", SECOND)
    assert await few.make_due() == 1
    template_number = await making.templates.take(template(), "示例季报", OFFICER)
    short = [at("A3:A3", "household.serial", sheet=LIST)]
    await making.templates.map(template_number, short, OFFICER)
    assert not (await making.templates.preview(template_number, QUARTER)).fits
    second = await ready(making, other(FIGURES, kind=ExportKind.TEMPLATE, template=template_number))
    failures = [(await export_card(each)).failure for each in (number, second)]
    assert failures == ["export_too_large", "export_rows_do_not_fit"]
    with pytest.raises(ExportStands):
        await making.exports.download(ASKER, number)


@pytest.mark.parametrize(
    ("fen", "unit", "decimals", "written"),
    [(0, "yuan", 2, "0.00"), (123_456, "yuan", 1, "1234.6"), (-123_450, "yuan", 0, "-1235"), (50, "yuan", 0, "1"),
     (123_456_789, "wan", 2, "123.46"), (1, "wan", 6, "0.000001"), (49, "yuan", 0, "0")],
)  # fmt: skip
def test_money_is_rounded_half_up_in_either_unit(fen: int, unit: str, decimals: int, written: str) -> None:
    assert str(written_money(fen, MoneyUnit(unit), decimals)) == written
