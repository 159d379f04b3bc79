"""What was recorded of households year by year: only added, so a figure can be read as it was known on a day."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.register.labels import check_label
from poverty_alleviation.register.models import HouseholdYear, LabelKind
from poverty_alleviation.vault import household_rights


class YearDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a year; the codes are those of labels, the income is a head's net income in fen (aac082)."""

    year: int
    persons: int
    attribute: str | None = None
    cause: str | None = None
    exit_mark: str | None = None
    monitored: str | None = None
    net_income_per_person_fen: int | None = None


class YearCard(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a year; ``holds`` says whether no later one has taken its place."""

    year: int
    persons: int
    attribute: str | None
    cause: str | None
    exit_mark: str | None
    monitored: str | None
    net_income_per_person_fen: int | None
    document: str
    recorded_at: datetime
    holds: bool


@dataclass(frozen=True)
class Years:
    """The yearly records. The poverty office writes them."""

    clock: Clock = utc_now

    @household_rights()
    async def record(self, household: str, draft: YearDraft, document: str, by: str) -> None:
        """Add a year's record; one that is there stays, and no longer holds.

        Raises HouseholdUnknown and LabelUnknown.
        """
        kinds = (LabelKind.ATTRIBUTE, LabelKind.CAUSE, LabelKind.EXIT, LabelKind.MONITORED)
        codes = (draft.attribute, draft.cause, draft.exit_mark, draft.monitored)
        for kind, code in zip(kinds, codes, strict=True):
            await check_label(kind, code)
        async with transaction():
            household_id = await scalar(
                "SELECT id FROM household WHERE code = $1 AND erased_at IS NULL FOR UPDATE", household
            )
            if household_id is None:
                raise HouseholdUnknown(household=household)
            await HouseholdYear.create(
                **msgspec.structs.asdict(draft),
                household_id=household_id,
                document=document,
                recorded_by=by,
                recorded_at=self.clock(),
            )


@household_rights()
async def years(household: str) -> list[YearCard]:
    """Every record of a household, the newest year and in it the newest record first."""
    found = await rows(
        "SELECT y.year, y.persons, y.attribute, y.cause, y.exit_mark, y.monitored, y.net_income_per_person_fen,"
        " y.document, y.recorded_at, row_number() OVER (PARTITION BY y.year ORDER BY y.id DESC) = 1 AS holds"
        " FROM household h LEFT JOIN household_year y ON y.household_id = h.id WHERE h.code = $1"
        " ORDER BY y.year DESC, y.id DESC LIMIT 1000",
        household,
    )
    if not found:
        raise HouseholdUnknown(household=household)
    return [msgspec.convert(each, YearCard) for each in found if each["year"] is not None]
