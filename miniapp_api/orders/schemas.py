"""The wire of a consumer's orders."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from orders.quotes import MAX_AMOUNT_FEN

Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Attribution = Annotated[str, msgspec.Meta(max_length=400)]
Region = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)")]


class OrderLineInput(Input):
    """A SKU and how many pieces. There is no price: the server knows it.

    ``attribution`` is the token of the live session in which these goods were seen.
    """

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    quantity: Quantity
    attribution: Attribution | None = None


Lines = Annotated[list[OrderLineInput], msgspec.Meta(min_length=1, max_length=50)]


class DeliveryInput(Input):
    """Where the goods go. ``region`` is the county's code (GB/T 2260), ``address`` the whole text."""

    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
    region: Region
    address: Annotated[str, msgspec.Meta(min_length=4, max_length=200)]


class QuoteRequest(Input):
    """What a checkout would cost."""

    lines: Lines


class PlaceOrder(Input):
    """One trade with an order for each merchant.

    The client says what it has shown: ``amount_fen``, or the ``quote``'s digest. ``attribution`` is the token of the
    live session for lines that bear none of their own.
    """

    lines: Lines
    delivery: DeliveryInput
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=MAX_AMOUNT_FEN)] | None = None
    quote: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")] | None = None
    attribution: Attribution | None = None

    def __post_init__(self) -> None:
        """Nobody orders without having seen what it costs."""
        if self.amount_fen is None and self.quote is None:
            raise ValueError("amount_fen or quote is needed")


class PlacedLineView(View):
    """One line with its copied price and shares, in fen."""

    line: str
    sku: str
    title: str
    quantity: int
    unit_price_fen: int
    discount_fen: int
    net_fen: int
    freight_fen: int


class PlacedOrderView(View):
    """One merchant's order."""

    number: str
    merchant: str
    amount_fen: int
    freight_fen: int
    discount_fen: int
    lines: list[PlacedLineView]


class PlacedTradeView(View):
    """The trade that stands now; pay all of it before ``expires_at``."""

    trade: str
    state: Literal["pending_payment"]
    amount_fen: int
    expires_at: str
    orders: list[PlacedOrderView]


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
