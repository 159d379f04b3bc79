"""Requests about certificates of conformity that succeed."""

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.traceability.good_requests import goods

TOLD = {"basis": "own_promise", "contact": "19900000001"}


async def _sealed(owner: Owner) -> str:
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    lot = str(made["lot"]["number"])
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/seal")
    return lot


@good("console.issue_conformity")
async def issue(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await _sealed(owner)}, body=TOLD)


@good("console.withdraw_conformity")
async def withdraw(owner: Owner) -> GoodRequest:
    path = f"/v1/console/lots/{await _sealed(owner)}/conformity-certificate"
    made = await owner.ask("merchant_clerk", "POST", path, TOLD)
    return GoodRequest(names={"number": made["certificate"]}, body={"because": "信息有误"})
