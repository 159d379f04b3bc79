"""Reads of orders: one SQL statement each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec

from content.collecting import TakenOff
from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from products.calendars import Booking
from products.service import PRODUCT_PICTURES

_LINES = (
    "(SELECT jsonb_agg(jsonb_build_object('line', l.reference, 'sku', l.sku, 'product', l.product, 'title', l.title,"
    " 'source', l.source, 'source_offset_ms', l.source_offset_ms, 'spec', l.spec, 'image', l.image, 'marks', l.marks,"
    " 'unit_price_fen', l.unit_price_fen, 'quantity', l.quantity, 'gross_fen', l.gross_fen,"
    " 'discount_fen', l.discount_fen, 'discounts', l.discounts, 'net_fen', l.net_fen,"
    " 'freight_fen', l.freight_fen, 'refunded_quantity', l.refunded_quantity, 'refunded_fen', l.refunded_fen,"
    " 'kept_fen', l.kept_fen, 'return_policy', l.return_policy, 'confirmed', l.confirmed,"
    " 'ships_from', l.ships_from, 'booking', l.booking)"
    " ORDER BY l.position)"
    " FROM order_line l WHERE l.order_id = o.id) AS lines"
)
_ORDER = (
    "SELECT o.id, o.number, t.number AS trade, b.number AS group_number, b.state AS group_state, o.merchant, o.state,"
    " o.delivery_kind, o.source, o.goods_fen,"
    " o.discount_fen, o.freight_fen, o.amount_fen, o.placed_at, o.expires_at, o.paid_at, o.shipped_at, o.carrier,"
    " o.waybill, o.delivered_at, o.receive_by, o.reminded_at, o.received_at, o.earned_at,"
    f" o.closed_at, o.close_reason, {_LINES}"
    " FROM customer_order o JOIN trade t ON t.id = o.trade_id LEFT JOIN buying_group b ON b.id = o.group_id"
)


class LineDiscount(msgspec.Struct, frozen=True):
    """What one coupon took off a line."""

    coupon: str
    fen: int


class LineSummary(msgspec.Struct, frozen=True):
    """One line as it stands now. Money in fen; ``discounts`` are its stored shares, by coupon.

    ``source_offset_ms`` is the place in what ``source`` shows: of a live room, ms of its pictures.
    ``kept_fen`` is what the seller keeps of a ``booking`` that was given up late, by the rule in it.
    """

    line: str
    sku: str
    product: str
    source: str | None
    source_offset_ms: int | None
    title: str
    spec: str
    image: str
    marks: list[str]
    unit_price_fen: int
    quantity: int
    gross_fen: int
    discount_fen: int
    discounts: list[LineDiscount]
    net_fen: int
    freight_fen: int
    refunded_quantity: int
    refunded_fen: int
    kept_fen: int
    return_policy: str
    confirmed: bool
    ships_from: date | None
    booking: Booking | None


class OrderSummary(msgspec.Struct, frozen=True):
    """One order as it stands now, without the buyer's address; of a group, which one and how far that is."""

    number: str
    trade: str
    group_number: str | None
    group_state: str | None
    merchant: str
    state: str
    delivery_kind: str
    source: str | None
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    placed_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    carrier: str | None
    waybill: str | None
    delivered_at: datetime | None
    receive_by: datetime | None
    reminded_at: datetime | None
    received_at: datetime | None
    earned_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    lines: list[LineSummary]


class OrderPage(msgspec.Struct, frozen=True):
    """A page of orders, newest first; ``next`` is the cursor of the following page."""

    orders: list[OrderSummary]
    next: str | None


class TradeSummary(msgspec.Struct, frozen=True):
    """A trade as it stands now. It waits for money as long as one of its orders does."""

    number: str
    state: Literal["pending_payment", "paid", "closed"]
    amount_fen: int
    placed_at: datetime
    expires_at: datetime
    orders: list[OrderSummary]


async def order_of(owner: str, value: str, number: str) -> OrderSummary | None:
    """One order of a consumer or a merchant (``owner`` is the column); None when it is somebody else's."""
    found = await rows(f"{_ORDER} WHERE o.number = $1 AND o.{_column(owner)} = $2", number, value)
    return msgspec.convert(_read(found[0]), OrderSummary) if found else None


def line_in(order: OrderSummary, reference: str) -> LineSummary | None:
    """The line of an order with a reference, None when it is not the order's."""
    return next((line for line in order.lines if line.line == reference), None)


async def trade_of(consumer: str, number: str) -> TradeSummary | None:
    """One trade of a consumer with its orders; None when it is somebody else's."""
    found = await rows(f"{_ORDER} WHERE t.number = $1 AND t.consumer = $2 ORDER BY o.id", number, consumer)
    if not found:
        return None
    orders = [msgspec.convert(_read(order), OrderSummary) for order in found]
    states = {order.state for order in orders}
    return TradeSummary(
        number=number,
        state="pending_payment" if "pending_payment" in states else "closed" if states == {"closed"} else "paid",
        amount_fen=sum(order.amount_fen for order in orders),
        placed_at=orders[0].placed_at,
        expires_at=orders[0].expires_at,
        orders=orders,
    )


async def orders_of(owner: str, value: str, state: str | None, cursor: str | None, limit: int) -> OrderPage:
    """Orders of a consumer or a merchant, newest first, ``limit`` (at most 100) a page."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    found = await rows(
        f"{_ORDER} WHERE o.{_column(owner)} = $1 AND ($2::text IS NULL OR o.state = $2) AND o.id < $3"
        " ORDER BY o.id DESC LIMIT $4",
        value,
        state,
        before,
        limit + 1,
    )
    page = found[:limit]
    following = write_cursor(page[-1]["id"]) if len(found) > limit else None
    return OrderPage([msgspec.convert(_read(order), OrderSummary) for order in page], following)


async def sealed_delivery(merchant: str, number: str) -> bytes | None:
    """The sealed address of a merchant's order."""
    found = await rows("SELECT delivery FROM customer_order WHERE number = $1 AND merchant = $2", number, merchant)
    return bytes(found[0]["delivery"]) if found else None


def _column(owner: str) -> str:
    if owner not in ("consumer", "merchant"):
        raise ValueError(owner)
    return owner


def _read(found: dict[str, object]) -> dict[str, object]:
    lines = found["lines"]
    return {**found, "lines": msgspec.json.decode(lines) if isinstance(lines, str) else lines}


async def pictures_in_orders(taken_off: Sequence[TakenOff]) -> set[str]:
    """Of pictures that products no longer show, those that orders do, or that belong to what is kept of a trade.

    An order shows the picture that stood for its goods for ever. The product's other pictures of that day were part of
    what was offered: they are kept as long as the order's own record (e-commerce law, article 31).
    """
    found = await rows(
        "SELECT t.number FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])"
        " AS t (number, product, address, attached_at, taken_off_at) WHERE EXISTS (SELECT 1 FROM order_line l"
        "   JOIN customer_order o ON o.id = l.order_id WHERE l.product = t.product"
        "   AND (l.image = t.address OR o.delivery <> '' AND o.placed_at BETWEEN t.attached_at AND t.taken_off_at))",
        [picture.number for picture in taken_off],
        [picture.owner.removeprefix(PRODUCT_PICTURES) for picture in taken_off],
        [picture.address for picture in taken_off],
        [picture.attached_at for picture in taken_off],
        [picture.taken_off_at for picture in taken_off],
    )
    return {each["number"] for each in found}
