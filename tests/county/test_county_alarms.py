"""Idle stations, missed meetings and lines that are over, in the one work list; meetings and their rhythms."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tortoise.exceptions import BaseORMException

from county.alarms import all_alarms
from county.meetings.errors import MeetingInvalid, RhythmInvalid, RhythmTaken
from county.meetings.models import MeetingKind
from county.meetings.service import Matter, MeetingDraft, Meetings, Missed, Rhythm, meeting_cards, missed, rhythms
from county.stations import station_uses
from kit.database import execute
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.office.alarms import alarm_cards
from tests.county.test_funds import Treasury
from tests.orders.mall import Mall
from tests.products.shelf import TOWNSHIP, VILLAGE
from traceability.models import IntakeMode, SupplierKind
from traceability.service import Intakes, Reach, Suppliers, Weighing

BY = "staff:county"
NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 27)


def held(kind: MeetingKind, day: date) -> MeetingDraft:
    return MeetingDraft(
        kind=kind, held_on=day, convener="示例单位", summary="示例情况",
        matters=[Matter("示例问题", "示例办法", "示例单位")], minutes="示例纪要 1 号",
    )  # fmt: skip


def rhythm(kind: MeetingKind, every_months: int, since: date) -> Rhythm:
    return Rhythm(kind=kind, every_months=every_months, valid_from=since, source="示例方案")


async def test_a_period_without_its_meeting_is_missed_when_its_minutes_are_late(database: str) -> None:
    """By hand: monthly from 15 August on, so September is the first whole month; none any more from 1 November on."""
    meetings = Meetings(lambda: NOW)
    await meetings.enter_rhythm(rhythm(MeetingKind.JOINT_DEPUTIES, 1, date(2026, 8, 15)), BY)
    await meetings.enter_rhythm(rhythm(MeetingKind.JOINT_DEPUTIES, 0, date(2026, 11, 1)), BY)
    with pytest.raises(RhythmTaken):
        await meetings.enter_rhythm(rhythm(MeetingKind.JOINT_DEPUTIES, 3, date(2026, 11, 1)), BY)
    await meetings.record(held(MeetingKind.JOINT_DEPUTIES, date(2026, 10, 31)), BY)
    await meetings.record(held(MeetingKind.INSPECTION, date(2026, 9, 10)), BY)
    september = Missed(kind=MeetingKind.JOINT_DEPUTIES, since=date(2026, 9, 1), until=date(2026, 9, 30))
    assert await missed(date(2026, 10, 10), 10) == []
    assert await missed(date(2026, 10, 11), 10) == [september]
    assert await missed(date(2027, 6, 1), 10) == [september]
    await meetings.record(held(MeetingKind.JOINT_DEPUTIES, date(2026, 9, 30)), BY)
    assert await missed(date(2027, 6, 1), 10) == []
    assert [each.every_months for each in await rhythms()] == [1, 0]


async def test_a_rhythm_that_begins_long_before_the_project_is_refused(database: str) -> None:
    """Each period since is an alarm: monthly since the year 1 they are 24,000, and the look outlasts its request."""
    meetings = Meetings(lambda: NOW)
    with pytest.raises(RhythmInvalid) as refused:
        await meetings.enter_rhythm(rhythm(MeetingKind.REVIEW, 1, date(2015, 12, 31)), BY)
    assert refused.value.facts == {"earliest": "2016-01-01"}
    await meetings.enter_rhythm(rhythm(MeetingKind.REVIEW, 1, date(2016, 1, 1)), BY)
    assert [each.valid_from for each in await rhythms()] == [date(2016, 1, 1)]


async def test_half_years_begin_in_january_and_july(database: str) -> None:
    meetings = Meetings(lambda: NOW)
    await meetings.enter_rhythm(rhythm(MeetingKind.JOINT_LEADERS, 6, date(2025, 7, 1)), BY)
    assert [(each.since, each.until) for each in await missed(date(2026, 7, 2), 1)] == [
        (date(2025, 7, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 6, 30)),
    ]  # fmt: skip
    await meetings.record(held(MeetingKind.JOINT_LEADERS, date(2025, 12, 31)), BY)
    assert [each.since for each in await missed(date(2026, 7, 2), 1)] == [date(2026, 1, 1)]


async def test_meetings_are_listed_with_their_matters_and_stay(database: str) -> None:
    meetings = Meetings(lambda: NOW)
    with pytest.raises(MeetingInvalid):
        await meetings.record(held(MeetingKind.REVIEW, TODAY + timedelta(days=1)), BY)
    first = await meetings.record(held(MeetingKind.REVIEW, TODAY), BY)
    second = await meetings.record(held(MeetingKind.INSPECTION, TODAY), BY)
    (card,), following = await meeting_cards(None, None, 1)
    assert (card.number, card.matters) == (second, [Matter("示例问题", "示例办法", "示例单位")])
    assert [each.number for each in (await meeting_cards(None, following, 1))[0]] == [first]
    assert [each.number for each in (await meeting_cards(MeetingKind.REVIEW, None, 9))[0]] == [first]
    for attack in ("UPDATE meeting SET minutes = 'x'", "DELETE FROM meeting", "UPDATE meeting_rhythm SET source = 'x'"):
        with pytest.raises(BaseORMException):
            await execute(attack)


async def a_station(code: str, kind: SiteKind, division: str, since: date) -> None:
    level = SiteLevel.POINT if len(division) == 12 else SiteLevel.STATION
    await Places().enter_site(code, "示例站", kind, level, division, SiteState.OPERATING, since)


async def weighed_at(mall: Mall, site: str, at: datetime) -> None:
    reach = Reach(caller=BY, township=TOWNSHIP)
    weighing = Weighing(
        client_id=f"W-{site}-{at.isoformat()}", supplier=await Suppliers().enter(
            reach, f"示例{site}{at.isoformat()}", SupplierKind.FARMER, TOWNSHIP
        ), merchant=mall.merchant, product=mall.product, mass_gram=1_000, grade="一级", unit_price_fen=900,
        mode=IntakeMode.CONSIGNMENT, weighed_at=at, site=site,
    )  # fmt: skip
    await Intakes(lambda: NOW).accept(reach, weighing)


async def test_a_station_is_idle_after_so_many_days_and_both_of_its_sites_count(mall: Mall) -> None:
    """Fails when sites are looked at one by one: tried."""
    old = date(2020, 6, 11)
    await a_station("S1", SiteKind.SERVICE, TOWNSHIP, old)
    await a_station("L1", SiteKind.LOGISTICS, TOWNSHIP, old)
    await a_station("S2", SiteKind.SERVICE, VILLAGE, date(2026, 10, 28))
    await Places().enter_site("C", "示例中心", SiteKind.SERVICE, SiteLevel.CENTRE, TOWNSHIP, SiteState.OPERATING, old)
    await Places().enter_site("S3", "示例点", SiteKind.SERVICE, SiteLevel.POINT, VILLAGE[:-1] + "2", SiteState.PLANNED)
    assert [(each.division, each.is_idle) for each in await station_uses(TODAY, 30)] == [
        (TOWNSHIP, True), (VILLAGE, False),
    ]  # fmt: skip
    assert [each.is_idle for each in await station_uses(TODAY + timedelta(days=1), 30)] == [True, True]
    await weighed_at(mall, "S1", NOW - timedelta(days=50))
    await weighed_at(mall, "L1", NOW - timedelta(days=30))
    (station, _) = await station_uses(TODAY, 30)
    assert (station.sites, station.last_used_on, station.is_idle) == (["L1", "S1"], date(2026, 10, 28), False)
    assert [each.is_idle for each in await station_uses(TODAY, 29)] == [True, True]


async def test_a_parcel_that_was_handed_out_is_a_use(mall: Mall) -> None:
    await a_station("L1", SiteKind.LOGISTICS, TOWNSHIP, date(2020, 6, 11))
    order = await mall.place(1)
    await execute(
        "INSERT INTO order_pickup (order_id, site, township, state, ready_at, ended_at) SELECT id, 'L1', $2,"
        " 'redeemed', $3, $4 FROM customer_order WHERE number = $1",
        order.number,
        TOWNSHIP,
        NOW - timedelta(days=9),
        NOW - timedelta(days=7),
    )
    (station,) = await station_uses(TODAY, 30)
    assert (station.last_used_on, station.is_idle) == (date(2026, 11, 20), False)


async def test_each_is_raised_once_in_the_one_work_list(mall: Mall) -> None:
    alarms = all_alarms(lambda: NOW)
    treasury = Treasury()
    await treasury.open()
    assert await alarms.look() == 0
    await treasury.bank("1", 60_001)
    await Meetings(lambda: NOW).enter_rhythm(rhythm(MeetingKind.INSPECTION, 1, date(2026, 10, 1)), BY)
    await a_station("S1", SiteKind.SERVICE, TOWNSHIP, date(2020, 6, 11))
    await weighed_at(mall, "S1", NOW - timedelta(days=40))
    assert await alarms.look() == 3
    assert await alarms.look() == 0
    cards, _ = await alarm_cards(None, None, None, 10)
    assert {card.rule: card.about for card in cards} == {
        "fund_line_over": {"line": treasury.roads, "budget_fen": 60_000, "paid_fen": 60_001},
        "meeting_missed": {"kind": "inspection", "since": "2026-10-01", "until": "2026-10-31"},
        "station_idle": {"division": TOWNSHIP, "sites": ["S1"], "last_used_on": "2026-10-18"},
    }
