"""Runs as the office reads them: by household code, accounts by their codes."""

from datetime import datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.payout_runs.errors import PayoutRunUnknown
from poverty_alleviation.payout_runs.models import LineState, PayoutWay, RunState
from poverty_alleviation.vault import household_rights


class RunCard(msgspec.Struct, frozen=True, kw_only=True):
    """One run with its sums in fen."""

    number: str
    merchant: str
    way: PayoutWay
    state: RunState
    lines: int
    amount_fen: int
    paid_fen: int
    drafted_by: str
    drafted_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str
    exports: int
    finished_at: datetime | None


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line. ``is_own_account`` false: a third person's account, which somebody decided about."""

    position: int
    household: str
    state: LineState
    account: str | None
    is_own_account: bool
    amount_fen: int
    reason: str
    decided_by: str | None
    payout: str | None


class RunShown(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its lines."""

    run: RunCard
    items: list[RunLine]


_CARD = (
    "SELECT r.*, s.lines, s.amount_fen, s.paid_fen FROM payout_run r CROSS JOIN LATERAL (SELECT count(*) AS lines,"
    " coalesce(sum(l.amount_fen) FILTER (WHERE l.state <> 'dropped'), 0)::bigint AS amount_fen,"
    " coalesce(sum(l.amount_fen) FILTER (WHERE l.state = 'paid'), 0)::bigint AS paid_fen"
    " FROM payout_line l WHERE l.run_id = r.id) AS s"
)


@household_rights()
async def run_cards(state: RunState | None, cursor: str | None, limit: int) -> tuple[list[RunCard], str | None]:
    """A page of runs of one state or of all, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_CARD} WHERE ($1::text IS NULL OR r.state = $1) AND ($2::bigint IS NULL OR r.id < $2)"
        " ORDER BY r.id DESC LIMIT $3",
        state.value if state else None,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, RunCard) for each in found[:limit]], following


@household_rights()
async def run_shown(number: str) -> RunShown:
    """One run with its lines. Raises :class:`PayoutRunUnknown`."""
    found = await row(f"{_CARD} WHERE r.number = $1", number)
    if found is None:
        raise PayoutRunUnknown(run=number[:40])
    lines = await rows(
        "SELECT l.position, h.code AS household, l.state, l.account, l.is_own_account, l.amount_fen, l.reason,"
        " l.decided_by, l.payout FROM payout_line l JOIN household h ON h.id = l.household_id WHERE l.run_id = $1"
        " ORDER BY l.position",
        found["id"],
    )
    return RunShown(run=msgspec.convert(found, RunCard), items=[msgspec.convert(each, RunLine) for each in lines])
