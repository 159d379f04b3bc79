"""Exports as the office and the auditor read them: what was asked, who said yes, and who has which file."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.exports.errors import OfficeExportUnknown
from poverty_alleviation.exports.models import ExportFormat, ExportKind, ExportState
from poverty_alleviation.unmasking import ViewingPurpose


class ExportCard(msgspec.Struct, frozen=True, kw_only=True):
    """An export without its content. ``shows`` names what of households is in it."""

    number: str
    kind: ExportKind
    format: ExportFormat
    quarter: str
    dimension: str | None
    township: str | None
    template: str | None
    version: int | None
    shows: list[str]
    purpose: ViewingPurpose
    document: str
    state: ExportState
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    row_count: int | None
    ready_at: datetime | None
    expires_at: datetime | None
    failure: str
    downloads: int
    destroyed_at: datetime | None


class DownloadCard(msgspec.Struct, frozen=True, kw_only=True):
    """Who took which export when."""

    export: str
    downloaded_by: str
    downloaded_at: datetime


_CARD = (
    "SELECT e.*, t.number AS template, m.version FROM office_export e LEFT JOIN export_mapping m ON m.id = e.mapping_id"
    " LEFT JOIN export_template t ON t.id = m.template_id"
)


async def export_cards(
    state: ExportState | None, cursor: str | None, limit: int
) -> tuple[list[ExportCard], str | None]:
    """A page of exports of one state or of all, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_CARD} WHERE ($1::text IS NULL OR e.state = $1) AND e.id < $2 ORDER BY e.id DESC LIMIT $3",
        state.value if state else None,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [_card(each) for each in found[:limit]], following


async def export_card(number: str) -> ExportCard:
    """One export. Raises :class:`OfficeExportUnknown`."""
    found = await row(f"{_CARD} WHERE e.number = $1", number)
    if found is None:
        raise OfficeExportUnknown(export=number[:40])
    return _card(found)


async def downloads_of_marks(marks: Collection[int]) -> list[DownloadCard]:
    """The downloads that bear some marks, oldest first; at most a hundred marks are looked for."""
    found = await rows(
        "SELECT e.number AS export, d.downloaded_by, d.downloaded_at FROM export_download d"
        " JOIN office_export e ON e.id = d.export_id WHERE d.mark = ANY($1::bigint[]) ORDER BY d.id",
        sorted(marks)[:100],
    )
    return [msgspec.convert(each, DownloadCard) for each in found]


def _card(found: dict[str, Any]) -> ExportCard:
    return msgspec.convert({**found, "shows": msgspec.json.decode(found["shows"])}, ExportCard)
