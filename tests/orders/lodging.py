"""A guest house for tests: one SKU with open nights, its bookings, and their codes."""

from datetime import date, timedelta

from kit.clock import china_day
from orders.placements import Delivery, PlacedOrder
from orders.quotes import CheckoutLine, Expectation
from products.calendar_models import BookingKind, OnExpiry
from products.calendars import BookingTerms, Calendars
from products.catalogue_models import ProductClass
from products.categories import Categories
from products.drafts import ReturnPolicy
from tests.orders.mall import Mall, openid_of

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
GUEST = Delivery("示例住客", "19900001234", "", "", is_guest=True)


def terms_with(
    kind: BookingKind = BookingKind.STAY, on_expiry: OnExpiry = OnExpiry.FORFEIT, late_refund_bp: int = 0
) -> BookingTerms:
    """Given up freely until a day before, later for a part of the money, good for two days more."""
    return BookingTerms(kind=kind, cancel_hours=24, grace_days=2, on_expiry=on_expiry, late_refund_bp=late_refund_bp)


async def open_lodging(mall: Mall, terms: BookingTerms | None = None, capacity: int = 2, price_fen: int = 16800) -> str:
    """A SKU with thirty open nights from today on; answers its code."""
    await Categories().enter("lodging", "民宿", ProductClass.VOUCHER)
    _, (sku,) = await mall.another_product(category="lodging", return_policy=ReturnPolicy.VOUCHER, stock=0)
    calendars = Calendars(mall.watch)
    await calendars.set_rule(mall.merchant, sku, terms or terms_with(), "staff:clerk")
    today = china_day(mall.watch())
    await calendars.open_days(mall.merchant, sku, today, today + timedelta(days=29), EVERY_DAY, capacity, price_fen)
    return sku


def stay(mall: Mall, sku: str, begins_in: int = 5, nights: int = 2, rooms: int = 1) -> CheckoutLine:
    """A line for some nights."""
    first = in_days(mall, begins_in)
    return CheckoutLine(sku, rooms, check_in=first, check_out=first + timedelta(days=nights))


def in_days(mall: Mall, days: int) -> date:
    """A day to come."""
    return china_day(mall.watch()) + timedelta(days=days)


async def book(mall: Mall, line: CheckoutLine, consumer: str = "C1") -> PlacedOrder:
    """An unpaid booking."""
    placed = await mall.checkout.place(consumer, openid_of(consumer), [line], (), GUEST, Expectation())
    return placed.orders[0]


async def codes_of(mall: Mall, order: str, consumer: str = "C1") -> list[str]:
    """The codes that can be used."""
    return [each.code for each in await mall.vouchers.of_buyer(consumer, order) if each.code is not None]
