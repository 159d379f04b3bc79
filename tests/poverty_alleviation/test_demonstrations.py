"""Demonstrations are real merchants and households, named by two persons, once on any day, and counted once."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, scalar
from ledger.errors import SecondPersonNeeded
from merchants.errors import MerchantUnknown
from poverty_alleviation.errors import HouseholdUnknown, SpanOverlaps
from poverty_alleviation.help.demonstrations import (
    DemonstrationDraft,
    Demonstrations,
    demonstration_counts,
    demonstrations,
)
from poverty_alleviation.help.errors import DemonstrationDecided, DemonstrationOverlaps, DemonstrationUnknown
from poverty_alleviation.help.models import DEMONSTRATION_TRANSITIONS, DemonstrationKind, DemonstrationState
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.superuser import as_superuser

DAY = date(2026, 6, 1)
ENTERPRISE, HOUSEHOLD = DemonstrationKind.ENTERPRISE, DemonstrationKind.HOUSEHOLD


async def proposed(county: County, **changes: Any) -> str:
    """H1, unless told otherwise."""
    said: dict[str, Any] = {
        "kind": HOUSEHOLD, "named": "示例H1", "criteria": "示例标准", "document": "示例公示1号", "valid_from": DAY,
    }  # fmt: skip
    return await Demonstrations(county.clock).propose(DemonstrationDraft(**(said | changes)), OFFICER)


async def named(county: County, **changes: Any) -> str:
    """Approved by the second officer."""
    number = await proposed(county, **changes)
    await Demonstrations(county.clock).decide(number, SECOND, "示例", is_approved=True)
    return number


async def test_each_is_counted_once_on_its_days_and_only_when_approved(county: County) -> None:
    register = Demonstrations(county.clock)
    first = await named(county)
    await named(county, kind=ENTERPRISE, named=county.merchant, valid_until=date(2026, 9, 1))
    await proposed(county, named="示例H2")
    for day, counts in (
        (date(2026, 5, 31), (0, 0)),
        (DAY, (1, 1)),
        (date(2026, 8, 31), (1, 1)),
        (date(2026, 9, 1), (0, 1)),
    ):
        assert await demonstration_counts(day) == {"enterprise": counts[0], "household": counts[1]}
    await register.end(first, date(2026, 10, 1), OFFICER)
    assert await demonstration_counts(date(2026, 10, 1)) == {"enterprise": 0, "household": 0}
    again = await named(county, valid_from=date(2026, 10, 1))
    assert await demonstration_counts(date(2026, 11, 1)) == {"enterprise": 0, "household": 1}
    for number, day in ((first, date(2026, 9, 1)), (again, date(2026, 10, 1)), ("D404", DAY)):
        with pytest.raises(DemonstrationUnknown):
            await register.end(number, day, OFFICER)


async def test_nothing_is_named_twice_for_a_day(county: County) -> None:
    """Neither proposed nor approved, by two at once either; the table refuses it."""
    answers = await asyncio.gather(*(proposed(county) for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["DemonstrationOverlaps"] * 3 + ["str"]
    (number,) = [each for each in answers if isinstance(each, str)]
    register = Demonstrations(county.clock)
    await register.decide(number, SECOND, "", is_approved=True)
    overlapping = await proposed(county, valid_from=date(2026, 7, 1))
    with pytest.raises(DemonstrationOverlaps):
        await register.decide(overlapping, SECOND, "", is_approved=True)
    assert [each.state for each in await demonstrations(overlapping)] == ["proposed"]


async def test_only_who_is_known_can_be_named(county: County) -> None:
    for said, refusal in (
        ({"named": "示例H9"}, HouseholdUnknown),
        ({"kind": ENTERPRISE, "named": "示例H1"}, MerchantUnknown),
        ({"named": county.merchant}, HouseholdUnknown),
        ({"valid_until": DAY}, SpanOverlaps),
    ):
        with pytest.raises(refusal):
            await proposed(county, **said)


@pytest.mark.parametrize("state", list(DemonstrationState))
async def test_every_decision_in_every_state_goes_where_the_table_says(
    county: County, state: DemonstrationState
) -> None:
    register = Demonstrations(county.clock)
    for to, who in ((DemonstrationState.APPROVED, "示例H1"), (DemonstrationState.REFUSED, "示例H2")):
        number, approves = await proposed(county, named=who), to is DemonstrationState.APPROVED
        if state is not DemonstrationState.PROPOSED:
            await register.decide(number, SECOND, "", is_approved=state is DemonstrationState.APPROVED)
        if to in DEMONSTRATION_TRANSITIONS[state]:
            if approves:
                with pytest.raises(SecondPersonNeeded):
                    await register.decide(number, OFFICER, "", is_approved=True)
            for _ in range(2):
                await register.decide(number, "staff:third", "", is_approved=approves)
            assert [each.state for each in await demonstrations(number)] == [to]
        else:
            with pytest.raises(DemonstrationDecided):
                await register.decide(number, "staff:third", "", is_approved=approves)
    with pytest.raises(DemonstrationUnknown):
        await register.decide("D404", SECOND, "", is_approved=True)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE demonstration SET criteria = 'x'",
        "UPDATE demonstration SET state = 'refused'",
        "UPDATE demonstration SET made_by = decided_by",
        "DELETE FROM demonstration",
    ],
)
async def test_what_was_decided_stays(county: County, attack: str) -> None:
    await named(county)
    with pytest.raises(BaseORMException):
        await household_rights()(execute)(attack)
    with pytest.raises(Exception, match=r"append-only|only be decided or ended"):
        await as_superuser(attack)
    async with household_rights():
        assert (
            await scalar("SELECT count(*) FROM demonstration WHERE state = 'approved' AND criteria = '示例标准'") == 1
        )
