"""Pieces that are sold and not there: cancelled before they are sent, refunded with their shares, and out of stock."""

import logging
from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import execute, row, transaction
from orders.after_sales import AfterSales
from orders.channels.errors import RefundedElsewhere
from orders.errors import OrderNotFound, OrderStateConflict, PiecesNotLeft
from orders.models import OrderState
from orders.parcels import pieces_left
from products.errors import SoldOut
from products.stock import Stock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shortages:
    """The merchant's word that it cannot send some pieces; the buyer is asked nothing and gets the money back."""

    after_sales: AfterSales
    stock: Stock
    clock: Clock = utc_now

    async def report(self, merchant: str, number: str, line: str, quantity: int, reason: str, actor: str) -> str:
        """Cancel pieces of a line that was not sent and ask for their refund; answers the after-sales case.

        Raises OrderNotFound, OrderStateConflict, PiecesNotLeft for pieces in a parcel, RefundedElsewhere, and the
        refusals of a case.
        """
        async with transaction():
            order = await row(
                "SELECT o.id, o.consumer, o.state, o.delivery_kind, o.channel,"
                " EXISTS (SELECT 1 FROM channel_order c WHERE c.order_id = o.id) AS elsewhere"
                " FROM customer_order o WHERE o.number = $1 AND o.merchant = $2 FOR UPDATE OF o",
                number,
                merchant,
            )
            if order is None:
                raise OrderNotFound()
            if order["elsewhere"]:
                raise RefundedElsewhere(channel=order["channel"])
            if order["state"] not in (OrderState.PAID, OrderState.PACKED) or order["delivery_kind"] == "voucher":
                raise OrderStateConflict(state=order["state"])
            left = await pieces_left(order["id"])
            if line in left and quantity > left[line][1]:
                raise PiecesNotLeft(lines=[line])
            case = await self.after_sales.request(order["consumer"], number, line, quantity, reason)
            # Packed pieces never come back to the shelf; of an order that is only paid they would.
            await execute(
                "INSERT INTO order_shortage (case_number, sku, quantity, reported_at, reported_by, written_off_at)"
                " SELECT $1, sku, $2, $3, $4, CASE WHEN $5 THEN $3::timestamptz END FROM order_line"
                " WHERE reference = $6",
                case,
                quantity,
                self.clock(),
                actor,
                order["state"] == OrderState.PACKED,
                line,
            )
            await self.after_sales.approve(merchant, case, actor)
        return case

    async def write_off(self, case: str) -> None:
        """The refund has put the pieces back on sale, and they are not there: take them out again, once.

        Pieces that somebody has bought in between are short again at that order, which the log says.
        """
        async with transaction():
            short = await row(
                "UPDATE order_shortage SET written_off_at = $2 WHERE case_number = $1 AND written_off_at IS NULL"
                " RETURNING sku, quantity",
                case,
                self.clock(),
            )
            if short is None:
                return
            try:
                async with transaction():
                    await self.stock.add(short["sku"], -short["quantity"], f"shortage:{case}")
            except SoldOut:
                log.error("shortage_sold_again", extra={"case": case})
