"""What WeChat is told of orders that no carrier brings: it releases their money as well (wechat reference 2.7)."""

from kit.clock import Clock
from kit.database import row
from logistics.reports import PaymentOfGoods, ShippingReports
from payments.captures import captured_payment


async def tell_wechat(order: str, clock: Clock, *, is_fetched: bool) -> None:
    """Note the report of an order that waits at a station, or whose service was used, in the caller's transaction."""
    payment = await captured_payment(order)
    found = await row(
        "SELECT o.merchant, string_agg(l.title || '×' || l.quantity, '、' ORDER BY l.position) AS goods"
        " FROM customer_order o JOIN order_line l ON l.order_id = o.id WHERE o.number = $1 GROUP BY o.merchant",
        order,
    )
    if payment is None or found is None:
        return
    paid = PaymentOfGoods(
        transaction_id=payment.transaction_id,
        payer_openid=payment.payer_openid,
        paid_at=payment.captured_at,
        combination=payment.combination,
    )
    await ShippingReports(clock).note_handed_over(order, found["merchant"], paid, found["goods"], is_fetched=is_fetched)
