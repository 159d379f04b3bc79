"""A studio is had by one session at a time, whoever asks at once; the centre confirms and cancels."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tortoise.exceptions import BaseORMException

from kit.clock import china_day
from kit.database import execute, scalar
from live.errors import SessionNotFound, SessionStateForbids
from live.models import LiveSession, SessionState
from live.studios.errors import (
    SessionBookedAlready,
    StudioBookingForbids,
    StudioBookingInvalid,
    StudioBookingUnknown,
    StudioClosed,
    StudioInvalid,
    StudioTaken,
    StudioUnknown,
)
from live.studios.models import BOOKING_TRANSITIONS, StudioBookingState
from live.studios.queries import booking_card, own_bookings, studio_cards, studio_days
from live.studios.service import StudioDraft, Studios
from tests.county.belongings import a_site
from tests.live.hosts import ONE
from tests.live.rooms import HOST, House
from tests.products.shelf import TOWNSHIP, approved_merchant

SITE = f"S{TOWNSHIP}"


class Centre:
    """A house with two studios."""

    def __init__(self) -> None:
        self.house = House()
        self.studios = Studios(self.house.clock)
        self.planned_at = self.house.clock() + timedelta(days=2)
        self.numbers: list[str] = []

    async def open(self) -> "Centre":
        self.merchant = await approved_merchant()
        assert await a_site() == SITE
        for name in ("一号间", "二号间"):
            self.numbers.append(await self.studios.enter(draft(name), ONE))
        return self

    async def session(self, after: timedelta = timedelta()) -> str:
        planned = await self.house.sessions.schedule(HOST, self.merchant, "示例场次", self.planned_at + after)
        return planned.number

    async def book(self, since: int, until: int, studio: int = 0) -> str:
        """For a session of its own, in minutes from the usual plan."""
        begins, ends = self.at(since), self.at(until)
        return await self.studios.book(
            self.numbers[studio], await self.session(timedelta(minutes=since)), HOST, begins, ends
        )

    def at(self, minutes: int) -> datetime:
        return self.planned_at + timedelta(minutes=minutes)


def draft(name: str, site: str = SITE) -> StudioDraft:
    return StudioDraft(name=name, site=site, equipment=["环形灯", "绿幕"], capacity=6)


async def test_a_studio_has_a_name_and_a_place_of_its_own(database: str) -> None:
    centre = await Centre().open()
    for wrong in (draft("一号间"), draft("三号间", "S-none")):
        with pytest.raises(StudioInvalid):
            await centre.studios.enter(wrong, ONE)
        with pytest.raises(StudioInvalid):
            await centre.studios.correct(centre.numbers[1], wrong, ONE, is_open=True)
    with pytest.raises(StudioUnknown):
        await centre.studios.correct("ZS-none", draft("四号间"), ONE, is_open=True)
    await centre.studios.correct(centre.numbers[0], draft("大间"), ONE, is_open=False)
    assert {(each.name, each.is_open) for each in await studio_cards()} == {("大间", False), ("二号间", True)}
    with pytest.raises(StudioClosed):
        await centre.book(0, 60)


async def test_bookings_of_one_studio_do_not_overlap_and_may_touch(database: str) -> None:
    centre = await Centre().open()
    first = await centre.book(0, 60)
    for since, until in ((30, 90), (0, 60), (10, 20), (59, 61)):
        with pytest.raises(StudioTaken):
            await centre.book(since, until)
    await centre.book(60, 120)
    await centre.book(30, 90, studio=1)
    await centre.studios.cancel(first, ONE, "示例原因")
    await centre.book(0, 60)


async def test_ten_who_ask_at_once_get_one_room(database: str) -> None:
    """Fails without the exclusion in the table: tried."""
    centre = await Centre().open()
    outcomes = await asyncio.gather(*(centre.book(n, 60 + n) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(each, str) for each in outcomes) == 1
    assert {type(each) for each in outcomes if not isinstance(each, str)} == {StudioTaken}


async def test_a_booking_is_for_an_own_session_that_is_coming_and_at_its_time(database: str) -> None:
    centre = await Centre().open()
    session = await centre.session()

    async def book(since: int, until: int, host: str = HOST, studio: str = "") -> str:
        room = studio or centre.numbers[0]
        return await centre.studios.book(room, session, host, centre.at(since), centre.at(until))

    with pytest.raises(SessionNotFound):
        await book(0, 60, "U-other")
    with pytest.raises(StudioUnknown):
        await book(0, 60, studio="ZS-none")
    for since, until in ((1, 60), (-60, 0), (0, 0), (-10, 800), (60, -60)):
        with pytest.raises(StudioBookingInvalid):
            await book(since, until)
    number = await book(-30, 90)
    with pytest.raises(SessionBookedAlready):
        await book(-30, 90, studio=centre.numbers[1])
    assert [each.number for each in await own_bookings(HOST)] == [number]
    await centre.studios.cancel(number, f"staff:{HOST}", "示例原因", HOST)
    await LiveSession.filter(number=session).update(state=SessionState.CANCELLED)
    with pytest.raises(SessionStateForbids):
        await book(-30, 90)


async def test_every_step_of_a_booking_in_every_state_goes_where_the_table_says(database: str) -> None:
    """By the service, and by the table itself. Fails when a cancelled one may be confirmed: tried."""
    centre, minute = await Centre().open(), 0
    for state in StudioBookingState:
        for to in (StudioBookingState.CONFIRMED, StudioBookingState.CANCELLED):
            minute += 30
            number = await centre.book(minute, minute + 30)
            if state is StudioBookingState.CONFIRMED:
                await centre.studios.confirm(number, ONE)
            elif state is StudioBookingState.CANCELLED:
                await centre.studios.cancel(number, ONE, "示例原因")
            wanted = to if to in BOOKING_TRANSITIONS[state] else state
            try:
                if to is StudioBookingState.CONFIRMED:
                    await centre.studios.confirm(number, ONE)
                else:
                    await centre.studios.cancel(number, ONE, "示例原因")
            except StudioBookingForbids:
                assert to not in BOOKING_TRANSITIONS[state]
            assert (await booking_card(number)).state is wanted
            with pytest.raises(BaseORMException):
                await execute("UPDATE studio_booking SET state = 'booked' WHERE number = $1", number)
    with pytest.raises(BaseORMException):
        await execute("DELETE FROM studio_booking")


async def test_a_host_gives_up_own_bookings_alone(database: str) -> None:
    centre = await Centre().open()
    number = await centre.book(0, 60)
    with pytest.raises(StudioBookingUnknown):
        await centre.studios.cancel(number, "staff:U-other", "示例原因", "U-other")
    for act in (centre.studios.confirm("ZY-none", ONE), centre.studios.cancel("ZY-none", ONE, "示例原因")):
        with pytest.raises(StudioBookingUnknown):
            await act
    await centre.studios.cancel(number, f"staff:{HOST}", "示例原因", HOST)
    assert (await booking_card(number)).cancelled_by == f"staff:{HOST}"


async def test_a_day_shows_every_studio_with_what_touches_the_day(database: str) -> None:
    """Fails when a booking over midnight stands on its first day alone: tried."""
    centre = await Centre().open()
    day = china_day(centre.planned_at)
    midnight = await scalar("SELECT (($1::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')", day)
    before = int((midnight - centre.planned_at).total_seconds() // 60)
    over = await centre.book(before - 30, before + 30)
    gone = await centre.book(before + 60, before + 90)
    await centre.studios.cancel(gone, ONE, "示例原因")
    for shown_on in (day, day + timedelta(days=1)):
        shown = {each.studio.number: [one.number for one in each.bookings] for each in await studio_days(shown_on)}
        assert shown == {centre.numbers[0]: [over], centre.numbers[1]: []}
    assert [each.bookings for each in await studio_days(day + timedelta(days=2))] == [[], []]


async def test_a_session_that_is_called_off_leaves_its_studio(database: str) -> None:
    """By its host, or because nobody began it. Fails when only the host's word releases it: tried."""
    centre = await Centre().open()
    first, second = await centre.book(0, 60), await centre.book(60, 120)
    await centre.house.sessions.cancel((await booking_card(first)).session, HOST)
    assert ((await booking_card(first)).state, (await booking_card(first)).cancelled_by) == (
        StudioBookingState.CANCELLED, f"staff:{HOST}",
    )  # fmt: skip
    await centre.book(0, 60)
    centre.house.clock.ahead += timedelta(days=3, hours=2)
    assert await centre.house.sessions.cancel_missed() == 2
    assert (await booking_card(second)).state is StudioBookingState.CANCELLED


async def test_a_session_that_is_cut_before_the_air_leaves_its_studio(database: str) -> None:
    """Fails when a ban releases nothing: tried."""
    centre = await Centre().open()
    booked = await centre.book(0, 60)
    await centre.house.bans.ban((await booking_card(booked)).session, ONE, "示例原因")
    assert ((await booking_card(booked)).state, (await booking_card(booked)).cancelled_by) == (
        StudioBookingState.CANCELLED, ONE,
    )  # fmt: skip
    await centre.book(0, 60)
