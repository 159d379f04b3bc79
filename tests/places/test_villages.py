"""Poor villages by paper and day, and how many villages have a point."""

from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
from msgspec.structs import astuple
from tortoise.exceptions import BaseORMException

from kit.database import execute
from places.errors import DivisionUnknown, PoorVillageFlagged, PoorVillageUnknown
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from places.villages import PoorVillages, coverage

BY = "staff:poverty"
ONE, TWO, THREE, FOUR = "533124101001", "533124101002", "533124201001", "533124201002"
SINCE = date(2014, 1, 1)


def clock() -> datetime:
    return datetime(2026, 11, 27, tzinfo=UTC)


@pytest_asyncio.fixture
async def register(database: str) -> PoorVillages:
    """Two townships of two villages; in the first village both points, in the second a closed one, in the third one of
    logistics; the township's own station is none of a village.
    """
    places = Places()
    for code in ("533124", "533124101", "533124201", ONE, TWO, THREE, FOUR):
        await places.enter_division(code, f"示例{code[6:]}")
    for serial, (kind, village, state) in enumerate(
        (
            (SiteKind.SERVICE, ONE, SiteState.OPERATING),
            (SiteKind.LOGISTICS, ONE, SiteState.OPERATING),
            (SiteKind.SERVICE, TWO, SiteState.SUSPENDED),
            (SiteKind.LOGISTICS, THREE, SiteState.OPERATING),
            (SiteKind.SERVICE, "533124201", SiteState.OPERATING),
        )
    ):
        await places.enter_site(f"S-{serial}", "示例点", kind, SiteLevel.POINT, village, state)
    return PoorVillages(clock)


async def test_villages_are_counted_by_township_and_day(register: PoorVillages) -> None:
    """By hand: ONE and THREE are poor from 2014 on, THREE until before 2020, FOUR from 2015 on."""
    await register.flag(ONE, SINCE, "示例名单1号", BY)
    await register.flag(ONE, SINCE, "示例名单1号", BY)
    await register.flag(THREE, SINCE, "示例名单1号", BY)
    await register.end(THREE, date(2020, 1, 1), BY)
    await register.flag(FOUR, date(2015, 1, 1), "示例名单2号", BY)
    assert [astuple(each)[0:1] + astuple(each)[2:] for each in await coverage(date(2019, 12, 31))] == [
        ("533124101", 2, 1, 1, 1, 1, 1),
        ("533124201", 2, 0, 1, 2, 0, 1),
        ("", 4, 1, 2, 3, 1, 2),
    ]
    assert [each.poor for each in await coverage(date(2020, 1, 1))] == [1, 1, 2]
    assert [each.poor for each in await coverage(date(2013, 12, 31))] == [0, 0, 0]


async def test_a_village_is_flagged_once_at_a_time_and_by_its_paper(register: PoorVillages) -> None:
    for village in ("533124101", "533124101404"):
        with pytest.raises(DivisionUnknown):
            await register.flag(village, SINCE, "示例名单1号", BY)
    with pytest.raises(PoorVillageUnknown):
        await register.end(ONE, date(2020, 1, 1), BY)
    await register.flag(ONE, SINCE, "示例名单1号", BY)
    for since, document in (
        (SINCE, "示例名单2号"),
        (date(2016, 1, 1), "示例名单1号"),
        (date(2012, 1, 1), "示例名单1号"),
    ):
        with pytest.raises(PoorVillageFlagged):
            await register.flag(ONE, since, document, BY)
    with pytest.raises(PoorVillageUnknown):
        await register.end(ONE, SINCE, BY)
    await register.end(ONE, date(2020, 1, 1), BY)
    with pytest.raises(PoorVillageFlagged):
        await register.flag(ONE, date(2019, 12, 31), "示例名单3号", BY)
    await register.flag(ONE, date(2020, 1, 1), "示例名单3号", BY)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE poor_village SET document = 'x'",
        "UPDATE poor_village SET valid_until = '2021-01-01', ended_by = 'x', ended_at = now()",
        "UPDATE poor_village SET valid_until = NULL, ended_by = NULL, ended_at = NULL",
        "DELETE FROM poor_village",
    ],
)
async def test_what_was_flagged_stays(register: PoorVillages, attack: str) -> None:
    await register.flag(ONE, SINCE, "示例名单1号", BY)
    await register.end(ONE, date(2020, 1, 1), BY)
    with pytest.raises(BaseORMException):
        await execute(attack)
