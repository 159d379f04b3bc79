"""The one way an order changes its state: a conditional UPDATE and its event, in one statement."""

from datetime import datetime

from kit.database import Row, row
from orders.errors import OrderNotFound, OrderStateConflict
from orders.models import ORDER_TRANSITIONS, OrderState

_MOMENTS = {
    OrderState.PAID: "paid_at",
    OrderState.PACKED: "packed_at",
    OrderState.SHIPPED: "shipped_at",
    OrderState.RECEIVED: "received_at",
    OrderState.CLOSED: "closed_at",
}
# A wish to cancel is noted before the close and names its reason; a payment that was faster takes both back.
_ALONG = {
    OrderState.SHIPPED: ", receive_by = $3::timestamptz"
    " + make_interval(secs => COALESCE((after_sales_terms->>'receipt_s')::int, 864000))",
    OrderState.CLOSED: ", close_reason = COALESCE(close_reason, $6)",
    OrderState.PAID: ", close_reason = NULL, closed_at = NULL",
}


async def advance(
    number: str,
    to: OrderState,
    *,
    moment: datetime,
    actor: str,
    reason: str | None = None,
    sources: frozenset[OrderState] | None = None,
) -> Row | None:
    """Move the order to ``to`` when it is in one of ``sources``; None when it is not.

    ``sources`` defaults to every state that the table of transitions allows, and may only narrow it. Answers the
    order's columns after the change. Raises ValueError for a step that is not in the table.
    """
    allowed = frozenset(state for state, targets in ORDER_TRANSITIONS.items() if to in targets)
    if not allowed or (sources is not None and not sources <= allowed):
        raise ValueError(f"{sources} -> {to} is not in the table of transitions")
    closing = to is OrderState.CLOSED
    return await row(
        f"WITH moved AS (UPDATE customer_order SET state = $2, {_MOMENTS[to]} = $3{_ALONG.get(to, '')}"
        " WHERE number = $1 AND state = ANY($4::text[]) RETURNING *),"
        " event AS (INSERT INTO order_event (order_id, state, actor, reason, happened_at)"
        f" SELECT id, $2, $5, {'close_reason' if closing else '$6'}, $3 FROM moved)"
        " SELECT * FROM moved",
        number,
        to.value,
        moment,
        [state.value for state in (allowed if sources is None else sources)],
        actor,
        reason,
    )


async def advance_or_refuse(
    number: str,
    to: OrderState,
    *,
    moment: datetime,
    actor: str,
    owner: tuple[str, str],
    sources: frozenset[OrderState],
) -> Row:
    """The same for somebody's own order: ``owner`` is a column (``consumer`` or ``merchant``) and its value.

    Raises OrderNotFound for a foreign or unknown order, OrderStateConflict when it is elsewhere in its life.
    """
    column, value = owner
    if column not in ("consumer", "merchant"):
        raise ValueError(column)
    held = await row(f"SELECT state FROM customer_order WHERE number = $1 AND {column} = $2 FOR UPDATE", number, value)
    if held is None:
        raise OrderNotFound()
    moved = await advance(number, to, moment=moment, actor=actor, sources=sources)
    if moved is None:
        raise OrderStateConflict(state=held["state"])
    return moved
