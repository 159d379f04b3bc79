"""Commissions: what an earned order leaves to the county is split off its payment."""

from dataclasses import dataclass

from kit.database import row
from payments.sharing.service import Sharing
from referrals.shares import ReferralShares

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Commissions:
    """Conducts the split of an order's payment: the county's commission, and what the county pays a referrer."""

    sharing: Sharing
    referrals: ReferralShares

    async def share(self, order: str) -> None:
        """The order is earned: plan its share of the goods money that is left, freight aside; of 0 fen, unfreeze.

        What is owed to a referrer from now on comes on top: the merchant bears both.
        In the transaction of a delivered fact; repeating it changes nothing.
        """
        referral_fen = await self.referrals.earn(order)
        found = await row(
            "SELECT o.commission_bp, sum(l.net_fen - l.refunded_fen)::bigint AS left_fen FROM customer_order o"
            " JOIN order_line l ON l.order_id = o.id WHERE o.number = $1 AND o.to_share GROUP BY o.id",
            order,
        )
        if found is not None:
            commission_fen = found["left_fen"] * found["commission_bp"] // BASIS_POINTS
            await self.sharing.plan(order, commission_fen + referral_fen)
