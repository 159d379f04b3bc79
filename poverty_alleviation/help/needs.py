"""Needs of households: raised, answered, then met or refused; every step stays."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number
from poverty_alleviation.help.errors import HelpInvalid, MeasureUnknown, NeedNotMovable, NeedUnknown, VisitUnknown
from poverty_alleviation.help.models import NEED_TRANSITIONS, HouseholdNeed, NeedState, NeedStep
from poverty_alleviation.help.pages import newest_first
from poverty_alleviation.help.responsible import id_of_household
from poverty_alleviation.register.labels import check_label
from poverty_alleviation.register.models import LabelKind
from poverty_alleviation.vault import household_rights


class NeedDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, in the household's words; ``kind`` as of a measure, ``visit`` the one at which it was said."""

    kind: str
    said: str
    raised_on: date
    visit: str | None = None


class NeedStepCard(msgspec.Struct, frozen=True, kw_only=True):
    """What it came to; ``note`` is None for whoever may not read words about a household."""

    state: NeedState
    measure: str | None
    note: str | None
    recorded_by: str
    recorded_at: datetime


class NeedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A need with its steps; ``said`` is None for whoever may not read words about a household."""

    number: str
    household: str
    visit: str | None
    state: NeedState
    kind: str
    said: str | None
    raised_on: date
    recorded_by: str
    recorded_at: datetime
    steps: list[NeedStepCard]


@dataclass(frozen=True)
class Needs:
    """The poverty office alone enters and answers them. ``by`` is the account held to it."""

    clock: Clock = utc_now

    @household_rights()
    async def record(self, household: str, draft: NeedDraft, by: str) -> str:
        """Put a need on record; answers its number.

        Raises LabelUnknown, :class:`HelpInvalid` for a day to come, :class:`VisitUnknown`, HouseholdUnknown.
        """
        await check_label(LabelKind.MEASURE, draft.kind)
        if draft.raised_on > china_day(self.clock()):
            raise HelpInvalid(reason="day")
        household_id, visit_id = await id_of_household(household), None
        if draft.visit is not None:
            at = "SELECT id FROM household_visit WHERE number = $1 AND household_id = $2"
            visit_id = await scalar(at, draft.visit, household_id)
            if visit_id is None:
                raise VisitUnknown(visit=draft.visit)
        need = await HouseholdNeed.create(
            number=public_number(self.clock(), "N"),
            household_id=household_id,
            visit_id=visit_id,
            state=NeedState.RAISED,
            kind=draft.kind,
            said=draft.said,
            raised_on=draft.raised_on,
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return need.number

    @household_rights()
    async def move(self, number: str, state: NeedState, note: str, by: str, measure: str | None = None) -> None:
        """Take one step, with words and perhaps the household's measure by which it is answered or met.

        Raises :class:`NeedUnknown`, :class:`NeedNotMovable` with the ``state`` it stands in, :class:`MeasureUnknown`.
        """
        async with transaction():
            found = await row("SELECT id, household_id, state FROM household_need WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise NeedUnknown(need=number)
            old = NeedState(found["state"])
            if state not in NEED_TRANSITIONS[old]:
                raise NeedNotMovable(state=old)
            of = "SELECT id FROM help_measure WHERE number = $1 AND household_id = $2"
            measure_id = None if measure is None else await scalar(of, measure, found["household_id"])
            if measure is not None and measure_id is None:
                raise MeasureUnknown(measure=measure)
            await execute(
                "UPDATE household_need SET state = $2 WHERE id = $1 AND state = $3", found["id"], str(state), str(old)
            )
            await NeedStep.create(
                need_id=found["id"],
                state=state,
                measure_id=measure_id,
                note=note,
                recorded_by=by,
                recorded_at=self.clock(),
            )


@household_rights()
async def needs(
    household: str | None, state: NeedState | None, cursor: str | None, limit: int, *, with_words: bool
) -> tuple[list[NeedCard], str | None]:
    """A page of the needs of one household or of all, in one state or in any, the last recorded first."""
    found, following = await newest_first(
        "SELECT t.id, t.number, t.state, t.kind, t.raised_on, t.recorded_by, t.recorded_at, h.code AS household,"
        " v.number AS visit, CASE WHEN $5 THEN t.said END AS said,"
        " (SELECT coalesce(jsonb_agg(jsonb_build_object('state', s.state, 'measure', m.number, 'note',"
        " CASE WHEN $5 THEN s.note END, 'recorded_by', s.recorded_by, 'recorded_at', s.recorded_at) ORDER BY s.id),"
        " '[]') FROM need_step s LEFT JOIN help_measure m ON m.id = s.measure_id WHERE s.need_id = t.id)::text AS steps"
        " FROM household_need t JOIN household h ON h.id = t.household_id"
        " LEFT JOIN household_visit v ON v.id = t.visit_id"
        " WHERE ($3::text IS NULL OR h.code = $3) AND ($4::text IS NULL OR t.state = $4)",
        cursor,
        limit,
        household,
        None if state is None else str(state),
        with_words,
    )
    return [
        msgspec.convert({**each, "steps": msgspec.json.decode(each["steps"])}, NeedCard) for each in found
    ], following
