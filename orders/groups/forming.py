"""When a group is formed, and what waits for it.

Everybody locks an order before its group, and a group before stock. Who joins holds the group FOR KEY SHARE, a payment
that may form it FOR NO KEY UPDATE, and who judges it over FOR UPDATE: the judge waits for everybody and is waited for.
"""

from datetime import datetime

from kit.database import Row, execute, row
from kit.outbox import announce
from orders.cases.models import FINAL
from orders.errors import GroupNotFormed
from orders.events import GroupFormed
from orders.groups.models import GROUP_TRANSITIONS, GroupState

# Paid, not given back and not claimed back. Read in a statement of its own after the lock, so that it sees everybody
# who was waited for.
TAKING_PART = f"""
SELECT count(DISTINCT o.consumer)::int AS buyers,
       COALESCE(sum(l.quantity - l.refunded_quantity - c.pieces), 0)::int AS pieces
  FROM customer_order o JOIN order_line l ON l.order_id = o.id CROSS JOIN LATERAL (
       SELECT COALESCE(sum(i.quantity), 0) AS pieces FROM after_sales_item i JOIN after_sales_case c ON c.id = i.case_id
        WHERE i.line_id = l.id AND c.state NOT IN {FINAL}) c
 WHERE o.group_id = g.id AND o.paid_at IS NOT NULL AND o.state <> 'closed'
   AND l.quantity > l.refunded_quantity + c.pieces"""


async def form_when_reached(group_id: int | None, now: datetime) -> None:
    """Somebody of a group has paid: it is formed when it is big enough, once. Joins the caller's transaction."""
    held = group_id and await row(
        "SELECT * FROM buying_group WHERE id = $1 AND state = 'open' FOR NO KEY UPDATE", group_id
    )
    if held:
        await judge(held, now)


async def judge(held: Row, now: datetime) -> bool:
    """Form an open group that the caller holds when it has reached its minimum; answers whether it has."""
    part = await row(f"SELECT t.* FROM buying_group g, LATERAL ({TAKING_PART}) t WHERE g.id = $1", held["id"])
    assert part is not None
    if part["buyers"] < held["min_buyers"] or part["pieces"] < held["min_pieces"]:
        return False
    await step(held["id"], GroupState.FORMED, now)
    await announce(
        GroupFormed(
            group=held["number"], offer=held["offer"], merchant=held["merchant"], site=held["site"], formed_at=now
        )
    )
    return True


async def step(group_id: int, to: GroupState, now: datetime) -> bool:
    """Move a held group when the table of transitions allows it; answers whether it moved."""
    sources = [state.value for state, targets in GROUP_TRANSITIONS.items() if to in targets]
    return bool(
        await execute(
            f"UPDATE buying_group SET state = $2, {to.value}_at = $3 WHERE id = $1 AND state = ANY($4::text[])",
            group_id,
            to.value,
            now,
            sources,
        )
    )


async def demand_formed(group_id: int | None) -> None:
    """Raises GroupNotFormed for an order whose group is not, or not any more. No group is as good as a formed one."""
    if group_id and not await row("SELECT 1 FROM buying_group WHERE id = $1 AND state = 'formed'", group_id):
        raise GroupNotFormed()


async def unformed(group_id: int | None) -> str | None:
    """The state of a group that is not formed, held until the caller's transaction ends; None when it is, or none."""
    held = group_id and await row("SELECT state FROM buying_group WHERE id = $1 FOR NO KEY UPDATE", group_id)
    return None if not held or held["state"] == GroupState.FORMED else str(held["state"])
