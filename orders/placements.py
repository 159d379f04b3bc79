"""A trade as it was placed: its shapes, and how it is written down with its orders and lines in one statement."""

import base64
from datetime import date, datetime

import msgspec
from msgspec import structs

from kit.database import execute
from kit.encryption import FieldCipher
from orders.models import DeliveryKind
from places.queries import PickupPoint
from products.calendars import Booking
from products.terms import AfterSalesTerms


class Delivery(msgspec.Struct, frozen=True):
    """Where the goods go. ``region`` is the county's code (GB/T 2260), ``address`` the whole text. Kept encrypted.

    With ``pickup`` they wait there for the recipient; ``is_guest`` is who uses a booked service. Then nothing is sent.
    """

    recipient: str
    phone: str
    region: str
    address: str
    pickup: PickupPoint | None = None
    is_guest: bool = False

    @property
    def kind(self) -> DeliveryKind:
        """How the buyer comes by it."""
        return DeliveryKind.VOUCHER if self.is_guest else DeliveryKind.PICKUP if self.pickup else DeliveryKind.ADDRESS

    @property
    def place(self) -> str | None:
        """The station where a group's goods are fetched, '' for an address; None when nothing is handed over."""
        return self.pickup.code if self.pickup else None if self.is_guest else ""

    @property
    def destination(self) -> str | None:
        """The region that freight depends on; None when nothing is sent."""
        return self.region if self.kind is DeliveryKind.ADDRESS else None


class CouponShare(msgspec.Struct, frozen=True):
    """A line's stored share of one coupon, and how much of it the merchant bears, in basis points."""

    coupon: str
    campaign: str
    fen: int
    merchant_bears_bp: int


class PlacedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was placed."""

    order: str
    reference: str
    position: int
    sku: str
    product: str
    source: str | None
    source_offset_ms: int | None
    title: str
    spec: str
    image: str
    marks: tuple[str, ...]
    unit_price_fen: int
    quantity: int
    gross_fen: int
    discount_fen: int
    discounts: list[CouponShare]
    net_fen: int
    freight_fen: int
    freight_terms: str
    host_commission_bp: int
    mass_gram: int
    return_policy: str
    confirmed: bool
    ships_from: date | None
    booking: Booking | None


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's order of a trade as it was placed."""

    number: str
    trade: str
    merchant: str
    sub_mchid: str | None
    source: str | None
    amount_fen: int
    goods_fen: int
    discount_fen: int
    freight_fen: int
    commission_bp: int
    to_share: bool
    after_sales_window_s: int
    after_sales_terms: AfterSalesTerms
    placed_at: datetime
    expires_at: datetime
    lines: tuple[PlacedLine, ...]


class PlacedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout as it was placed."""

    number: str
    amount_fen: int
    placed_at: datetime
    expires_at: datetime
    orders: tuple[PlacedOrder, ...]


def paid_by(trade: PlacedTrade, moment: datetime) -> PlacedTrade:
    """The trade, to be paid by ``moment`` when that is before its own time is over."""
    expires_at = min(trade.expires_at, moment)
    orders = tuple(structs.replace(order, expires_at=expires_at) for order in trade.orders)
    return structs.replace(trade, expires_at=expires_at, orders=orders)


def sealed_place(number: str) -> str:
    """What the ciphertext of an order's delivery address is bound to."""
    return f"customer_order|delivery|{number}"


def address_mark(delivery: Delivery, cipher: FieldCipher) -> bytes | None:
    """What orders to one address have in common; None when nothing is sent."""
    if delivery.kind is not DeliveryKind.ADDRESS:
        return None
    return cipher.blind_index("customer_order|address", f"{delivery.region} {delivery.address}")


def device_mark(placed_from: str, cipher: FieldCipher) -> bytes | None:
    """What orders placed from one device have in common; None when nobody knows from where."""
    return cipher.blind_index("customer_order|device", placed_from) if placed_from else None


