"""The life of an order after it has been placed: paid, closed, received, earned."""

from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.outbox import announce
from orders.bookings import holder_of
from orders.cases.models import FINAL
from orders.cases.money import late_refund_reference
from orders.errors import GroupNotFormed, OrderNotFound, OrderStateConflict
from orders.events import LateMoneyRefused, OrderClosed, OrderEarned, OrderPaid, OrderReceived, PaidLine
from orders.groups.forming import form_when_reached, unformed
from orders.groups.models import GroupState
from orders.models import DeliveryKind, OrderState
from orders.transitions import advance, advance_or_refuse
from payments.refunds import Refunds
from payments.service import Payments
from products.errors import BrandQuotaUsed, DayNotFree, SoldOut
from products.stock import Stock
from promotions.coupons import Coupons
from promotions.errors import CouponNotUsable

PAID_TOO_LATE = "paid_too_late"
"""Why an order stays closed whose money came when the goods were gone; the money is refunded in full."""

NO_OPEN_CASE = f"NOT EXISTS (SELECT 1 FROM after_sales_case c WHERE c.order_id = o.id AND c.state NOT IN {FINAL})"

_TRADE = "SELECT t.number FROM trade t JOIN customer_order o ON o.trade_id = t.id WHERE o.number = $1"


@dataclass(frozen=True)
class OrderLife:
    """Moves orders along; only conditional updates, so a repeated or late call changes nothing twice."""

    stock: Stock
    payments: Payments
    refunds: Refunds
    coupons: Coupons
    clock: Clock = utc_now

    async def mark_paid(self, number: str, occurred_at: datetime) -> None:
        """React to a confirmed payment: held stock is sold, the order is paid, once."""
        trade = await _hold_discounted_trade(number)
        order = await advance(
            number,
            OrderState.PAID,
            moment=occurred_at,
            actor="payment",
            sources=frozenset({OrderState.PENDING_PAYMENT}),
        )
        if order is not None:
            await form_when_reached(order["group_id"], self.clock())
            if trade is not None:
                await self.coupons.spend(trade, await _lines_of(number))
                await self._end(order, trade)
            await holder_of(order["delivery_kind"], self.stock, self.clock).sell(number)
            await self._announce_paid(order)

    async def settle_late_payment(self, number: str, amount_fen: int, occurred_at: datetime) -> None:
        """Money came after the order was closed: sell the goods when they are still there, else give it all back.

        Goods and coupons alike: a price that a coupon has lowered is owed only while the coupon is unused; and for a
        group that has failed never. Decided once: a repeated call finds the order paid, or its money on the way back,
        and changes nothing.
        """
        async with transaction():
            trade = await _hold_trade(number)
            held = await row(
                "SELECT paid_at, close_reason, merchant, channel, discount_fen, delivery_kind, group_id"
                " FROM customer_order WHERE number = $1 FOR UPDATE",
                number,
            )
            if held is None or held["paid_at"] is not None or held["close_reason"] == PAID_TOO_LATE:
                return
            try:
                if await unformed(held["group_id"]) in (GroupState.FAILED, GroupState.SETTLED):
                    raise GroupNotFormed()
                async with transaction():
                    await holder_of(held["delivery_kind"], self.stock, self.clock).revive(number)
                    if held["discount_fen"]:
                        await self.coupons.revive(trade, await _lines_of(number))
            except (SoldOut, BrandQuotaUsed, DayNotFree, CouponNotUsable, GroupNotFormed):
                await self._give_back(number, amount_fen)
                await announce(
                    LateMoneyRefused(
                        order=number,
                        merchant=held["merchant"],
                        channel=held["channel"],
                        amount_fen=amount_fen,
                        occurred_at=occurred_at,
                    )
                )
                return
            order = await advance(
                number,
                OrderState.PAID,
                moment=occurred_at,
                actor="payment",
                reason="late",
                sources=frozenset({OrderState.CLOSED, OrderState.PENDING_PAYMENT}),
            )
            if order is not None:
                await form_when_reached(order["group_id"], self.clock())
                await self._end(order, trade)
                await self.payments.accept_late(number)
                await self._announce_paid(order)

    async def _end(self, order: Row, trade: str) -> None:
        """The last order of a trade to be paid or to close gives back every coupon that no paid order has spent."""
        waits = await scalar(
            "SELECT sum(discount_fen) = 0 OR bool_or(paid_at IS NULL AND state <> 'closed')"
            " FROM customer_order WHERE trade_id = $1",
            order["trade_id"],
        )
        if not waits:
            await self.coupons.give_back(trade)

    async def _give_back(self, number: str, amount_fen: int) -> None:
        await self._refund_late(number, amount_fen)
        await execute(
            "UPDATE customer_order SET close_reason = $2 WHERE number = $1 AND state = 'closed'",
            number,
            PAID_TOO_LATE,
        )

    async def give_back_again(self, number: str) -> None:
        """Ask for the refund of late money again after it has failed for good; before that it changes nothing.

        Raises OrderNotFound for an order whose money did not come too late, and the refusals of the refund.
        """
        async with transaction():
            order = await row(
                "SELECT amount_fen FROM customer_order WHERE number = $1 AND close_reason = $2 FOR UPDATE",
                number,
                PAID_TOO_LATE,
            )
            if order is None:
                raise OrderNotFound()
            await self._refund_late(number, order["amount_fen"])

    async def _refund_late(self, number: str, amount_fen: int) -> None:
        """The first refund that has not failed for good."""
        attempt = 1
        while await self.refunds.is_closed(late_refund_reference(number, attempt)):
            attempt += 1
        await self.refunds.request(
            reference=number,
            refund_reference=late_refund_reference(number, attempt),
            amount_fen=amount_fen,
            reason="订单已关闭，库存不足，原路退款",
        )

    async def close_unpaid(self, number: str) -> None:
        """The payment can no longer be made: close the order and give the stock back, once."""
        async with transaction():
            trade = await _hold_trade(number)
            now = self.clock()
            closed = await advance(
                number,
                OrderState.CLOSED,
                moment=now,
                actor="payment",
                reason="expired",
                sources=frozenset({OrderState.PENDING_PAYMENT}),
            )
            if closed is not None:
                await holder_of(closed["delivery_kind"], self.stock, self.clock).release(number)
                await self._end(closed, trade)
                await announce(OrderClosed(order=number, reason=closed["close_reason"], closed_at=now))

    async def receive(self, consumer: str, number: str) -> None:
        """The consumer confirms receipt of a shipped order; repeating it changes nothing.

        What is fetched is received when its code is redeemed, by nobody's word.
        """
        async with transaction():
            now = self.clock()
            held = await row(
                "SELECT state, delivery_kind FROM customer_order WHERE number = $1 AND consumer = $2 FOR UPDATE",
                number,
                consumer,
            )
            if held is not None and held["state"] == OrderState.RECEIVED:
                return
            if held is not None and held["delivery_kind"] != DeliveryKind.ADDRESS:
                raise OrderStateConflict(state=held["state"], because="received_by_code")
            await advance_or_refuse(
                number,
                OrderState.RECEIVED,
                moment=now,
                actor=f"consumer:{consumer}",
                owner=("consumer", consumer),
                sources=frozenset({OrderState.SHIPPED}),
            )
            await announce(OrderReceived(order=number, received_at=now))

    async def earn_due(self, limit: int = 100) -> int:
        """Announce the orders whose after-sales window has passed with no open case; answers how many."""
        async with transaction():
            now = self.clock()
            # Locked first, judged in a second statement, which then sees the case of a claim that was waited for.
            ripe = await rows(
                "SELECT o.id FROM customer_order o WHERE o.state = 'received' AND o.earned_at IS NULL"
                " AND o.received_at + make_interval(secs => o.after_sales_window_s) <= $1"
                f" AND {NO_OPEN_CASE} ORDER BY o.id LIMIT $2 FOR UPDATE SKIP LOCKED",
                now,
                limit,
            )
            due = await rows(
                f"UPDATE customer_order o SET earned_at = $1 WHERE o.id = ANY($2) AND {NO_OPEN_CASE}"
                " RETURNING o.id, o.number, o.merchant",
                now,
                [order["id"] for order in ripe],
            )
            for order in due:
                lines = await rows(
                    "SELECT reference FROM order_line WHERE order_id = $1 ORDER BY position", order["id"]
                )
                await announce(
                    OrderEarned(
                        order=order["number"],
                        merchant=order["merchant"],
                        lines=tuple(line["reference"] for line in lines),
                        earned_at=now,
                    )
                )
        return len(due)

    async def _announce_paid(self, order: Row) -> None:
        lines = await rows(
            "SELECT reference AS line, sku, product, source, source_offset_ms, title, spec, quantity,"
            " gross_fen, discount_fen, net_fen, host_commission_bp, mass_gram FROM order_line WHERE order_id = $1"
            " ORDER BY position",
            order["id"],
        )
        await announce(
            OrderPaid(
                order=order["number"],
                merchant=order["merchant"],
                consumer=order["consumer"],
                source=order["source"],
                channel=order["channel"],
                amount_fen=order["amount_fen"],
                freight_fen=order["freight_fen"],
                paid_at=order["paid_at"],
                lines=tuple(PaidLine(**line) for line in lines),
            )
        )


async def _hold_trade(order: str) -> str:
    """Lock the trade of an order, before the order itself: its orders end one after the other. Answers its number."""
    return str(await scalar(f"{_TRADE} FOR UPDATE OF t", order))


async def _hold_discounted_trade(order: str) -> str | None:
    """The same when a coupon has made something of the trade cheaper; else None, and nothing is locked."""
    found = await scalar(
        f"{_TRADE} AND EXISTS (SELECT 1 FROM customer_order d WHERE d.trade_id = t.id AND d.discount_fen > 0)"
        " FOR UPDATE OF t",
        order,
    )
    return None if found is None else str(found)


async def _lines_of(number: str) -> list[str]:
    return [
        line["reference"]
        for line in await rows(
            "SELECT l.reference FROM order_line l JOIN customer_order o ON o.id = l.order_id WHERE o.number = $1",
            number,
        )
    ]
