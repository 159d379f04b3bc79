"""How many of the staff are assisted is counted and never entered, takes two persons, and tells of nobody."""

import asyncio
import contextvars
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from console_api.assisted_shares.endpoints import list_assisted_shares
from console_api.assisted_shares.schemas import AssistedSharesQuery
from county.training.classes import AttendanceDraft, ClassDraft, TrainingClasses
from county.training.figures import TrainingFigure, training_figures
from county.training.models import ClassForm, ClassKind, ClassTrack, SyllabusStep
from county.training.persons import PersonDraft, Persons
from county.training.staff import EmploymentDraft, SiteStaff
from kit.clock import china_day
from kit.database import execute, rows, scalar, transaction
from ledger.errors import SecondPersonNeeded
from ledger.service import hold_source
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.households import Identity
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import Relation
from poverty_alleviation.shares.errors import ShareDecided, ShareInvalid, ShareUnknown, ShareWaits
from poverty_alleviation.shares.models import SHARE_TRANSITIONS, AssistedShareState, ShareCircle
from poverty_alleviation.shares.queries import AssistedShareCard, share_card, share_cards
from poverty_alleviation.shares.service import _SHARES, AssistedShares
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.test_register import members, number_of
from tests.poverty_alleviation.test_retention import approved, erasing, left, terms
from tests.products.shelf import TOWNSHIP, VILLAGE

STAFF, SITE, SINCE = ShareCircle.STAFF, f"S{TOWNSHIP}", date(2026, 1, 1)


A_CLASS = ClassDraft(
    title="示例培训班", kind=ClassKind.GENERAL, track=ClassTrack.VILLAGERS, form=ClassForm.PRACTICE,
    steps=[SyllabusStep.OPEN], division=TOWNSHIP, begins_on=SINCE, ends_on=SINCE, hours=8, trainer="示例讲师",
    planned_persons=30,
)  # fmt: skip


