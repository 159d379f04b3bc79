"""The cart: what a consumer means to buy, over all merchants, shown with what has become of it since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, transaction
from orders.bookings import with_booking
from orders.errors import CartFull, CartLineTooLarge, NotOnSale
from orders.quotes import CheckoutLine
from products.calendars import CalendarEntry, days_booked, open_days_of
from products.queries import SkuOffer, sku_offers
from products.stock import check_quantity

MAX_LINES = 100
MAX_PIECES = 999

Stay = tuple[date | None, date | None]
"""The day of arrival or visit, and the day of departure of a stay; nothing for goods."""
NO_STAY: Stay = (None, None)
_THIS_LINE = "sku = $2 AND (check_in, check_out) IS NOT DISTINCT FROM ($3::date, $4::date)"

LineState = Literal["ok", "price_changed", "fewer_left", "sold_out", "day_not_free", "delisted"]


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it stands now, in fen. ``seen_price_fen`` is the price when it was last put there.

    What is booked costs the sum of its ``days``; ``available`` is the least that is left of any. A day that is over,
    closed or unknown is missing there.
    ``attribution`` is the live room's word, to be handed to the order with ``position_ms``.
    """

    sku: str
    product: str
    title: str
    spec: str
    image: str
    quantity: int
    selected: bool
    seen_price_fen: int
    unit_price_fen: int
    available: int
    state: LineState
    check_in: date | None
    check_out: date | None
    days: list[CalendarEntry]
    marks: list[str]
    attribution: str | None
    position_ms: int | None


class CartGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one merchant, the newest first; of no merchant where nobody knows the goods any more."""

    merchant: str
    merchant_name: str
    lines: list[CartLineView]


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """The whole cart, the merchant of the newest line first. ``selected_fen`` is what the selected goods cost now."""

    groups: list[CartGroup]
    selected_fen: int


@dataclass(frozen=True)
class Carts:
    """Puts into carts and looks into them. A cart holds no stock and promises no price."""

    clock: Clock = utc_now

    async def add(
        self,
        consumer: str,
        sku: str,
        quantity: int,
        attribution: str | None,
        stay: Stay = NO_STAY,
        position_ms: int | None = None,
    ) -> None:
        """Put further pieces of a SKU into the cart, selected, at the price of now; other days are another line.

        Raises QuantityInvalid, NotOnSale, CartFull and CartLineTooLarge; DatesInvalid and DayNotFree for a ``stay``
        that is missing, not wanted or cannot be booked.
        """
        seen = (attribution, position_ms if attribution else None)
        await self._put(consumer, sku, quantity, stay, seen=seen, selected=True, is_further=True)

    async def put(self, consumer: str, sku: str, quantity: int, selected: bool, stay: Stay = NO_STAY) -> None:
        """Let the cart hold just so many pieces of a SKU; what is new about its price counts as seen.

        Raises as :meth:`add` does.
        """
        await self._put(consumer, sku, quantity, stay, seen=(None, None), selected=selected, is_further=False)

    async def _put(
        self, consumer: str, sku: str, quantity: int, stay: Stay, *, seen: tuple[str | None, int | None],
        selected: bool, is_further: bool,
    ) -> None:  # fmt: skip
        check_quantity(quantity)
        line = CheckoutLine(sku, quantity, check_in=stay[0], check_out=stay[1])
        offer = (await sku_offers([sku])).get(sku)
        if offer is None or not offer.listed:
            raise NotOnSale(skus=[sku])
        priced, _ = await with_booking([line], {sku: offer}, china_day(self.clock()))
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('cart|' || $1, 0))", consumer)
            held = await row(
                f"SELECT count(*) AS lines, count(*) FILTER (WHERE {_THIS_LINE}) AS is_there,"
                f" COALESCE(max(quantity) FILTER (WHERE {_THIS_LINE}), 0) AS pieces FROM cart_line WHERE consumer = $1",
                consumer,
                sku,
                *stay,
            )
            assert held is not None
            if not held["is_there"] and held["lines"] >= MAX_LINES:
                raise CartFull(limit=MAX_LINES)
            pieces = quantity + (held["pieces"] if is_further else 0)
            if pieces > MAX_PIECES:
                raise CartLineTooLarge(limit=MAX_PIECES)
            await execute(
                "INSERT INTO cart_line AS c (consumer, sku, quantity, selected, seen_price_fen, attribution, put_at,"
                " check_in, check_out, position_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $9, $10, $11)"
                " ON CONFLICT (consumer, sku, check_in, check_out) DO UPDATE SET quantity = $3, selected = $4,"
                " seen_price_fen = $5, attribution = COALESCE($6, c.attribution),"
                " position_ms = CASE WHEN $6 IS NULL THEN c.position_ms ELSE $11 END,"
                " put_at = CASE WHEN $8 THEN $7 ELSE c.put_at END",
                consumer,
                sku,
                pieces,
                selected,
                priced[sku].unit_price_fen,
                seen[0],
                self.clock(),
                is_further,
                *stay,
                seen[1],
            )

    async def select(self, consumer: str, skus: Sequence[str] | None, selected: bool) -> None:
        """Select lines, or take their selection away; None means all."""
        await execute(
            "UPDATE cart_line SET selected = $3 WHERE consumer = $1 AND ($2::text[] IS NULL OR sku = ANY($2))",
            consumer,
            None if skus is None else list(skus),
            selected,
        )

    async def remove(self, consumer: str, sku: str, stay: Stay = NO_STAY) -> None:
        """Take a SKU out: the line of these days, or without days all of it. What is not there needs no taking out."""
        await execute(
            f"DELETE FROM cart_line WHERE consumer = $1 AND sku = $2 AND ($3::date IS NULL OR {_THIS_LINE})",
            consumer,
            sku,
            *stay,
        )

    async def read(self, consumer: str) -> Cart:
        """The cart with live prices and stock.

        Two statements, the lines and their offers; three when something in it is booked by the day.
        """
        kept = await rows(
            "SELECT sku, quantity, selected, seen_price_fen, attribution, position_ms, check_in, check_out"
            " FROM cart_line WHERE consumer = $1 ORDER BY put_at DESC, id DESC",
            consumer,
        )
        offers = await sku_offers([line["sku"] for line in kept]) if kept else {}
        days = await self._days([line for line in kept if line["check_in"] is not None])
        groups: dict[str, CartGroup] = {}
        for line in kept:
            offer = offers.get(line["sku"])
            merchant, name = (offer.merchant, offer.merchant_name) if offer else ("", "")
            group = groups.setdefault(merchant, CartGroup(merchant=merchant, merchant_name=name, lines=[]))
            group.lines.append(_line(line, offer, _of_stay(line, days)))
        chosen = [line for group in groups.values() for line in group.lines if line.selected]
        buyable = [line for line in chosen if line.state in ("ok", "price_changed")]
        return Cart(
            groups=list(groups.values()),
            selected_fen=sum(line.unit_price_fen * line.quantity for line in buyable),
        )

    async def _days(self, booked: Sequence[Row]) -> dict[str, list[CalendarEntry]]:
        """The days of booked SKUs that are open, wanted by some line and not over."""
        if not booked:
            return {}
        today = china_day(self.clock())
        spans = [(each["sku"], each["check_in"], _days_wanted(each)[-1]) for each in booked]
        found = await open_days_of(spans)
        return {sku: [each for each in days if each.day >= today] for sku, days in found.items()}


def _of_stay(line: Row, open_days: Mapping[str, Sequence[CalendarEntry]]) -> list[CalendarEntry] | None:
    """The open days of a booked line; None of goods."""
    if line["check_in"] is None:
        return None
    wanted = _days_wanted(line)
    return [each for each in open_days[line["sku"]] if each.day in wanted]


def _days_wanted(line: Row) -> list[date]:
    return days_booked(line["check_in"], line["check_out"])


def _line(line: Row, offer: SkuOffer | None, days: list[CalendarEntry] | None) -> CartLineView:
    if offer is not None and days is not None:
        whole = len(days) == len(_days_wanted(line))
        price_fen = sum(each.price_fen for each in days) if whole else line["seen_price_fen"]
        left = min(each.left for each in days) if whole else 0
        offer = msgspec.structs.replace(offer, unit_price_fen=price_fen, available=left)
    return CartLineView(
        sku=line["sku"],
        product=offer.product if offer else "",
        title=offer.title if offer else "",
        spec=offer.spec if offer else "",
        image=offer.image if offer else "",
        quantity=line["quantity"],
        selected=line["selected"],
        seen_price_fen=line["seen_price_fen"],
        unit_price_fen=offer.unit_price_fen if offer else 0,
        available=offer.available if offer else 0,
        state=_state(line, offer),
        check_in=line["check_in"],
        check_out=line["check_out"],
        days=days or [],
        marks=list(offer.marks) if offer else [],
        attribution=line["attribution"],
        position_ms=line["position_ms"],
    )


def _state(line: Row, offer: SkuOffer | None) -> LineState:
    """What keeps the line from being bought as it stands; the worst first."""
    if offer is None or not offer.listed:
        return "delisted"
    if offer.available == 0:
        return "day_not_free" if line["check_in"] is not None else "sold_out"
    if offer.available < line["quantity"]:
        return "fewer_left"
    return "ok" if offer.unit_price_fen == line["seen_price_fen"] else "price_changed"
