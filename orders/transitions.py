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
    order's columns after the change.
    """
    allowed = frozenset(state for state, targets in ORDER_TRANSITIONS.items() if to in targets)
    if sources is not None and not sources <= allowed:
        raise ValueError(f"{sources} -> {to} is not in the table of transitions")
    reason_column = ", close_reason = COALESCE(close_reason, $6)" if to is OrderState.CLOSED else ""
    return await row(
        f"WITH moved AS (UPDATE customer_order SET state = $2, {_MOMENTS[to]} = $3{reason_column}"
        " WHERE number = $1 AND state = ANY($4::text[]) RETURNING *),"
        " event AS (INSERT INTO order_event (order_id, state, actor, reason, happened_at)"
        " SELECT id, $2, $5, $6, $3 FROM moved)"
        " SELECT * FROM moved",
        number,
        to.value,
        moment,
        [state.value for state in sources or allowed],
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
    held = await row(
        f"SELECT state FROM customer_order WHERE number = $1 AND {column} = $2 FOR UPDATE", number, value
    )
    if held is None:
        raise OrderNotFound()
    moved = await advance(number, to, moment=moment, actor=actor, sources=sources)
    if moved is None:
        raise OrderStateConflict(state=held["state"])
    return moved
