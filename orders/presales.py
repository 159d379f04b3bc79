"""Pre-sales that are sent later than WeChat waits for goods are told to it, or it holds the merchant for late."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from kit.clock import CHINA, Clock, utc_now
from kit.database import row
from logistics.reports import PaymentOfGoods, ShippingReports
from payments.captures import captured_payment

LATER_THAN = timedelta(days=15)
LATEST = timedelta(days=330)
"""What WeChat takes for a pre-sale, counted from the payment (wechat reference 2.7)."""

SENT_WITHIN = timedelta(days=2)
"""Goods are sent within 48 hours of the day from which they are."""


@dataclass(frozen=True)
class Presales:
    """Leaves a report to WeChat for a paid pre-sale."""

    clock: Clock = utc_now

    async def declare(self, order: str) -> None:
        """The order is paid: tell when its last goods are sent, if that is far. In a delivered fact's transaction."""
        found = await row(
            "SELECT o.merchant, max(l.ships_from) AS ships_from FROM customer_order o JOIN order_line l"
            " ON l.order_id = o.id WHERE o.number = $1 GROUP BY o.id",
            order,
        )
        payment = await captured_payment(order) if found and found["ships_from"] else None
        if found is None or payment is None:
            return
        promised_at = datetime.combine(found["ships_from"], time(), CHINA) + SENT_WITHIN
        ahead = promised_at - payment.captured_at
        if ahead > LATER_THAN:
            goods = PaymentOfGoods(
                transaction_id=payment.transaction_id, payer_openid=payment.payer_openid, paid_at=payment.captured_at
            )
            latest = payment.captured_at + LATEST
            await ShippingReports(self.clock).note_presale(order, found["merchant"], goods, min(promised_at, latest))
