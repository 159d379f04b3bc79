"""The wire of a merchant's orders."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from orders.queries import OrderSummary

Pieces = Annotated[int, msgspec.Meta(ge=1, le=999)]


class MerchantOrderView(View):
    """An order with what delivery needs, and nothing more about the buyer."""

    order: OrderSummary
    recipient: str
    phone: str
    address: str


class MerchantOrdersQuery(Input):
    """Which orders to list."""

    state: Literal["pending_payment", "paid", "packed", "shipped", "received", "closed"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class Packing(Input):
    """Pieces by lot number for each line reference. A line without lots ships unattributed."""

    lines: Annotated[dict[str, dict[str, Pieces]], msgspec.Meta(max_length=50)]


class ShipmentInput(Input):
    """The carrier's code and the waybill number."""

    carrier: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,16}$(?!\n)")]
    waybill: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{6,40}$(?!\n)")]
