"""Naming demonstrations: proposed by one account, decided by another, ended by a last day (K14)."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from merchants.queries import payee
from poverty_alleviation.errors import HouseholdUnknown, SpanOverlaps
from poverty_alleviation.help.errors import (
    DemonstrationDecided,
    DemonstrationOverlaps,
    DemonstrationUnknown,
)
from poverty_alleviation.help.models import (
    DEMONSTRATION_TRANSITIONS,
    Demonstration,
    DemonstrationKind,
    DemonstrationState,
)
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.vault import household_rights


class DemonstrationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to name, by which criteria and paper, from a day on; ``valid_until`` is the first day no longer."""

    kind: DemonstrationKind
    named: str
    criteria: str
    document: str
    valid_from: date
    valid_until: date | None = None


class DemonstrationCard(msgspec.Struct, frozen=True, kw_only=True):
    """One demonstration."""

    number: str
    kind: DemonstrationKind
    named: str
    state: DemonstrationState
    criteria: str
    document: str
    valid_from: date
    valid_until: date | None
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Demonstrations:
    """The register. ``by`` is the account held to it."""

    clock: Clock = utc_now

    @household_rights()
    async def propose(self, draft: DemonstrationDraft, by: str) -> str:
        """Propose to name a merchant or a household; answers the number.

        Raises MerchantUnknown, HouseholdUnknown, ``SpanOverlaps``, :class:`DemonstrationOverlaps`.
        """
        if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
            raise SpanOverlaps(valid_until=draft.valid_until.isoformat())
        if draft.kind is DemonstrationKind.ENTERPRISE:
            await payee(draft.named)
        elif not await scalar("SELECT 1 FROM household WHERE code = $1", draft.named):
            raise HouseholdUnknown(household=draft.named)
        number = public_number(self.clock(), "D")
        try:
            async with transaction():
                await Demonstration.create(
                    **msgspec.structs.asdict(draft),
                    number=number,
                    state=DemonstrationState.PROPOSED,
                    made_by=by,
                    made_at=self.clock(),
                )
        except IntegrityError:
            raise DemonstrationOverlaps(kind=draft.kind) from None
        return number

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve or refuse it; who proposed it may only take it back. The same decision again changes nothing.

        Raises :class:`DemonstrationUnknown`, :class:`DemonstrationDecided`, ``SecondPersonNeeded``,
        :class:`DemonstrationOverlaps`.
        """
        to = DemonstrationState.APPROVED if is_approved else DemonstrationState.REFUSED
        async with transaction():
            found = await row(
                "SELECT kind, state, made_by, decided_by FROM demonstration WHERE number = $1 FOR UPDATE", number
            )
            if found is None:
                raise DemonstrationUnknown(demonstration=number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in DEMONSTRATION_TRANSITIONS[DemonstrationState(found["state"])]:
                raise DemonstrationDecided(state=found["state"])
            if is_approved and found["made_by"] == by:
                raise SecondPersonNeeded()
            try:
                async with transaction():
                    await execute(
                        "UPDATE demonstration SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                        " WHERE number = $1 AND state = 'proposed'",
                        number,
                        str(to),
                        by,
                        self.clock(),
                        note,
                    )
            except IntegrityError:
                raise DemonstrationOverlaps(kind=found["kind"]) from None

    @household_rights()
    async def end(self, number: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which it is none any more; once, and never later than before.

        Raises :class:`DemonstrationUnknown`.
        """
        ended = await execute(
            "UPDATE demonstration SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE number = $1"
            " AND state = 'approved' AND ended_at IS NULL AND valid_from < $2"
            " AND (valid_until IS NULL OR valid_until > $2)",
            number,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise DemonstrationUnknown(demonstration=number)


@household_rights()
async def demonstrations(number: str | None = None) -> list[DemonstrationCard]:
    """All demonstrations or one, newest first (at most 500)."""
    found = await rows(
        "SELECT * FROM demonstration WHERE ($1::text IS NULL OR number = $1) ORDER BY id DESC LIMIT 500", number
    )
    return [msgspec.convert(each, DemonstrationCard) for each in found]


@household_rights()
async def demonstration_counts(day: date) -> dict[str, int]:
    """How many enterprises and households are demonstrations on a day, each once (K14), merged ones too."""
    found = await rows(
        "SELECT d.kind, count(DISTINCT coalesce(s.code, d.named)) AS many FROM demonstration d"
        f" LEFT JOIN household h ON d.kind = 'household' AND h.code = d.named LEFT JOIN {standing('$1::date')} AS s"
        " ON s.id = h.id WHERE d.state = 'approved' AND daterange(d.valid_from, d.valid_until) @> $1::date GROUP BY 1",
        day,
    )
    return dict.fromkeys(DemonstrationKind, 0) | {each["kind"]: each["many"] for each in found}
