"""Reads of funds."""

from datetime import date, datetime

import msgspec

from county.funds.errors import FundLineUnknown, FundRecordUnknown, FundUnknown
from county.funds.models import FundState
from kit.database import row, rows, scalar
from kit.paging import read_cursor, write_cursor

PAID = (
    "(SELECT coalesce(sum(fen), 0)::bigint FROM (SELECT coalesce(b.amount_fen, p.amount_fen) AS fen"
    " FROM fund_payment p LEFT JOIN fund_bank_payment b ON b.payment_id = p.id"
    " WHERE p.line_id = l.id AND p.state = 'approved'"
    " UNION ALL SELECT b.amount_fen FROM fund_bank_payment b WHERE b.line_id = l.id AND b.payment_id IS NULL) AS paid)"
)
"""SQL: what a line ``l`` has paid in fen: approved payments as the bank carried them out, and what it paid besides."""


class FundLineCard(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its money in fen; ``left_fen`` is below zero when the line is over its budget."""

    number: str
    name: str
    scope: str
    standard: str
    procedure: str
    budget_fen: int
    paid_fen: int
    left_fen: int


class FundCard(msgspec.Struct, frozen=True, kw_only=True):
    """A fund and its lines; ``unarranged_fen`` is what no line has."""

    number: str
    name: str
    total_fen: int
    document: str
    unarranged_fen: int
    lines: list[FundLineCard]


class FundMoveCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to a line, in fen."""

    line: str
    delta_fen: int


class FundChangeCard(msgspec.Struct, frozen=True, kw_only=True):
    """A change of budgets."""

    number: str
    document: str
    state: FundState
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    moves: list[FundMoveCard]


class FundPaymentCard(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; ``reverses`` is the one that it takes back, ``bank_reference`` says that the bank carried it out."""

    number: str
    payee: str
    amount_fen: int
    purpose: str
    clause: str
    evidence: str
    reverses: str | None
    state: FundState
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    bank_reference: str | None


class BankPaymentCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says; ``payment`` is ours that it carried out."""

    reference: str
    payment: str | None
    payee: str
    amount_fen: int
    paid_on: date
    recorded_by: str
    recorded_at: datetime


class OverLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that has paid more than its budget, in fen."""

    line: str
    budget_fen: int
    paid_fen: int


async def funds() -> list[FundCard]:
    """Every fund with its lines, oldest first; one statement."""
    found = await rows(
        "SELECT f.number, f.name, f.total_fen, f.document,"
        " f.total_fen - coalesce(sum(l.budget_fen), 0)::bigint AS unarranged_fen,"
        " coalesce(jsonb_agg(jsonb_build_object('number', l.number, 'name', l.name, 'scope', l.scope,"
        " 'standard', l.standard, 'procedure', l.procedure, 'budget_fen', l.budget_fen, 'paid_fen', l.paid_fen,"
        " 'left_fen', l.budget_fen - l.paid_fen) ORDER BY l.id) FILTER (WHERE l.id IS NOT NULL), '[]')::text AS lines"
        f" FROM county_fund f LEFT JOIN (SELECT l.*, {PAID} AS paid_fen FROM fund_line l) AS l ON l.fund_id = f.id"
        " GROUP BY f.id ORDER BY f.id"
    )
    return [msgspec.convert({**each, "lines": msgspec.json.decode(each["lines"])}, FundCard) for each in found]


async def over_lines() -> list[OverLine]:
    """Lines over their budgets, by number; one statement."""
    found = await rows(
        f"SELECT line, budget_fen, paid_fen FROM (SELECT l.number AS line, l.budget_fen, {PAID} AS paid_fen"
        " FROM fund_line l) AS l WHERE paid_fen > budget_fen ORDER BY line"
    )
    return [msgspec.convert(each, OverLine) for each in found]


_CHANGE = (
    "SELECT c.id, c.number, c.document, c.state, c.made_by, c.made_at, c.decided_by, c.decided_at, c.decision_note,"
    " (SELECT jsonb_agg(jsonb_build_object('line', l.number, 'delta_fen', m.delta_fen) ORDER BY l.id)"
    " FROM fund_move m JOIN fund_line l ON l.id = m.line_id WHERE m.change_id = c.id)::text AS moves FROM fund_change c"
)


async def change_cards(fund: str, cursor: str | None, limit: int) -> tuple[list[FundChangeCard], str | None]:
    """A page of a fund's changes, newest first. Raises :class:`FundUnknown`."""
    fund_id = await scalar("SELECT id FROM county_fund WHERE number = $1", fund)
    if fund_id is None:
        raise FundUnknown()
    found = await rows(
        f"{_CHANGE} WHERE c.fund_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3", fund_id, _before(cursor), limit + 1
    )
    return [_change(each) for each in found[:limit]], _following(found, limit)


async def change_card(number: str) -> FundChangeCard:
    """One change. Raises :class:`FundRecordUnknown`."""
    found = await row(f"{_CHANGE} WHERE c.number = $1", number)
    if found is None:
        raise FundRecordUnknown()
    return _change(found)


_PAYMENT = (
    "SELECT p.id, p.number, p.payee, p.amount_fen, p.purpose, p.clause, p.evidence, r.number AS reverses, p.state,"
    " p.made_by, p.made_at, p.decided_by, p.decided_at, p.decision_note, b.reference AS bank_reference"
    " FROM fund_payment p LEFT JOIN fund_payment r ON r.id = p.reverses_id"
    " LEFT JOIN fund_bank_payment b ON b.payment_id = p.id"
)


async def payment_cards(line: str, cursor: str | None, limit: int) -> tuple[list[FundPaymentCard], str | None]:
    """A page of a line's payments, newest first. Raises :class:`FundLineUnknown`."""
    found = await rows(
        f"{_PAYMENT} WHERE p.line_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3",
        await _line_id(line),
        _before(cursor),
        limit + 1,
    )
    return [msgspec.convert(each, FundPaymentCard) for each in found[:limit]], _following(found, limit)


async def payment_card(number: str) -> FundPaymentCard:
    """One payment. Raises :class:`FundRecordUnknown`."""
    found = await row(f"{_PAYMENT} WHERE p.number = $1", number)
    if found is None:
        raise FundRecordUnknown()
    return msgspec.convert(found, FundPaymentCard)


async def bank_payment_cards(line: str, cursor: str | None, limit: int) -> tuple[list[BankPaymentCard], str | None]:
    """A page of what the bank says of a line, newest first. Raises :class:`FundLineUnknown`."""
    found = await rows(
        "SELECT b.id, b.reference, p.number AS payment, b.payee, b.amount_fen, b.paid_on, b.recorded_by, b.recorded_at"
        " FROM fund_bank_payment b LEFT JOIN fund_payment p ON p.id = b.payment_id"
        " WHERE b.line_id = $1 AND b.id < $2 ORDER BY b.id DESC LIMIT $3",
        await _line_id(line),
        _before(cursor),
        limit + 1,
    )
    return [msgspec.convert(each, BankPaymentCard) for each in found[:limit]], _following(found, limit)


async def check_line(number: str) -> None:
    """Raises :class:`FundLineUnknown` for a number that no line has."""
    await _line_id(number)


def _change(found: dict[str, object]) -> FundChangeCard:
    return msgspec.convert({**found, "moves": msgspec.json.decode(str(found["moves"]))}, FundChangeCard)


async def _line_id(number: str) -> int:
    found = await scalar("SELECT id FROM fund_line WHERE number = $1", number)
    if found is None:
        raise FundLineUnknown()
    return int(found)


def _before(cursor: str | None) -> int:
    return read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1


def _following(found: list[dict[str, object]], limit: int) -> str | None:
    return write_cursor(int(str(found[limit - 1]["id"]))) if len(found) > limit else None
