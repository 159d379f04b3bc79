"""From a fact about an order to the words of a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.consents import switched_on
from accounts.own_data_models import DocumentKind
from accounts.queries import openids_of
from kit.clock import CHINA, Clock, utc_now
from kit.money import yuan
from messages.models import MessageMoment
from messages.outgoing import Outgoing
from orders.purchases import OrderBrief, expiring_orders, order_brief, orders_of_group
from places.queries import site_names
from promotions.expiring import ExpiringCoupon, expiring_coupons

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
            await self._note_all(MessageMoment.ORDER_SHIPPED, [(number, order.consumer, told)])

    async def refunded(self, number: str, case: str, amount_fen: int, at: datetime) -> None:
        """The money of a case has gone back. Joins the caller's transaction."""
        await self._paid_back(MessageMoment.REFUND_ARRIVED, case, number, amount_fen, at)

    async def late_money_returned(self, number: str, amount_fen: int, at: datetime) -> None:
        """The money of an order that was closed has gone back: no case, so the message leads to the order.

        Joins the caller's transaction.
        """
        await self._paid_back(MessageMoment.LATE_MONEY_RETURNED, number, number, amount_fen, at)

    async def _paid_back(
        self, moment: MessageMoment, reference: str, number: str, amount_fen: int, at: datetime
    ) -> None:
        order = await order_brief(number)
        if order is not None:
            told = _told(order, at) | {"amount": yuan(amount_fen)}
            await self._note_all(moment, [(reference, order.consumer, told)])

    async def pickup_waits(self, number: str, site: str, due_at: datetime, *, is_reminder: bool) -> None:
        """A parcel waits at a station until a moment; the code stays in the app. Joins the caller's transaction."""
        order = await order_brief(number)
        if order is not None:
            told = _told(order, due_at) | {"place": (await site_names([site])).get(site, site)}
            moment = MessageMoment.PICKUP_REMINDED if is_reminder else MessageMoment.PICKUP_READY
            await self._note_all(moment, [(number, order.consumer, told)])

    async def group_judged(self, group: str, at: datetime, *, is_formed: bool) -> None:
        """A group is formed, or its money goes back. Joins the caller's transaction."""
        moment = MessageMoment.GROUP_FORMED if is_formed else MessageMoment.GROUP_FAILED
        orders = await orders_of_group(group, at)
        await self._note_all(moment, [(order.number, order.consumer, _told(order, at)) for order in orders])

    async def note_expiring_orders(self) -> int:
        """Orders that close soon without a payment; answers how many there were."""
        now, done = self.clock(), 0
        last: OrderBrief | None = None
        while orders := await expiring_orders(now, now + BEFORE_EXPIRY, last):
            await self._note_all(
                MessageMoment.ORDER_EXPIRING, [(o.number, o.consumer, _told(o, o.expires_at)) for o in orders]
            )
            last, done = orders[-1], done + len(orders)
        return done

    async def note_ending_coupons(self) -> int:
        """Coupons that end within a day; answers how many there were.

        A reminder to buy: only who has switched marketing on is told (PIPL, article 24; domain reference 5).
        """
        now, done = self.clock(), 0
        last: ExpiringCoupon | None = None
        while coupons := await expiring_coupons(now, now + BEFORE_COUPON_ENDS, last):
            wanted = await switched_on(DocumentKind.MARKETING, {c.owner for c in coupons})
            told = [
                (c.number, c.owner, {"number": c.number, "goods": c.title, "at": _moment(c.use_until)})
                for c in coupons
                if c.owner in wanted
            ]
            await self._note_all(MessageMoment.COUPON_EXPIRING, told)
            last, done = coupons[-1], done + len(coupons)
        return done

    async def _note_all(self, moment: MessageMoment, told: Sequence[tuple[str, str, dict[str, str]]]) -> None:
        """A message for each reference, its consumer and its values; two statements."""
        openids = await openids_of({consumer for _, consumer, _ in told})
        notes = [(reference, openids[consumer], each) for reference, consumer, each in told if consumer in openids]
        await self.outgoing.note_all(moment, notes)


def _told(order: OrderBrief, at: datetime) -> dict[str, str]:
    goods = order.title if order.lines == 1 else f"{order.title}等{order.lines}件"
    return {"number": order.number, "goods": goods, "amount": yuan(order.amount_fen), "at": _moment(at)}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
