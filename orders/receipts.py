"""From shipment to receipt: the buyer, WeChat or time confirms it, whichever comes first, and once."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.outbox import announce
from orders.cases.opening import terms_of
from orders.errors import OrderNotFound, OrderStateConflict, ReceiptNotExtendable, RemindedAlready, ShipmentNotDue
from orders.events import OrderReceived, ShipmentReminded
from orders.groups.forming import demand_formed
from orders.life import NO_OPEN_CASE
from orders.models import OrderState
from orders.ports import ReceiptUnknown, WeChatReceipts
from orders.transitions import advance
from payments.captures import transactions_of

log = logging.getLogger(__name__)

_ASK_AGAIN_SECONDS = (10, 60, 600, 3600)
"""After the fourth question there is no further one: the array ends, and NULL is never due."""


@dataclass(frozen=True)
class Receipts:
    """What happens to an order between the merchant's hands and the buyer's."""

    wechat: WeChatReceipts
    clock: Clock = utc_now

    async def remind(self, consumer: str, number: str) -> None:
        """Ask the merchant to ship, once in the order's ``remind_s``.

        Raises OrderNotFound, OrderStateConflict unless it is paid and not shipped, GroupNotFormed, RemindedAlready,
        ShipmentNotDue for a pre-sale whose day has not come.
        """
        async with transaction():
            now = self.clock()
            order = await self._held(consumer, number)
            if order["state"] not in (OrderState.PAID, OrderState.PACKED):
                raise OrderStateConflict(state=order["state"])
            await demand_formed(order["group_id"])
            ships_from = await scalar(
                "SELECT max(l.ships_from) FROM order_line l JOIN customer_order o ON o.id = l.order_id"
                " WHERE o.number = $1",
                number,
            )
            if ships_from is not None and china_day(now) < ships_from:
                raise ShipmentNotDue(ships_from=ships_from.isoformat())
            before = now - timedelta(seconds=terms_of(order).remind_s)
            if order["reminded_at"] is not None and order["reminded_at"] > before:
                raise RemindedAlready()
            await execute("UPDATE customer_order SET reminded_at = $2 WHERE number = $1", number, now)
            await announce(ShipmentReminded(order=number, merchant=order["merchant"], reminded_at=now))

    async def extend(self, consumer: str, number: str) -> datetime:
        """More time before receipt comes of itself, once; answers when it comes now. Raises ReceiptNotExtendable."""
        async with transaction():
            order = await self._held(consumer, number)
            extended = await row(
                "UPDATE customer_order SET receive_by = receive_by + make_interval(secs => $2),"
                " receipt_extended_at = $3 WHERE number = $1 AND state = 'shipped' AND receipt_extended_at IS NULL"
                " AND receive_by IS NOT NULL"
                " RETURNING receive_by",
                number,
                terms_of(order).extension_s,
                self.clock(),
            )
        if extended is None:
            raise ReceiptNotExtendable()
        receive_by: datetime = extended["receive_by"]
        return receive_by

    async def note_delivery(self, number: str, delivered_at: datetime) -> None:
        """The carrier has handed the goods over: receipt comes sooner of itself, and the windows from signing run."""
        await execute(
            "UPDATE customer_order SET delivered_at = $2, receive_by = LEAST(receive_by, $2::timestamptz"
            " + make_interval(secs => (after_sales_terms->>'delivered_s')::int"
            " + CASE WHEN receipt_extended_at IS NULL THEN 0 ELSE (after_sales_terms->>'extension_s')::int END))"
            " WHERE number = $1 AND state = 'shipped' AND delivered_at IS NULL",
            number,
            delivered_at,
        )

    async def confirm_elsewhere(self, number: str, actor: str, received_at: datetime) -> None:
        """Somebody who knows says that the buyer has confirmed it; an order that is elsewhere in its life stays.

        So does one that is fetched with a code: WeChat settles those by time alone (wechat reference 2.7).
        """
        async with transaction():
            if await scalar("SELECT delivery_kind <> 'address' FROM customer_order WHERE number = $1", number):
                return
            received = await advance(
                number, OrderState.RECEIVED, moment=received_at, actor=actor, sources=frozenset({OrderState.SHIPPED})
            )
            if received is not None:
                await announce(OrderReceived(order=number, received_at=received_at))

    async def expect_at_wechat(self, consumer: str, number: str) -> None:
        """The buyer has been to WeChat's component: WeChat is asked soon, for what a phone says is no proof.

        Raises OrderNotFound. An order that is not on its way stays as it is.
        """
        async with transaction():
            await self._held(consumer, number)
            await self.ask_soon(number)

    async def ask_soon(self, number: str) -> None:
        """WeChat is asked about an order that is on its way, at the next run."""
        await execute(
            "UPDATE customer_order SET receipt_check_at = $2, receipt_checks = 0"
            " WHERE number = $1 AND state = 'shipped'",
            number,
            self.clock(),
        )

    async def ask_wechat(self, limit: int = 20) -> int:
        """Ask WeChat about the orders that are due to be asked about; answers how many were received.

        Claimed by a committed step to the next time, so a run that dies costs one pause; after the last one nobody
        asks any more, and receipt comes of itself.
        """
        now = self.clock()
        claimed = await rows(
            "UPDATE customer_order SET receipt_checks = COALESCE(receipt_checks, 0) + 1,"
            " receipt_check_at = $1::timestamptz"
            " + make_interval(secs => ($3::int[])[COALESCE(receipt_checks, 0) + 1])"
            " WHERE id IN (SELECT id FROM customer_order WHERE state = 'shipped' AND receipt_check_at <= $1"
            "   ORDER BY receipt_check_at, id LIMIT $2"
            "   FOR UPDATE SKIP LOCKED) RETURNING number",
            now,
            limit,
            list(_ASK_AGAIN_SECONDS),
        )
        transactions = await transactions_of([order["number"] for order in claimed])
        return sum([await self._ask(number, transaction_id) for number, transaction_id in sorted(transactions.items())])

    async def _ask(self, number: str, transaction_id: str) -> bool:
        try:
            received = await self.wechat.is_received(transaction_id)
        except ReceiptUnknown as silence:
            log.warning("receipt_unknown_at_wechat", extra={"order": number, "cause": str(silence)})
            return False
        if received:
            await self.confirm_elsewhere(number, "wechat", self.clock())
        return received

    async def receive_due(self, limit: int = 100) -> int:
        """Orders whose time to confirm is over and that have no open case are received; answers how many."""
        async with transaction():
            now = self.clock()
            # Locked first, judged in a second statement, which then sees the case of a claim that was waited for.
            ripe = await rows(
                "SELECT o.id FROM customer_order o WHERE o.state = 'shipped' AND o.receive_by <= $1"
                f" AND {NO_OPEN_CASE} ORDER BY o.receive_by, o.id LIMIT $2 FOR UPDATE SKIP LOCKED",
                now,
                limit,
            )
            due = await rows(
                f"SELECT o.number FROM customer_order o WHERE o.id = ANY($1) AND {NO_OPEN_CASE} ORDER BY o.id",
                [order["id"] for order in ripe],
            )
            for order in due:
                await self.confirm_elsewhere(order["number"], "deadline", now)
        return len(due)

    async def _held(self, consumer: str, number: str) -> Row:
        found = await row(
            "SELECT state, merchant, group_id, reminded_at, after_sales_terms::text AS terms FROM customer_order"
            " WHERE number = $1 AND consumer = $2 FOR UPDATE",
            number,
            consumer,
        )
        if found is None:
            raise OrderNotFound()
        return found
