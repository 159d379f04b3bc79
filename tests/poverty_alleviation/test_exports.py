"""What leaves the office: asked by one, approved by another, taken by who asked, traced to a download, destroyed."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.errors import TooManyViews
from accounts.service import AccessLogs
from api_kit.workbooks import SheetFiles
from content.errors import StorageUnavailable
from kit.database import execute, rows, scalar
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.errors import ViewNotPermitted
from poverty_alleviation.exports.errors import (
    ExportExpired,
    ExportInvalid,
    ExportNotYours,
    ExportStands,
    OfficeExportUnknown,
    TemplateUnknown,
)
from poverty_alleviation.exports.making import LEASE, ExportMaking
from poverty_alleviation.exports.marks import UNMARKED, marks_in, new_mark, written_mark
from poverty_alleviation.exports.models import EXPORT_TRANSITIONS, ExportFormat, ExportKind, ExportState
from poverty_alleviation.exports.queries import DownloadCard, downloads_of_marks, export_card, export_cards
from poverty_alleviation.exports.service import KEPT, MOST_DOWNLOADS, ExportRequest
from poverty_alleviation.office.rollups import Dimension
from poverty_alleviation.statements.errors import QuarterNotClosed
from poverty_alleviation.statements.quarters import QuarterInvalid
from poverty_alleviation.unmasking import ViewingPurpose
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, closed_quarter
from tests.poverty_alleviation.exports_desk import (
    ASKER,
    CELLS,
    FIGURES,
    OTHER,
    SUMS_OF_VILLAGES,
    making,
    making_of,
    mapped,
    other,
    ready,
    sheet_of,
    stored,
    table_of,
)
from tests.poverty_alleviation.templates import SUMS, template
from tests.poverty_alleviation.test_roll_ups import QUARTER, busy, third
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP

__all__ = ["making"]


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
