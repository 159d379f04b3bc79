"""Paying a trade and giving it up: what concerns all of its orders at once."""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import execute, rows, transaction
from orders.errors import OrderNotPayable, TradeNotFound
from orders.models import OrderState
from payments.ports import CashierParameters
from payments.service import Payments


@dataclass(frozen=True)
class Trades:
    """The consumer's hand on a placed trade; every order of it goes on by itself after it is paid."""

    payments: Payments
    clock: Clock = utc_now

    async def pay(self, consumer: str, number: str) -> CashierParameters:
        """The signed parameters for the one cashier of all orders. Talks to WeChat; may be repeated at will.

        Raises TradeNotFound, OrderNotPayable, and the refusals of the payment.
        """
        orders = await rows(
            "SELECT o.state, o.expires_at FROM trade t JOIN customer_order o ON o.trade_id = t.id"
            " WHERE t.number = $1 AND t.consumer = $2 ORDER BY o.state = 'pending_payment', o.id",
            number,
            consumer,
        )
        if not orders:
            raise TradeNotFound()
        # One part that cannot be paid any more keeps the whole from the cashier: it is one password for all.
        if orders[0]["state"] != OrderState.PENDING_PAYMENT or orders[0]["expires_at"] <= self.clock():
            raise OrderNotPayable(state=orders[0]["state"])
        return await self.payments.prepay(number)

    async def cancel(self, consumer: str, number: str) -> None:
        """The consumer gives up what is unpaid of a trade; repeating it changes nothing.

        The payment is closed at WeChat first, so an order closes when its ``PaymentClosed`` arrives and stock goes
        back with it; a payer who was faster has paid orders. Raises TradeNotFound or OrderNotPayable.
        """
        async with transaction():
            orders = await rows(
                "SELECT o.id, o.state FROM trade t JOIN customer_order o ON o.trade_id = t.id"
                " WHERE t.number = $1 AND t.consumer = $2 ORDER BY o.id FOR UPDATE",
                number,
                consumer,
            )
            if not orders:
                raise TradeNotFound()
            unpaid = [order["id"] for order in orders if order["state"] == OrderState.PENDING_PAYMENT]
            if not unpaid:
                if all(order["state"] == OrderState.CLOSED for order in orders):
                    return
                raise OrderNotPayable(state=next(o["state"] for o in orders if o["state"] != OrderState.CLOSED))
            await execute("UPDATE customer_order SET close_reason = 'cancelled' WHERE id = ANY($1)", unpaid)
            await self.payments.request_close(number)
