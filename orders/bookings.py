"""Booked services at the checkout: their price is that of their days, and they take places of a calendar, not stock."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from kit.clock import Clock
from orders.errors import BookedAlone
from orders.models import DeliveryKind
from orders.quotes import CheckoutLine
from products.calendars import Booking, Calendars, booking_for
from products.catalogue_models import ProductClass
from products.errors import DatesInvalid
from products.queries import SkuOffer
from products.stock import Stock


async def with_booking(
    lines: Sequence[CheckoutLine], offers: Mapping[str, SkuOffer], today: date
) -> tuple[Mapping[str, SkuOffer], Booking | None]:
    """The offers at the price of the days that are booked, and the booking; None when nothing is booked.

    A booking is a trade of its own. Raises BookedAlone, DatesInvalid, DayNotFree.
    """
    booked = [each for each in lines if each.check_in or offers[each.sku].product_class == ProductClass.VOUCHER]
    if not booked:
        return offers, None
    line = booked[0]
    if len(lines) > 1:
        raise BookedAlone()
    if line.check_in is None or offers[line.sku].product_class != ProductClass.VOUCHER:
        raise DatesInvalid()
    booking = await booking_for(line.sku, line.check_in, line.check_out, today)
    offer = msgspec.structs.replace(offers[line.sku], unit_price_fen=booking.unit_price_fen, offer=None)
    return {line.sku: offer}, booking


def holder_of(kind: str, stock: Stock, clock: Clock) -> Stock | Calendars:
    """Where the pieces of an order are held: both sell, release and revive by the order's number."""
    return Calendars(clock) if kind == DeliveryKind.VOUCHER else stock
