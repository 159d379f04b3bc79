"""What a refund does to the lines: counted once under the order's lock, announced line by line, stock given back."""

from collections.abc import Sequence
from datetime import datetime

from kit.database import Row, execute, rows, scalar
from kit.outbox import announce
from orders.cases.models import CaseKind
from orders.events import LineRefunded, OrderClosed
from orders.models import DeliveryKind, OrderState
from orders.transitions import advance
from products.calendars import Calendars
from products.stock import Stock

_REFUNDABLE = frozenset({OrderState.PAID, OrderState.PACKED, OrderState.SHIPPED, OrderState.RECEIVED})


def refund_reference(case: str, attempt: int) -> str:
    """What the payments room knows the refund of a case by: its number, from the second attempt on with a suffix."""
    return case if attempt == 1 else f"{case}-{attempt}"


def late_refund_reference(order: str, attempt: int) -> str:
    """What the payments room knows the refund of late money by. No public number ends with an L."""
    return refund_reference(f"{order}L", attempt)


def is_late_money(order: str, refund: str) -> bool:
    """Whether a refund of an order's payment gives back money that came too late, which is no case."""
    return case_of(refund) == late_refund_reference(order, 1)


def case_of(refund: str) -> str:
    """The case behind a refund's name."""
    return refund.partition("-")[0]


async def keep_offer(case: Row) -> None:
    """The buyer keeps the pieces and takes the offered part: it is spread over the lines as their money was."""
    left = case["offer_fen"]
    items = await rows("SELECT id, amount_fen FROM after_sales_item WHERE case_id = $1 ORDER BY id", case["id"])
    goods = sum(item["amount_fen"] for item in items)
    for item in items:
        part = left * item["amount_fen"] // goods if goods else 0
        left, goods = left - part, goods - item["amount_fen"]
        await execute(
            "UPDATE after_sales_item SET quantity = 0, amount_fen = $2, freight_fen = 0 WHERE id = $1", item["id"], part
        )
    await execute(
        "UPDATE after_sales_case SET amount_fen = offer_fen, freight_fen = 0 WHERE id = $1 AND state = 'refunding'",
        case["id"],
    )


async def count_refund(case: Row, stock: Stock, *, occurred_at: datetime, now: datetime) -> None:
    """The money of a case is back with the buyer. The caller holds order and case and has moved the case."""
    counted = await rows(
        "UPDATE order_line l SET refunded_quantity = l.refunded_quantity + i.quantity,"
        " refunded_fen = l.refunded_fen + i.amount_fen, kept_fen = l.kept_fen + i.kept_fen,"
        " refunded_freight_fen = l.refunded_freight_fen + i.freight_fen, refund_steps = l.refund_steps + 1"
        " FROM after_sales_item i WHERE i.case_id = $1 AND l.id = i.line_id"
        " RETURNING l.reference, l.sku, l.source, l.source_offset_ms, l.quantity, l.net_fen, l.refunded_quantity,"
        " l.refunded_fen, l.refund_steps,"
        " i.quantity AS pieces, i.amount_fen, i.freight_fen",
        case["id"],
    )
    await follow_refund(case, counted, stock, occurred_at=occurred_at, now=now)


async def follow_refund(
    case: Row, counted: Sequence[Row], stock: Stock, *, occurred_at: datetime, now: datetime
) -> None:
    """What follows once money is counted on lines: facts, stock of an order that is only paid, the end of the order.

    ``case`` names the refund (``number``), its order (``order``, ``order_id``, ``order_state``,
    ``delivery_kind``) and ``merchant``.
    """
    for line in sorted(counted, key=lambda each: str(each["reference"])):
        await announce(
            LineRefunded(
                order=case["order"],
                merchant=case["merchant"],
                refund=case["number"],
                line=line["reference"],
                quantity=line["pieces"],
                amount_fen=line["amount_fen"],
                freight_fen=line["freight_fen"],
                remaining_quantity=line["quantity"] - line["refunded_quantity"],
                remaining_net_fen=line["net_fen"] - line["refunded_fen"],
                refund_step=line["refund_steps"],
                occurred_at=occurred_at,
                source=line["source"],
                source_offset_ms=line["source_offset_ms"],
            )
        )
    if case["order_state"] == OrderState.PAID and case["delivery_kind"] == DeliveryKind.VOUCHER:
        await Calendars(stock.clock).put_back(case["order"], sum(line["pieces"] for line in counted))
    elif case["order_state"] == OrderState.PAID:
        for line in sorted(counted, key=lambda each: str(each["sku"])):
            if line["pieces"]:
                await stock.put_back(case["order"], line["sku"], line["pieces"])
    await _close_when_nothing_is_left(case, now)


async def restock(case: Row, stock: Stock) -> None:
    """The pieces of a returned parcel are fit for sale again.

    Those of an exchange stay sold: others went out in their place, and left the stock as :func:`take_replacement` says.
    """
    for item in await _skus(case):
        if case["kind"] == CaseKind.EXCHANGE:
            await stock.add(item["sku"], item["quantity"], f"exchange:{case['number']}")
        else:
            await stock.put_back(case["order"], item["sku"], item["quantity"])


async def take_replacement(case: Row, stock: Stock) -> None:
    """The pieces that go out a second time leave the stock. Raises SoldOut."""
    for item in await _skus(case):
        await stock.add(item["sku"], -item["quantity"], f"exchange:{case['number']}")


async def _skus(case: Row) -> list[Row]:
    return await rows(
        "SELECT l.sku, i.quantity FROM after_sales_item i JOIN order_line l ON l.id = i.line_id"
        ' WHERE i.case_id = $1 AND i.quantity > 0 ORDER BY l.sku COLLATE "C"',
        case["id"],
    )


async def _close_when_nothing_is_left(case: Row, now: datetime) -> None:
    left = await scalar(
        "SELECT count(*) FROM order_line WHERE order_id = $1 AND (refunded_quantity < quantity OR kept_fen > 0)",
        case["order_id"],
    )
    if left:
        return
    closed = await advance(
        case["order"], OrderState.CLOSED, moment=now, actor="after_sales", reason="refunded", sources=_REFUNDABLE
    )
    if closed is not None:
        await announce(OrderClosed(order=case["order"], reason="refunded", closed_at=now))
