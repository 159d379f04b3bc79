"""Visits: who was at a household, on which day, and what was seen. Added by the office, never changed."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import scalar
from kit.numbers import public_number
from poverty_alleviation.help.errors import HelperUnknown, HelpInvalid
from poverty_alleviation.help.models import HouseholdVisit
from poverty_alleviation.help.pages import newest_first
from poverty_alleviation.help.responsible import id_of_household
from poverty_alleviation.vault import household_rights


class VisitDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A visit; ``helper`` is whose it was, None for the officer who writes it down. ``document`` is the paper of it."""

    visited_on: date
    seen: str
    document: str
    helper: str | None = None


class VisitCard(msgspec.Struct, frozen=True, kw_only=True):
    """A visit; ``seen`` is None for whoever may not read words about a household."""

    number: str
    household: str
    helper: str | None
    visited_on: date
    seen: str | None
    document: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True)
class Visits:
    """The poverty office alone enters them. ``by`` is the account held to it."""

    clock: Clock = utc_now

    @household_rights()
    async def record(self, household: str, draft: VisitDraft, by: str) -> str:
        """Put a visit on record; answers its number. A helper visits the own households alone.

        Raises :class:`HelpInvalid` for a day to come, :class:`HelperUnknown` for a helper who was not responsible for
        the household on the day, HouseholdUnknown.
        """
        if draft.visited_on > china_day(self.clock()):
            raise HelpInvalid(reason="day")
        household_id, helper_id = await id_of_household(household), None
        if draft.helper is not None:
            helper_id = await scalar(
                "SELECT p.id FROM helper p JOIN help_span s ON s.helper_id = p.id WHERE p.code = $1"
                " AND s.household_id = $2 AND daterange(s.valid_from, s.valid_until) @> $3::date",
                draft.helper,
                household_id,
                draft.visited_on,
            )
            if helper_id is None:
                raise HelperUnknown(helper=draft.helper)
        visit = await HouseholdVisit.create(
            number=public_number(self.clock(), "V"),
            household_id=household_id,
            helper_id=helper_id,
            visited_on=draft.visited_on,
            seen=draft.seen,
            document=draft.document,
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return visit.number


@household_rights()
async def visits(
    household: str, cursor: str | None, limit: int, *, with_words: bool
) -> tuple[list[VisitCard], str | None]:
    """A page of a household's visits, the last recorded first."""
    found, following = await newest_first(
        "SELECT t.id, t.number, t.visited_on, t.document, t.recorded_by, t.recorded_at, h.code AS household,"
        " p.code AS helper, CASE WHEN $4 THEN t.seen END AS seen"
        " FROM household_visit t JOIN household h ON h.id = t.household_id LEFT JOIN helper p ON p.id = t.helper_id"
        " WHERE h.code = $3",
        cursor,
        limit,
        household,
        with_words,
    )
    return [msgspec.convert(each, VisitCard) for each in found], following
