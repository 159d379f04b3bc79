"""Classes: planned, archived, attended, followed up. Person-times are rows and are counted, never entered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from county.funds.queries import check_line
from county.training.errors import (
    FollowUpInvalid,
    TrainingClassInvalid,
    TrainingClassNotBegun,
    TrainingClassUnknown,
)
from county.training.models import (
    ClassForm,
    ClassKind,
    ClassPaperKind,
    ClassTrack,
    SyllabusStep,
    TrainingClass,
)
from county.training.persons import PersonDraft, Persons
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, row, rows, scalar, transaction
from kit.numbers import public_number
from places.queries import division_names, site_levels
from poverty_alleviation.office.thresholds import thresholds

STEPS = (1, 2, 3)


class ClassDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A class as it is planned; ``division`` is a place's code, ``site`` one of the project's when it is held there."""

    title: str
    kind: ClassKind
    track: ClassTrack
    form: ClassForm
    steps: list[SyllabusStep]
    division: str
    begins_on: date
    ends_on: date
    hours: int
    trainer: str
    planned_persons: int
    site: str | None = None
    fund_line: str | None = None


class AttendanceDraft(PersonDraft, frozen=True, kw_only=True):
    """Who came; ``is_satisfied`` is the questionnaire's answer, None until there is one."""

    is_satisfied: bool | None = None


class FollowUpDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who came says after so many days; ``step`` is 1, 2 or 3."""

    attendance: str
    step: int
    done_on: date
    has_shop: bool
    has_sold: bool
    has_job: bool
    monthly_sales_fen: int | None = None


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of a list are new."""

    entered: int
    known: int


async def follow_up_days(day: date) -> list[int]:
    """After how many days since the end of a class the three steps are due, as it holds on a day."""
    found = await thresholds(day)
    return [found[f"follow_up_{step}_days"] for step in STEPS]


@dataclass(frozen=True)
class TrainingClasses:
    """The use cases. ``by`` is the account held to it."""

    persons: Persons
    clock: Clock = utc_now

    async def plan(self, draft: ClassDraft, by: str) -> str:
        """Enter a class; answers its number. Raises :class:`TrainingClassInvalid`, FundLineUnknown."""
        wrong = [] if draft.ends_on >= draft.begins_on else ["ends_on"]
        if not await division_names([draft.division]):
            wrong.append("division")
        if draft.site is not None and not await site_levels([draft.site]):
            wrong.append("site")
        if wrong:
            raise TrainingClassInvalid(members=wrong)
        if draft.fund_line is not None:
            await check_line(draft.fund_line)
        number = public_number(self.clock(), "PX")
        await TrainingClass.create(
            number=number,
            **msgspec.structs.asdict(draft) | {"steps": msgspec.to_builtins(sorted(set(draft.steps)))},
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return number

    async def archive(self, number: str, kind: ClassPaperKind, name: str, sha256: str, by: str) -> None:
        """Name a paper of a class; the same file again changes nothing. Raises :class:`TrainingClassUnknown`."""
        found = await _class(number)
        await rows(
            "INSERT INTO class_paper (training_class_id, kind, name, sha256, recorded_by, recorded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1",
            found["id"],
            str(kind),
            name,
            sha256,
            by,
            self.clock(),
        )

    async def attend(self, number: str, came: Sequence[AttendanceDraft], by: str) -> Entered:
        """Enter who came, all or nobody. Of somebody who is entered, an answer that was missing is taken in.

        Raises :class:`TrainingClassUnknown`, :class:`TrainingClassNotBegun`, ProjectPersonInvalid.
        """
        now = self.clock()
        async with transaction():
            held = await _class(number)
            if held["begins_on"] > china_day(now):
                raise TrainingClassNotBegun(begins_on=held["begins_on"].isoformat())
            people = await self.persons.entered(came, by)
            told = await rows(
                "INSERT INTO training_attendance"
                " (number, training_class_id, person_id, is_satisfied, recorded_by, recorded_at)"
                " SELECT t.number, $1, t.person, t.answer, $5, $6"
                " FROM unnest($2::text[], $3::bigint[], $4::boolean[]) AS t(number, person, answer) ORDER BY t.person"
                " ON CONFLICT (training_class_id, person_id) DO UPDATE SET is_satisfied = EXCLUDED.is_satisfied"
                " WHERE training_attendance.is_satisfied IS NULL AND EXCLUDED.is_satisfied IS NOT NULL"
                " RETURNING (xmax = 0) AS is_new",
                held["id"],
                [public_number(now, "PC") for _ in came],
                people,
                [each.is_satisfied for each in came],
                by,
                now,
            )
        entered = sum(each["is_new"] for each in told)
        return Entered(entered=entered, known=len(came) - entered)

    async def follow_up(self, told: Sequence[FollowUpDraft], by: str) -> Entered:
        """Enter what came of it, all or nothing; a step that was entered stays. Raises :class:`FollowUpInvalid`."""
        now = self.clock()
        today = china_day(now)
        days = await follow_up_days(today)
        async with transaction():
            found = {
                each["number"]: each
                for each in await rows(
                    "SELECT a.id, a.number, c.ends_on FROM training_attendance a"
                    " JOIN training_class c ON c.id = a.training_class_id WHERE a.number = ANY($1::text[])",
                    [each.attendance for each in told],
                )
            }
            for position, each in enumerate(told):
                came = found.get(each.attendance)
                if came is None or each.done_on > today or (each.done_on - came["ends_on"]).days < days[each.step - 1]:
                    raise FollowUpInvalid(position=position)
            entered = await scalar(
                "WITH made AS (INSERT INTO training_follow_up (attendance_id, step, done_on, has_shop, has_sold,"
                " has_job, monthly_sales_fen, recorded_by, recorded_at) SELECT t.*, $8::text, $9::timestamptz"
                " FROM unnest($1::bigint[], $2::smallint[], $3::date[], $4::boolean[], $5::boolean[], $6::boolean[],"
                " $7::bigint[]) AS t ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM made",
                [found[each.attendance]["id"] for each in told],
                [each.step for each in told],
                [each.done_on for each in told],
                [each.has_shop for each in told],
                [each.has_sold for each in told],
                [each.has_job for each in told],
                [each.monthly_sales_fen for each in told],
                by,
                now,
            )
        return Entered(entered=entered, known=len(told) - entered)


async def _class(number: str) -> Row:
    found = await row("SELECT id, begins_on FROM training_class WHERE number = $1", number)
    if found is None:
        raise TrainingClassUnknown()
    return found