async def insert_trade(
    trade: PlacedTrade,
    consumer: str,
    delivery: Delivery,
    *,
    channel: str,
    actor: str,
    cipher: FieldCipher,
    placed_from: str = "",
    group: int | None = None,
) -> None:
    """Trade, orders, their first events and lines, and the bought lines out of the cart: one statement."""
    address = msgspec.json.encode(delivery).decode()
    orders = [
        {
            **{name: getattr(order, name) for name in _ORDER_COLUMNS},
            "delivery": base64.b64encode(cipher.encrypt(address, sealed_place(order.number))).decode(),
        }
        for order in trade.orders
    ]
    lines = [line for order in trade.orders for line in order.lines]
    booked = next((line.booking.days for line in lines if line.booking), ())
    await execute(
        _INSERT,
        trade.number,
        consumer,
        trade.amount_fen,
        len(trade.orders),
        trade.placed_at,
        trade.expires_at,
        channel,
        actor,
        msgspec.json.encode(orders).decode(),
        msgspec.json.encode(lines).decode(),
        [line.sku for line in lines],
        delivery.kind,
        delivery.pickup.code if delivery.pickup else None,
        delivery.pickup.township if delivery.pickup else None,
        group,
        booked[0].day if booked else None,
        len(booked) or 1,
        address_mark(delivery, cipher),
        device_mark(placed_from, cipher),
    )


_ORDER_COLUMNS = (
    "number",
    "merchant",
    "source",
    "goods_fen",
    "discount_fen",
    "freight_fen",
    "amount_fen",
    "commission_bp",
    "to_share",
    "after_sales_window_s",
    "after_sales_terms",
)
_INSERT = """
WITH bought AS (
    DELETE FROM cart_line WHERE consumer = $2 AND sku = ANY($11::text[])
       AND (check_in, COALESCE(check_out - check_in, 1)) IS NOT DISTINCT FROM ($16::date, $17::int)),
opened AS (
    INSERT INTO trade (number, consumer, amount_fen, order_count, placed_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id),
placed AS (
    INSERT INTO customer_order (trade_id, number, consumer, merchant, state, channel, source, goods_fen, discount_fen,
           freight_fen, amount_fen, commission_bp, to_share, delivery, after_sales_window_s, after_sales_terms,
           placed_at, expires_at, delivery_kind, group_id, address_mark, device_mark)
    SELECT opened.id, o.number, $2, o.merchant, 'pending_payment', $7, o.source, o.goods_fen, o.discount_fen,
           o.freight_fen, o.amount_fen, o.commission_bp, o.to_share, decode(o.delivery, 'base64'),
           o.after_sales_window_s, o.after_sales_terms, $5, $6, $12, $15::bigint, $18::bytea, $19::bytea
      FROM opened, jsonb_to_recordset($9::jsonb) AS o (number text, merchant text, source text, goods_fen bigint,
           discount_fen bigint, freight_fen bigint, amount_fen bigint, commission_bp int, to_share boolean,
           delivery text, after_sales_window_s int, after_sales_terms jsonb)
    RETURNING id, number),
event AS (
    INSERT INTO order_event (order_id, state, actor, happened_at)
    SELECT id, 'pending_payment', $8, $5 FROM placed),
fetched AS (
    INSERT INTO order_pickup (order_id, site, township, state)
    SELECT id, $13::text, $14::text, 'awaited' FROM placed WHERE $13::text IS NOT NULL)
INSERT INTO order_line (order_id, reference, position, sku, product, source, source_offset_ms, title, spec, image,
       marks, unit_price_fen, quantity, gross_fen, discount_fen, discounts, net_fen, freight_fen, freight_terms,
       host_commission_bp, mass_gram, return_policy, confirmed, ships_from, booking, refunded_quantity, refunded_fen,
       refunded_freight_fen, refund_steps, kept_fen)
SELECT placed.id, l.reference, l.position, l.sku, l.product, l.source, l.source_offset_ms, l.title, l.spec, l.image,
       l.marks, l.unit_price_fen, l.quantity, l.gross_fen, l.discount_fen, l.discounts, l.net_fen, l.freight_fen,
       l.freight_terms, l.host_commission_bp, l.mass_gram, l.return_policy, l.confirmed, l.ships_from, l.booking,
       0, 0, 0, 0, 0
  FROM jsonb_to_recordset($10::jsonb) AS l ("order" text, reference text, position smallint, sku text, product text,
       source text, source_offset_ms bigint, title text, spec text, image text, marks jsonb, unit_price_fen bigint,
       quantity int,
       gross_fen bigint, discount_fen bigint, discounts jsonb, net_fen bigint, freight_fen bigint,
       freight_terms text, host_commission_bp int, mass_gram int, return_policy text, confirmed bool, ships_from date,
       booking jsonb)
  JOIN placed ON placed.number = l."order"
"""
