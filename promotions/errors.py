"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class CampaignUnknown(NotFound):
    """There is no such campaign, or it is not the caller's."""

    code = "campaign_unknown"
    title = "优惠活动不存在"
    title_en = "No such campaign"


class CampaignInvalid(Invalid):
    """The terms of a campaign contradict each other; ``member`` says where."""

    code = "campaign_invalid"
    title = "优惠活动设置有误"
    title_en = "The terms of the campaign are not valid"


class CampaignNotMovable(Conflict):
    """The campaign is in a state from which this step does not lead; ``state`` says which."""

    code = "campaign_state"
    title = "优惠活动当前状态不允许此操作"
    title_en = "Not possible in the campaign's present state"


class CampaignTitleHeld(Conflict):
    """A merchant's title waits for a person of the county, or was refused; ``state`` says which."""

    code = "campaign_title_held"
    title = "优惠券名称尚未通过审核"
    title_en = "The title has not been passed yet"


class CampaignNotClaimable(Conflict):
    """The campaign is not running, or not now, or not here."""

    code = "campaign_not_claimable"
    title = "当前不可领取"
    title_en = "Coupons cannot be claimed now"


class CouponsGone(Conflict):
    """Every coupon of the campaign has been claimed."""

    code = "coupons_gone"
    title = "优惠券已领完"
    title_en = "All coupons are claimed"


class CouponLimitReached(Conflict):
    """The person has as many coupons of the campaign as one may have."""

    code = "coupon_limit_reached"
    title = "已达每人领取上限"
    title_en = "No more coupons for one person"


class CouponUnknown(NotFound):
    """There is no such coupon, or it is not the caller's."""

    code = "coupon_unknown"
    title = "优惠券不存在"
    title_en = "No such coupon"


class CouponNotMovable(Conflict):
    """The coupon is in a state from which this step does not lead; ``state`` says which."""

    code = "coupon_state"
    title = "优惠券当前状态不允许此操作"
    title_en = "Not possible in the coupon's present state"


class CouponNotUsable(Conflict):
    """The coupon cannot be used here; ``coupon`` and ``reason`` say which and why.

    ``reason`` is ``unknown`` (also somebody else's), ``taken`` (held, spent, expired or void), ``early``, ``late``,
    ``paused`` or ``nothing_off`` (no line it applies to, or too little of them).
    """

    code = "coupon_not_usable"
    title = "优惠券不可用"
    title_en = "The coupon cannot be used"


class CouponsNotStackable(Conflict):
    """One trade takes at most one coupon of each merchant and one of the county, each once."""

    code = "coupons_not_stackable"
    title = "优惠券不可叠加"
    title_en = "These coupons cannot be used together"
