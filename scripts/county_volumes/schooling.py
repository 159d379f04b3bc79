"""A year of training: classes with whole archives, incubatees, shops, staff and shares (domain reference 6.4).

Everybody is made up. Some are heads of the demo county's registered households, which their papers alone say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from county.training.classes import AttendanceDraft, ClassDraft, FollowUpDraft, TrainingClasses, follow_up_days
from county.training.incubation import Incubation, ShopDraft
from county.training.models import (
    ClassForm,
    ClassKind,
    ClassPaperKind,
    ClassTrack,
    MilestoneKind,
    SyllabusStep,
)
from county.training.persons import PersonDraft, Persons
from county.training.staff import EmploymentDraft, SiteStaff
from kit.clock import china_day
from kit.database import rows, scalar
from kit.encryption import FieldCipher
from poverty_alleviation.shares.models import ShareCircle
from poverty_alleviation.shares.service import AssistedShares
from scripts.county_volumes.plan import BY, FARMERS, REGISTERED_OF_18, chance_of
from scripts.county_volumes.project import LINES
from scripts.demo_county.area import COUNTY, TOWNSHIPS, villages
from scripts.demo_county.households import FARMERS as DEMO_FARMERS
from scripts.demo_county.households import LEFT, NOBODY, SECOND, SINCE, identity_number

CLASSES, SKILLED_CLASSES = 60, 12
SKILLED, PERSON_TIMES, CONTENT = 528, 3_126, 2_920
"""Of 3,126 answers 2,920 are satisfied: 93.4 %."""
INCUBATED, SHOPS, STAFF, STAFF_REGISTERED = 43, 24, 118, 27
TRAINEES = 1_400
"""Different people who come."""
SCHOOLING = {
    "training_classes": CLASSES,
    "whole_archives": CLASSES,
    "person_times": PERSON_TIMES,
    "skilled_person_times": SKILLED,
    "satisfied_answers": CONTENT,
    "incubated": INCUBATED,
    "incubated_shops": SHOPS,
    "staff": STAFF,
    "staff_assisted": STAFF_REGISTERED,
}
"""What there is afterwards."""


def registered_heads() -> list[str]:
    """Identity numbers of the heads of the demo county's 72 registered households."""
    first = [serial for serial in range(1, DEMO_FARMERS + 1) if serial not in NOBODY | LEFT]
    then = [DEMO_FARMERS + serial + 1 for serial in range(FARMERS) if serial % 18 < REGISTERED_OF_18]
    return [identity_number(serial) for serial in first + then]


