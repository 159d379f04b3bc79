"""What time and a merchant's second thought do to groups. Every step is a committed state that a sweep goes on from."""

from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from kit.outbox import announce
from orders.after_sales import AfterSales
from orders.cases.models import FINAL
from orders.events import GroupFailed
from orders.groups.forming import judge, step
from orders.groups.models import GroupState
from products.group_offers import GroupOffers
from promotions.coupons import Coupons

PATIENCE = timedelta(hours=1)
"""How long after an order's time to pay a group waits to hear whether it was paid. Later money finds no group."""
NOT_FORMED = "未达到成团人数或件数，自动全额退款"

# Somebody may still be paying: whether the money came is known only when the payment is closed at WeChat.
_STILL_PAYING = (
    "EXISTS (SELECT 1 FROM customer_order o WHERE o.group_id = g.id AND o.state = 'pending_payment'"
    " AND o.expires_at > $1::timestamptz - $2::interval)"
)


@dataclass(frozen=True)
class Groups:
    """Judges groups that are over, and undoes what was bought in those that have failed."""

    offers: GroupOffers
    after_sales: AfterSales
    clock: Clock = utc_now

    async def end_offer(self, offer: str, reason: str, by: str, merchant: str | None = None) -> None:
        """End a group offer before its time: for its groups it is as if their time were over now, and nothing else.

        A formed group stays formed and is delivered. Repeating it changes nothing. Raises OfferUnknown.
        """
        await self.offers.end(offer, reason, by, merchant)
        await execute(
            "UPDATE buying_group SET closes_at = $2"
            " WHERE offer = $1 AND state IN ('open', 'formed') AND closes_at > $2",
            offer,
            self.clock(),
        )

    async def decide_due(self, limit: int = 100) -> int:
        """Groups whose time is over, and in which nobody is paying any more, are formed or have failed."""
        due = await rows(
            f"SELECT g.id FROM buying_group g WHERE g.state = 'open' AND g.closes_at <= $1 AND NOT {_STILL_PAYING}"
            " ORDER BY g.closes_at, g.id LIMIT $3",
            self.clock(),
            PATIENCE,
            limit,
        )
        return sum([await self._decide(each["id"]) for each in due])

    async def _decide(self, group_id: int) -> bool:
        async with transaction():
            now = self.clock()
            held = await row(
                "SELECT * FROM buying_group WHERE id = $1 AND state = 'open' AND closes_at <= $2"
                " FOR UPDATE SKIP LOCKED",
                group_id,
                now,
            )
            # Asked again under the lock, which waits for everybody who was joining.
            if held is None or await row(
                f"SELECT 1 FROM buying_group g WHERE g.id = $3 AND {_STILL_PAYING}", now, PATIENCE, group_id
            ):
                return False
            if not await judge(held, now):
                await step(group_id, GroupState.FAILED, now)
                await announce(
                    GroupFailed(group=held["number"], offer=held["offer"], merchant=held["merchant"], failed_at=now)
                )
        return True

    async def undo_failed(self, limit: int = 100) -> int:
        """Give every paid order of failed groups its money back; answers how many. Those that are done are settled."""
        due = await rows(
            "SELECT o.number, o.consumer, t.number AS trade, l.quantity FROM buying_group g"
            " JOIN customer_order o ON o.group_id = g.id JOIN trade t ON t.id = o.trade_id"
            " JOIN order_line l ON l.order_id = o.id"
            " WHERE g.state = 'failed' AND o.state = 'paid' AND NOT EXISTS (SELECT 1 FROM after_sales_case c"
            f" WHERE c.order_id = o.id AND c.state NOT IN {FINAL}) ORDER BY o.id LIMIT $1",
            limit,
        )
        for order in due:
            async with transaction():
                await self.after_sales.grant_left(
                    order["consumer"], order["number"], order["quantity"], NOT_FORMED, "group"
                )
                await Coupons(self.clock).restore(order["trade"])
        await execute(
            "UPDATE buying_group g SET state = 'settled', settled_at = $1 WHERE g.state = 'failed'"
            " AND NOT EXISTS (SELECT 1 FROM customer_order o WHERE o.group_id = g.id AND o.state <> 'closed')",
            self.clock(),
        )
        return len(due)
