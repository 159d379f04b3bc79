"""What leaves the office: asked by one, approved by another, taken by who asked, traced to a download, destroyed."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.errors import TooManyViews
from accounts.service import AccessLogs
from api_kit.errors import SpreadsheetRefused
from api_kit.workbooks import SheetFiles
from content.errors import StorageUnavailable
from integrations.object_storage.folder import FolderStorage
from kit.database import execute, rows, scalar
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.errors import ViewNotPermitted
from poverty_alleviation.exports.errors import (
    ExportExpired,
    ExportInvalid,
    ExportNotYours,
    ExportStands,
    MappingRefused,
    OfficeExportUnknown,
    TemplateUnknown,
)
from poverty_alleviation.exports.items import MoneyUnit, written_money
from poverty_alleviation.exports.making import LEASE, ExportMaking
from poverty_alleviation.exports.mappings import MappedCell
from poverty_alleviation.exports.marks import UNMARKED, marks_in, new_mark, written_mark
from poverty_alleviation.exports.models import EXPORT_TRANSITIONS, ExportFormat, ExportKind, ExportState
from poverty_alleviation.exports.queries import DownloadCard, downloads_of_marks, export_card, export_cards
from poverty_alleviation.exports.service import KEPT, MOST_DOWNLOADS, ExportRequest, OfficeExports
from poverty_alleviation.exports.templates import ExportTemplates, template_shown
from poverty_alleviation.households import Identity
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.rollups import Dimension
from poverty_alleviation.statements.errors import QuarterNotClosed
from poverty_alleviation.statements.quarters import QuarterInvalid
from poverty_alleviation.unmasking import ViewingPurpose
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, closed_quarter
from tests.poverty_alleviation.templates import LIST, SUMS, changed, template
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_roll_ups import QUARTER, busy, third
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE
from traceability.models import IntakeMode

ASKER = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例扶贫干部")
OTHER = PovertyOfficer(caller=SECOND, id=2, number="second", name="示例扶贫干部二")
FIGURES = ExportRequest(
    kind=ExportKind.HOUSEHOLD_FIGURES, quarter=QUARTER, purpose=ViewingPurpose.AUDIT_REQUEST, document="示例函 1 号"
)
SUMS_OF_VILLAGES = ExportRequest(
    kind=ExportKind.ROLL_UP, quarter=QUARTER, purpose=ViewingPurpose.SUPERIOR_REPORT, document="示例函 2 号",
    dimension=Dimension.VILLAGE,
)  # fmt: skip
CELLS = [
    MappedCell(sheet=SUMS, at="B3", item="sum.income_paid", unit=MoneyUnit.WAN, decimals=4),
    MappedCell(sheet=SUMS, at="C3", item="sum.carried"),
    MappedCell(sheet=SUMS, at="B4", item="sum.income_confirmed", area=TOWNSHIP),
    MappedCell(sheet=LIST, at="A3:A59", item="household.serial"),
    MappedCell(sheet=LIST, at="B3:B59", item="household.name"),
    MappedCell(sheet=LIST, at="C3:C59", item="household.income_paid", unit=MoneyUnit.YUAN, decimals=1),
]


def making_of(county: County, folder: Path) -> ExportMaking:
    cipher = throwaway_cipher()
    exports = OfficeExports(FolderStorage(folder), cipher, SheetFiles(), AccessLogs(county.clock), county.clock)
    return ExportMaking(exports, ExportTemplates(cipher, SheetFiles(), county.clock))


@pytest.fixture
def making(county: County, tmp_path: Path) -> ExportMaking:
    return making_of(county, tmp_path)


async def ready(making: ExportMaking, wanted: ExportRequest) -> str:
    """Asked by one, approved by another, made; answers its number."""
    number = await making.exports.ask(ASKER, wanted)
    await making.exports.decide(number, ExportState.APPROVED, "示例同意", SECOND)
    assert await making.make_due() == 1
    return number


def other(wanted: ExportRequest, **changes: Any) -> ExportRequest:
    return msgspec.structs.replace(wanted, **changes)


def stored(folder: Path) -> list[bytes]:
    """The files that lie in the storage."""
    return [path.read_bytes() for path in folder.rglob("*.bin")]


def table_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def sheet_of(content: bytes, name: str | None = None) -> Any:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return book[name] if name else book.active


async def mapped(making: ExportMaking) -> str:
    """The template with its mapping; answers its number."""
    number = await making.templates.take(template(), "示例季报", OFFICER)
    assert await making.templates.map(number, CELLS, OFFICER) == 1
    return number


async def test_figures_of_households_come_as_a_marked_table(county: County, making: ExportMaking) -> None:
    await busy(county)
    number = await ready(making, FIGURES)
    file = await making.exports.download(ASKER, number)
    assert file.name == f"{number}.xlsx"
    sheet = sheet_of(file.content)
    header, *found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert header[:-1] == [
        "序号", "农户编码", "乡镇", "村", "带动销售额（元）", "增收额（已支付）（元）", "增收额（已确认）（元）",
    ]  # fmt: skip
    # By hand: 45.71 and 36.57 of the sale; 8.72 + 108.00 and 6.97 + 48.00 paid, of which 8.72 is confirmed.
    assert [row[:2] + row[4:7] for row in found] == [
        [1, "示例H1", 45.71, 116.72, 8.72], [2, "示例H2", 36.57, 54.97, 0],
    ]  # fmt: skip
    assert {cell.number_format for cell in sheet["E"][1:]} == {"0.00"}, "amounts can be summed"
    for row in (header, *found):
        assert re.sub("[\u200b\u200c]", "", row[-1]) == f"{number} {OFFICER} 2026-11-23 15:30 内部资料 禁止转发"
        assert len(marks_in(row[-1])) == 1
    card = await export_card(number)
    assert (card.state, card.row_count, card.downloads, card.shows) == ("ready", 2, 1, ["household_figures"])


async def test_sums_for_others_keep_small_cells_back(county: County, making: ExportMaking) -> None:
    """Fails when the office's own table is exported in their place: tried."""
    await busy(county)
    await third(county, ANOTHER_VILLAGE)
    with pytest.raises(QuarterNotClosed):
        await making.exports.ask(ASKER, SUMS_OF_VILLAGES)
    async with closed_quarter(county):
        number = await ready(making, other(SUMS_OF_VILLAGES, format=ExportFormat.CSV))
        _, *found = table_of((await making.exports.download(ASKER, number)).content)
    assert [row[:-1] for row in found] == [["合计", "3", "—", "231.69", "—"]]
    assert "示例" not in "".join(cell for row in found for cell in row[:-1])