class Office:
    """A station with its staff, and the two officers who state shares of it."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.persons = Persons(county.registry.cipher, county.clock)
        self.staff = SiteStaff(self.persons, county.clock)
        self.shares = AssistedShares(self.persons, county.clock)

    @property
    def today(self) -> date:
        return china_day(self.county.now)

    async def open(self, assisted: int, others: int) -> None:
        """So many heads of households and so many others work at the station."""
        await Places().enter_site(SITE, "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
        for serial in range(assisted):
            await self.household(serial)
            await self.hire(paper(serial))
        for serial in range(others):
            await self.hire(paper(100 + serial))

    async def household(self, serial: int, status: AssistanceStatus = AssistanceStatus.REGISTERED) -> str:
        identity = Identity(name="示例户主", id_number=paper(serial))
        code = await self.county.registry.enter(identity, TOWNSHIP, VILLAGE, OFFICER, f"示例P{serial}")
        await self.county.registry.decide(code, status, date(2020, 1, 1), "示例文件1号", OFFICER)
        return code

    async def hire(self, id_number: str, since: date = SINCE) -> str:
        post = EmploymentDraft(site=SITE, post="示例岗位", document="示例聘用", valid_from=since)
        return await self.staff.employ(PersonDraft(name="示例职工", id_number=id_number), post, "staff:county")

    async def stated(self, day: date | None = None) -> AssistedShareCard:
        """Proposed by one officer and approved by another."""
        number = await self.shares.propose(STAFF, day or self.today, OFFICER)
        await self.shares.decide(number, SECOND, "示例核对", is_approved=True)
        return await share_card(number)


def paper(serial: int) -> str:
    return number_of("19700101", serial)


async def t12() -> TrainingFigure:
    return next(each for each in await training_figures() if each.code == "T12")


@pytest.fixture
def office(county: County) -> Office:
    return Office(county)


async def test_a_share_is_counted_on_its_day_and_read_when_a_second_person_has_approved_it(office: Office) -> None:
    """A member counts as a head does, a household whose status has ended does not. T12 wants a fifth."""
    await office.open(3, 5)
    child = MemberDraft(name="示例子女", id_number=paper(100), relation=Relation.CHILD)
    await members(office.county).enter("示例P0", child, date(2026, 6, 1), "示例户口簿", OFFICER)
    await office.household(101, AssistanceStatus.EXITED_STABLE)
    assert (await t12()).value is None
    number = await office.shares.propose(STAFF, office.today, OFFICER)
    assert ((await t12()).value, await share_cards(STAFF, None, 9, whole=False)) == (None, ([], None))
    with pytest.raises(SecondPersonNeeded):
        await office.shares.decide(number, OFFICER, "", is_approved=True)
    await office.shares.decide(number, SECOND, "示例核对", is_approved=True)
    card = await share_card(number)
    assert (card.persons, card.assisted, card.basis_points, card.is_shown) == (8, 4, 5_000, True)
    found = await t12()
    assert (found.value, found.of, found.basis_points, found.is_met) == (4, 8, 5_000, True)
    assert (found.day, found.list) == (office.today, f"/site-employments?day={office.today}")
    before = await office.stated(date(2026, 5, 31))
    assert (before.persons, before.assisted) == (8, 3), "the child had not come yet"


async def test_small_counts_and_nearly_all_are_kept_back_from_the_county(office: Office) -> None:
    """Two households, or two who are not assisted. The office and the auditor read everything."""
    await office.open(2, 5)
    few = await office.stated()
    assert (few.assisted, few.is_shown) == (2, False)
    ((shown,), _) = await share_cards(None, None, 9, whole=False)
    assert (shown.number, shown.persons, shown.assisted, shown.basis_points) == (few.number, 7, None, None)
    said: dict[str, Any] = {"caller": "staff:x", "id": 1, "number": "x", "name": "示例干部"}
    for actor, assisted in ((CountyOfficer(**said), None), (PovertyOfficer(**said), 2), (Auditor(**said), 2)):
        assert [each.assisted for each in (await list_assisted_shares(actor, AssistedSharesQuery())).shares] == [
            assisted
        ]
    assert (await t12()).value is None
    for serial in (2, 3, 4):
        await office.household(serial)
        await office.hire(paper(serial))
    assert (await office.stated()).is_shown
    for code in ("示例P5", "示例P6", "示例P7"):
        await office.household(int(code[-1]))
    for serial in (100, 101, 102):
        child = MemberDraft(name="示例子女", id_number=paper(serial), relation=Relation.CHILD)
        await members(office.county).enter(f"示例P{serial - 95}", child, date(2020, 1, 1), "示例户口簿", OFFICER)
    nearly = await office.stated()
    assert (nearly.persons, nearly.assisted, nearly.is_shown) == (10, 8, False)


async def test_the_floor_may_be_raised(office: Office) -> None:
    await office.open(3, 5)
    await OfficeRules(office.county.clock).enter_threshold("cell_households", 4, office.today, "示例办法", OFFICER)
    assert not (await office.stated()).is_shown


async def test_two_shares_do_not_tell_of_who_came_or_left_in_between(office: Office) -> None:
    """One more is kept back until enough have come, of both kinds, since every share that was shown."""
    await office.open(3, 5)
    first = await office.stated()
    assert first.is_shown
    await office.household(3)
    await office.hire(paper(3))
    one_more = await office.stated()
    assert (one_more.assisted, one_more.is_shown) == (4, False)
    assert (await t12()).value == 3, "what was shown last"
    for serial in (4, 5):
        await office.household(serial)
        await office.hire(paper(serial))
    assert not (await office.stated()).is_shown, "three came, all of them assisted"
    for serial in (110, 111, 112):
        await office.hire(paper(serial))
    assert (await office.stated()).is_shown
    assert ((await t12()).value, (await t12()).of) == (6, 14)
    leaver = await scalar("SELECT number FROM site_employment ORDER BY id LIMIT 1")
    await office.staff.end(leaver, office.today, "staff:county")
    gone = await office.stated()
    assert (gone.persons, gone.assisted, gone.is_shown) == (13, 5, False)


async def trained(office: Office, serials: Sequence[int]) -> None:
    """A class to which these people came."""
    classes = TrainingClasses(office.persons, office.county.clock)
    number = await classes.plan(A_CLASS, "staff:county")
    came = [AttendanceDraft(name="示例学员", id_number=paper(each)) for each in serials]
    await classes.attend(number, came, "staff:county")


async def test_the_two_circles_do_not_tell_of_who_belongs_to_one_alone(office: Office) -> None:
    """All of the staff were trained, and one more: the difference is that one. Fails when circles are compared each
    with its own alone, or with what is approved alone: tried."""
    await office.open(3, 5)
    await office.household(3)
    await trained(office, [*range(4), *range(100, 105)])
    waiting = await office.shares.propose(STAFF, office.today, OFFICER)
    number = await office.shares.propose(ShareCircle.TRAINEES, office.today, OFFICER)
    for each in (waiting, number):
        await office.shares.decide(each, SECOND, "示例核对", is_approved=True)
    assert ((await share_card(waiting)).is_shown, (await share_card(number)).is_shown) == (True, False)
    assert (await share_card(number)).assisted == 4
    for serial in (4, 5):
        await office.household(serial)
    await trained(office, [4, 5, 110, 111, 112])
    later = await office.shares.propose(ShareCircle.TRAINEES, office.today, OFFICER)
    await office.shares.decide(later, SECOND, "示例核对", is_approved=True)
    card = await share_card(later)
    assert (card.persons, card.assisted, card.is_shown) == (14, 6, True), "three of each kind are in one alone"


async def test_shares_that_are_stated_at_once_are_counted_one_after_the_other(office: Office) -> None:
    """Fails without the lock of all shares: tried."""
    await office.open(3, 5)
    elsewhere = contextvars.copy_context()
    async with transaction():
        await hold_source(_SHARES, "")
        stated = asyncio.create_task(office.shares.propose(STAFF, office.today, OFFICER), context=elsewhere)
        while not stated.done() and not await scalar(  # noqa: ASYNC110 - the lock is seen from outside
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ):
            await asyncio.sleep(0.02)
        assert not stated.done()
    assert (await share_card(await stated)).is_shown


async def test_who_works_at_two_sites_is_one_person(office: Office) -> None:
    await office.open(3, 5)
    other = f"L{TOWNSHIP}"
    await Places().enter_site(other, "示例物流站", SiteKind.LOGISTICS, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    post = EmploymentDraft(site=other, post="示例岗位", document="示例聘用", valid_from=SINCE)
    # The same person's disability certificate repeats the number of the card.
    await office.staff.employ(PersonDraft(name="示例职工", id_number=f"{paper(0)}11"), post, "staff:county")
    card = await office.stated()
    assert (card.persons, card.assisted) == (8, 3)


async def test_every_decision_in_every_state_goes_where_the_table_says(office: Office) -> None:
    await office.open(3, 5)
    for state in AssistedShareState:
        for to in (AssistedShareState.APPROVED, AssistedShareState.REFUSED):
            number = await office.shares.propose(STAFF, office.today, OFFICER)
            if state is not AssistedShareState.PROPOSED:
                for _ in range(2):
                    await office.shares.decide(number, SECOND, "示例", is_approved=state is AssistedShareState.APPROVED)
            decided = office.shares.decide(number, "staff:third", "", is_approved=to is AssistedShareState.APPROVED)
            if to in SHARE_TRANSITIONS[state]:
                await decided
                assert (await share_card(number)).state is to
            else:
                with pytest.raises(ShareDecided):
                    await decided
    with pytest.raises(ShareUnknown):
        await office.shares.decide("NOBODY", SECOND, "", is_approved=True)


async def test_one_share_waits_at_a_time_and_a_day_ahead_or_nobody_is_refused(office: Office) -> None:
    for day in (office.today, office.today + timedelta(days=1)):
        with pytest.raises(ShareInvalid):
            await office.shares.propose(STAFF, day, OFFICER)
    await office.open(1, 0)
    number = await office.shares.propose(STAFF, office.today, OFFICER)
    with pytest.raises(ShareWaits):
        await office.shares.propose(STAFF, office.today, OFFICER)
    await office.shares.decide(number, OFFICER, "", is_approved=False)
    await office.shares.propose(STAFF, office.today, OFFICER)
    with pytest.raises(ShareInvalid):
        await office.shares.propose(ShareCircle.TRAINEES, office.today, OFFICER)


async def test_marks_of_an_erased_household_go_and_its_counts_stay(office: Office) -> None:
    county = office.county
    await office.open(3, 5)
    child = MemberDraft(name="示例子女", id_number=paper(100), relation=Relation.CHILD)
    await members(county).enter("示例H1", child, date(2020, 1, 1), "示例户口簿", OFFICER)
    card = await office.stated()
    await terms(county)
    await left(county)
    assert await erasing(county).erase(await approved(county))
    async with household_rights():
        kept = await rows(
            "SELECT h.code, p.mark IS NULL AS is_gone FROM assisted_share_person p JOIN household h"
            " ON h.id = p.household_id ORDER BY h.code"
        )
    assert [each["code"] for each in kept if each["is_gone"]] == ["示例H1"]
    assert len(kept) == 4
    assert (await share_card(card.number)).assisted == 4


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE assisted_share SET assisted = 1",
        "UPDATE assisted_share SET state = 'refused'",
        "UPDATE assisted_share_person SET mark = NULL",
        "DELETE FROM assisted_share_person",
        "INSERT INTO assisted_share (number, circle, day, persons, assisted, is_shown, state, made_by, made_at,"
        " decided_by, decided_at, decision_note)"
        " VALUES ('X', 'staff', now(), 3, 1, true, 'approved', 'a', now(), 'b', now(), '')",
    ],
)
async def test_what_was_stated_stays(office: Office, attack: str) -> None:
    await office.open(3, 5)
    await office.stated()
    with pytest.raises(BaseORMException):
        async with household_rights():
            await execute(attack)


async def test_without_the_households_rights_nobody_reads_who_was_counted(office: Office) -> None:
    """And the county's own table bears another index than the register."""
    await office.open(3, 5)
    await office.stated()
    with pytest.raises(BaseORMException):
        await rows("SELECT mark FROM assisted_share_person")
    own = {bytes(each["id_number_index"]) for each in await rows("SELECT id_number_index FROM project_person")}
    async with household_rights():
        told = {bytes(each["mark"]) for each in await rows("SELECT mark FROM assisted_share_person")}
    assert (len(own), len(told), own & told) == (8, 8, set())
