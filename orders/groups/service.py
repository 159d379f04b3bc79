"""What time and a merchant's second thought do to groups. Every step is a committed state that a sweep goes on from."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.outbox import announce
from orders.after_sales import AfterSales
from orders.cases.models import FINAL
from orders.events import GroupFailed
from orders.groups.forming import judge, step
from orders.groups.joining import SEAT_HELD_FOR
from orders.groups.models import GroupState
from payments.service import Payments
from products.group_offers import GroupOffers
from promotions.coupons import Coupons

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=1)
"""How long after an order's time to pay a group waits to hear whether it was paid. Later money finds no group."""
NOT_FORMED = "未达到成团人数或件数，自动全额退款"

# Somebody may have paid in time: whether the money came is known only when the payment is closed at WeChat.
_STILL_PAYING = (
    "EXISTS (SELECT 1 FROM customer_order o WHERE o.group_id = g.id AND o.state = 'pending_payment'"
    " AND o.expires_at > $1::timestamptz - $2::interval)"
)


# Orders of failed groups with money that nobody has claimed yet, from an id on.
_TO_UNDO = (
    "SELECT o.id, o.number, o.consumer, t.number AS trade, l.quantity FROM buying_group g"
    " JOIN customer_order o ON o.group_id = g.id JOIN trade t ON t.id = o.trade_id"
    " JOIN order_line l ON l.order_id = o.id"
    " WHERE g.state = 'failed' AND o.state = 'paid' AND l.quantity > l.refunded_quantity AND o.id > $1"
    " AND NOT EXISTS (SELECT 1 FROM after_sales_case c"
    f" WHERE c.order_id = o.id AND c.state NOT IN {FINAL}) ORDER BY o.id LIMIT $2"
)


@dataclass(frozen=True)
class Groups:
    """Judges groups that are over, and undoes what was bought in those that have failed."""

    offers: GroupOffers
    after_sales: AfterSales
    payments: Payments
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
        """Groups whose time is over are formed or have failed as soon as it is known who has paid; answers how many."""
        await self._end_seats(limit)
        due = await rows(
            f"SELECT g.id FROM buying_group g WHERE g.state = 'open' AND g.closes_at <= $1 AND NOT {_STILL_PAYING}"
            " ORDER BY g.closes_at, g.id LIMIT $3",
            self.clock(),
            PATIENCE,
            limit,
        )
        return sum([await self._decide(each["id"]) for each in due])

    async def _end_seats(self, limit: int) -> None:
        """With its group a seat's time to pay is over, also when it has ended early; a fresh seat keeps its minutes."""
        now = self.clock()
        unpaid = await rows(
            "SELECT o.number, t.number AS trade FROM buying_group g JOIN customer_order o ON o.group_id = g.id"
            " JOIN trade t ON t.id = o.trade_id WHERE g.state = 'open' AND g.closes_at <= $1"
            " AND o.state = 'pending_payment' AND o.expires_at > $1 AND o.placed_at <= $1::timestamptz - $2::interval"
            " ORDER BY o.id LIMIT $3",
            now,
            SEAT_HELD_FOR,
            limit,
        )
        for seat in unpaid:
            async with transaction():
                if await execute(
                    "UPDATE customer_order SET expires_at = $2 WHERE number = $1 AND state = 'pending_payment'"
                    " AND expires_at > $2",
                    seat["number"],
                    now,
                ):
                    await self.payments.request_close(seat["trade"])

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
        """Give every paid order of failed groups its money back; answers how many. Those that are done are settled.

        Goes on behind an order that cannot be given back, which is tried again by the next sweep.
        """
        undone, after = 0, 0
        while undone < limit and (due := await rows(_TO_UNDO, after, limit)):
            for order in due:
                undone += await self._give_back(order)
            after = due[-1]["id"]
        await execute(
            "UPDATE buying_group g SET state = 'settled', settled_at = $1 WHERE g.state = 'failed'"
            " AND NOT EXISTS (SELECT 1 FROM customer_order o WHERE o.group_id = g.id AND o.state <> 'closed')",
            self.clock(),
        )
        return undone

    async def _give_back(self, order: Row) -> bool:
        try:
            async with transaction():
                await self.after_sales.grant_left(
                    order["consumer"], order["number"], order["quantity"], NOT_FORMED, "group"
                )
                await Coupons(self.clock).restore(order["trade"])
        except Exception:
            log.exception("group_order_not_given_back", extra={"order": order["number"]})
            return False
        return True
