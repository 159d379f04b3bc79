"""Reads of classes, people, incubation and staff: pages, the last entered first, with names masked.

``unreadable`` names what is damaged and stands empty for that.
"""

from datetime import date
from typing import TypeVar

import msgspec

from county.training.classes import STEPS, ClassDraft, follow_up_days
from county.training.models import ClassKind, ClassPaperKind, ClassTrack, MilestoneKind
from county.training.persons import Persons
from kit.database import Row, rows, scalar
from kit.paging import read_cursor, write_cursor

CardT = TypeVar("CardT", bound=msgspec.Struct)


class ClassPaperCard(msgspec.Struct, frozen=True, kw_only=True):
    """A paper of a class; ``sha256`` is of its file, ``file`` the number under which that is kept, if it is here."""

    kind: ClassPaperKind
    name: str
    sha256: str
    file: str | None


class ClassCard(ClassDraft, frozen=True, kw_only=True):
    """A class: its person-times, answers and archive, which is whole when nothing is missing."""

    number: str
    persons: int
    answered: int
    satisfied: int
    papers: list[ClassPaperCard]
    missing_papers: list[ClassPaperKind]


class AttendanceCard(msgspec.Struct, frozen=True, kw_only=True):
    """One person-time; ``is_satisfied`` is None without an answer."""

    number: str
    training_class: str
    kind: ClassKind
    begins_on: date
    person: str
    masked_name: str
    unreadable: list[str]
    is_satisfied: bool | None


class FollowUpCard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attendance."""

    attendance: str
    training_class: str
    step: int
    done_on: date
    has_shop: bool
    has_sold: bool
    has_job: bool
    monthly_sales_fen: int | None


class FollowUpDue(msgspec.Struct, frozen=True, kw_only=True):
    """An attendance that somebody should ask after since a day."""

    attendance: str
    training_class: str
    masked_name: str
    unreadable: list[str]
    step: int
    due_on: date


class MilestoneCard(msgspec.Struct, frozen=True, kw_only=True):
    """What was reached when, by which paper."""

    kind: MilestoneKind
    reached_on: date
    document: str


class IncubateeCard(msgspec.Struct, frozen=True, kw_only=True):
    """A person with milestones."""

    number: str
    person: str
    masked_name: str
    unreadable: list[str]
    plan: str
    document: str
    milestones: list[MilestoneCard]


class ShopCard(msgspec.Struct, frozen=True, kw_only=True):
    """A shop; ``first_order`` is the platform's number of its first paid order, None while it is not proved."""

    number: str
    person: str
    masked_name: str
    unreadable: list[str]
    platform: str
    name: str
    web_address: str
    opened_on: date
    first_order: str | None
    first_paid_on: date | None


class EmploymentCard(msgspec.Struct, frozen=True, kw_only=True):
    """A post at a site; ``valid_until`` is the first day no more."""

    number: str
    person: str
    masked_name: str
    unreadable: list[str]
    site: str
    post: str
    document: str
    valid_from: date
    valid_until: date | None


_PERSON = "p.number AS person, p.name_cipher"
_CLASSES = (
    "SELECT c.id, c.number, c.title, c.kind, c.track, c.form, c.steps::text AS steps, c.division, c.site, c.begins_on,"
    " c.ends_on, c.hours, c.trainer, c.planned_persons, c.fund_line, a.persons, a.answered, a.satisfied,"
    " (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'name', d.name, 'sha256', d.sha256,"
    " 'file', d.evidence)"
    " ORDER BY d.id), '[]') FROM class_paper d WHERE d.training_class_id = c.id)::text AS papers"
    " FROM training_class c CROSS JOIN LATERAL (SELECT count(*) AS persons, count(is_satisfied) AS answered,"
    " count(*) FILTER (WHERE is_satisfied) AS satisfied FROM training_attendance WHERE training_class_id = c.id) AS a"
)


async def has_class(number: str) -> bool:
    """Whether there is such a class."""
    return bool(await scalar("SELECT 1 FROM training_class WHERE number = $1", number))


async def class_cards(
    kind: ClassKind | None, track: ClassTrack | None, cursor: str | None, limit: int
) -> tuple[list[ClassCard], str | None]:
    """A page of classes."""
    found = await rows(
        f"{_CLASSES} WHERE c.id < $1 AND ($2::text IS NULL OR c.kind = $2) AND ($3::text IS NULL OR c.track = $3)"
        " ORDER BY c.id DESC LIMIT $4",
        _before(cursor),
        kind,
        track,
        limit + 1,
    )
    return [_class_card(each) for each in found[:limit]], _following(found, limit)


async def attendance_cards(
    persons: Persons, training_class: str | None, kind: ClassKind | None, cursor: str | None, limit: int
) -> tuple[list[AttendanceCard], str | None]:
    """A page of person-times, of a class or of a kind of classes."""
    found = await rows(
        f"SELECT a.id, a.number, c.number AS training_class, c.kind, c.begins_on, a.is_satisfied, {_PERSON}"
        " FROM training_attendance a JOIN training_class c ON c.id = a.training_class_id"
        " JOIN project_person p ON p.id = a.person_id WHERE a.id < $1 AND ($2::text IS NULL OR c.number = $2)"
        " AND ($3::text IS NULL OR c.kind = $3) ORDER BY a.id DESC LIMIT $4",
        _before(cursor),
        training_class,
        kind,
        limit + 1,
    )
    return _named(persons, found[:limit], AttendanceCard), _following(found, limit)


