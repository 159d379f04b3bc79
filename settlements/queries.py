"""Figures of a merchant and a period, the entries behind them, and whether payments and bills say the same."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec

from kit.database import row, rows
from kit.paging import read_cursor, write_cursor
from payments.queries import moved_money, moved_money_of
from settlements.errors import SpanInvalid, StatementUnknown

MAX_DAYS = 400
MAX_LISTED = 200
PAGE = 500


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one merchant, in fen; what lessens it is negative.

    ``received_fen`` is gross + discounts + freight + refunds + late money; ``landed_fen`` is that + fee + profit
    sharing: what stands at the merchant. ``commission_fen`` is due to hosts, ``county_owes_fen`` due from the county
    for the discounts that it bears, ``county_owes_share_fen`` due from it for commission that a refund takes back and
    that is too old for the channel, ``merchant_owes_fen`` due to the county for commission that is not split off;
    none of them has moved at the channel.
    """

    orders: int
    gross_fen: int
    merchant_discount_fen: int
    county_discount_fen: int
    freight_fen: int
    refund_fen: int
    freight_refund_fen: int
    late_money_fen: int
    received_fen: int
    fee_fen: int
    split_fen: int
    landed_fen: int
    commission_fen: int
    county_owes_fen: int
    county_owes_share_fen: int
    merchant_owes_fen: int


class EntryView(msgspec.Struct, frozen=True):
    """One amount; ``line`` is empty when it belongs to the whole order."""

    id: int
    order: str
    line: str
    channel: str
    kind: str
    bearer: str
    amount_fen: int
    day: date
    occurred_at: datetime
    statement: str | None


