"""Person-times, satisfaction, incubation and staff are counted from rows; who somebody is stands sealed."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from county.funds.errors import FundLineUnknown
from county.training.classes import AttendanceDraft, ClassDraft, Entered, FollowUpDraft, TrainingClasses
from county.training.errors import (
    EmploymentInvalid,
    EmploymentUnknown,
    FollowUpInvalid,
    IncubateeExists,
    IncubateeUnknown,
    MilestoneInvalid,
    ProjectPersonInvalid,
    ProjectPersonUnknown,
    ShopInvalid,
    ShopProofInvalid,
    ShopUnknown,
    TrainingClassInvalid,
    TrainingClassNotBegun,
    TrainingClassUnknown,
)
from county.training.figures import TrainingFigure, training_figures
from county.training.incubation import Incubation, ShopDraft
from county.training.models import ClassForm, ClassKind, ClassPaperKind, ClassTrack, MilestoneKind, SyllabusStep
from county.training.persons import PersonDraft, Persons
from county.training.queries import (
    attendance_cards,
    class_cards,
    employment_cards,
    follow_up_cards,
    follow_ups_due,
    incubatee_cards,
    shop_cards,
)
from county.training.staff import EmploymentDraft, SiteStaff
from kit.database import execute, scalar
from kit.encryption import FieldUnreadable
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.shares.models import ShareCircle
from scripts.demo_county.households import identity_number
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.damage import damage
from tests.products.shelf import TOWNSHIP, open_county

BY = "staff:county"
NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
TODAY, HELD = date(2026, 11, 27), date(2026, 8, 1)
PERSONS = Persons(throwaway_cipher(), lambda: NOW)
CLASSES = TrainingClasses(PERSONS, lambda: NOW)
INCUBATION, STAFF = Incubation(PERSONS, lambda: NOW), SiteStaff(PERSONS, lambda: NOW)
SITE = f"S{TOWNSHIP}"
CLASS = ClassDraft(
    title="示例培训班", kind=ClassKind.GENERAL, track=ClassTrack.VILLAGERS, form=ClassForm.PRACTICE,
    steps=[SyllabusStep.OPEN, SyllabusStep.SORT], division=TOWNSHIP, begins_on=HELD, ends_on=HELD, hours=8,
    trainer="示例讲师", planned_persons=30,
)  # fmt: skip
SHOP = ShopDraft(platform="示例平台", name="示例网店", web_address="https://shop.example.invalid/1", opened_on=HELD)
POST = EmploymentDraft(site=SITE, post="示例岗位", document="示例聘用", valid_from=HELD)


def who(serial: int, **changes: Any) -> PersonDraft:
    return PersonDraft(**({"name": "示例学员", "id_number": identity_number(serial), "phone": "10000000001"} | changes))


def came(serial: int, *, is_satisfied: bool | None = True, **changes: Any) -> AttendanceDraft:
    return AttendanceDraft(**msgspec.structs.asdict(who(serial, **changes)), is_satisfied=is_satisfied)


async def planned(**changes: Any) -> str:
    await open_county()
    return await CLASSES.plan(msgspec.structs.replace(CLASS, **changes), BY)


async def figure(code: str) -> TrainingFigure:
    return next(each for each in await training_figures() if each.code == code)


async def test_person_times_are_rows_and_skilled_ones_count_among_all(database: str) -> None:
    """One person in two classes is two person-times and one person."""
    general, skilled = await planned(), await planned(kind=ClassKind.SKILLED)
    assert await CLASSES.attend(general, [came(1), came(2)], BY) == Entered(entered=2, known=0)
    assert await CLASSES.attend(skilled, [came(1, name="示例另名")], BY) == Entered(entered=1, known=0)
    assert await CLASSES.attend(general, [came(2), came(3)], BY) == Entered(entered=1, known=1)
    assert ((await figure("T07")).value, (await figure("T08")).value) == (4, 1)
    assert await scalar("SELECT count(*) FROM project_person") == 3
    (last,), following = await attendance_cards(PERSONS, None, None, None, 1)
    assert (last.training_class, last.masked_name) == (general, "示***")
    cards, _ = await attendance_cards(PERSONS, None, ClassKind.SKILLED, None, 9)
    assert [(each.training_class, each.masked_name) for each in cards] == [(skilled, "示***")], "entered first"
    assert len((await attendance_cards(PERSONS, general, None, following, 9))[0]) == 2


async def test_a_damaged_name_hides_itself_alone_and_a_damaged_paper_stops_a_share(database: str) -> None:
    """Fails when a card opens a name without asking what becomes of a damaged one: tried."""
    general = await planned()
    await CLASSES.attend(general, [came(1), came(2)], BY)
    await damage("project_person", "name_cipher", where="id = (SELECT min(id) FROM project_person)")
    cards, _ = await attendance_cards(PERSONS, general, None, None, 9)
    assert sorted((each.masked_name, each.unreadable) for each in cards) == [("", ["name"]), ("示***", [])]
    assert len(await PERSONS.marks_on(ShareCircle.TRAINEES, TODAY)) == 2
    await damage("project_person", "id_number_cipher", where="id = (SELECT min(id) FROM project_person)")
    with pytest.raises(FieldUnreadable):
        await PERSONS.marks_on(ShareCircle.TRAINEES, TODAY)


async def test_two_lists_with_one_person_at_once_make_one_person(database: str) -> None:
    numbers = [await planned() for _ in range(4)]
    await asyncio.gather(*(CLASSES.attend(each, [came(s) for s in (1, 2, 3)], BY) for each in numbers))
    assert await scalar("SELECT count(*) FROM project_person") == 3
    assert (await figure("T07")).value == 12


async def test_satisfaction_is_above_ninety_percent_and_an_answer_is_given_once(database: str) -> None:
    """Nine of ten is not above; who has not answered is not counted."""
    number = await planned()
    assert ((await figure("T09")).value, (await figure("T09")).is_met) == (None, None)
    told = [came(s, is_satisfied=s != 10) for s in range(1, 11)]
    await CLASSES.attend(number, [*told, came(11, is_satisfied=None)], BY)
    found = await figure("T09")
    assert (found.value, found.of, found.basis_points, found.is_met) == (9, 10, 9_000, False)
    assert await CLASSES.attend(number, [came(11), came(10)], BY) == Entered(entered=0, known=2)
    found = await figure("T09")
    assert (found.value, found.of, found.basis_points, found.is_met) == (10, 11, 9_090, True)
    (card,), _ = await class_cards(None, None, None, 9)
    assert (card.persons, card.answered, card.satisfied) == (11, 11, 10)


async def test_a_class_is_whole_when_all_six_papers_are_there(database: str) -> None:
    number = await planned()
    for kind in ClassPaperKind:
        assert (await figure("R06")).value == 0
        for digest in ("0" * 64, "0" * 64):
            await CLASSES.archive(number, kind, f"示例{kind}", digest, BY)
    found = await figure("R06")
    assert (found.value, found.of, found.is_met) == (1, 1, True)
    second = await planned(track=ClassTrack.FOUNDERS)
    await CLASSES.archive(second, ClassPaperKind.PHOTOS, "示例照片", "1" * 64, BY)
    cards, _ = await class_cards(None, None, None, 9)
    assert [(len(each.papers), len(each.missing_papers)) for each in cards] == [(1, 5), (6, 0)]
    assert cards[0].steps == [SyllabusStep.OPEN, SyllabusStep.SORT]
    assert [each.number for each in (await class_cards(ClassKind.GENERAL, ClassTrack.FOUNDERS, None, 9))[0]] == [second]
    with pytest.raises(TrainingClassUnknown):
        await CLASSES.archive("NOBODY", ClassPaperKind.PLAN, "示例", "0" * 64, BY)


async def test_what_cannot_be_is_refused_whole(database: str) -> None:
    for changes in ({"ends_on": HELD - timedelta(days=1)}, {"division": "999"}, {"site": "S999"}):
        with pytest.raises(TrainingClassInvalid):
            await planned(**changes)
    with pytest.raises(FundLineUnknown):
        await planned(fund_line="NOBODY")
    ahead = await planned(begins_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(days=1))
    with pytest.raises(TrainingClassNotBegun):
        await CLASSES.attend(ahead, [came(1)], BY)
    with pytest.raises(TrainingClassUnknown):
        await CLASSES.attend("NOBODY", [came(1)], BY)
    number = await planned()
    for wrong, reason in ((came(2, id_number=f"{identity_number(2)[:-1]}0"), "check_character"), (came(1), "twice")):
        with pytest.raises(ProjectPersonInvalid) as refused:
            await CLASSES.attend(number, [came(1), wrong], BY)
        assert refused.value.facts == {"position": 1, "reason": reason}
    assert (await figure("T07")).value == 0
    assert await scalar("SELECT count(*) FROM project_person") == 0


async def test_who_came_is_asked_after_the_days_that_hold(database: str) -> None:
    """118 days after the class two steps are due; a shorter third one is due too once it is entered."""
    number = await planned()
    await CLASSES.attend(number, [came(1), came(2)], BY)
    first, second = [each.number for each in (await attendance_cards(PERSONS, None, None, None, 9))[0]]
    due, _ = await follow_ups_due(PERSONS, 2, TODAY, None, 9)
    assert [(each.attendance, each.due_on) for each in due] == [
        (each, HELD + timedelta(days=90)) for each in (first, second)
    ]
    assert (await follow_ups_due(PERSONS, 3, TODAY, None, 9))[0] == []
    said = FollowUpDraft(
        attendance=first, step=2, done_on=TODAY, has_shop=True, has_sold=False, has_job=False, monthly_sales_fen=None
    )
    for changes in (
        {"step": 3},
        {"done_on": TODAY + timedelta(days=1)},
        {"done_on": HELD + timedelta(days=89)},
        {"attendance": "NOBODY"},
    ):
        with pytest.raises(FollowUpInvalid):
            await CLASSES.follow_up([said, msgspec.structs.replace(said, **changes)], BY)
    other = msgspec.structs.replace(said, attendance=second, has_shop=False, monthly_sales_fen=0)
    assert await CLASSES.follow_up([said, other], BY) == Entered(entered=2, known=0)
    assert await CLASSES.follow_up([other], BY) == Entered(entered=0, known=1)
    found = await figure("K09")
    assert (found.value, found.of, found.basis_points, found.is_met) == (1, 2, 5_000, None)
    assert (await follow_ups_due(PERSONS, 2, TODAY, None, 9))[0] == []
    assert len((await follow_up_cards(2, None, 9))[0]) == 2
    assert (await follow_up_cards(1, None, 9))[0] == []
    await OfficeRules(lambda: NOW).enter_threshold("follow_up_3_days", 100, TODAY, "示例办法", BY)
    assert len((await follow_ups_due(PERSONS, 3, TODAY, None, 9))[0]) == 2


async def test_incubatees_are_distinct_persons_with_a_milestone(database: str) -> None:
    number = await INCUBATION.take_in(who(1), "示例计划", "示例文件", BY)
    with pytest.raises(IncubateeExists):
        await INCUBATION.take_in(who(1, name="示例另名"), "示例计划", "示例文件", BY)
    assert ((await figure("T10")).value, (await figure("T10")).of) == (0, 1)
    await INCUBATION.reach(number, MilestoneKind.ADMITTED, HELD, "示例文件", BY)
    await INCUBATION.reach(number, MilestoneKind.TRAINED, HELD, "示例文件", BY)
    for kind, day in ((MilestoneKind.ADMITTED, HELD), (MilestoneKind.GRADUATED, TODAY + timedelta(days=1))):
        with pytest.raises(MilestoneInvalid):
            await INCUBATION.reach(number, kind, day, "示例文件", BY)
    with pytest.raises(IncubateeUnknown):
        await INCUBATION.reach("NOBODY", MilestoneKind.ADMITTED, HELD, "示例文件", BY)
    assert (await figure("T10")).value == 1
    (card,), _ = await incubatee_cards(PERSONS, None, 9)
    assert [each.kind for each in card.milestones] == [MilestoneKind.ADMITTED, MilestoneKind.TRAINED]


async def test_a_shop_counts_when_its_first_paid_order_proves_it(database: str) -> None:
    number = await INCUBATION.open_shop(who(1), SHOP, BY)
    for changes in ({}, {"web_address": "https://shop.example.invalid/3", "opened_on": TODAY + timedelta(days=1)}):
        with pytest.raises(ShopInvalid):
            await INCUBATION.open_shop(who(1), msgspec.structs.replace(SHOP, **changes), BY)
    other = await INCUBATION.open_shop(
        who(1), msgspec.structs.replace(SHOP, web_address="https://shop.example.invalid/2"), BY
    )
    assert ((await figure("T11")).value, (await figure("T11")).of) == (0, 2)
    for day in (HELD - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(ShopProofInvalid):
            await INCUBATION.prove_shop(number, "示例-1", day, BY)
    await INCUBATION.prove_shop(number, "示例-1", TODAY, BY)
    for shop in (number, other):
        with pytest.raises(ShopProofInvalid):
            await INCUBATION.prove_shop(shop, "示例-1", TODAY, BY)
    with pytest.raises(ShopUnknown):
        await INCUBATION.prove_shop("NOBODY", "示例-2", TODAY, BY)
    assert (await figure("T11")).value == 1
    assert [each.first_order for each in (await shop_cards(PERSONS, None, 9))[0]] == [None, "示例-1"]


async def test_posts_have_days_and_do_not_overlap_at_one_site(database: str) -> None:
    await open_county()
    with pytest.raises(EmploymentInvalid):
        await STAFF.employ(who(1), POST, BY)
    await Places().enter_site(SITE, "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    number = await STAFF.employ(who(1), POST, BY)
    with pytest.raises(EmploymentInvalid):
        await STAFF.employ(who(1), msgspec.structs.replace(POST, valid_from=TODAY), BY)
    with pytest.raises(EmploymentUnknown):
        await STAFF.end(number, HELD, BY)
    await STAFF.end(number, TODAY, BY)
    with pytest.raises(EmploymentUnknown):
        await STAFF.end(number, TODAY + timedelta(days=1), BY)
    again = await STAFF.employ(who(1), msgspec.structs.replace(POST, valid_from=TODAY), BY)
    for day, there in ((HELD - timedelta(days=1), []), (TODAY - timedelta(days=1), [number]), (TODAY, [again])):
        assert [each.number for each in (await employment_cards(PERSONS, day, SITE, None, 9))[0]] == there
    assert len((await employment_cards(PERSONS, None, None, None, 9))[0]) == 2


async def test_a_name_is_corrected_and_a_paper_stays(database: str) -> None:
    await INCUBATION.take_in(who(1), "示例计划", "示例文件", BY)
    (card,), _ = await incubatee_cards(PERSONS, None, 9)
    await PERSONS.correct(card.person, "实例", None)
    assert (await incubatee_cards(PERSONS, None, 9))[0][0].masked_name == "实*"
    with pytest.raises(ProjectPersonUnknown):
        await PERSONS.correct("NOBODY", "示例", None)
    dump = str(await scalar("SELECT string_agg(p::text, '') FROM project_person p"))
    assert "实例" not in dump
    assert identity_number(1) not in dump


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE training_class SET planned_persons = 1",
        "DELETE FROM class_paper",
        "UPDATE training_attendance SET is_satisfied = NOT is_satisfied",
        "DELETE FROM training_attendance",
        "UPDATE incubated_shop SET first_order = 'x'",
        "UPDATE incubatee_milestone SET reached_on = '2020-01-01'",
        "UPDATE site_employment SET valid_from = '2020-01-01'",
        "UPDATE project_person SET id_number_index = '\\x00'",
        "DELETE FROM project_person",
    ],
)
async def test_what_was_entered_stays(database: str, attack: str) -> None:
    number = await planned()
    await CLASSES.archive(number, ClassPaperKind.PLAN, "示例", "0" * 64, BY)
    await CLASSES.attend(number, [came(1)], BY)
    await INCUBATION.reach(
        await INCUBATION.take_in(who(1), "示例计划", "示例文件", BY), MilestoneKind.ADMITTED, HELD, "示例文件", BY
    )
    await INCUBATION.prove_shop(await INCUBATION.open_shop(who(1), SHOP, BY), "示例-1", TODAY, BY)
    await Places().enter_site(SITE, "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    await STAFF.employ(who(1), POST, BY)
    with pytest.raises(BaseORMException):
        await execute(attack)
