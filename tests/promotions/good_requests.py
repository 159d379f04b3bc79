"""Requests about coupons that succeed."""

from datetime import timedelta

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.promotions.shop import running_campaign


@good("console.draft_campaign")
async def draft(owner: Owner) -> GoodRequest:
    begin, end = utc_now() - timedelta(hours=1), utc_now() + timedelta(days=9)
    body = {
        "title": "示例满减券", "threshold_fen": 1000, "off_fen": 100, "quantity": 10, "budget_fen": 1000,
        "claim_from": begin.isoformat(), "claim_until": end.isoformat(), "use_from": begin.isoformat(),
        "use_until": end.isoformat(), "products": [owner.house.product],
    }  # fmt: skip
    return GoodRequest(body=body)


@good("miniapp.claim_coupon")
async def claim(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await running_campaign(owner.house.merchant)})
