"""A household's income of a year as a list or a survey tells it (AC07), and which of its items count.

It is what somebody wrote down of the whole household, and stands beside what the books know it received: the two are
never added, and neither decides how a household stands (domain reference 2.1 to 2.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.register.errors import IncomeInvalid
from poverty_alleviation.register.models import HouseholdIncome, IncomeItem, IncomeItemRule
from poverty_alleviation.vault import household_rights

TRANSFERS = (
    "family_planning_fen", "low_income_allowance_fen", "destitute_support_fen", "pension_fen", "ecological_fen",
    "other_transfer_fen",
)  # fmt: skip
"""The parts of the transfers: aac076, 077, 086, 087, 078, 083."""


class IncomeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A year's income in fen. The six parts of the transfers are all told, or none is.

    ``total_fen`` is the sum of the four kinds, ``net_fen`` that without the cost of production, and
    ``net_per_person_fen`` its share, rounded either way.
    """

    wage_fen: int
    production_fen: int
    property_fen: int
    transfer_fen: int
    family_planning_fen: int | None = None
    low_income_allowance_fen: int | None = None
    destitute_support_fen: int | None = None
    pension_fen: int | None = None
    ecological_fen: int | None = None
    other_transfer_fen: int | None = None
    total_fen: int
    production_cost_fen: int
    net_fen: int
    net_per_person_fen: int


class IncomeCard(IncomeFigures, frozen=True, kw_only=True):
    """A record of a year, and what it comes to without the items that do not count in that year.

    ``holds`` says whether no later record has taken its place. The counted figures are None where an item that does
    not count was not told apart.
    """

    year: int
    persons: int
    not_counted: list[IncomeItem]
    counted_net_fen: int | None
    counted_net_per_person_fen: int | None
    document: str
    recorded_at: datetime
    holds: bool


class ItemRule(msgspec.Struct, frozen=True):
    """Whether an item counts in a year, and the document that says so."""

    item: IncomeItem
    year: int
    counted: bool
    source: str


def income_faults(of: IncomeFigures, persons: int) -> list[str]:
    """The members that are not what the others say they are; none when everything adds up."""
    parts = [getattr(of, name) for name in TRANSFERS]
    told = [part for part in parts if part is not None]
    wrong = {
        "transfer_fen": bool(told) and (len(told) < len(parts) or sum(told) != of.transfer_fen),
        "total_fen": of.total_fen != of.wage_fen + of.production_fen + of.property_fen + of.transfer_fen,
        "net_fen": of.net_fen != of.total_fen - of.production_cost_fen,
        "net_per_person_fen": abs(of.net_per_person_fen * persons - of.net_fen) >= persons,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


@dataclass(frozen=True)
class Incomes:
    """Incomes of years and what counts in them. The poverty office writes both."""

    clock: Clock = utc_now

    @household_rights()
    async def record(
        self, household: str, year: int, persons: int, told: IncomeFigures, document: str, by: str
    ) -> None:
        """Add a year's income; one that is there stays, and no longer holds.

        Raises :class:`IncomeInvalid` and HouseholdUnknown.
        """
        if wrong := income_faults(told, persons):
            raise IncomeInvalid(members=wrong)
        async with transaction():
            household_id = await scalar(
                "SELECT id FROM household WHERE code = $1 AND erased_at IS NULL FOR UPDATE", household
            )
            if household_id is None:
                raise HouseholdUnknown(household=household)
            await HouseholdIncome.create(
                **msgspec.structs.asdict(told),
                household_id=household_id,
                year=year,
                persons=persons,
                document=document,
                recorded_by=by,
                recorded_at=self.clock(),
            )

    async def rule(self, rule: ItemRule, by: str) -> None:
        """Say whether an item counts in a year; what was said before stays on record."""
        await IncomeItemRule.create(**msgspec.structs.asdict(rule), recorded_by=by, recorded_at=self.clock())


async def item_rules() -> list[ItemRule]:
    """The rules that hold, the newest year first."""
    found = await rows(
        "SELECT DISTINCT ON (year, item) item, year, counted, source FROM income_item_rule"
        " ORDER BY year DESC, item, id DESC LIMIT 1000"
    )
    return [msgspec.convert(each, ItemRule) for each in found]


@household_rights()
async def incomes(household: str) -> list[IncomeCard]:
    """Every record of a household, the newest year and in it the newest record first."""
    figures = ", ".join(f"i.{name}" for name in IncomeFigures.__struct_fields__)
    found = await rows(
        f"SELECT {figures}, i.year, i.persons, i.document, i.recorded_at,"
        " row_number() OVER (PARTITION BY i.year ORDER BY i.id DESC) = 1 AS holds"
        " FROM household h LEFT JOIN household_income i ON i.household_id = h.id WHERE h.code = $1"
        " ORDER BY i.year DESC, i.id DESC LIMIT 1000",
        household,
    )
    if not found:
        raise HouseholdUnknown(household=household)
    left_out = [rule for rule in await item_rules() if not rule.counted]
    return [
        _card(each, [rule.item for rule in left_out if rule.year == each["year"]])
        for each in found
        if each["year"] is not None
    ]


def _card(found: Mapping[str, object], not_counted: list[IncomeItem]) -> IncomeCard:
    told = msgspec.convert(found, IncomeFigures)
    amounts = [getattr(told, f"{item}_fen") for item in not_counted]
    net = None if None in amounts else told.net_fen - sum(amounts)
    persons = msgspec.convert(found["persons"], int)
    return msgspec.convert(
        {
            **found,
            "not_counted": not_counted,
            "counted_net_fen": net,
            # Half a fen away from zero, as a list is told.
            "counted_net_per_person_fen": None if net is None else _share(net, persons),
        },
        IncomeCard,
    )


def _share(fen: int, persons: int) -> int:
    share = (2 * abs(fen) + persons) // (2 * persons)
    return share if fen >= 0 else -share