def people() -> list[PersonDraft]:
    """Everybody who comes; neither name nor place in the list says who is a head."""
    papers = registered_heads()
    papers += [identity_number(1 + serial % 900, 1980 + serial // 900) for serial in range(TRAINEES - len(papers))]
    chance_of("people").shuffle(papers)
    return [
        PersonDraft(name=f"示例学员{serial:04d}", id_number=paper, phone=f"100{90_000_000 + serial:08d}")
        for serial, paper in enumerate(papers, 1)
    ]


def staff_of(everybody: list[PersonDraft]) -> list[PersonDraft]:
    """As many heads and others as the plan says, in an order that does not tell them apart."""
    registered = set(registered_heads())
    heads = [each for each in everybody if each.id_number in registered]
    others = [each for each in everybody if each.id_number not in registered]
    staff = heads[:STAFF_REGISTERED] + others[: STAFF - STAFF_REGISTERED]
    chance_of("staff").shuffle(staff)
    return staff


def came_to(serial: int) -> int:
    """How many come to a class: every fifth one is of a trade."""
    if _is_skilled(serial):
        return SKILLED // SKILLED_CLASSES
    general, classes = PERSON_TIMES - SKILLED, CLASSES - SKILLED_CLASSES
    turn = serial - serial // 5
    return general // classes + (turn < general % classes)


def _is_skilled(serial: int) -> bool:
    return serial % 5 == 4


def posts() -> Iterator[tuple[str, str]]:
    """Site and post of everybody who works: centres, stations, points."""
    yield from [(f"S{COUNTY[0]}", "示例运营专员")] * 12 + [(f"L{COUNTY[0]}", "示例仓配员")] * 8
    for township in TOWNSHIPS:
        yield from [(f"S{township}", "示例站长"), (f"S{township}", "示例服务员")]
        yield from [(f"L{township}", "示例分拣员"), (f"L{township}", "示例配送员")]
    points = list(villages())[:41]
    yield from [(f"S{village}", "示例站点服务员") for village in points]
    yield from [(f"L{village}", "示例站点代收员") for village in points[: STAFF - 97]]


@dataclass(frozen=True)
class Schooling:
    """Everything is entered at one moment, of classes that were held in the year before."""

    cipher: FieldCipher
    now: datetime

    def clock(self) -> datetime:
        """The present."""
        return self.now

    @cached_property
    def persons(self) -> Persons:
        """Who they are."""
        return Persons(self.cipher, self.clock)

    async def enter(self) -> None:
        """All of it."""
        everybody = people()
        await self._classes(everybody)
        await self._incubate(everybody[200 : 200 + INCUBATED])
        await self._employ(staff_of(everybody))
        shares = AssistedShares(self.persons, self.clock)
        for circle in ShareCircle:
            number = await shares.propose(circle, china_day(self.now), BY)
            await shares.decide(number, SECOND, "DEMO-核对", is_approved=True)

    async def _classes(self, everybody: list[PersonDraft]) -> None:
        service, today, seat = TrainingClasses(self.persons, self.clock), china_day(self.now), 0
        line = str(await scalar("SELECT number FROM fund_line WHERE name = $1 AND recorded_by = $2", LINES[2][0], BY))
        for serial in range(CLASSES):
            begins_on = today - timedelta(days=350 - 5 * serial)
            number = await service.plan(_class(serial, begins_on, line), BY)
            for kind in ClassPaperKind:
                name = f"DEMO-培训-{serial + 1:02d}-{kind}"
                await service.archive(number, kind, name, sha256(name.encode()).hexdigest(), BY)
            seats = range(seat, seat + came_to(serial))
            came = [_attendance(everybody[each % TRAINEES], each) for each in seats]
            await service.attend(number, came, BY)
            await self._follow_up(service, number, came, begins_on, seat)
            seat = seats.stop

    async def _follow_up(
        self, service: TrainingClasses, number: str, seated: list[AttendanceDraft], ended_on: date, first: int
    ) -> None:
        today = china_day(self.now)
        # By seats: in which order rows were written depends on the keys of the installation.
        came = await rows(
            "SELECT a.number FROM unnest($2::bigint[]) WITH ORDINALITY AS t(person, seat)"
            " JOIN training_attendance a ON a.person_id = t.person JOIN training_class c ON c.id = a.training_class_id"
            " WHERE c.number = $1 ORDER BY t.seat",
            number,
            await self.persons.entered(seated, BY),
        )
        told = []
        for step, days in enumerate(await follow_up_days(today), 1):
            done_on = ended_on + timedelta(days=days)
            if done_on <= today:
                told += [
                    _outcome(each["number"], step, done_on, chance_of("follow-up", first + seat).random() * (1 + step))
                    for seat, each in enumerate(came)
                ]
        if told:
            await service.follow_up(told, BY)

    async def _incubate(self, founders: list[PersonDraft]) -> None:
        incubation, since = Incubation(self.persons, self.clock), china_day(self.now) - timedelta(days=300)
        for serial, who in enumerate(founders, 1):
            paper = f"DEMO-孵化-{serial:02d}"
            number = await incubation.take_in(who, "示例：农产品网店创业", paper, BY)
            reached = [MilestoneKind.ADMITTED, MilestoneKind.TRAINED]
            if serial <= SHOPS:
                reached += [MilestoneKind.SHOP_OPENED, MilestoneKind.FIRST_SALE]
            days = {kind: since + timedelta(days=40 * turn + serial) for turn, kind in enumerate(reached)}
            for kind, reached_on in days.items():
                await incubation.reach(number, kind, reached_on, f"{paper}-{kind}", BY)
            if serial <= SHOPS:
                shop = ShopDraft(
                    platform="示例电商平台",
                    name=f"示例网店{serial:02d}",
                    web_address=f"https://shop.example.invalid/demo-{serial:02d}",
                    opened_on=days[MilestoneKind.SHOP_OPENED],
                )
                opened = await incubation.open_shop(who, shop, BY)
                await incubation.prove_shop(opened, f"DEMO-首单-{serial:02d}", days[MilestoneKind.FIRST_SALE], BY)

    async def _employ(self, staff: list[PersonDraft]) -> None:
        service = SiteStaff(self.persons, self.clock)
        for serial, (who, (site, post)) in enumerate(zip(staff, posts(), strict=True), 1):
            draft = EmploymentDraft(site=site, post=post, document=f"DEMO-聘用-{serial:03d}", valid_from=SINCE)
            await service.employ(who, draft, BY)


def _class(serial: int, begins_on: date, line: str) -> ClassDraft:
    township = list(TOWNSHIPS)[serial % len(TOWNSHIPS)]
    kind = ClassKind.SKILLED if _is_skilled(serial) else ClassKind.GENERAL
    return ClassDraft(
        title=f"示例培训班{serial + 1:02d}",
        kind=kind,
        track=list(ClassTrack)[serial % len(ClassTrack)],
        form=list(ClassForm)[serial % len(ClassForm)],
        steps=list(SyllabusStep)[: 1 + serial % 4],
        division=township,
        site=f"S{township}",
        begins_on=begins_on,
        ends_on=begins_on,
        hours=16 if kind is ClassKind.SKILLED else 8,
        trainer="示例讲师",
        planned_persons=came_to(serial),
        fund_line=line,
    )


def _attendance(who: PersonDraft, seat: int) -> AttendanceDraft:
    """Of all seats as many as the plan says are satisfied, evenly spread."""
    is_satisfied = (seat + 1) * CONTENT // PERSON_TIMES > seat * CONTENT // PERSON_TIMES
    return AttendanceDraft(name=who.name, id_number=who.id_number, phone=who.phone, is_satisfied=is_satisfied)


def _outcome(attendance: str, step: int, done_on: date, success: float) -> FollowUpDraft:
    return FollowUpDraft(
        attendance=attendance,
        step=step,
        done_on=done_on,
        has_shop=success > 1.8,
        has_sold=success > 2.0,
        has_job=1.4 < success < 1.5,
        monthly_sales_fen=int(success * 100_000) if success > 2.0 else None,
    )
