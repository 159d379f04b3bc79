"""Measures of help: what is done for a household, against which risk, with which money, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, rows
from kit.numbers import public_number
from poverty_alleviation.help.errors import HelpInvalid, MeasureUnknown
from poverty_alleviation.help.models import HelpMeasure, MeasureFit
from poverty_alleviation.help.pages import newest_first
from poverty_alleviation.help.responsible import id_of_household
from poverty_alleviation.register.labels import check_label
from poverty_alleviation.register.models import LabelKind
from poverty_alleviation.vault import household_rights


class MeasureDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is done from a day on; ``risk`` is the cause that it answers, ``funds_fen`` public money with its source."""

    kind: str
    about: str
    document: str
    valid_from: date
    risk: str | None = None
    funds_fen: int = 0
    funds_source: str = ""


class MeasureCard(msgspec.Struct, frozen=True, kw_only=True):
    """A measure; ``valid_until`` is the first day on which nothing is done any more, ``result`` what came of it."""

    number: str
    household: str
    kind: str
    risk: str | None
    about: str
    funds_fen: int
    funds_source: str
    document: str
    valid_from: date
    valid_until: date | None
    result: str
    recorded_by: str
    recorded_at: datetime


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a kind of measure answers a risk; ``source`` is the document that says so."""

    measure: str
    risk: str
    fits: bool
    source: str


@dataclass(frozen=True)
class Measures:
    """The poverty office alone enters them. ``by`` is the account held to it."""

    clock: Clock = utc_now

    @household_rights()
    async def record(self, household: str, draft: MeasureDraft, by: str) -> str:
        """Put a measure on record; answers its number.

        Raises LabelUnknown, :class:`HelpInvalid` (funds, risk), HouseholdUnknown.
        """
        await check_label(LabelKind.MEASURE, draft.kind)
        await check_label(LabelKind.CAUSE, draft.risk)
        if (draft.funds_fen == 0) != (draft.funds_source == ""):
            raise HelpInvalid(reason="funds")
        fitting = {each.measure for each in await fits() if each.fits and each.risk == draft.risk}
        if fitting and draft.kind not in fitting:
            raise HelpInvalid(reason="risk")
        measure = await HelpMeasure.create(
            **msgspec.structs.asdict(draft),
            number=public_number(self.clock(), "M"),
            household_id=await id_of_household(household),
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return measure.number

    @household_rights()
    async def end(self, number: str, valid_until: date, result: str, by: str) -> None:
        """End it, with what came of it. Raises :class:`MeasureUnknown`, also for a day that is not after its first."""
        ended = await execute(
            "UPDATE help_measure SET valid_until = $2, result = $3, ended_by = $4, ended_at = $5"
            " WHERE number = $1 AND valid_until IS NULL AND valid_from < $2",
            number,
            valid_until,
            result,
            by,
            self.clock(),
        )
        if not ended:
            raise MeasureUnknown(measure=number)

    async def rule(self, fit: Fit, by: str) -> None:
        """Say whether a kind of measure answers a risk; the newest word holds. Raises LabelUnknown."""
        await check_label(LabelKind.MEASURE, fit.measure)
        await check_label(LabelKind.CAUSE, fit.risk)
        await MeasureFit.create(**msgspec.structs.asdict(fit), recorded_by=by, recorded_at=self.clock())


async def fits() -> list[Fit]:
    """What holds, by risk and measure. A risk without any that fits may be answered by every kind."""
    found = await rows(
        "SELECT DISTINCT ON (risk, measure) risk, measure, fits, source FROM measure_fit"
        " ORDER BY risk, measure, id DESC"
    )
    return [msgspec.convert(each, Fit) for each in found]


@household_rights()
async def measures(household: str, cursor: str | None, limit: int) -> tuple[list[MeasureCard], str | None]:
    """A page of a household's measures, the last recorded first."""
    found, following = await newest_first(
        "SELECT t.*, h.code AS household FROM help_measure t JOIN household h ON h.id = t.household_id"
        " WHERE h.code = $3",
        cursor,
        limit,
        household,
    )
    return [msgspec.convert(each, MeasureCard) for each in found], following