async def follow_up_cards(step: int | None, cursor: str | None, limit: int) -> tuple[list[FollowUpCard], str | None]:
    """A page of what came of it."""
    found = await rows(
        "SELECT f.id, a.number AS attendance, c.number AS training_class, f.step, f.done_on, f.has_shop, f.has_sold,"
        " f.has_job, f.monthly_sales_fen FROM training_follow_up f JOIN training_attendance a ON a.id = f.attendance_id"
        " JOIN training_class c ON c.id = a.training_class_id WHERE f.id < $1 AND ($2::int IS NULL OR f.step = $2)"
        " ORDER BY f.id DESC LIMIT $3",
        _before(cursor),
        step,
        limit + 1,
    )
    return [msgspec.convert(each, FollowUpCard) for each in found[:limit]], _following(found, limit)


async def follow_ups_due(
    persons: Persons, step: int, today: date, cursor: str | None, limit: int
) -> tuple[list[FollowUpDue], str | None]:
    """A page of those whom nobody has asked after yet though the days of a step have passed."""
    days = (await follow_up_days(today))[STEPS.index(step)]
    found = await rows(
        f"SELECT a.id, a.number AS attendance, c.number AS training_class, $2::int AS step, c.ends_on + $3::int AS"
        f" due_on, {_PERSON} FROM training_attendance a JOIN training_class c ON c.id = a.training_class_id"
        " JOIN project_person p ON p.id = a.person_id WHERE a.id < $1 AND c.ends_on + $3::int <= $4::date"
        " AND NOT EXISTS (SELECT 1 FROM training_follow_up f WHERE f.attendance_id = a.id AND f.step = $2)"
        " ORDER BY a.id DESC LIMIT $5",
        _before(cursor),
        step,
        days,
        today,
        limit + 1,
    )
    return _named(persons, found[:limit], FollowUpDue), _following(found, limit)


async def incubatee_cards(persons: Persons, cursor: str | None, limit: int) -> tuple[list[IncubateeCard], str | None]:
    """A page of incubatees."""
    found = await rows(
        f"SELECT i.id, i.number, i.plan, i.document, {_PERSON}, (SELECT coalesce(jsonb_agg(jsonb_build_object("
        "'kind', m.kind, 'reached_on', m.reached_on, 'document', m.document) ORDER BY m.reached_on, m.id), '[]')"
        " FROM incubatee_milestone m WHERE m.incubatee_id = i.id)::text AS milestones"
        " FROM incubatee i JOIN project_person p ON p.id = i.person_id WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2",
        _before(cursor),
        limit + 1,
    )
    told = [{**each, "milestones": msgspec.json.decode(each["milestones"])} for each in found[:limit]]
    return _named(persons, told, IncubateeCard), _following(found, limit)


async def shop_cards(persons: Persons, cursor: str | None, limit: int) -> tuple[list[ShopCard], str | None]:
    """A page of shops."""
    found = await rows(
        "SELECT s.id, s.number, s.platform, s.name, s.web_address, s.opened_on, s.first_order, s.first_paid_on,"
        f" {_PERSON} FROM incubated_shop s JOIN project_person p ON p.id = s.person_id WHERE s.id < $1"
        " ORDER BY s.id DESC LIMIT $2",
        _before(cursor),
        limit + 1,
    )
    return _named(persons, found[:limit], ShopCard), _following(found, limit)


async def employment_cards(
    persons: Persons, day: date | None, site: str | None, cursor: str | None, limit: int
) -> tuple[list[EmploymentCard], str | None]:
    """A page of posts, those of a day or of all days."""
    found = await rows(
        f"SELECT e.id, e.number, e.site, e.post, e.document, e.valid_from, e.valid_until, {_PERSON}"
        " FROM site_employment e JOIN project_person p ON p.id = e.person_id WHERE e.id < $1"
        " AND ($2::date IS NULL OR daterange(e.valid_from, e.valid_until) @> $2::date)"
        " AND ($3::text IS NULL OR e.site = $3) ORDER BY e.id DESC LIMIT $4",
        _before(cursor),
        day,
        site,
        limit + 1,
    )
    return _named(persons, found[:limit], EmploymentCard), _following(found, limit)


def _class_card(found: Row) -> ClassCard:
    papers = msgspec.json.decode(found["papers"], type=list[ClassPaperCard])
    there = {each.kind for each in papers}
    missing = [kind for kind in ClassPaperKind if kind not in there]
    told = {**found, "steps": msgspec.json.decode(found["steps"]), "papers": [], "missing_papers": missing}
    return msgspec.structs.replace(msgspec.convert(told, ClassCard), papers=papers)


def _named(persons: Persons, found: list[Row], card: type[CardT]) -> list[CardT]:
    return [msgspec.convert({**each, **persons.masked(each["person"], each["name_cipher"])}, card) for each in found]


def _before(cursor: str | None) -> int:
    return read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1


def _following(found: list[Row], limit: int) -> str | None:
    return write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
