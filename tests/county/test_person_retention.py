"""People of the project are forgotten by two persons when their time is over; what was counted of them stays."""

from datetime import date, datetime, timedelta

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from county.erasure_errors import (
    PersonErasureDecided,
    PersonErasurePending,
    PersonErasureUnknown,
    PersonHoldUnknown,
    PersonNotErasable,
)
from county.erasures import DuePerson
from county.training.errors import ProjectPersonUnknown
from county.training.persons import Persons
from county.training.queries import attendance_cards
from county.training.retention import PersonRetention
from county.training.staff import SiteStaff
from kit.database import execute, rows, scalar
from ledger.errors import SecondPersonNeeded
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.retention.models import ERASURE_TRANSITIONS, ErasureGround, ErasureState, RetentionClass
from poverty_alleviation.retention.obstacles import kept_days
from poverty_alleviation.retention.service import Retention, RetentionTerm
from poverty_alleviation.shares.models import ShareCircle
from poverty_alleviation.shares.service import AssistedShares
from poverty_alleviation.vault import household_rights
from tests.county.test_training import (
    BY,
    CLASSES,
    HELD,
    NOW,
    PERSONS,
    POST,
    SITE,
    STAFF,
    TODAY,
    came,
    figure,
    planned,
    who,
)
from tests.products.shelf import TOWNSHIP
from tests.superuser import open_as_superuser

OTHER, PAPER = "staff:county.second", "示例文件 9 号"