class StatementCard(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was issued."""

    number: str
    merchant: str
    first_day: date
    last_day: date
    entry_count: int
    landed_fen: int
    issued_at: datetime
    issued_by: str


class Mismatch(msgspec.Struct, frozen=True):
    """An order of which payments and settlement entries do not say the same, in fen."""

    reference: str
    told_received_fen: int
    received_fen: int
    told_fee_fen: int
    fee_fen: int
    told_split_fen: int
    split_fen: int


class SettlementReconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every order has the money that the payments room moved, the fee that the bills state, and its share."""

    orders: int
    told_received_fen: int
    received_fen: int
    told_fee_fen: int
    fee_fen: int
    told_split_fen: int
    split_fen: int
    mismatch_count: int
    mismatches: list[Mismatch]
    is_exact: bool


def check_span(first_day: date, last_day: date) -> None:
    """Raises :class:`SpanInvalid`."""
    if last_day < first_day or last_day - first_day >= timedelta(days=MAX_DAYS):
        raise SpanInvalid(days=MAX_DAYS)


NOT_MOVED = "('commission', 'county_owes', 'county_owes_share', 'merchant_owes')"
"""What is owed and did not move at the channel."""

_RECEIVED = "('gross', 'discount', 'freight', 'refund', 'freight_refund', 'late_money', 'late_money_returned')"


def _sum(condition: str) -> str:
    return f"COALESCE(sum(amount_fen) FILTER (WHERE {condition}), 0)::bigint"


_FIGURES = f"""
SELECT count(DISTINCT order_number) FILTER (WHERE kind = 'gross') AS orders, {_sum("kind = 'gross'")} AS gross_fen,
       {_sum("kind = 'discount' AND bearer = 'merchant'")} AS merchant_discount_fen,
       {_sum("kind = 'discount' AND bearer = 'county'")} AS county_discount_fen,
       {_sum("kind = 'freight'")} AS freight_fen, {_sum("kind = 'refund'")} AS refund_fen,
       {_sum("kind = 'freight_refund'")} AS freight_refund_fen,
       {_sum("kind IN ('late_money', 'late_money_returned')")} AS late_money_fen,
       {_sum(f"kind IN {_RECEIVED}")} AS received_fen, {_sum("kind = 'fee'")} AS fee_fen,
       {_sum("kind IN ('split', 'split_returned')")} AS split_fen,
       {_sum(f"kind NOT IN {NOT_MOVED}")} AS landed_fen,
       {_sum("kind = 'commission'")} AS commission_fen, {_sum("kind = 'county_owes'")} AS county_owes_fen,
       {_sum("kind = 'county_owes_share'")} AS county_owes_share_fen,
       {_sum("kind = 'merchant_owes'")} AS merchant_owes_fen
  FROM settlement_entry
"""


async def figures(merchant: str | None, first_day: date, last_day: date) -> Figures:
    """The figures of a merchant, or of all, for some days in China. One statement. Raises :class:`SpanInvalid`."""
    check_span(first_day, last_day)
    found = await row(
        _FIGURES + " WHERE ($1::text IS NULL OR merchant = $1) AND day BETWEEN $2 AND $3", merchant, first_day, last_day
    )
    assert found is not None
    return Figures(**found)


async def figures_by_merchant(first_day: date, last_day: date) -> dict[str, Figures]:
    """The figures of every merchant that moved money on these days. Raises :class:`SpanInvalid`."""
    check_span(first_day, last_day)
    found = await rows(
        _FIGURES.replace("SELECT", "SELECT merchant,", 1) + " WHERE day BETWEEN $1 AND $2 GROUP BY merchant"
        " ORDER BY merchant LIMIT 2000",
        first_day,
        last_day,
    )
    return {r.pop("merchant"): Figures(**r) for r in found}


async def figures_of_statement(statement: str) -> Figures:
    """The figures of a statement, added up again from its entries."""
    found = await row(
        _FIGURES + " WHERE statement_id = (SELECT id FROM settlement_statement WHERE number = $1)", statement
    )
    assert found is not None
    return Figures(**found)


_ENTRY = """
SELECT e.id, e.order_number AS "order", e.line, e.channel, e.kind, e.bearer, e.amount_fen, e.day, e.occurred_at,
       s.number AS statement
  FROM settlement_entry e LEFT JOIN settlement_statement s ON s.id = e.statement_id
"""


async def entries(
    merchant: str,
    first_day: date,
    last_day: date,
    order: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[EntryView], str | None]:
    """The entries of a merchant in the order in which they were written. Raises :class:`SpanInvalid`."""
    check_span(first_day, last_day)
    after = read_cursor(cursor, _Key).id if cursor else 0
    found = await rows(
        _ENTRY + " WHERE e.merchant = $1 AND e.day BETWEEN $2 AND $3 AND e.id > $4"
        " AND ($5::text IS NULL OR e.order_number = $5) ORDER BY e.id LIMIT $6",
        merchant,
        first_day,
        last_day,
        after,
        order,
        limit + 1,
    )
    page = [EntryView(**r) for r in found[:limit]]
    return page, write_cursor(page[-1].id) if len(found) > limit else None


async def every_entry(merchant: str, first_day: date, last_day: date) -> AsyncIterator[EntryView]:
    """All entries of a merchant and a span, page by page."""
    cursor: str | None = None
    while True:
        page, cursor = await entries(merchant, first_day, last_day, None, cursor, PAGE)
        for each in page:
            yield each
        if cursor is None:
            return


async def every_entry_of_statement(statement: str) -> AsyncIterator[EntryView]:
    """All entries of a statement, page by page."""
    after = 0
    while True:
        found = await rows(_ENTRY + " WHERE s.number = $1 AND e.id > $2 ORDER BY e.id LIMIT $3", statement, after, PAGE)
        for each in found:
            yield EntryView(**each)
        if len(found) < PAGE:
            return
        after = found[-1]["id"]


_CARD = "SELECT id, number, merchant, first_day, last_day, entry_count, landed_fen, issued_at, issued_by"


async def statement(number: str, merchant: str | None) -> StatementCard:
    """One statement, of the merchant unless that is None. Raises :class:`StatementUnknown`."""
    found = await row(
        f"{_CARD} FROM settlement_statement WHERE number = $1 AND ($2::text IS NULL OR merchant = $2)", number, merchant
    )
    if found is None:
        raise StatementUnknown()
    return _card(found)


async def statements(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[StatementCard], str | None]:
    """Statements of a merchant or of all, newest first, and the cursor of the next page."""
    before = read_cursor(cursor, _Key).id if cursor else 2**63 - 1
    found = await rows(
        f"{_CARD} FROM settlement_statement WHERE id < $1 AND ($2::text IS NULL OR merchant = $2)"
        " ORDER BY id DESC LIMIT $3",
        before,
        merchant,
        limit + 1,
    )
    return [_card(r) for r in found[:limit]], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


def _card(found: dict[str, object]) -> StatementCard:
    return StatementCard(**{name: found[name] for name in StatementCard.__struct_fields__})  # type: ignore[arg-type]


_Moved = tuple[int, int, int]
"""What came to the merchant, the fee, and what was split off, in fen."""

_BY_ORDER = f"""
SELECT order_number AS reference, {_sum(f"kind IN {_RECEIVED}")} AS received_fen, {_sum("kind = 'fee'")} AS fee_fen,
       {_sum("kind IN ('split', 'split_returned')")} AS split_fen
  FROM settlement_entry
"""


async def reconciliation(channel: str) -> SettlementReconciliation:
    """Compare every order of a payment channel with its payment, refunds, settled bill lines and split, to the fen.

    Goes through both sides in pages, so memory does not grow with the orders; 200 mismatches are told at most.
    """
    orders = wrong = 0
    told_sum: _Moved = (0, 0, 0)
    found_sum: _Moved = (0, 0, 0)
    mismatches: list[Mismatch] = []

    def compare(reference: str, told: _Moved, found: _Moved) -> None:
        nonlocal orders, told_sum, found_sum, wrong
        orders += 1
        told_sum, found_sum = _added(told_sum, told), _added(found_sum, found)
        if told != found:
            wrong += 1
            if len(mismatches) < MAX_LISTED:
                mismatches.append(Mismatch(reference, *_side_by_side(told, found)))

    after = ""
    while page := await moved_money(channel, after, PAGE):
        references = [moved.reference for moved in page]
        own = {
            r["reference"]: (r["received_fen"], r["fee_fen"], r["split_fen"])
            for r in await rows(f"{_BY_ORDER} WHERE order_number = ANY($1) GROUP BY 1", references)
        }
        for moved in page:
            told = (moved.captured_fen - moved.refunded_fen, -moved.fee_fen, -moved.split_fen)
            compare(moved.reference, told, own.get(moved.reference, (0, 0, 0)))
        after = references[-1]
    after = ""
    while own_page := await rows(
        f"{_BY_ORDER} WHERE channel = $1 AND order_number > $2 GROUP BY 1 ORDER BY 1 LIMIT $3", channel, after, PAGE
    ):
        known = await moved_money_of([r["reference"] for r in own_page])
        for r in own_page:
            if r["reference"] not in known:
                compare(r["reference"], (0, 0, 0), (r["received_fen"], r["fee_fen"], r["split_fen"]))
        after = own_page[-1]["reference"]
    told_received, received, told_fee, fee, told_split, split = _side_by_side(told_sum, found_sum)
    return SettlementReconciliation(
        orders=orders,
        told_received_fen=told_received,
        received_fen=received,
        told_fee_fen=told_fee,
        fee_fen=fee,
        told_split_fen=told_split,
        split_fen=split,
        mismatch_count=wrong,
        mismatches=mismatches,
        is_exact=not wrong,
    )


def _added(one: _Moved, other: _Moved) -> _Moved:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _side_by_side(told: _Moved, found: _Moved) -> tuple[int, int, int, int, int, int]:
    return told[0], found[0], told[1], found[1], told[2], found[2]
