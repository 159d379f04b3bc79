"""A report of a room is one a day and reason, is worked off by the county, and its reporter hears what came of it."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from kit.belongings import Person
from kit.database import execute, rows, scalar
from live.errors import (
    MessageNotFound,
    NotOnShelf,
    OwnMatter,
    ReportNotFound,
    ReportNotMovable,
    ReportsFull,
    SessionNotFound,
)
from live.own_records import erase, forget_chat, personal_data
from live.reports.models import REPORT_TRANSITIONS, ReportReason, RoomReportState
from live.reports.queries import own_reports, reports
from live.reports.service import MAX_A_DAY, RoomReports, Seen
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, listed_product

BY = "staff:county"
NOTHING = Seen()


async def test_one_report_of_a_reason_and_a_day_however_often_and_at_once(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    said = await asyncio.gather(
        *(desk.report("C1", session.number, ReportReason.ABUSE, f"第 {n} 次", NOTHING) for n in range(5))
    )
    assert len(set(said)) == 1
    assert await desk.report("C1", session.number, ReportReason.FRAUD, "", NOTHING) != said[0]
    assert await desk.report("C2", session.number, ReportReason.ABUSE, "", NOTHING) != said[0]
    house.clock.ahead = timedelta(days=1)
    assert await desk.report("C1", session.number, ReportReason.ABUSE, "", NOTHING) != said[0]
    assert await scalar("SELECT count(*) FROM live_report") == 4


async def test_a_report_points_at_what_was_in_the_room(database: str) -> None:
    house = House()
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    session, _ = await house.on_air(merchant)
    other, _ = await house.on_air(merchant)
    offset = await house.chat.post(session.number, "consumer:C9", "用户", "加微信", "k1", "o1")
    desk = RoomReports(house.clock)
    with pytest.raises(MessageNotFound):
        await desk.report("C1", other.number, ReportReason.FRAUD, "", Seen(message=offset + 50))
    with pytest.raises(NotOnShelf):
        await desk.report("C1", session.number, ReportReason.FALSE_CLAIM, "", Seen(sku=sku))
    await house.shelf.put(session.number, HOST, sku)
    number = await desk.report("C1", session.number, ReportReason.FALSE_CLAIM, "夸大", Seen(offset, sku))
    (found,), _ = await reports("received", None, 10)
    assert (found.number, found.message, found.sku, found.host, found.reports_of_session) == (
        number, offset, sku, HOST, 1,
    )  # fmt: skip
    with pytest.raises(SessionNotFound):
        await desk.report("C1", "L20260101NOSUCH0001", ReportReason.FRAUD, "", NOTHING)


async def test_a_consumer_reports_so_many_times_a_day(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    await desk.report("C1", session.number, ReportReason.ABUSE, "", NOTHING)
    await execute(
        "INSERT INTO live_session (number, title, host, merchant, state, planned_at, stream, generation, epoch,"
        " last_offset, shelf_version, created_at) SELECT 'LX' || n, 't', 'h', 'm', 'live', now(), 's' || n, 0,"
        " 'e', 0, 0, now()"
        " FROM generate_series(2, $1::int + 1) n",
        MAX_A_DAY,
    )
    for n in range(2, MAX_A_DAY + 1):
        await desk.report("C1", f"LX{n}", ReportReason.ABUSE, "", NOTHING)
    with pytest.raises(ReportsFull):
        await desk.report("C1", f"LX{MAX_A_DAY + 1}", ReportReason.ABUSE, "", NOTHING)
    await desk.report("C2", f"LX{MAX_A_DAY + 1}", ReportReason.ABUSE, "", NOTHING)


async def test_the_reporter_sees_the_state_and_the_answer_and_nobody_elses(database: str) -> None:
    """Officers see no reporter: fails when their view holds the consumer: tried."""
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    numbers = [
        await desk.report(consumer, session.number, ReportReason.OTHER, "图片不雅", NOTHING)
        for consumer in ("C20260101SECRET77", "C2")
    ]
    await desk.take(numbers[0], BY)
    await desk.take(numbers[0], BY)
    with pytest.raises(ReportNotMovable):
        await desk.take(numbers[0], "staff:another")
    await desk.decide(numbers[0], True, "已下架并约谈", BY)
    (own,), _ = await own_reports("C20260101SECRET77", None, 10)
    assert (own.number, own.state, own.answer) == (numbers[0], "upheld", "已下架并约谈")
    assert [each.state for each in (await own_reports("C2", None, 10))[0]] == ["received"]
    listed, cursor = await reports(None, None, 1)
    assert "SECRET77" not in str(listed)
    rest, last = await reports(None, cursor, 1)
    assert [each.number for each in (*listed, *rest)] == numbers
    assert last is None
    with pytest.raises(ReportNotFound):
        await desk.take("LR0", BY)


async def test_every_act_in_every_state_goes_where_the_table_says(database: str) -> None:
    """And the database itself refuses what the table does not have."""
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    acts = {
        RoomReportState.TAKEN: lambda number: desk.take(number, BY),
        RoomReportState.UPHELD: lambda number: desk.decide(number, True, "属实", BY),
        RoomReportState.DISMISSED: lambda number: desk.decide(number, False, "不属实", BY),
    }
    ways = {
        RoomReportState.RECEIVED: (),
        RoomReportState.TAKEN: (RoomReportState.TAKEN,),
        RoomReportState.UPHELD: (RoomReportState.UPHELD,),
        RoomReportState.DISMISSED: (RoomReportState.TAKEN, RoomReportState.DISMISSED),
    }
    for n, (source, target) in enumerate(itertools.product(RoomReportState, acts)):
        number = await desk.report(f"C{n}", session.number, ReportReason.OTHER, "", NOTHING)
        for step in ways[source]:
            await acts[step](number)
        if target in REPORT_TRANSITIONS[source] or source is target is RoomReportState.TAKEN:
            await acts[target](number)
        else:
            with pytest.raises(ReportNotMovable):
                await acts[target](number)
        assert await scalar("SELECT state FROM live_report WHERE number = $1", number) == (
            target if target in REPORT_TRANSITIONS[source] else source
        )
    for change in (
        "DELETE FROM live_report",
        "UPDATE live_report SET reason = 'fraud'",
        "UPDATE live_report SET state = 'received'",
        "UPDATE live_report SET answer = 'anders' WHERE state = 'upheld'",
    ):
        with pytest.raises(OperationalError):
            await execute(change)


async def test_the_words_of_a_report_go_with_the_person_and_with_the_room(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    for consumer in ("C1", "C2"):
        await desk.report(consumer, session.number, ReportReason.ABUSE, "示例经过", NOTHING)
    assert [r["detail"] for r in (await personal_data(Person("C1", "o1")))["live_reports"]] == ["示例经过"]
    await erase(Person("C1", "o1"))
    assert [r["detail"] for r in await rows("SELECT detail FROM live_report ORDER BY id")] == ["……", "示例经过"]
    await execute("UPDATE live_session SET state = 'ended', ended_at = now() - interval '4 years'")
    assert await forget_chat(house.clock() - timedelta(days=1096)) == 1
    assert [r["detail"] for r in await rows("SELECT detail FROM live_report ORDER BY id")] == ["……", "……"]


async def test_no_host_answers_reports_of_the_own_room(database: str) -> None:
    """As an officer by the same account. Fails when the host is not asked about."""
    house = House()
    session, _ = await house.on_air()
    desk = RoomReports(house.clock)
    number = await desk.report("C1", session.number, ReportReason.ABUSE, "", NOTHING)
    for act in (desk.take(number, f"staff:{HOST}"), desk.decide(number, False, "示例答复", f"staff:{HOST}")):
        with pytest.raises(OwnMatter):
            await act
    await desk.take(number, BY)
