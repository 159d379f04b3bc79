"""Divisions and sites."""

import pytest

from kit.database import execute
from places.errors import DivisionCodeInvalid, DivisionUnknown, SiteCodeTaken
from places.models import SiteKind, SiteLevel, SiteState
from places.queries import division_names, sites, townships, villages
from places.service import Places

pytestmark = pytest.mark.asyncio


async def test_a_division_stands_below_the_one_its_code_begins_with(database: str) -> None:
    places = Places()
    with pytest.raises(DivisionUnknown):
        await places.enter_division("533124101", "章凤镇")
    await places.enter_division("533124", "陇川县")
    await places.enter_division("533124101", "章凤")
    await places.enter_division("533124101", "章凤镇")  # a corrected name
    await places.enter_division("533124101001", "示例村01")
    assert [(t.code, t.name) for t in await townships()] == [("533124101", "章凤镇")]
    assert [v.name for v in await villages("533124101")] == ["示例村01"]
    assert await division_names(["533124", "999999"]) == {"533124": "陇川县"}


@pytest.mark.parametrize("code", ["", "53312", "5331241010", "53312x", "５３３１２４"])
async def test_a_code_that_is_none_is_refused(database: str, code: str) -> None:
    with pytest.raises(DivisionCodeInvalid):
        await Places().enter_division(code, "示例")


async def test_the_database_refuses_a_division_below_another_parent(database: str) -> None:
    await Places().enter_division("533124", "陇川县")
    with pytest.raises(Exception, match="division_code_below_parent"):
        await execute(
            "INSERT INTO division (code, name, level, parent_id) VALUES ('533123101', '示例', 'township', '533124')"
        )


async def test_sites_are_found_in_and_below_a_division(database: str) -> None:
    places = Places()
    for code, name in (("533124", "陇川县"), ("533124101", "章凤镇"), ("533124101001", "示例村01")):
        await places.enter_division(code, name)
    for code, level, division in (
        ("S-1", SiteLevel.CENTRE, "533124"),
        ("S-2", SiteLevel.STATION, "533124101"),
        ("S-3", SiteLevel.POINT, "533124101001"),
    ):
        await places.enter_site(code, "示例站", SiteKind.SERVICE, level, division, SiteState.OPERATING)
    assert [s.code for s in await sites("533124101")] == ["S-2", "S-3"]
    assert len(await sites("533124")) == 3
    with pytest.raises(SiteCodeTaken):
        await places.enter_site("S-1", "示例站", SiteKind.LOGISTICS, SiteLevel.STATION, "533124101", SiteState.PLANNED)