async def test_what_is_to_be_published_is_guarded_as_for_everybody(county: County, making: ExportMaking) -> None:
    """Three households are enough for a superior, and ten for the public. Fails when both read as the county: tried."""
    await busy(county)
    await third(county)
    number = await making.templates.take(template(), "示例公开表", OFFICER)
    await making.templates.map(number, CELLS[:2], OFFICER)
    told = {}
    async with closed_quarter(county):
        for purpose in (ViewingPurpose.PUBLICATION, ViewingPurpose.SUPERIOR_REPORT):
            table = other(SUMS_OF_VILLAGES, purpose=purpose, dimension=Dimension.COUNTY, format=ExportFormat.CSV)
            filled = ExportRequest(
                kind=ExportKind.TEMPLATE, quarter=QUARTER, purpose=purpose, document="示例", template=number
            )
            tables, books = [
                (await making.exports.download(ASKER, await ready(making, each))).content for each in (table, filled)
            ]
            sheet = sheet_of(books, SUMS)
            told[purpose] = table_of(tables)[-1][:-1], [sheet[at].value for at in ("B3", "C3")]
    assert told == {
        ViewingPurpose.PUBLICATION: (["合计", "—", "—", "—", "—"], ["—", "—"]),
        ViewingPurpose.SUPERIOR_REPORT: (["合计", "3", "—", "231.69", "—"], [0.0232, 3]),
    }


async def test_nobody_approves_what_he_asked_for(county: County, making: ExportMaking) -> None:
    number = await making.exports.ask(ASKER, FIGURES)
    with pytest.raises(SecondPersonNeeded):
        await making.exports.decide(number, ExportState.APPROVED, "", OFFICER)
    assert await making.make_due() == 0, "nothing is made before somebody has said yes"
    with pytest.raises(BaseORMException):
        await execute(
            "UPDATE office_export SET state = 'approved', decided_by = asked_by, decided_at = now() WHERE number = $1",
            number,
        )
    await making.exports.decide(number, ExportState.REFUSED, "示例撤回", OFFICER)
    assert (await export_card(number)).state == ExportState.REFUSED


async def test_only_who_asked_takes_it(county: County, making: ExportMaking) -> None:
    number = await ready(making, FIGURES)
    with pytest.raises(ExportNotYours):
        await making.exports.download(OTHER, number)
    assert await scalar("SELECT count(*) FROM access_log") == 0
    with pytest.raises(OfficeExportUnknown):
        await making.exports.download(ASKER, "X404")


