"""What is read of sheets."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.confirming.holds import HELD_BY
from poverty_alleviation.income.errors import SheetUnknown
from poverty_alleviation.income.models import IncomeSheetState, SheetKind
from poverty_alleviation.payouts import PERIOD_INCOME
from poverty_alleviation.vault import household_rights

_DISPUTE = HELD_BY.format(kind="'period_income'", source_id="l.number")


class IncomeLineCard(msgspec.Struct, frozen=True, kw_only=True):
    """One household's part in fen; ``reversed_at``: a correction has taken it back.

    ``dispute``: the household's objection that holds it.
    """

    number: str
    household: str
    reference: str
    weight: int
    amount_fen: int
    confirmed_at: datetime | None
    reversed_at: datetime | None
    dispute: str | None


class IncomeSheetCard(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet; ``lines`` only where one sheet is shown."""

    number: str
    kind: SheetKind
    state: IncomeSheetState
    payer: str
    period: str
    category: str
    rule: str
    as_of: date | None
    total_fen: int
    document: str
    slip: str
    paid_on: date
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    lines: list[IncomeLineCard] = []


@household_rights()
async def income_sheets(
    kind: SheetKind | None, state: IncomeSheetState | None, cursor: str | None, limit: int
) -> tuple[list[IncomeSheetCard], str | None]:
    """A page of sheets without their lines, newest first."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    found = await rows(
        "SELECT * FROM income_sheet WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR state = $2)"
        " AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        str(kind) if kind else None,
        str(state) if state else None,
        before,
        limit + 1,
    )
    page = found[:limit]
    return [msgspec.convert(each, IncomeSheetCard) for each in page], (
        write_cursor(page[-1]["id"]) if len(found) > limit else None
    )


@household_rights()
async def income_sheet(number: str) -> IncomeSheetCard:
    """One sheet with its lines. Raises :class:`SheetUnknown`."""
    found = await row("SELECT * FROM income_sheet WHERE number = $1", number)
    if found is None:
        raise SheetUnknown(sheet=number)
    lines = await rows(
        "SELECT l.number, h.code AS household, l.reference, l.weight, l.amount_fen, c.confirmed_at,"
        " (SELECT r.booked_at FROM ledger_journal j JOIN ledger_journal r ON r.reverses_id = j.id"
        "   WHERE j.source_type = $2 AND j.source_id = l.number) AS reversed_at,"
        f" ({_DISPUTE}) AS dispute"
        " FROM income_line l JOIN household h ON h.id = l.household_id"
        " LEFT JOIN income_confirmation c ON c.source_type = 'period_income' AND c.source_id = l.number"
        " WHERE l.sheet_id = $1 ORDER BY l.id",
        found["id"],
        PERIOD_INCOME,
    )
    return msgspec.convert({**found, "lines": lines}, IncomeSheetCard)
