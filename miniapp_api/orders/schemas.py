"""The wire of a consumer's orders."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View

Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class OrderLineInput(Input):
    """A SKU and how many pieces. There is no price: the server knows it."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    quantity: Quantity


class DeliveryInput(Input):
    """Where the goods go."""

    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
    address: Annotated[str, msgspec.Meta(min_length=4, max_length=200)]


class PlaceOrder(Input):
    """An order with one merchant. ``attribution`` is the token of the live session in which the goods were seen."""

    lines: Annotated[list[OrderLineInput], msgspec.Meta(min_length=1, max_length=50)]
    delivery: DeliveryInput
    attribution: Annotated[str, msgspec.Meta(max_length=400)] | None = None


class PlacedLineView(View):
    """One line with its copied price, in fen."""

    line: str
    sku: str
    title: str
    quantity: int
    unit_price_fen: int
    net_fen: int


class PlacedOrderView(View):
    """The order that stands now; pay before ``expires_at``."""

    number: str
    state: Literal["pending_payment"]
    merchant: str
    amount_fen: int
    freight_fen: int
    discount_fen: int
    expires_at: str
    lines: list[PlacedLineView]


class PaymentParametersView(View):
    """What ``wx.requestPayment`` takes."""

    timeStamp: str  # noqa: N815  WeChat's own names
    nonceStr: str  # noqa: N815
    package: str
    signType: str  # noqa: N815
    paySign: str  # noqa: N815


class OrdersQuery(Input):
    """Which orders to list."""

    state: Literal["pending_payment", "paid", "packed", "shipped", "received", "closed"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ReceiptExtendedView(View):
    """When receipt comes of itself now."""

    receive_by: datetime
