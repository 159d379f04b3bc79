"""Requests about demonstrations that succeed."""

from poverty_alleviation.help.demonstrations import DemonstrationDraft, Demonstrations
from poverty_alleviation.help.models import DemonstrationKind
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import DECISION, household
from tests.poverty_alleviation.good_requests_income import OTHER, today


async def proposal(owner: Owner) -> str:
    """Of a new household, by somebody else."""
    draft = DemonstrationDraft(
        kind=DemonstrationKind.HOUSEHOLD, named=await household(owner), criteria="示例标准", document="示例公示 1 号",
        valid_from=today(),
    )  # fmt: skip
    return await Demonstrations().propose(draft, OTHER)


@good("console.propose_demonstration")
async def propose(owner: Owner) -> GoodRequest:
    body = {
        "kind": "household", "named": await household(owner), "criteria": "示例标准", "document": "示例公示 1 号",
        "valid_from": "2026-01-01",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("console.decide_demonstration")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await proposal(owner)}, body=DECISION)


@good("console.end_demonstration")
async def end(owner: Owner) -> GoodRequest:
    number = await proposal(owner)
    await Demonstrations().decide(number, "staff:third", "", is_approved=True)
    return GoodRequest(names={"number": number}, body={"valid_until": "2099-12-31"})
