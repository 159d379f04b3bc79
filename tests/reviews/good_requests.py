"""Requests about reviews that succeed."""

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good


@good("miniapp.write_review")
async def write(owner: Owner) -> GoodRequest:
    order = await bought(owner, "received")
    return GoodRequest(body={"line": order.line, "stars": 5, "text": "示例评价"})
