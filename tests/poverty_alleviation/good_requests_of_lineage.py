"""Requests about households that split, merge or change their head that succeed."""

import msgspec

from console_api.household_changes.schemas import ChangeInput
from poverty_alleviation.lineage.service import HouseholdChanges
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.good_requests import AT, DECISION, household
from tests.poverty_alleviation.good_requests_of_register import CHILD, card


async def a_split(owner: Owner) -> dict[str, object]:
    """A child of age leaves with an account of the own."""
    code = await household(owner)
    at = f"{AT}/households/{code}"
    head = CHILD | {"name": "示例户主", "relation": "head"}
    await owner.ask("poverty_officer", "POST", f"{at}/members", head)
    member = (await owner.ask("poverty_officer", "POST", f"{at}/members", CHILD))["code"]
    del (own := card())["holder_name"]
    await owner.ask("poverty_officer", "POST", f"{at}/accounts", own | {"member": member})
    return {
        "kind": "split", "household": code, "day": "2026-06-30", "document": "示例分户文件 1 号",
        "members": {member: "head"}, "status": "registered",
    }  # fmt: skip


async def a_change(owner: Owner) -> str:
    """That somebody else has proposed."""
    changes = mall_of(owner.house).built.services[HouseholdChanges]
    assert isinstance(changes, HouseholdChanges)
    return await changes.propose(msgspec.convert(await a_split(owner), ChangeInput).draft(), "staff:other")


@good("console.propose_household_change")
async def propose(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await a_split(owner))


@good("console.show_household_change", "console.decide_household_change")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_change(owner)}, body=DECISION)
