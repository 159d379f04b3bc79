"""A gift: a buyer's words for whoever gets the parcel, and whether the slip hides the price.

The words are held until they have passed (``content.texts``) and printed only then; refused words hold nothing up: the
order goes without them.
"""

from collections.abc import Mapping, Sequence

import msgspec

from content.own_records import forget_texts_of
from content.texts import HeldText, Texts, texts_of
from kit.database import execute, row, rows
from orders.errors import GiftForNobody, OrderNotFound
from orders.placements import PlacedTrade
from orders.queries import order_of


class Gift(msgspec.Struct, frozen=True):
    """What the buyer wants for one merchant's order; without ``message`` only the price is hidden."""

    message: str
    hides_price: bool


class GiftView(msgspec.Struct, frozen=True):
    """A gift as its buyer sees it; ``state`` says whether the words will be printed."""

    message: str
    state: str
    hides_price: bool


class GiftSlip(msgspec.Struct, frozen=True):
    """What the packer prints for an order: ``message`` is empty unless the words have passed."""

    message: str
    hides_price: bool


def subject_of(order: str) -> str:
    """What the words of an order's gift are held under."""
    return f"gift:{order}"


async def keep_gifts(texts: Texts, trade: PlacedTrade, gifts: Mapping[str, Gift], openid: str) -> None:
    """Keep gifts of a trade by merchant; joins the caller's transaction. Raises GiftForNobody, TextInvalid."""
    orders = {order.merchant: order.number for order in trade.orders}
    if unknown := sorted(set(gifts) - set(orders)):
        raise GiftForNobody(merchants=unknown)
    for merchant, gift in sorted(gifts.items()):
        await row(
            "INSERT INTO order_gift (order_id, hides_price) SELECT id, $2 FROM customer_order WHERE number = $1"
            " RETURNING id",
            orders[merchant],
            gift.hides_price,
        )
        if gift.message:
            await texts.hold(subject_of(orders[merchant]), gift.message, openid)


async def gift_of(consumer: str, order: str) -> GiftView | None:
    """The gift of a consumer's order, None when it is none. Two statements. Raises OrderNotFound."""
    found = await row(
        "SELECT g.hides_price FROM customer_order o LEFT JOIN order_gift g ON g.order_id = o.id"
        " WHERE o.number = $1 AND o.consumer = $2",
        order,
        consumer,
    )
    if found is None:
        raise OrderNotFound()
    if found["hides_price"] is None:
        return None
    text = (await texts_of([subject_of(order)])).get(subject_of(order))
    return GiftView(text.text if text else "", text.state if text else "", found["hides_price"])


async def gift_slips(orders: Sequence[str]) -> dict[str, GiftSlip]:
    """What is printed for some orders, by number; one that is no gift is missing. Two statements."""
    found = await rows(
        "SELECT o.number, g.hides_price FROM order_gift g JOIN customer_order o ON o.id = g.order_id"
        " WHERE o.number = ANY($1::text[])",
        list(orders),
    )
    texts = await texts_of([subject_of(each["number"]) for each in found]) if found else {}
    return {
        each["number"]: GiftSlip(_printed(texts.get(subject_of(each["number"]))), each["hides_price"]) for each in found
    }


def _printed(text: HeldText | None) -> str:
    return text.text if text is not None and text.state == "passed" else ""


class SlipLine(msgspec.Struct, frozen=True):
    """What lies in the box; ``unit_price_fen`` is None when the price is hidden."""

    title: str
    spec: str
    quantity: int
    unit_price_fen: int | None


class PackingSlip(msgspec.Struct, frozen=True):
    """The paper in the box of one order. It never names the buyer; pieces that were refunded are not on it."""

    order: str
    lines: list[SlipLine]
    amount_fen: int | None
    gift_message: str


async def packing_slip(merchant: str, order: str) -> PackingSlip:
    """What is printed for an order of the merchant. Three statements. Raises OrderNotFound."""
    found = await order_of("merchant", merchant, order)
    if found is None:
        raise OrderNotFound()
    slip = (await gift_slips([order])).get(order, GiftSlip("", hides_price=False))
    return PackingSlip(
        order=order,
        lines=[
            SlipLine(
                line.title,
                line.spec,
                line.quantity - line.refunded_quantity,
                None if slip.hides_price else line.unit_price_fen,
            )
            for line in found.lines
            if line.quantity > line.refunded_quantity
        ],
        amount_fen=None if slip.hides_price else found.amount_fen,
        gift_message=slip.message,
    )


async def forget_gifts(orders: Sequence[str]) -> None:
    """The words and the wishes of these orders' gifts go. Joins the caller's transaction."""
    await execute(
        "DELETE FROM order_gift WHERE order_id IN (SELECT id FROM customer_order WHERE number = ANY($1::text[]))",
        list(orders),
    )
    if orders:
        await forget_texts_of([subject_of(order) for order in orders])
