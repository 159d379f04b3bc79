"""What buyers and merchants have in this room."""

from datetime import timedelta

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.promotions.shop import judge_title


async def give(owner: Owner) -> None:
    """A campaign of the merchant that runs, and a coupon of it that the buyer has claimed."""
    begin, end = utc_now() - timedelta(hours=1), utc_now() + timedelta(days=9)
    terms = {
        "title": "示例满减券", "threshold_fen": 1000, "off_fen": 100, "quantity": 10, "budget_fen": 1000,
        "claim_from": begin.isoformat(), "claim_until": end.isoformat(), "use_from": begin.isoformat(),
        "use_until": end.isoformat(),
    }  # fmt: skip
    campaign = (await owner.ask("merchant_clerk", "POST", "/v1/console/coupon-campaigns", terms))["terms"]["campaign"]
    await judge_title(campaign)
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/coupon-campaigns/{campaign}/state", {"state": "running"})
    coupon = (await owner.ask("consumer", "POST", f"/v1/miniapp/coupon-campaigns/{campaign}/coupons"))["number"]
    owner.found.by_pattern["/v1/(miniapp|console)/coupon-campaigns/"] = {"number": campaign}
    owner.found.by_pattern["/v1/console/coupons/"] = {"number": coupon}
    owner.found.shared["miniapp.claim_coupon"] = "a campaign is open to every buyer"
    owner.found.private["merchant_clerk"] |= {campaign}
    owner.found.private["consumer"] |= {coupon}
