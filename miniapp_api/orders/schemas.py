"""The wire of a consumer's orders."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from orders.quotes import MAX_AMOUNT_FEN
from orders.vouchers import VoucherView
from places.queries import PickupPoint

Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Attribution = Annotated[str, msgspec.Meta(max_length=400)]
Position = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
CouponNumbers = Annotated[tuple[Number, ...], msgspec.Meta(max_length=51)]
Phone = Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
Site = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,24}$(?!\n)")]
Region = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)")]


class OrderLineInput(Input):
    """A SKU and how many pieces. There is no price: the server knows it.

    ``attribution`` is the token of the live session in which these goods were seen, ``position_ms`` where its pictures
    stood for the viewer; a position that the session has not had is replaced by the server's. ``confirmed`` is the tick
    under a return policy that needs one; without it seven days hold. A stay is booked from ``check_in`` to
    ``check_out``, a visit for ``check_in`` alone.
    """

    sku: Sku
    quantity: Quantity
    attribution: Attribution | None = None
    position_ms: Position | None = None
    confirmed: bool = False
    check_in: date | None = None
    check_out: date | None = None


Lines = Annotated[list[OrderLineInput], msgspec.Meta(min_length=1, max_length=50)]


class DeliveryInput(Input):
    """Where the goods go. ``region`` is the county's code (GB/T 2260), ``address`` the whole text."""

    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Phone
    region: Region
    address: Annotated[str, msgspec.Meta(min_length=4, max_length=200)]


class PickupInput(Input):
    """The station where the goods are fetched, and by whom."""

    site: Site
    recipient: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Phone


class GuestInput(Input):
    """Who uses a booked service."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    phone: Phone


class GroupInput(Input):
    """Bought together under a group ``offer``: ``group`` is joined, or one is opened."""

    offer: Number
    group: Number | None = None


class QuoteRequest(Input):
    """What a checkout would cost, sent to a ``region`` or an ``address`` of the book (its number), or fetched at a
    station (``pickup``, its code); at the price of a ``group_offer``, when it is bought together, or of the live
    session whose token is ``attribution``, as in the order.
    """

    lines: Lines
    coupons: CouponNumbers = ()
    region: Region | None = None
    address: Number | None = None
    pickup: Site | None = None
    group_offer: Number | None = None
    attribution: Attribution | None = None
    position_ms: Position | None = None

    def __post_init__(self) -> None:
        """Freight depends on where it goes."""
        ways = 3 - [self.region, self.address, self.pickup].count(None)
        if ways != (0 if self.lines[0].check_in else 1):
            raise ValueError("exactly one of region, address and pickup is needed, and none for a booking")


class GiftInput(Input):
    """An order of this checkout, by its merchant, that is a gift: words that are printed, and whether no price is.

    The words are checked first; those that are refused hold nothing up and are left out.
    """

    merchant: Number
    message: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$(?!\n)")] = ""
    hides_price: bool = False

    def __post_init__(self) -> None:
        """A gift says something or hides the price."""
        if not self.message.strip() and not self.hides_price:
            raise ValueError("a gift has a message or hides the price")


class PlaceOrder(Input):
    """One trade with an order for each merchant, sent to ``delivery`` or to an ``address`` of the book (its number),
    or fetched at a station (``pickup``), or used by a ``guest``.

    The client says what it has shown: ``amount_fen``, or the ``quote``'s digest. ``attribution`` is the token of the
    live session, or of the scanned code, for lines that bear none of their own, and ``position_ms`` the viewer's place.
    """

    lines: Lines
    coupons: CouponNumbers = ()
    delivery: DeliveryInput | None = None
    address: Number | None = None
    pickup: PickupInput | None = None
    guest: GuestInput | None = None
    gifts: Annotated[tuple[GiftInput, ...], msgspec.Meta(max_length=50)] = ()
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=MAX_AMOUNT_FEN)] | None = None
    quote: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")] | None = None
    attribution: Attribution | None = None
    position_ms: Position | None = None
    group: GroupInput | None = None

    def __post_init__(self) -> None:
        """Nobody orders without having said where to and having seen what it costs."""
        if [self.delivery, self.address, self.pickup, self.guest].count(None) != 3:
            raise ValueError("exactly one of delivery, address, pickup and guest is needed")
        if len({gift.merchant for gift in self.gifts}) < len(self.gifts):
            raise ValueError("one gift for each merchant")
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


class MorePieces(Input):
    """Further pieces of a SKU for the cart. ``attribution`` and ``position_ms`` are kept, and handed back for the
    order.
    """

    sku: Sku
    quantity: Quantity
    attribution: Attribution | None = None
    position_ms: Position | None = None
    check_in: date | None = None
    check_out: date | None = None


class PiecesInCart(Input):
    """How many pieces the cart shall hold, for which days, and whether they are to be bought next."""

    quantity: Quantity
    selected: bool = True
    check_in: date | None = None
    check_out: date | None = None


class StayQuery(Input):
    """The days of a booked line; without them every line of the SKU is meant."""

    check_in: date | None = None
    check_out: date | None = None


class CartSelection(Input):
    """Select these lines, or take their selection away; without ``skus`` all of them."""

    selected: bool
    skus: Annotated[list[Sku], msgspec.Meta(max_length=100)] | None = None


class PickupSitesQuery(Input):
    """The stations of one township, or all of them."""

    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")] | None = None


class PickupSitesView(View):
    """Where parcels can be fetched."""

    sites: list[PickupPoint]


class CalendarQuery(Input):
    """The days to show, at most 62."""

    first: date
    last: date


class VouchersView(View):
    """The vouchers of an order."""

    vouchers: list[VoucherView]
