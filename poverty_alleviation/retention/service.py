"""Terms, holds, and erasures that one person proposes and another decides."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.retention.errors import (
    ErasureDecided,
    ErasurePending,
    ErasureUnknown,
    HoldUnknown,
    HouseholdNotErasable,
)
from poverty_alleviation.retention.models import (
    ERASURE_TRANSITIONS,
    ErasureGround,
    ErasureState,
    HouseholdErasure,
    HouseholdHold,
    RetentionClass,
    RetentionRule,
)
from poverty_alleviation.retention.obstacles import DueHousehold, due_households, obstacles
from poverty_alleviation.vault import household_rights


class RetentionTerm(msgspec.Struct, frozen=True, kw_only=True):
    """How long a class is kept from a day on, by which law, as which paper says."""

    kept: RetentionClass
    days: int
    valid_from: date
    basis: str
    source: str


class HoldCard(msgspec.Struct, frozen=True, kw_only=True):
    """One hold."""

    number: str
    household: str
    document: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    release_document: str | None


class ErasureSteps(msgspec.Struct, frozen=True, kw_only=True):
    """Of every erasure: where it stands, and by whom."""

    number: str
    ground: ErasureGround
    state: ErasureState
    document: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    erased_at: datetime | None


class ErasureCard(ErasureSteps, frozen=True, kw_only=True):
    """One erasure; ``report`` counts what was destroyed, by kind."""

    household: str
    report: dict[str, int] | None


@dataclass(frozen=True)
class Retention:
    """``by`` is the account held to it; ``trade_days`` how long records of trades are kept."""

    trade_days: int = 1096
    clock: Clock = utc_now

    async def set_term(self, term: RetentionTerm, by: str) -> None:
        """Add a rule; of a class the newest that holds is followed."""
        await RetentionRule.create(**msgspec.structs.asdict(term), recorded_by=by, recorded_at=self.clock())

    @household_rights()
    async def due(self, limit: int) -> list[DueHousehold]:
        """Households whose time is over and that nobody has proposed yet."""
        return await due_households(china_day(self.clock()), min(limit, MAX_PAGE))

    @household_rights()
    async def hold(self, code: str, document: str, by: str) -> str:
        """From now on nothing of the household is destroyed; answers the hold's number. Raises HouseholdUnknown."""
        async with transaction():
            household = await _locked(code)
            number = public_number(self.clock(), "HH")
            await HouseholdHold.create(
                number=number, household_id=household, document=document, placed_by=by, placed_at=self.clock()
            )
        return number

    @household_rights()
    async def release(self, number: str, document: str, by: str) -> None:
        """Lift a hold. Raises :class:`HoldUnknown`, ``SecondPersonNeeded`` for who has placed it."""
        async with transaction():
            found = await row(
                "SELECT placed_by FROM household_hold WHERE number = $1 AND released_at IS NULL FOR UPDATE", number
            )
            if found is None:
                raise HoldUnknown(hold=number)
            if found["placed_by"] == by:
                raise SecondPersonNeeded()
            await execute(
                "UPDATE household_hold SET released_by = $2, released_at = $3, release_document = $4 WHERE number = $1",
                number,
                by,
                self.clock(),
                document,
            )

    @household_rights()
    async def propose(self, code: str, ground: ErasureGround, document: str, by: str) -> str:
        """Propose to erase a household; answers the number.

        Raises HouseholdUnknown, :class:`HouseholdNotErasable`, :class:`ErasurePending`.
        """
        number = public_number(self.clock(), "HE")
        async with transaction():
            household = await _locked(code)
            await self.refuse_standing(code, ground)
            try:
                async with transaction():
                    await HouseholdErasure.create(
                        number=number,
                        household_id=household,
                        ground=ground,
                        state=ErasureState.PROPOSED,
                        document=document,
                        proposed_by=by,
                        proposed_at=self.clock(),
                    )
            except IntegrityError:
                raise ErasurePending(household=code) from None
        return number

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve or refuse it; who proposed it may only take it back. The same decision again changes nothing.

        Raises :class:`ErasureUnknown`, :class:`ErasureDecided`, ``SecondPersonNeeded``, :class:`HouseholdNotErasable`.
        """
        to = ErasureState.APPROVED if is_approved else ErasureState.REFUSED
        async with transaction():
            found = await row(
                "SELECT e.ground, e.state, e.proposed_by, e.decided_by, h.code FROM household_erasure e"
                " JOIN household h ON h.id = e.household_id WHERE e.number = $1 FOR UPDATE",
                number,
            )
            if found is None:
                raise ErasureUnknown(erasure=number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in ERASURE_TRANSITIONS[ErasureState(found["state"])]:
                raise ErasureDecided(state=found["state"])
            if is_approved:
                if found["proposed_by"] == by:
                    raise SecondPersonNeeded()
                await self.refuse_standing(found["code"], ErasureGround(found["ground"]))
            await execute(
                "UPDATE household_erasure SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1",
                number,
                to.value,
                by,
                self.clock(),
                note,
            )

    async def refuse_standing(self, code: str, ground: ErasureGround) -> None:
        """Raises :class:`HouseholdNotErasable`; the caller holds the household's row and the vault's rights."""
        standing = await obstacles(code, ground, china_day(self.clock()), self.trade_days)
        if standing:
            raise HouseholdNotErasable(obstacles=standing)


async def retention_terms() -> list[RetentionTerm]:
    """Every rule, newest first."""
    found = await rows("SELECT kept, days, valid_from, basis, source FROM retention_rule ORDER BY id DESC LIMIT 500")
    return [msgspec.convert(each, RetentionTerm) for each in found]


@household_rights()
async def holds(limit: int) -> list[HoldCard]:
    """Holds, those that go on first, then newest first."""
    found = await rows(
        "SELECT d.number, h.code AS household, d.document, d.placed_by, d.placed_at, d.released_by, d.released_at,"
        " d.release_document FROM household_hold d JOIN household h ON h.id = d.household_id"
        " ORDER BY d.released_at IS NOT NULL, d.id DESC LIMIT $1",
        min(limit, MAX_PAGE),
    )
    return [msgspec.convert(each, HoldCard) for each in found]


@household_rights()
async def erasures(cursor: str | None, limit: int) -> tuple[list[ErasureCard], str | None]:
    """A page of erasures, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT e.id, e.number, h.code AS household, e.ground, e.state, e.document, e.proposed_by, e.proposed_at,"
        " e.decided_by, e.decided_at, e.decision_note, e.erased_at, e.report::text AS report FROM household_erasure e"
        " JOIN household h ON h.id = e.household_id WHERE $1::bigint IS NULL OR e.id < $1"
        " ORDER BY e.id DESC LIMIT $2",
        before,
        limit + 1,
    )
    cards = [
        msgspec.convert(each | {"report": each["report"] and msgspec.json.decode(each["report"])}, ErasureCard)
        for each in found[:limit]
    ]
    return cards, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def _locked(code: str) -> int:
    found = await scalar("SELECT id FROM household WHERE code = $1 FOR UPDATE", code)
    if found is None:
        raise HouseholdUnknown(household=code)
    return int(found)