class Desk:
    """The county's retention on a day of its own."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.retention = PersonRetention(Persons(PERSONS.cipher, lambda: self.now), lambda: self.now)

    async def term(self, days: int = 100) -> None:
        rule = RetentionTerm(
            kept=RetentionClass.TRAINED, days=days, valid_from=date(2026, 1, 1), basis="示例办法", source=PAPER
        )
        await Retention(clock=lambda: self.now).set_term(rule, BY)

    async def approved(self, person: str, ground: ErasureGround = ErasureGround.REQUEST) -> str:
        number = await self.retention.propose(person, ground, PAPER, BY)
        await self.retention.decide(number, OTHER, "示例核对", is_approved=True)
        return number


async def trained(*serials: int) -> list[str]:
    """The numbers of people who came to a class."""
    number = await planned()
    for each in serials:
        await CLASSES.attend(number, [came(each)], BY)
    return [each["number"] for each in await rows("SELECT number FROM project_person ORDER BY id")]


async def test_who_is_erased_is_gone_and_what_was_counted_stays(database: str) -> None:
    """Fails when the phone or the paper stays: tried."""
    first, _ = await trained(1, 2)
    desk = Desk()
    sealed = await rows("SELECT name_cipher, id_number_cipher, id_number_index, phone_cipher FROM project_person")
    await AssistedShares(PERSONS, lambda: NOW).propose(ShareCircle.TRAINEES, TODAY, BY)
    number = await desk.approved(first)
    assert await desk.retention.erase_approved() == 1
    assert await desk.retention.erase_approved() == 0
    left = await rows("SELECT name_cipher, id_number_cipher, id_number_index, phone_cipher FROM project_person")
    before = [{bytes(value) for value in each.values()} for each in sealed]
    after = {bytes(value) for each in left for value in each.values() if value}
    assert [len(each & after) for each in sorted(before, key=lambda each: len(each & after))] == [0, 4]
    cards, _ = await attendance_cards(PERSONS, None, None, None, 9)
    assert sorted((each.person == first, each.masked_name) for each in cards) == [(False, "示***"), (True, "")]
    assert (await figure("T07")).value == 2
    assert len(await PERSONS.marks_on(ShareCircle.TRAINEES, TODAY)) == 1
    async with household_rights():
        assert await scalar("SELECT count(*) FROM assisted_share_person WHERE mark IS NULL") == 1
    ((card,), _) = await desk.retention.erasures(None, 9)
    assert (card.number, card.person, card.state) == (number, first, ErasureState.ERASED)
    with pytest.raises(ProjectPersonUnknown):
        await PERSONS.correct(first, "示例", None)
    with pytest.raises(PersonNotErasable) as refused:
        await desk.retention.propose(first, ErasureGround.REQUEST, PAPER, BY)
    assert refused.value.facts["obstacles"] == ["erased"]
    await CLASSES.attend(await planned(), [came(1), came(2)], BY)
    assert await scalar("SELECT count(*) FROM project_person") == 3, "who comes again is entered anew"


async def test_nobody_is_due_without_a_rule_or_before_the_time_is_over(database: str) -> None:
    """The last matter counts: a class, a question after it, a post. A rule for these people is none for households."""
    first, second = await trained(1, 2)
    late = Desk(NOW + timedelta(days=99))
    assert await late.retention.due(9) == []
    with pytest.raises(PersonNotErasable) as refused:
        await late.retention.propose(first, ErasureGround.RETENTION, PAPER, BY)
    assert refused.value.facts["obstacles"] == ["no_term"]
    await late.term()
    assert await kept_days(TODAY) is None
    assert await late.retention.due(9) == []
    with pytest.raises(PersonNotErasable) as refused:
        await late.retention.propose(first, ErasureGround.RETENTION, PAPER, BY)
    assert refused.value.facts["obstacles"] == ["early"]
    late.now += timedelta(days=1)
    assert await late.retention.due(9) == [DuePerson(first, TODAY), DuePerson(second, TODAY)]
    await Places().enter_site(SITE, "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    post = await STAFF.employ(who(1), POST, BY)
    assert await late.retention.due(9) == [DuePerson(second, TODAY)]
    with pytest.raises(PersonNotErasable) as refused:
        await late.retention.propose(first, ErasureGround.REQUEST, PAPER, BY)
    assert refused.value.facts["obstacles"] == ["employed"]
    await SiteStaff(PERSONS, lambda: late.now).end(post, TODAY + timedelta(days=50), BY)
    assert await late.retention.due(9) == [DuePerson(second, TODAY)]
    await late.approved(second, ErasureGround.RETENTION)
    assert await late.retention.due(9) == []
    assert await late.retention.erase_approved() == 1


async def test_a_hold_stops_what_is_approved_until_another_lifts_it(database: str) -> None:
    """Fails when the job does not look at holds again: tried."""
    (first,) = await trained(1)
    desk = Desk()
    await desk.approved(first)
    held = await desk.retention.hold(first, PAPER, BY)
    assert await desk.retention.erase_approved() == 0
    with pytest.raises(SecondPersonNeeded):
        await desk.retention.release(held, PAPER, BY)
    await desk.retention.release(held, PAPER, OTHER)
    with pytest.raises(PersonHoldUnknown):
        await desk.retention.release(held, PAPER, OTHER)
    (card,) = await desk.retention.holds(9)
    assert (card.number, card.person, card.released_by) == (held, first, OTHER)
    assert await desk.retention.erase_approved() == 1
    with pytest.raises(ProjectPersonUnknown):
        await desk.retention.hold("NOBODY", PAPER, BY)


async def test_every_decision_of_an_erasure_goes_where_the_table_says(database: str) -> None:
    desk = Desk()
    people = await trained(*range(1, 9))
    for state in ErasureState:
        for to in (ErasureState.APPROVED, ErasureState.REFUSED):
            number = await desk.retention.propose(people.pop(), ErasureGround.REQUEST, PAPER, BY)
            with pytest.raises(SecondPersonNeeded):
                await desk.retention.decide(number, BY, "", is_approved=True)
            if state is not ErasureState.PROPOSED:
                for _ in range(2):
                    await desk.retention.decide(number, OTHER, "", is_approved=state is not ErasureState.REFUSED)
            if state is ErasureState.ERASED:
                assert await desk.retention.erase_approved() > 0
            decided = desk.retention.decide(number, "staff:third", "", is_approved=to is ErasureState.APPROVED)
            if to in ERASURE_TRANSITIONS[state]:
                await decided
            else:
                with pytest.raises(PersonErasureDecided):
                    await decided
    with pytest.raises(PersonErasureUnknown):
        await desk.retention.decide("NOBODY", OTHER, "", is_approved=True)


async def test_one_erasure_of_a_person_is_under_way_at_a_time(database: str) -> None:
    (first,) = await trained(1)
    desk = Desk()
    await desk.retention.propose(first, ErasureGround.REQUEST, PAPER, BY)
    with pytest.raises(PersonErasurePending):
        await desk.retention.propose(first, ErasureGround.REQUEST, PAPER, OTHER)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE project_person SET name_cipher = '', id_number_cipher = '', phone_cipher = NULL, erased_at = now()",
        "UPDATE project_person_erasure SET state = 'approved', decided_by = proposed_by, decided_at = now()",
        "UPDATE project_person_erasure SET person_id = person_id, document = 'x'",
        "UPDATE project_person_hold SET document = 'x'",
        "DELETE FROM project_person_erasure",
        "DELETE FROM project_person_hold",
    ],
)
async def test_nothing_goes_but_by_the_two(database: str, attack: str) -> None:
    (first,) = await trained(1)
    desk = Desk()
    await desk.retention.propose(first, ErasureGround.REQUEST, PAPER, BY)
    await desk.retention.hold(first, PAPER, BY)
    with pytest.raises((BaseORMException, asyncpg.PostgresError)):
        await execute(attack)


async def test_nothing_of_who_is_erased_stands_anywhere(database: str) -> None:
    """The marks of shares too, which are the register's own."""
    (first,) = await trained(1)
    (mark,) = await PERSONS.marks_on(ShareCircle.TRAINEES, HELD)
    await AssistedShares(PERSONS, lambda: NOW).propose(ShareCircle.TRAINEES, TODAY, BY)
    desk = Desk()
    await desk.approved(first)
    await desk.retention.erase_approved()
    connection = await open_as_superuser(database)
    try:
        told = await connection.fetchval("SELECT count(*) FROM household.assisted_share_person WHERE mark = $1", mark)
    finally:
        await connection.close()
    assert told == 0
