"""How long people are kept, what holds them, and their erasure by two accounts of the county.

As households are (decision 0067): nothing is due while no rule says how long, one account proposes, another approves,
a hold stops everything, a job does it. Rows that are counted, or are evidence, stay under the person's number.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec
from tortoise.exceptions import IntegrityError

from county.erasure_errors import (
    PersonErasureDecided,
    PersonErasurePending,
    PersonErasureUnknown,
    PersonHoldUnknown,
    PersonNotErasable,
)
from kit.clock import Clock, china_day
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.errors import NotFound
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.retention.models import ERASURE_TRANSITIONS, ErasureGround, ErasureState, RetentionClass
from poverty_alleviation.retention.obstacles import terms_on
from poverty_alleviation.retention.service import ErasureSteps


@dataclass(frozen=True)
class ErasedKind:
    """What one kind of people differs in. SQL speaks of a row p of ``table``, and $1 is today.

    ``table``_hold and ``table``_erasure have ``column`` of the person. ``last_matter`` is the last day on which
    something happened; ``standing`` what stands against every erasure, ``requested`` against one on request besides.
    """

    table: str
    column: str
    prefixes: tuple[str, str]
    kept: RetentionClass
    unknown: type[NotFound]
    last_matter: str
    standing: Mapping[str, str]
    requested: Mapping[str, str] = field(default_factory=dict)

    @property
    def obstacles(self) -> dict[str, str]:
        """By name, as SQL: what stands against an erasure whatever it is for."""
        held = f"EXISTS (SELECT 1 FROM {self.table}_hold d WHERE d.{self.column} = p.id AND d.released_at IS NULL)"
        return {"erased": "p.erased_at IS NOT NULL", "held": held, **self.standing}


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


class PeopleRetention(ABC):
    """Terms, holds and erasures of one kind of people; ``by`` is the account held to it."""

    clock: Clock

    @property
    @abstractmethod
    def kind(self) -> ErasedKind:
        """Whose they are."""

    @abstractmethod
    async def destroy(self, person: Row) -> None:
        """Empty what says who somebody is, in the caller's transaction; ``person`` is the row, which is locked."""

    async def due(self, limit: int) -> list[DuePerson]:
        """People whose time is over and whom nobody has proposed yet, in the order in which they were entered."""
        today = china_day(self.clock())
        days = (await terms_on(today)).get(self.kind.kept)
        if days is None:
            return []
        kind, standing = self.kind, " OR ".join(self.kind.obstacles.values())
        found = await rows(
            f"SELECT p.number AS person, {kind.last_matter} AS quiet_since FROM {kind.table} p WHERE NOT ({standing})"
            f" AND {kind.last_matter} <= $1::date - $2::int"
            f" AND NOT EXISTS (SELECT 1 FROM {kind.table}_erasure x WHERE x.{kind.column} = p.id"
            " AND x.state IN ('proposed', 'approved')) ORDER BY p.id LIMIT $3",
            today,
            days,
            min(limit, MAX_PAGE),
        )
        return [msgspec.convert(each, DuePerson) for each in found]

    async def hold(self, person: str, document: str, by: str) -> str:
        """From now on nothing of the person is destroyed; answers the hold's number. Raises the kind's unknown."""
        number = public_number(self.clock(), self.kind.prefixes[0])
        async with transaction():
            await execute(
                f"INSERT INTO {self.kind.table}_hold (number, {self.kind.column}, document, placed_by, placed_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                number,
                await self._locked(person),
                document,
                by,
                self.clock(),
            )
        return number

    async def release(self, number: str, document: str, by: str) -> None:
        """Lift a hold. Raises :class:`PersonHoldUnknown`, ``SecondPersonNeeded`` for who has placed it."""
        async with transaction():
            placed_by = await scalar(
                f"SELECT placed_by FROM {self.kind.table}_hold WHERE number = $1 AND released_at IS NULL FOR UPDATE",
                number,
            )
            if placed_by is None:
                raise PersonHoldUnknown()
            if placed_by == by:
                raise SecondPersonNeeded()
            await execute(
                f"UPDATE {self.kind.table}_hold SET released_by = $2, released_at = $3, release_document = $4"
                " WHERE number = $1",
                number,
                by,
                self.clock(),
                document,
            )

    async def propose(self, person: str, ground: ErasureGround, document: str, by: str) -> str:
        """Propose to erase a person; answers the number.

        Raises the kind's unknown, :class:`PersonNotErasable`, :class:`PersonErasurePending`.
        """
        number = public_number(self.clock(), self.kind.prefixes[1])
        try:
            async with transaction():
                held = await self._locked(person)
                await self._refuse_standing(held, ground)
                await execute(
                    f"INSERT INTO {self.kind.table}_erasure (number, {self.kind.column}, ground, state, document,"
                    " proposed_by, proposed_at, decision_note) VALUES ($1, $2, $3, 'proposed', $4, $5, $6, '')",
                    number,
                    held,
                    ground.value,
                    document,
                    by,
                    self.clock(),
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
                f"SELECT {self.kind.column} AS person, ground, state, proposed_by, decided_by"
                f" FROM {self.kind.table}_erasure WHERE number = $1 FOR UPDATE",
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
                await self._refuse_standing(found["person"], ErasureGround(found["ground"]))
            await execute(
                f"UPDATE {self.kind.table}_erasure SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1",
                number,
                to.value,
                by,
                self.clock(),
                note,
            )

    async def erase_approved(self) -> int:
        """Erase people whose erasure is approved and against which nothing stands; answers how many."""
        waiting = await rows(
            f"SELECT number FROM {self.kind.table}_erasure WHERE state = 'approved' ORDER BY id LIMIT 100"
        )
        return sum([await self._erase(each["number"]) for each in waiting])

    async def _erase(self, number: str) -> bool:
        """Whether it was done: a hold that came after the approval leaves it approved."""
        async with transaction():
            found = await row(
                f"SELECT e.id AS erasure, e.ground, p.* FROM {self.kind.table}_erasure e"
                f" JOIN {self.kind.table} p ON p.id = e.{self.kind.column} WHERE e.number = $1 AND e.state = 'approved'"
                " FOR UPDATE OF p, e SKIP LOCKED",
                number,
            )
            if found is None:
                return False
            try:
                await self._refuse_standing(found["id"], ErasureGround(found["ground"]))
            except PersonNotErasable:
                return False
            await self.destroy(found)
            await execute(
                f"UPDATE {self.kind.table}_erasure SET state = 'erased', erased_at = $2 WHERE id = $1",
                found["erasure"],
                self.clock(),
            )
            return True

    async def _refuse_standing(self, person: int, ground: ErasureGround) -> None:
        """Raises :class:`PersonNotErasable`; the caller holds the person's row or the erasure's."""
        today = china_day(self.clock())
        asked = self.kind.obstacles
        if ground is ErasureGround.REQUEST:
            asked |= self.kind.requested
        told = ", ".join(f"{sql} AS {name}" for name, sql in asked.items())
        found = await row(
            f"SELECT $1::date AS today, {told}, {self.kind.last_matter} AS last_matter FROM {self.kind.table} p"
            " WHERE p.id = $2",
            today,
            person,
        )
        assert found is not None
        standing = [name for name in asked if found[name]]
        if ground is ErasureGround.RETENTION:
            days = (await terms_on(today)).get(self.kind.kept)
            if days is None:
                standing.append("no_term")
            elif found["last_matter"] + timedelta(days=days) > today:
                standing.append("early")
        if standing:
            raise PersonNotErasable(obstacles=standing)

    async def _locked(self, number: str) -> int:
        """The row of somebody, of the latest who had this number when nobody has it now."""
        found = await scalar(
            f"SELECT id FROM {self.kind.table} WHERE number = $1 ORDER BY erased_at IS NOT NULL, id DESC LIMIT 1"
            " FOR UPDATE",
            number,
        )
        if found is None:
            raise self.kind.unknown()
        return int(found)

    async def holds(self, limit: int) -> list[PersonHoldCard]:
        """Holds, those that go on first, then newest first."""
        found = await rows(
            "SELECT d.number, p.number AS person, d.document, d.placed_by, d.placed_at, d.released_by, d.released_at,"
            f" d.release_document AS release_paper FROM {self.kind.table}_hold d"
            f" JOIN {self.kind.table} p ON p.id = d.{self.kind.column}"
            " ORDER BY d.released_at IS NOT NULL, d.id DESC LIMIT $1",
            min(limit, MAX_PAGE),
        )
        return [msgspec.convert(each, PersonHoldCard) for each in found]

    async def erasures(
        self, cursor: str | None, limit: int, person: str | None = None
    ) -> tuple[list[PersonErasureCard], str | None]:
        """A page of erasures, newest first; of one person if one is named."""
        before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
        limit = min(limit, MAX_PAGE)
        found = await rows(
            "SELECT e.id, e.number, p.number AS person, e.ground, e.state, e.document, e.proposed_by, e.proposed_at,"
            f" e.decided_by, e.decided_at, e.decision_note, e.erased_at FROM {self.kind.table}_erasure e"
            f" JOIN {self.kind.table} p ON p.id = e.{self.kind.column}"
            " WHERE e.id < $1 AND ($3::text IS NULL OR p.number = $3) ORDER BY e.id DESC LIMIT $2",
            before,
            limit + 1,
            person,
        )
        following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
        return [msgspec.convert(each, PersonErasureCard) for each in found[:limit]], following
