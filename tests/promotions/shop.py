"""Campaigns and coupons for tests."""

from datetime import timedelta
from typing import Any

from content.texts import Texts
from kit.clock import utc_now
from kit.database import row, scalar
from promotions.campaigns import CampaignDraft, Campaigns
from promotions.coupons import Coupons, CouponTerms, DiscountedLine, PricedLine, coupon_terms, discounts_of
from promotions.models import CampaignState

DAY = timedelta(days=1)


def draft_of(**changes: Any) -> CampaignDraft:
    """20 yuan off from 100 yuan on, 100 coupons, one for each person, the county's money."""
    now = utc_now()
    members: dict[str, Any] = {
        "title": "示例优惠券", "threshold_fen": 10_000, "off_fen": 2_000, "off_bp": 0, "cap_fen": 0, "products": None,
        "quantity": 100, "per_person": 1, "claim_from": now - DAY, "claim_until": now + DAY, "use_from": now - DAY,
        "use_until": now + 7 * DAY, "merchant_bears_bp": 0, "budget_fen": 10**9, "source_document": "示例文件 3 号",
        **changes,
    }  # fmt: skip
    return CampaignDraft(**members)


async def running_campaign(merchant: str | None = None, **changes: Any) -> str:
    """A campaign whose coupons can be claimed; answers its number."""
    if merchant is not None:
        changes = {"merchant_bears_bp": 10_000, **changes}
    number = await Campaigns().draft(merchant, draft_of(**changes), "staff:test")
    if merchant is not None:
        await judge_title(number)
    await Campaigns().move(merchant, number, CampaignState.RUNNING, "staff:test")
    return number


async def judge_title(campaign: str, *, passed: bool = True) -> None:
    """A person of the county has read the title of a merchant's campaign."""
    text = await scalar("SELECT number FROM content_text WHERE subject = $1", f"coupon_campaign:{campaign}")
    await Texts().decide(text, passed, "staff:county", "示例")


async def claimed_coupon(owner: str = "C1", merchant: str | None = None, **changes: Any) -> str:
    """A coupon of a campaign of its own."""
    return await Coupons().claim(owner, await running_campaign(merchant, **changes))


def terms_of(coupon: str = "Q1", merchant: str | None = None, **changes: Any) -> CouponTerms:
    """Terms without a row."""
    members: dict[str, Any] = {
        "coupon": coupon, "campaign": f"G{coupon}", "merchant": merchant, "threshold_fen": 1, "off_fen": 0, "off_bp": 0,
        "cap_fen": 10**8, "products": None, "merchant_bears_bp": 10_000 if merchant else 0, **changes,
    }  # fmt: skip
    if members["off_fen"]:
        members["cap_fen"] = members["off_fen"]
    return CouponTerms(**members)


async def hold(owner: str, coupons: list[str], reference: str, lines: list[PricedLine]) -> list[DiscountedLine]:
    """What a checkout does with coupons, in the caller's transaction; answers the lines with their discounts."""
    found = discounts_of(await coupon_terms(owner, coupons), lines)
    priced = [DiscountedLine(line.reference, line.left_fen, found[line.reference]) for line in lines]
    await Coupons().hold(owner, coupons, reference, priced)
    return priced


async def state_of(coupon: str) -> tuple[str, str | None]:
    """State and reference of a coupon."""
    found = await row("SELECT state, reference FROM coupon WHERE number = $1", coupon)
    assert found is not None
    return found["state"], found["reference"]