async def test_a_purpose_opens_what_it_opens(county: County, making: ExportMaking) -> None:
    """Fails when the purpose is not asked: tried."""
    for purpose in (ViewingPurpose.PUBLICATION, ViewingPurpose.VISIT, ViewingPurpose.OWN_REQUEST):
        with pytest.raises(ViewNotPermitted):
            await making.exports.ask(ASKER, other(FIGURES, purpose=purpose))
    named = ExportRequest(
        kind=ExportKind.TEMPLATE, quarter=QUARTER, purpose=ViewingPurpose.AUDIT_REQUEST, document="示例",
        template=await mapped(making),
    )  # fmt: skip
    with pytest.raises(ViewNotPermitted):  # auditors read codes, not names
        await making.exports.ask(ASKER, named)
    async with closed_quarter(county):
        await making.exports.ask(ASKER, other(named, purpose=ViewingPurpose.SUPERIOR_REPORT))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"dimension": Dimension.COUNTY}, "dimension"),
        ({"template": "M1"}, "template"),
        ({"kind": ExportKind.ROLL_UP}, "dimension"),
        ({"kind": ExportKind.ROLL_UP, "dimension": Dimension.MERCHANT, "township": TOWNSHIP}, "township"),
        ({"kind": ExportKind.TEMPLATE}, "template"),
        ({"kind": ExportKind.TEMPLATE, "template": "M1", "township": TOWNSHIP}, "township"),
        ({"kind": ExportKind.TEMPLATE, "template": "M1", "format": ExportFormat.CSV}, "format"),
    ],
)
async def test_members_that_do_not_go_together_are_refused(
    making: ExportMaking, changes: dict[str, Any], refused: str
) -> None:
    with pytest.raises(ExportInvalid) as error:
        await making.exports.ask(ASKER, other(FIGURES, **changes))
    assert error.value.facts == {"field": refused}


async def test_no_such_quarter_or_template(making: ExportMaking) -> None:
    with pytest.raises(QuarterInvalid):
        await making.exports.ask(ASKER, other(FIGURES, quarter="2026-11"))
    wanted = other(FIGURES, kind=ExportKind.TEMPLATE, template="M404")
    with pytest.raises(TemplateUnknown):
        await making.exports.ask(ASKER, wanted)


async def test_every_download_is_on_record_before_it_is_answered(county: County, making: ExportMaking) -> None:
    """Fails when the file is answered without the record: tried."""
    await busy(county)
    number = await ready(making, FIGURES)
    await making.exports.download(ASKER, number)
    (noted,) = await rows("SELECT actor, purpose, subject, fields_read, document FROM access_log")
    assert noted["subject"] == f"office_export:{number}"
    assert (noted["actor"], noted["purpose"], noted["document"]) == (OFFICER, "audit_request", "示例函 1 号")
    # Who may look at nothing more is answered nothing, and what would have been the download is none.
    blocked = replace(making.exports, access_logs=AccessLogs(county.clock, views_per_hour=1))
    with pytest.raises(TooManyViews):
        await blocked.download(ASKER, number)
    assert await scalar("SELECT count(*) FROM export_download") == 1
    assert (await export_card(number)).downloads == 1


async def test_it_is_over_after_a_day_and_destroyed(county: County, making: ExportMaking, tmp_path: Path) -> None:
    """Fails when the file is not deleted: tried."""
    await busy(county)
    number = await ready(making, FIGURES)
    (kept,) = stored(tmp_path)
    assert "示例H1".encode() not in kept
    assert not kept.startswith(b"PK"), "sealed"
    county.now += KEPT - timedelta(seconds=1)
    await making.exports.download(ASKER, number)
    assert await making.look_after() == 0
    county.now += timedelta(seconds=1)
    with pytest.raises(ExportExpired):  # also before the job has come by
        await making.exports.download(ASKER, number)
    assert await making.look_after() == 1
    assert stored(tmp_path) == []
    with pytest.raises(ExportExpired):
        await making.exports.download(ASKER, number)
    card = await export_card(number)
    assert (card.state, card.destroyed_at) == (ExportState.EXPIRED, county.now)
    assert await making.look_after() == 0


async def test_it_is_answered_three_times(making: ExportMaking) -> None:
    number = await ready(making, FIGURES)
    for _ in range(MOST_DOWNLOADS):
        await making.exports.download(ASKER, number)
    with pytest.raises(ExportExpired):
        await making.exports.download(ASKER, number)


