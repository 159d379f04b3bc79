"""Opening a case, in the caller's transaction: the order is locked, what others hold is counted, shares are fixed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from kit.database import Row, row, rows
from kit.numbers import public_number
from kit.outbox import announce
from orders.cases.models import FINAL, CaseKind, Cause
from orders.cases.rules import Item, return_freight_by
from orders.errors import NothingToRefund, OrderNotFound
from orders.events import CaseMoved
from orders.models import CaseState
from products.terms import AfterSalesTerms


async def order_for_claim(consumer: str, number: str) -> Row:
    """The order as it stands, locked. Raises OrderNotFound."""
    found = await row(
        "SELECT id, number, trade_id, group_id, merchant, consumer, state, delivered_at, received_at, earned_at,"
        " after_sales_window_s, after_sales_terms::text AS terms FROM customer_order"
        " WHERE number = $1 AND consumer = $2 FOR UPDATE",
        number,
        consumer,
    )
    if found is None:
        raise OrderNotFound()
    return found


async def lines_for_claim(order_id: int) -> list[Row]:
    """The lines of a locked order by position, with what its open cases hold of each."""
    return await rows(
        "SELECT l.id, l.reference, l.quantity, l.net_fen, l.return_policy, l.ships_from, l.booking::text AS booking,"
        " l.refunded_quantity, l.kept_fen,"
        " l.refunded_fen, l.refunded_freight_fen, l.freight_fen, h.pieces AS held_quantity, h.fen AS held_fen,"
        " h.freight AS held_freight_fen, (SELECT count(*) FROM voucher v WHERE v.order_id = l.order_id"
        "   AND v.state = 'redeemed') AS used_quantity FROM order_line l CROSS JOIN LATERAL ("
        "   SELECT COALESCE(sum(i.quantity), 0)::bigint AS pieces,"
        "   COALESCE(sum(i.amount_fen + i.kept_fen), 0)::bigint AS fen,"
        "   COALESCE(sum(i.freight_fen), 0)::bigint AS freight FROM after_sales_item i"
        f"   JOIN after_sales_case c ON c.id = i.case_id WHERE i.line_id = l.id AND c.state NOT IN {FINAL}) h"
        " WHERE l.order_id = $1 ORDER BY l.position",
        order_id,
    )


# The case, its first event and its items.
_OPEN = """
WITH opened AS (
    INSERT INTO after_sales_case (number, order_id, kind, cause, state, due_at, quantity, amount_fen, freight_fen,
           reason, pictures, return_freight_by, offers, refund_attempt, requested_at)
    VALUES ($1, $2, $3, $4, 'requested', $5, $14, $6, $7, $8, $9::jsonb, $10, 0, 1, $11) RETURNING id),
told AS (
    INSERT INTO after_sales_event (case_id, event, state, actor, note, happened_at)
    SELECT id, 'request', 'requested', $12, $8, $11 FROM opened),
items AS (
    INSERT INTO after_sales_item (case_id, line_id, quantity, amount_fen, freight_fen, kept_fen)
    SELECT opened.id, i.line, i.quantity, i.amount_fen, i.freight_fen, i.kept_fen
      FROM opened, jsonb_to_recordset($13::jsonb)
           AS i (line bigint, quantity int, amount_fen bigint, freight_fen bigint, kept_fen bigint))
SELECT id FROM opened"""


async def open_case(
    order: Row,
    items: Sequence[Item],
    kind: CaseKind,
    cause: Cause,
    reason: str,
    pictures: Sequence[str],
    *,
    window_s: int,
    now: datetime,
) -> str:
    """Write a case on a locked order; the merchant has ``window_s`` to decide. Raises NothingToRefund."""
    if not any(item.quantity for item in items):
        raise NothingToRefund(left=0)
    number, due_at = public_number(now, "R"), now + timedelta(seconds=window_s)
    await row(
        _OPEN,
        number,
        order["id"],
        kind.value,
        cause.value,
        due_at,
        sum(item.amount_fen for item in items),
        sum(item.freight_fen for item in items),
        reason,
        json.dumps(list(pictures)),
        return_freight_by(kind, cause),
        now,
        f"consumer:{order['consumer']}",
        json.dumps([msgspec.to_builtins(item) for item in items]),
        sum(item.quantity for item in items),
    )
    await announce(
        CaseMoved(
            case=number,
            order=order["number"],
            merchant=order["merchant"],
            consumer=order["consumer"],
            kind=kind.value,
            state=CaseState.REQUESTED.value,
            due_at=due_at,
            moved_at=now,
        )
    )
    return number


def terms_of(order: Row) -> AfterSalesTerms:
    """The windows that the order was placed under."""
    return msgspec.json.decode(order["terms"], type=AfterSalesTerms)


def pieces_left(lines: Sequence[Row]) -> Mapping[str, int]:
    """Everything that has neither been refunded nor is claimed, nor was used by a guest, by line reference."""
    left = {
        line["reference"]: line["quantity"] - line["refunded_quantity"] - line["held_quantity"] - line["used_quantity"]
        for line in lines
    }
    return {reference: pieces for reference, pieces in left.items() if pieces > 0}
