"""Reads of after-sales cases: one SQL statement each."""

from datetime import datetime
from typing import Annotated

import msgspec

from kit.database import Row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from orders.cases.models import FINAL
from orders.errors import CaseNotFound

_NEVER = 2**62
_ITEMS = (
    "(SELECT jsonb_agg(jsonb_build_object('line', l.reference, 'title', l.title, 'spec', l.spec, 'image', l.image,"
    " 'source', l.source, 'source_offset_ms', l.source_offset_ms, 'quantity', i.quantity,"
    " 'amount_fen', i.amount_fen, 'freight_fen', i.freight_fen) ORDER BY l.position)"
    " FROM after_sales_item i JOIN order_line l ON l.id = i.line_id WHERE i.case_id = c.id)::text AS items"
)
_DECISION = (
    r"substring(c.decision from '^[a-z_]+(?::[0-9A-Za-z-]+)?: (.*)$') AS decision,"
    " substring(c.decision from '^[a-z_]+') AS decided_by"
)
"""The words, and who decided: the kind of actor alone, as in the steps."""
_DUE = f"COALESCE((extract(epoch FROM c.due_at) * 1000000)::bigint, {_NEVER})"
_COLUMNS = (
    'c.id, c.number, o.number AS "order", o.merchant, c.kind, c.cause, c.state, c.due_at, c.amount_fen, c.freight_fen,'
    f" c.offer_fen, c.reason, {_DECISION}, c.return_freight_by, c.return_carrier, c.return_waybill,"
    " c.exchange_carrier, c.exchange_waybill, c.requested_at, c.refunded_at, c.pictures::text AS pictures,"
    f" {_ITEMS}, {_DUE} AS due"
)
_FROM = " FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id"
_EVENTS = (
    "(SELECT jsonb_agg(jsonb_build_object('event', e.event, 'state', e.state, 'actor', split_part(e.actor, ':', 1),"
    " 'note', e.note, 'happened_at', e.happened_at) ORDER BY e.id) FROM after_sales_event e WHERE e.case_id = c.id)"
    "::text AS events"
)


class _Key(msgspec.Struct, array_like=True):
    due: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class CaseItem(msgspec.Struct, frozen=True):
    """Some pieces of one line in a case, with their shares in fen; 0 pieces when the buyer keeps them.

    ``source`` is where the line was seen, ``source_offset_ms`` the place there.
    """

    line: str
    title: str
    spec: str
    image: str
    source: str | None
    source_offset_ms: int | None
    quantity: int
    amount_fen: int
    freight_fen: int


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One after-sales case. Money in fen; ``due_at`` is when its state is over of itself.

    ``reason`` is null for a merchant until the buyer's words have passed. ``decision`` are the words of the last one,
    if any were said, ``decided_by`` who took it: staff, the buyer, or the deadline.
    """

    number: str
    order: str
    merchant: str
    kind: str
    cause: str
    state: str
    due_at: datetime | None
    amount_fen: int
    freight_fen: int
    offer_fen: int | None
    reason: str | None
    decision: str | None
    decided_by: str | None
    return_freight_by: str
    return_carrier: str | None
    return_waybill: str | None
    exchange_carrier: str | None
    exchange_waybill: str | None
    requested_at: datetime
    refunded_at: datetime | None
    pictures: list[str]
    items: list[CaseItem]


class CaseStep(msgspec.Struct, frozen=True):
    """One step of a case: what happened, who did it (the kind of actor alone), and the words."""

    event: str
    state: str
    actor: str
    note: str | None
    happened_at: datetime


class CaseDossier(msgspec.Struct, frozen=True):
    """A case with its history."""

    case: CaseSummary
    steps: list[CaseStep]


class CasePage(msgspec.Struct, frozen=True):
    """A page of cases; ``next`` is the cursor of the following page."""

    cases: list[CaseSummary]
    next: str | None


class CaseCount(msgspec.Struct, frozen=True):
    """How many cases are in a state, and how many of them end of themselves within a day."""

    state: str
    cases: int
    due_within_a_day: int


async def newest_cases(consumer: str, cursor: str | None, limit: int) -> CasePage:
    """A consumer's cases, newest first."""
    before = read_cursor(cursor, tuple[Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"SELECT {_COLUMNS}{_FROM} WHERE o.consumer = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3",
        consumer,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return CasePage([_summary(case) for case in found[:limit]], following)


async def cases_by_due(merchant: str | None, states: list[str] | None, cursor: str | None, limit: int) -> CasePage:
    """The cases of a merchant, or of all, in some states or in all; what is due first stands first."""
    after = read_cursor(cursor, _Key) if cursor else _Key(0, 0)
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"SELECT {_COLUMNS}{_FROM} WHERE ($1::text IS NULL OR o.merchant = $1)"
        f" AND ($2::text[] IS NULL OR c.state = ANY($2)) AND ({_DUE}, c.id) > ($3, $4)"
        f" ORDER BY {_DUE}, c.id LIMIT $5",
        merchant,
        states,
        after.due,
        after.id,
        limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    following = write_cursor(last["due"], last["id"]) if last else None
    return CasePage([_summary(case) for case in found[:limit]], following)


async def case_counts(merchant: str, now: datetime) -> list[CaseCount]:
    """The open cases of a merchant by state."""
    found = await rows(
        "SELECT c.state, count(*) AS cases, count(*) FILTER (WHERE c.due_at <= $2::timestamptz + interval '1 day')"
        f" AS due_within_a_day{_FROM} WHERE o.merchant = $1 AND c.state NOT IN {FINAL}"
        " GROUP BY c.state ORDER BY c.state",
        merchant,
        now,
    )
    return [CaseCount(**each) for each in found]


async def case_dossier(owner: str, value: str, number: str) -> CaseDossier:
    """One case of a consumer or a merchant (``owner`` is the column), or of anybody ('').

    Raises CaseNotFound.
    """
    theirs = {"consumer": "o.consumer = $2", "merchant": "o.merchant = $2", "": "$2 = ''"}[owner]
    found = await rows(f"SELECT {_COLUMNS}, {_EVENTS}{_FROM} WHERE c.number = $1 AND {theirs}", number, value)
    if not found:
        raise CaseNotFound()
    return CaseDossier(_summary(found[0]), msgspec.json.decode(found[0]["events"], type=list[CaseStep]))


def _summary(found: Row) -> CaseSummary:
    read = {name: found[name] for name in CaseSummary.__struct_fields__}
    return CaseSummary(
        **{
            **read,
            "pictures": msgspec.json.decode(found["pictures"], type=list[str]),
            "items": msgspec.json.decode(found["items"], type=list[CaseItem]),
        }
    )