async def test_a_leaked_file_row_or_word_tells_whose_it_was(county: County, making: ExportMaking) -> None:
    """The canary: every download has its own mark, in every row. Fails when files are answered as they lie: tried."""
    await busy(county)
    number = await ready(making, other(FIGURES, format=ExportFormat.CSV))
    first, second = [(await making.exports.download(ASKER, number)).content for _ in range(2)]
    county.now += timedelta(minutes=1)
    third_one = (await making.exports.download(ASKER, number)).content
    marks = [marks_in(await SheetFiles().text_of(content)) for content in (first, second, third_one)]
    assert [len(each) for each in marks] == [1, 1, 1]
    assert len(set.union(*marks)) == 3
    assert UNMARKED not in third_one.decode()
    copied_row = table_of(third_one)[2]
    assert await downloads_of_marks(marks_in("，".join(copied_row))) == [
        DownloadCard(export=number, downloaded_by=OFFICER, downloaded_at=county.now)
    ]
    assert await downloads_of_marks(marks_in("什么也没有")) == []
    assert await downloads_of_marks({new_mark()}) == []
    assert marks_in(f"a{written_mark(5)}b{written_mark(2**48 - 1)}") == {5, 2**48 - 1}


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


def at(place: str, item: str = "sum.carried", **more: Any) -> MappedCell:
    return MappedCell(sheet=more.pop("sheet", SUMS), at=place, item=item, **more)


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


async def test_whoever_dies_while_making_is_followed_by_another(
    county: County, making: ExportMaking, tmp_path: Path
) -> None:
    """The file's place is known before it is written, so nothing lies about that nobody knows of."""
    number = await making.exports.ask(ASKER, FIGURES)
    await making.exports.decide(number, ExportState.APPROVED, "", SECOND)
    await asyncio.to_thread((tmp_path / "file").write_bytes, b"in the way")
    broken = making_of(county, tmp_path / "file")
    with pytest.raises(StorageUnavailable):
        await broken.make_due()
    assert await making.make_due() == 0, "claimed"
    county.now += LEASE + timedelta(seconds=1)
    assert await making.make_due() == 1
    assert (await export_card(number)).state == ExportState.READY
    assert len(stored(tmp_path)) == 1


async def test_every_pair_of_states_of_an_export_moves_as_the_table_says(making: ExportMaking, county: County) -> None:
    async def lead(state: ExportState) -> str:
        number = await making.exports.ask(ASKER, FIGURES)
        if state is ExportState.REFUSED:
            await making.exports.decide(number, ExportState.REFUSED, "", SECOND)
        if state in (ExportState.APPROVED, ExportState.READY, ExportState.FAILED, ExportState.EXPIRED):
            await making.exports.decide(number, ExportState.APPROVED, "", SECOND)
        if state in (ExportState.READY, ExportState.EXPIRED):
            await making.make_due()
        if state is ExportState.FAILED:
            await replace(making, most_rows=-1).make_due()
        if state is ExportState.EXPIRED:
            county.now += KEPT
            await making.expire_due()
        return number

    for state in ExportState:
        for to in ExportState:
            number = await lead(state)
            assert (await export_card(number)).state == state
            if to in EXPORT_TRANSITIONS[state] and to in (ExportState.APPROVED, ExportState.REFUSED):
                await making.exports.decide(number, to, "", SECOND)
                assert (await export_card(number)).state == to
            else:
                with pytest.raises(ExportStands):
                    await making.exports.decide(number, to, "", SECOND)
                assert (await export_card(number)).state == state
            if state is not ExportState.READY:
                with pytest.raises((ExportStands, ExportExpired)):
                    await making.exports.download(ASKER, number)
            county.now += KEPT
            await making.look_after()
            after = (await export_card(number)).state
            assert after == state or after in EXPORT_TRANSITIONS[state] | EXPORT_TRANSITIONS[to], (state, to, after)
    found, following = await export_cards(ExportState.EXPIRED, None, 2)
    assert len(found) == 2
    assert following is not None
    assert {card.state for card in (await export_cards(ExportState.EXPIRED, following, 2))[0]} == {"expired"}


@pytest.mark.parametrize(
    ("fen", "unit", "decimals", "written"),
    [(0, "yuan", 2, "0.00"), (123_456, "yuan", 1, "1234.6"), (-123_450, "yuan", 0, "-1235"), (50, "yuan", 0, "1"),
     (123_456_789, "wan", 2, "123.46"), (1, "wan", 6, "0.000001"), (49, "yuan", 0, "0")],
)  # fmt: skip
def test_money_is_rounded_half_up_in_either_unit(fen: int, unit: str, decimals: int, written: str) -> None:
    assert str(written_money(fen, MoneyUnit(unit), decimals)) == written
