"""Coupons that end soon: for whoever tells their owners."""

from datetime import datetime

import msgspec

from kit.database import rows


class ExpiringCoupon(msgspec.Struct, frozen=True):
    """A claimed coupon; ``owner`` is opaque."""

    number: str
    owner: str
    title: str
    use_until: datetime


async def expiring_coupons(
    now: datetime, until: datetime, after: ExpiringCoupon | None = None, limit: int = 500
) -> list[ExpiringCoupon]:
    """Claimed coupons that end between two moments, in that order from ``after`` on; one statement."""
    found = await rows(
        "SELECT c.number, c.owner, g.title, c.use_until FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id"
        " WHERE c.state = 'claimed' AND c.use_until > $1 AND c.use_until <= $2 AND (c.use_until, c.number) > ($3, $4)"
        " ORDER BY c.use_until, c.number LIMIT $5",
        now,
        until,
        after.use_until if after else now,
        after.number if after else "",
        limit,
    )
    return [ExpiringCoupon(**c) for c in found]
