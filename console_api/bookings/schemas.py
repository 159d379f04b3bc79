"""The wire of calendars and vouchers."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]


class DaysInput(Input):
    """From the first day to the last, both included, on the ISO weekdays named: how many there are, at what price."""

    first: date
    last: date
    capacity: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    price_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = (1, 2, 3, 4, 5, 6, 7)


class SpanInput(Input):
    """From the first day to the last, both included."""

    first: date
    last: date


class DaysView(View):
    """How many days were opened or closed."""

    days: int


class VoucherInput(Input):
    """The guest's order, and the eight digits that the guest shows."""

    order: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,32}$(?!\n)")]
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8}$(?!\n)")]


class VoucherUsedView(View):
    """The voucher that was redeemed."""

    voucher: str
