"""Reads of requests for invoices: one SQL statement each."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from orders.invoices.models import InvoiceState, TitleKind
from orders.invoices.service import LEFT

_TO_REVERSE = f"(r.state = 'issued' AND {LEFT} = 0)"
_REQUEST = (
    'SELECT r.id, r.number, o.number AS "order", r.kind, r.amount_fen, r.state, r.requested_at, r.answered_at,'
    f" r.invoice_number, r.reason, {_TO_REVERSE} AS to_reverse, r.sealed,"
    " EXISTS (SELECT 1 FROM invoice_file f WHERE f.request_id = r.id AND f.sealed <> '') AS has_file"
    " FROM invoice_request r JOIN customer_order o ON o.id = r.order_id"
)


class InvoiceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A request without title and address. Fen; ``to_reverse``: issued, and everything was refunded afterwards.

    ``has_file``: the buyer can fetch it.
    """

    number: str
    order: str
    kind: TitleKind
    amount_fen: int
    state: InvoiceState
    requested_at: datetime
    answered_at: datetime | None
    invoice_number: str | None
    reason: str | None
    to_reverse: bool
    has_file: bool


class WindowRecord(msgspec.Struct, frozen=True):
    """How long after payment an invoice may be asked for, from a day of payment on."""

    valid_from: date
    days: int
    source_document: str


async def invoices_of(
    merchant: str, state: InvoiceState | None, to_reverse: bool, cursor: str | None, limit: int
) -> tuple[list[InvoiceSummary], str | None]:
    """A merchant's requests in a state, or in all, newest first; or those that are to be reversed."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_REQUEST} WHERE r.merchant = $1 AND ($2::text IS NULL OR r.state = $2) AND r.id < $3"
        f" AND (NOT $4 OR {_TO_REVERSE}) ORDER BY r.id DESC LIMIT $5",
        merchant,
        state.value if state else None,
        before,
        to_reverse,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, InvoiceSummary) for each in found[:limit]], following


async def invoice_of_order(consumer: str, order: str) -> tuple[InvoiceSummary, bytes] | None:
    """The newest request of a consumer's order, with its sealed part."""
    return _read(
        await row(f"{_REQUEST} WHERE o.number = $1 AND o.consumer = $2 ORDER BY r.id DESC LIMIT 1", order, consumer)
    )


async def invoice_of_merchant(merchant: str, number: str) -> tuple[InvoiceSummary, bytes] | None:
    """One request of a merchant, with its sealed part."""
    return _read(await row(f"{_REQUEST} WHERE r.number = $1 AND r.merchant = $2", number, merchant))


async def invoice_windows() -> list[WindowRecord]:
    """All windows, newest first."""
    found = await rows(
        "SELECT valid_from, days, source_document FROM invoice_window ORDER BY valid_from DESC LIMIT 100"
    )
    return [WindowRecord(**each) for each in found]


def _read(found: dict[str, object] | None) -> tuple[InvoiceSummary, bytes] | None:
    if found is None:
        return None
    return msgspec.convert(found, InvoiceSummary), bytes(found["sealed"])  # type: ignore[call-overload]
