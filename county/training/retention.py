"""How long people of the project are kept, what holds them, and their erasure by two accounts of the county.

As households are (decision 0067): nothing is due while no rule says how long, one account proposes, another approves,
a hold stops everything, a job does it. The rows that are counted stay, under the person's number.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from tortoise.exceptions import IntegrityError

from county.training.erasure_models import ProjectPersonErasure, ProjectPersonHold
from county.training.errors import (
    PersonErasureDecided,
    PersonErasurePending,
    PersonErasureUnknown,
    PersonHoldUnknown,
    PersonNotErasable,
    ProjectPersonUnknown,
)
from county.training.persons import Persons
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldUnreadable
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.retention.models import ERASURE_TRANSITIONS, ErasureGround, ErasureState, RetentionClass
from poverty_alleviation.retention.obstacles import terms_on
from poverty_alleviation.retention.service import ErasureSteps
from poverty_alleviation.shares.service import forget_marks

# The last day on which a person p came to something, was asked after, reached or proved something, or worked.
_LAST_MATTER = """greatest((p.recorded_at AT TIME ZONE 'Asia/Shanghai')::date,
    (SELECT max(greatest(c.ends_on, f.done_on)) FROM training_attendance a
       JOIN training_class c ON c.id = a.training_class_id
       LEFT JOIN training_follow_up f ON f.attendance_id = a.id WHERE a.person_id = p.id),
    (SELECT max(m.reached_on) FROM incubatee i JOIN incubatee_milestone m ON m.incubatee_id = i.id
      WHERE i.person_id = p.id),
    (SELECT max(greatest(s.opened_on, s.first_paid_on)) FROM incubated_shop s WHERE s.person_id = p.id),
    (SELECT max(greatest(e.valid_from, e.valid_until)) FROM site_employment e WHERE e.person_id = p.id))"""
_HELD = "EXISTS (SELECT 1 FROM project_person_hold d WHERE d.person_id = p.id AND d.released_at IS NULL)"
# $1 is today.
_EMPLOYED = (
    "EXISTS (SELECT 1 FROM site_employment e WHERE e.person_id = p.id"
    " AND (e.valid_until IS NULL OR e.valid_until > $1::date))"
)


class DuePerson(msgspec.Struct, frozen=True):
    """A person whose time is over, and since when nothing has happened."""

    person: str
    quiet_since: date


class PersonHoldCard(msgspec.Struct, frozen=True, kw_only=True):
    """One hold."""

    number: str
    person: str
    document: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    release_paper: str | None


class PersonErasureCard(ErasureSteps, frozen=True, kw_only=True):
    """One erasure."""

    person: str


@dataclass(frozen=True)
class PersonRetention:
    """``by`` is the account held to it."""

    persons: Persons
    clock: Clock = utc_now

    async def due(self, limit: int) -> list[DuePerson]:
        """People whose time is over and whom nobody has proposed yet, in the order in which they were entered."""
        today = china_day(self.clock())
        days = (await terms_on(today)).get(RetentionClass.TRAINED)
        if days is None:
            return []
        found = await rows(
            f"SELECT p.number AS person, {_LAST_MATTER} AS quiet_since FROM project_person p WHERE p.erased_at IS NULL"
            f" AND NOT {_HELD} AND NOT {_EMPLOYED} AND {_LAST_MATTER} <= $1::date - $2::int"
            " AND NOT EXISTS (SELECT 1 FROM project_person_erasure x WHERE x.person_id = p.id"
            " AND x.state IN ('proposed', 'approved')) ORDER BY p.id LIMIT $3",
            today,
            days,
            min(limit, MAX_PAGE),
        )
        return [msgspec.convert(each, DuePerson) for each in found]

    async def hold(self, person: str, document: str, by: str) -> str:
        """From now on nothing of the person is destroyed; answers the hold's number. Raises ProjectPersonUnknown."""
        number = public_number(self.clock(), "PH")
        async with transaction():
            held = await _locked(person)
            await ProjectPersonHold.create(
                number=number, person_id=held, document=document, placed_by=by, placed_at=self.clock()
            )
        return number

    async def release(self, number: str, document: str, by: str) -> None:
        """Lift a hold. Raises :class:`PersonHoldUnknown`, ``SecondPersonNeeded`` for who has placed it."""
        async with transaction():
            placed_by = await scalar(
                "SELECT placed_by FROM project_person_hold WHERE number = $1 AND released_at IS NULL FOR UPDATE", number
            )
            if placed_by is None:
                raise PersonHoldUnknown()
            if placed_by == by:
                raise SecondPersonNeeded()
            await execute(
                "UPDATE project_person_hold SET released_by = $2, released_at = $3, release_document = $4"
                " WHERE number = $1",
                number,
                by,
                self.clock(),
                document,
            )

    async def propose(self, person: str, ground: ErasureGround, document: str, by: str) -> str:
        """Propose to erase a person; answers the number.

        Raises ProjectPersonUnknown, :class:`PersonNotErasable`, :class:`PersonErasurePending`.
        """
        number = public_number(self.clock(), "PE")
        try:
            async with transaction():
                held = await _locked(person)
                await self._refuse_standing(held, ground)
                await ProjectPersonErasure.create(
                    number=number,
                    person_id=held,
                    ground=ground,
                    state=ErasureState.PROPOSED,
                    document=document,
                    proposed_by=by,
                    proposed_at=self.clock(),
                )
        except IntegrityError:
            raise PersonErasurePending() from None
        return number

    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve or refuse it; who proposed it may only take it back. The same decision again changes nothing.

        Raises :class:`PersonErasureUnknown`, :class:`PersonErasureDecided`, ``SecondPersonNeeded``,
        :class:`PersonNotErasable`.
        """
        to = ErasureState.APPROVED if is_approved else ErasureState.REFUSED
        async with transaction():
            found = await row(
                "SELECT person_id, ground, state, proposed_by, decided_by FROM project_person_erasure"
                " WHERE number = $1 FOR UPDATE",
                number,
            )
            if found is None:
                raise PersonErasureUnknown()
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in ERASURE_TRANSITIONS[ErasureState(found["state"])]:
                raise PersonErasureDecided(state=found["state"])
            if is_approved:
                if found["proposed_by"] == by:
                    raise SecondPersonNeeded()
                await self._refuse_standing(found["person_id"], ErasureGround(found["ground"]))
            await execute(
                "UPDATE project_person_erasure SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1",
                number,
                to.value,
                by,
                self.clock(),
                note,
            )

    async def erase_approved(self) -> int:
        """Erase people whose erasure is approved and against which nothing stands; answers how many."""
        waiting = await rows("SELECT number FROM project_person_erasure WHERE state = 'approved' ORDER BY id LIMIT 100")
        return sum([await self._erase(each["number"]) for each in waiting])

    async def _erase(self, number: str) -> bool:
        """Whether it was done: a hold that came after the approval leaves it approved."""
        async with transaction():
            found = await row(
                "SELECT e.id, e.ground, p.id AS person_id, p.number, p.id_number_cipher FROM project_person_erasure e"
                " JOIN project_person p ON p.id = e.person_id WHERE e.number = $1 AND e.state = 'approved'"
                " FOR UPDATE OF p, e SKIP LOCKED",
                number,
            )
            if found is None:
                return False
            try:
                await self._refuse_standing(found["person_id"], ErasureGround(found["ground"]))
            except PersonNotErasable:
                return False
            await self._destroy(found)
            await execute(
                "UPDATE project_person_erasure SET state = 'erased', erased_at = $2 WHERE id = $1",
                found["id"],
                self.clock(),
            )
            return True

    async def _destroy(self, found: Row) -> None:
        with suppress(FieldUnreadable):  # who cannot be read cannot be looked for
            await forget_marks([self.persons.mark_of(found["number"], found["id_number_cipher"])])
        # The index is another one for each, so that two people who are erased stay two.
        await execute(
            "UPDATE project_person SET name_cipher = '', id_number_cipher = '', phone_cipher = NULL,"
            " id_number_index = decode(md5(random()::text || id), 'hex'), erased_at = $2 WHERE id = $1",
            found["person_id"],
            self.clock(),
        )

    async def _refuse_standing(self, person: int, ground: ErasureGround) -> None:
        """Raises :class:`PersonNotErasable`; the caller holds the person's row or the erasure's."""
        today = china_day(self.clock())
        found = await row(
            f"SELECT p.erased_at IS NOT NULL AS erased, {_HELD} AS held, {_EMPLOYED} AS employed,"
            f" {_LAST_MATTER} AS last_matter FROM project_person p WHERE p.id = $2",
            today,
            person,
        )
        assert found is not None
        standing = [name for name in ("erased", "held", "employed") if found[name]]
        if ground is ErasureGround.RETENTION:
            days = (await terms_on(today)).get(RetentionClass.TRAINED)
            if days is None:
                standing.append("no_term")
            elif found["last_matter"] + timedelta(days=days) > today:
                standing.append("early")
        if standing:
            raise PersonNotErasable(obstacles=standing)


async def person_holds(limit: int) -> list[PersonHoldCard]:
    """Holds, those that go on first, then newest first."""
    found = await rows(
        "SELECT d.number, p.number AS person, d.document, d.placed_by, d.placed_at, d.released_by, d.released_at,"
        " d.release_document AS release_paper FROM project_person_hold d JOIN project_person p ON p.id = d.person_id"
        " ORDER BY d.released_at IS NOT NULL, d.id DESC LIMIT $1",
        min(limit, MAX_PAGE),
    )
    return [msgspec.convert(each, PersonHoldCard) for each in found]


async def person_erasures(cursor: str | None, limit: int) -> tuple[list[PersonErasureCard], str | None]:
    """A page of erasures, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT e.id, e.number, p.number AS person, e.ground, e.state, e.document, e.proposed_by, e.proposed_at,"
        " e.decided_by, e.decided_at, e.decision_note, e.erased_at FROM project_person_erasure e"
        " JOIN project_person p ON p.id = e.person_id WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2",
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, PersonErasureCard) for each in found[:limit]], following


async def _locked(number: str) -> int:
    found = await scalar("SELECT id FROM project_person WHERE number = $1 FOR UPDATE", number)
    if found is None:
        raise ProjectPersonUnknown()
    return int(found)
