"""What is read of reserves and claims."""

from datetime import date, datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import row, rows, scalar
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.chart import AFTER_SALES_RESERVE
from ledger.queries import moved
from poverty_alleviation.confirming.holds import HELD_BY
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET
from poverty_alleviation.reserves.errors import ClawbackUnknown
from poverty_alleviation.reserves.models import ClawbackFault, ClawbackState
from poverty_alleviation.vault import household_rights


class ReserveCard(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's reserve, in fen.

    ``balance_fen`` below zero: refunds have taken more than was held back, and the merchant owes it. The terms are
    those of today, None when it has none.
    """

    merchant: str
    put_in_fen: int
    taken_out_fen: int
    balance_fen: int
    basis_points: int | None
    hold_days: int | None
    valid_from: date | None


class OverdrawnReserve(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's reserve that holds less than households still owe it by claims: ``claimed_fen`` stands in
    ``balance_fen`` and is not there yet."""

    merchant: str
    balance_fen: int
    claimed_fen: int


class ClawbackCard(msgspec.Struct, frozen=True, kw_only=True):
    """One claim. ``reversed_at``: a correction has taken it back, with everything that was set off against it.

    ``dispute``: the household's objection that holds it.
    """

    number: str
    state: ClawbackState
    household: str
    order_line: str
    merchant: str
    amount_fen: int
    set_off_fen: int
    fault: ClawbackFault
    finding: str
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    reversed_at: datetime | None
    dispute: str | None


class OffsetPart(msgspec.Struct, frozen=True):
    """What was set off against one order line's income at once."""

    position: int
    order_line: str
    amount_fen: int
    made_by: str
    made_at: datetime


class ClawbackFile(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with what was set off against it, oldest first."""

    clawback: ClawbackCard
    offsets: list[OffsetPart]


_RESERVES = f"""
SELECT m.merchant, coalesce(s.put_in, 0)::bigint AS put_in_fen, coalesce(s.taken_out, 0)::bigint AS taken_out_fen,
       coalesce(s.put_in - s.taken_out, 0)::bigint AS balance_fen, t.basis_points, t.hold_days, t.valid_from
  FROM (SELECT owner AS merchant FROM ledger_account WHERE code = $1 UNION SELECT merchant FROM reserve_term) AS m
  LEFT JOIN (SELECT a.owner, sum(v.credit_fen) AS put_in, sum(v.debit_fen) AS taken_out FROM ledger_account a
        JOIN ({moved()}) AS v ON v.account_id = a.id WHERE a.code = $1 GROUP BY 1) AS s ON s.owner = m.merchant
  LEFT JOIN LATERAL (SELECT * FROM reserve_term r WHERE r.merchant = m.merchant AND r.valid_from <= $2
        ORDER BY r.valid_from DESC LIMIT 1) AS t ON true
 ORDER BY m.merchant"""

_CLAIMED = f"""
SELECT c.merchant, sum(c.amount_fen - coalesce(o.set_off_fen, 0))::bigint AS claimed_fen FROM clawback c
  LEFT JOIN (SELECT clawback_id, sum(amount_fen) AS set_off_fen FROM clawback_offset GROUP BY 1) AS o
    ON o.clawback_id = c.id
 WHERE c.state = 'approved' AND NOT EXISTS (SELECT 1 FROM ledger_journal j JOIN ledger_journal b ON b.reverses_id = j.id
        WHERE j.source_type = '{CLAWBACK}' AND j.source_id = c.number)
 GROUP BY 1"""

_OVERDRAWN = f"""
SELECT r.merchant, r.balance_fen, coalesce(c.claimed_fen, 0)::bigint AS claimed_fen
  FROM (SELECT a.owner AS merchant, -sum(v.amount_fen)::bigint AS balance_fen FROM ledger_account a
        JOIN ({moved()}) AS v ON v.account_id = a.id WHERE a.code = $1 GROUP BY 1) AS r
  LEFT JOIN ({_CLAIMED}) AS c ON c.merchant = r.merchant
 WHERE r.balance_fen < coalesce(c.claimed_fen, 0) ORDER BY r.merchant"""

_CLAWBACKS = f"""
SELECT c.id, c.number, c.state, h.code AS household, c.order_line, c.merchant, c.amount_fen, c.fault, c.finding,
       c.made_by, c.made_at, c.decided_by, c.decided_at, c.decision_note,
       (SELECT coalesce(sum(o.amount_fen), 0)::bigint FROM clawback_offset o WHERE o.clawback_id = c.id) AS set_off_fen,
       (SELECT r.booked_at FROM ledger_journal j JOIN ledger_journal r ON r.reverses_id = j.id
         WHERE j.source_type = '{CLAWBACK}' AND j.source_id = c.number) AS reversed_at,
       ({HELD_BY.format(kind="'clawback'", source_id="c.number")}) AS dispute
  FROM clawback c JOIN household h ON h.id = c.household_id"""

_OFFSETS = f"""
SELECT o.position, p.subject AS order_line, -sum(p.amount_fen)::bigint AS amount_fen, o.made_by, o.made_at
  FROM clawback_offset o JOIN ledger_journal j
    ON j.source_type = '{CLAWBACK_OFFSET}' AND j.source_id = $2 || ':' || o.position
  JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id AND a.state = 'clawback'
 WHERE o.clawback_id = $1 GROUP BY o.id, p.subject ORDER BY o.position, p.subject"""


async def reserve_cards(clock: Clock = utc_now) -> list[ReserveCard]:
    """The reserve of every merchant that has one or terms for one, by merchant. One statement over stored totals."""
    return [
        msgspec.convert(each, ReserveCard) for each in await rows(_RESERVES, AFTER_SALES_RESERVE, china_day(clock()))
    ]


@household_rights()
async def claimed_of(merchant: str) -> int:
    """What stands in a merchant's reserve and is only claimed, in fen: no household has paid it or had it set off."""
    return await scalar(f"SELECT claimed_fen FROM ({_CLAIMED}) AS c WHERE merchant = $1", merchant) or 0


@household_rights()
async def overdrawn_reserves() -> list[OverdrawnReserve]:
    """By merchant. One statement over stored totals and claims."""
    return [msgspec.convert(each, OverdrawnReserve) for each in await rows(_OVERDRAWN, AFTER_SALES_RESERVE)]


@household_rights()
async def clawback_cards(
    state: ClawbackState | None, household: str | None, cursor: str | None, limit: int
) -> tuple[list[ClawbackCard], str | None]:
    """A page of claims, newest first, of one state and household or of all."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    found = await rows(
        f"{_CLAWBACKS} WHERE ($1::text IS NULL OR c.state = $1) AND ($2::text IS NULL OR h.code = $2)"
        " AND ($3::bigint IS NULL OR c.id < $3) ORDER BY c.id DESC LIMIT $4",
        str(state) if state else None,
        household,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, ClawbackCard) for each in found[:limit]], following


@household_rights()
async def clawback_file(number: str) -> ClawbackFile:
    """One claim and what was set off against it. Raises :class:`ClawbackUnknown`."""
    found = await row(f"{_CLAWBACKS} WHERE c.number = $1", number)
    if found is None:
        raise ClawbackUnknown(clawback=number[:40])
    offsets = await rows(_OFFSETS, found["id"], number)
    return ClawbackFile(
        clawback=msgspec.convert(found, ClawbackCard),
        offsets=[msgspec.convert(each, OffsetPart) for each in offsets],
    )
