"""The one way a case changes its state: a conditional UPDATE, its event and its next deadline, in one statement."""

from datetime import datetime, timedelta

import msgspec

from kit.database import Row, row
from kit.outbox import announce
from orders.cases.models import CASE_STEPS, DEADLINES, CaseEvent, CaseKind
from orders.errors import CaseDecided, CaseNotFound
from orders.events import CaseMoved
from orders.models import CaseState
from products.terms import AfterSalesTerms

_NOTED = frozenset({
    "decision", "decided_at", "offer_fen", "offers", "refund_attempt", "return_address", "return_carrier",
    "return_waybill", "returned_at", "exchange_carrier", "exchange_waybill", "refunded_at",
})  # fmt: skip

_OWNERS = {"consumer": " AND o.consumer = $2", "merchant": " AND o.merchant = $2", "": " AND $2 = ''"}


async def held(number: str, owner: tuple[str, str] = ("", ""), *, wait: bool = True) -> Row | None:
    """A case locked, its order first as everybody does; None when there is none, or without ``wait`` it is locked.

    ``owner`` is ``consumer`` or ``merchant`` and its number; the case of another does not exist.
    """
    found = await row(
        "SELECT o.id FROM customer_order o JOIN after_sales_case c ON c.order_id = o.id WHERE c.number = $1"
        f"{_OWNERS[owner[0]]} FOR UPDATE OF o{'' if wait else ' SKIP LOCKED'}",
        number,
        owner[1],
    )
    if found is None:
        return None
    return await row(
        'SELECT c.*, o.number AS "order", o.merchant, o.consumer, o.state AS order_state,'
        " o.delivery_kind, o.after_sales_terms::text AS terms FROM after_sales_case c"
        " JOIN customer_order o ON o.id = c.order_id"
        " WHERE c.number = $1 FOR UPDATE OF c",
        number,
    )


async def held_or_refuse(number: str, owner: tuple[str, str]) -> Row:
    """The same, for somebody's own case. Raises CaseNotFound."""
    found = await held(number, owner)
    if found is None:
        raise CaseNotFound()
    return found


def next_state(case: Row, event: CaseEvent) -> CaseState | None:
    """Where an event would lead; None when the table does not know it here."""
    return CASE_STEPS[CaseKind(case["kind"])].get(CaseState(case["state"]), {}).get(event)


def was_done(case: Row, event: CaseEvent) -> bool:
    """Whether the case stands where this event leads, so that repeating it changes nothing."""
    led_to = {steps[event] for steps in CASE_STEPS[CaseKind(case["kind"])].values() if event in steps}
    if CaseState.REFUNDING in led_to:
        led_to.add(CaseState.REFUNDED)
    return CaseState(case["state"]) in led_to and next_state(case, event) is None


def deadline(state: CaseState, terms: AfterSalesTerms, now: datetime) -> datetime | None:
    """When a state that begins now is over of itself."""
    window = DEADLINES.get(state)
    return None if window is None else now + timedelta(seconds=getattr(terms, window))


async def step(
    case: Row, event: CaseEvent, *, now: datetime, actor: str, note: str | None = None, **noted: object
) -> CaseState:
    """Move a case that the caller holds; answers its new state. Raises CaseDecided for what is not in the table.

    ``noted`` are columns of the case that change with it.
    """
    to = next_state(case, event)
    if to is None:
        raise CaseDecided(state=case["state"])
    if not noted.keys() <= _NOTED:
        raise ValueError(sorted(noted.keys() - _NOTED))
    due_at = deadline(to, msgspec.json.decode(case["terms"], type=AfterSalesTerms), now)
    changes = "".join(f", {column} = ${place}" for place, column in enumerate(noted, start=9))
    moved = await row(
        f"WITH moved AS (UPDATE after_sales_case SET state = $3, due_at = $4{changes}"
        " WHERE id = $1 AND state = $2 RETURNING id),"
        " told AS (INSERT INTO after_sales_event (case_id, event, state, actor, note, happened_at)"
        " SELECT id, $5, $3, $6, $7, $8 FROM moved) SELECT id FROM moved",
        case["id"],
        case["state"],
        to.value,
        due_at,
        event.value,
        actor,
        None if note is None else note[:240],
        now,
        *noted.values(),
    )
    if moved is None:
        raise CaseDecided(state=case["state"])
    await announce(
        CaseMoved(
            case=case["number"],
            order=case["order"],
            merchant=case["merchant"],
            consumer=case["consumer"],
            kind=case["kind"],
            state=to.value,
            due_at=due_at,
            moved_at=now,
        )
    )
    return to
