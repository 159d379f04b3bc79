"""What the inputs of the books name and do not say themselves, read where the books are; none of it is ever deleted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from kit.database import Row, rows
from ledger.inputs import NotedInput
from orders.events import LotsAssigned, OrderPacked
from poverty_alleviation.corrections.plans import CORRECTION
from poverty_alleviation.corrections.queries import CORRECTION_COLUMNS
from poverty_alleviation.income.sheets import SHEET
from poverty_alleviation.payouts import CONFIRMATION, PAYOUT
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET
from poverty_alleviation.vault import household_rights
from traceability.queries import BoundLot, line_lots

SPANS = ("household_status", "supplier_link")
"""Tables of the vault whose rows tell the log their last day alone."""

MERGED = "household"
"""The table of the vault whose rows tell into which other one they merged."""

FACT_TABLES = frozenset(
    {"ledger_input", "payout", "income_confirmation", "correction", "income_sheet", "income_line", MERGED}
    | {"clawback", "clawback_offset"}
    | {"line_lot", "lot", "lot_contribution", "inherited_share", "intake", "supplier", *SPANS}
)
"""What a rebuild reads. Nobody may delete from these tables (``tests/poverty_alleviation/test_rebuild.py``)."""


class Records(msgspec.Struct, frozen=True):
    """Rows by what names them: lots by line, spans of a table by row id, sheets with their lines.

    ``households``: codes by row id.
    """

    lots: Mapping[str, list[BoundLot]]
    spans: Mapping[str, Mapping[str, Row]]
    households: Mapping[int, str]
    payouts: Mapping[str, Row]
    confirmations: Mapping[str, Row]
    corrections: Mapping[str, Row]
    sheets: Mapping[str, Row]
    sheet_lines: Mapping[str, list[Row]]
    claims: Mapping[str, Row]
    offsets: Mapping[str, Row]


@household_rights()
async def records_of(inputs: Sequence[NotedInput]) -> Records:
    """What these inputs name, whatever their number by a few statements."""
    named: dict[str, list[str]] = {}
    for each in inputs:
        named.setdefault(each.kind, []).append(each.source_id)
    spans = {table: _named(await _rows_of(_SPAN.format(table), named.get(table))) for table in SPANS}
    merged = [each for each in inputs if each.kind == MERGED]
    households = {int(each.source_id) for each in merged} | {each.body["merged_into_id"] for each in merged}
    households |= {each["household_id"] for of in spans.values() for each in of.values()}
    bound = {line for each in inputs if each.kind == OrderPacked.topic for line in each.body["bound"]}
    return Records(
        lots=_grouped(await line_lots(sorted(bound.union(named.get(LotsAssigned.topic, ())))), "line"),
        spans=spans,
        households={
            each["id"]: each["code"]
            for each in await rows("SELECT id, code FROM household WHERE id = ANY($1)", list(households))
        },
        payouts=_named(await _rows_of(_PAYOUTS, named.get(PAYOUT))),
        confirmations=_named(await _rows_of(_CONFIRMATIONS, named.get(CONFIRMATION))),
        corrections=_named(await _rows_of(_CORRECTIONS, named.get(CORRECTION))),
        sheets=_named(await _rows_of(_SHEETS, named.get(SHEET))),
        sheet_lines=_grouped(await _rows_of(_SHEET_LINES, named.get(SHEET)), "sheet"),
        claims=_named(await _rows_of(_CLAIMS, named.get(CLAWBACK))),
        offsets=_named(await _rows_of(_OFFSETS, named.get(CLAWBACK_OFFSET))),
    )


_SPAN = (
    "SELECT s.id::text AS number, s.household_id, to_jsonb(s)::text AS row FROM {} s"
    " WHERE s.id = ANY($1::text[]::bigint[])"
)
_PAYOUTS = (
    "SELECT p.number, h.code AS household, p.amount_fen, p.bank_voucher, p.paid_on FROM payout p"
    " JOIN household h ON h.id = p.household_id WHERE p.number = ANY($1)"
)
_CONFIRMATIONS = (
    "SELECT source_type || ':' || source_id || ':' || step AS number, source_type, source_id, evidence, confirmed_at"
    " FROM income_confirmation WHERE (source_type, source_id, step) IN"
    " (SELECT split_part(n, ':', 1), split_part(n, ':', 2), split_part(n, ':', 3)::int FROM unnest($1::text[]) AS n)"
)
_CORRECTIONS = f"SELECT {CORRECTION_COLUMNS} FROM correction WHERE number = ANY($1) AND state = 'approved'"
_SHEETS = "SELECT * FROM income_sheet WHERE number = ANY($1) AND state = 'approved'"
_SHEET_LINES = (
    "SELECT s.number AS sheet, l.number, l.reference, l.amount_fen, h.code AS household FROM income_line l"
    " JOIN income_sheet s ON s.id = l.sheet_id JOIN household h ON h.id = l.household_id"
    " WHERE s.number = ANY($1) ORDER BY l.id"
)

_CLAIMS = (
    "SELECT c.number, c.order_line, c.amount_fen, c.fault, c.made_by, c.decided_by, h.code AS household"
    " FROM clawback c JOIN household h ON h.id = c.household_id WHERE c.number = ANY($1) AND c.state = 'approved'"
)
_OFFSETS = (
    "SELECT c.number || ':' || o.position AS number, c.number AS claim, o.amount_fen, o.made_by, h.code AS household"
    " FROM clawback_offset o JOIN clawback c ON c.id = o.clawback_id JOIN household h ON h.id = c.household_id"
    " WHERE (c.number, o.position) IN"
    " (SELECT split_part(n, ':', 1), split_part(n, ':', 2)::int FROM unnest($1::text[]) AS n)"
)


async def _rows_of(sql: str, numbers: Sequence[str] | None) -> list[Row]:
    return await rows(sql, list(numbers)) if numbers else []


def _named(found: Iterable[Row]) -> dict[str, Row]:
    return {each["number"]: each for each in found}


def _grouped(found: Iterable[Any], name: str) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for each in found:
        key = each[name] if isinstance(each, dict) else getattr(each, name)
        grouped.setdefault(key, []).append(each)
    return grouped
