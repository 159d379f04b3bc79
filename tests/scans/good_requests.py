"""Requests about codes to scan that succeed."""

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good


@good("console.make_scan_code")
async def make(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"product": owner.house.product, "place": "label", "note": "示例标签"})
