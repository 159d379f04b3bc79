"""From a fact about an order to the words of a message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.queries import openid_of
from kit.clock import CHINA, Clock, utc_now
from kit.money import yuan
from messages.models import MessageMoment
from messages.outgoing import Outgoing
from orders.purchases import OrderBrief, expiring_orders, order_brief
from promotions.expiring import expiring_coupons

BEFORE_EXPIRY = timedelta(minutes=10)
BEFORE_COUPON_ENDS = timedelta(days=1)


@dataclass(frozen=True)
class Notifications:
    """Leaves messages for buyers; a buyer without a consent gets none, which the sender finds out."""

    outgoing: Outgoing
    clock: Clock = utc_now

    async def shipped(self, number: str, carrier: str, waybill: str, at: datetime) -> None:
        """The parcel is on its way. Joins the caller's transaction."""
        order = await order_brief(number)
        if order is not None:
            told = _told(order, at) | {"carrier": carrier, "waybill": waybill}
            await self._note(MessageMoment.ORDER_SHIPPED, number, order.consumer, told)

    async def refunded(self, number: str, refund: str, amount_fen: int, at: datetime) -> None:
        """Money has gone back. Joins the caller's transaction."""
        order = await order_brief(number)
        if order is not None:
            told = _told(order, at) | {"amount": yuan(amount_fen)}
            await self._note(MessageMoment.REFUND_ARRIVED, refund, order.consumer, told)

    async def note_expiring(self) -> int:
        """Orders that close soon without a payment, and coupons that end within a day; answers how many there were."""
        now = self.clock()
        orders = await expiring_orders(now, now + BEFORE_EXPIRY)
        for order in orders:
            await self._note(MessageMoment.ORDER_EXPIRING, order.number, order.consumer, _told(order, order.expires_at))
        coupons = await expiring_coupons(now, now + BEFORE_COUPON_ENDS)
        for coupon in coupons:
            told = {"number": coupon.number, "goods": coupon.title, "at": _moment(coupon.use_until)}
            await self._note(MessageMoment.COUPON_EXPIRING, coupon.number, coupon.owner, told)
        return len(orders) + len(coupons)

    async def _note(self, moment: MessageMoment, reference: str, consumer: str, told: dict[str, str]) -> None:
        openid = await openid_of(consumer)
        if openid is not None:
            await self.outgoing.note(moment, reference, openid, told)


def _told(order: OrderBrief, at: datetime) -> dict[str, str]:
    goods = order.title if order.lines == 1 else f"{order.title}等{order.lines}件"
    return {"number": order.number, "goods": goods, "amount": yuan(order.amount_fen), "at": _moment(at)}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
