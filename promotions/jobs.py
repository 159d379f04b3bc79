"""What time does to coupons."""

from kit.database import execute
from promotions.coupons import Coupons


async def expire_coupons(coupons: Coupons, limit: int = 1000) -> int:
    """Mark claimed coupons whose time to be used is over; answers how many."""
    return await execute(
        "UPDATE coupon SET state = 'expired', ended_at = $1 WHERE id IN (SELECT id FROM coupon"
        " WHERE state = 'claimed' AND use_until <= $1 ORDER BY use_until LIMIT $2 FOR UPDATE SKIP LOCKED)",
        coupons.clock(),
        limit,
    )
