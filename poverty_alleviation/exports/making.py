"""Making the files of approved exports, and destroying them when their time is over: what time does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from content.ports import PRIVATE
from kit.clock import china_day
from kit.database import execute, row, rows
from kit.errors import DomainError, Unavailable
from kit.money import yuan_amount
from kit.numbers import opaque_id
from poverty_alleviation.exports.errors import TooManyExportRows
from poverty_alleviation.exports.items import ITEMS, WITHHELD, carried_households, household_values, sums_of
from poverty_alleviation.exports.mappings import MOST_ROWS, filled_cells
from poverty_alleviation.exports.marks import notice
from poverty_alleviation.exports.models import ExportFormat, ExportKind
from poverty_alleviation.exports.ports import Value
from poverty_alleviation.exports.service import KEPT, OfficeExports, content_place
from poverty_alleviation.exports.templates import ExportTemplates
from poverty_alleviation.office.rollups import Audience, Dimension, RollUpCell, roll_up_for
from poverty_alleviation.unmasking import ViewingPurpose

LEASE = timedelta(minutes=10)
"""Whoever has claimed an export and says nothing for so long has died."""
BATCH = 20

_CLAIM = """
UPDATE office_export SET claimed_at = $1::timestamptz, stored_key = coalesce(stored_key, $2)
 WHERE id = (SELECT id FROM office_export WHERE state = 'approved' AND (claimed_at IS NULL OR claimed_at < $3)
             ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *
"""
_SUMS = ("地区或类别", "带动户数", "带动销售额（元）", "增收额（已支付，元）", "增收额（已确认，元）")
_ROWS = (
    "household.serial", "household.code", "household.township", "household.village", "household.attributed_sales",
    "household.income_paid", "household.income_confirmed",
)  # fmt: skip


@dataclass(frozen=True)
class ExportMaking:
    """Two jobs. A row is claimed by a committed step, then the file is made and kept, then that is recorded."""

    exports: OfficeExports
    templates: ExportTemplates
    most_rows: int = MOST_ROWS

    async def look_after(self) -> int:
        """Make what is approved and destroy what is over; answers how many exports have moved."""
        return await self.expire_due() + await self.make_due()

    async def make_due(self) -> int:
        """Make the files of approved exports; one that cannot be made as it was approved has failed.

        Raises StorageUnavailable, after which it is claimed anew when the lease is over.
        """
        moved = 0
        while moved < BATCH and (claimed := await self._claim()) is not None:
            await self._make(claimed)
            moved += 1
        return moved

    async def _claim(self) -> dict[str, Any] | None:
        now, secret = self.exports.clock(), opaque_id()
        return await row(_CLAIM, now, f"{PRIVATE}{secret[:2]}/{secret}.bin", now - LEASE)

    async def _make(self, claimed: dict[str, Any]) -> None:
        now = self.exports.clock()
        try:
            content, count = await self._content(claimed, now)
        except Unavailable:
            raise
        except DomainError as error:
            await execute(
                "UPDATE office_export SET state = 'failed', failure = $3 WHERE id = $1 AND state = 'approved'"
                " AND claimed_at = $2",
                claimed["id"],
                claimed["claimed_at"],
                error.code,
            )
            return
        place = content_place(claimed["number"])
        sealed = await asyncio.to_thread(self.exports.cipher.seal, content, place)
        await self.exports.storage.put(claimed["stored_key"], sealed, "application/octet-stream")
        # Who lost the claim meanwhile has written to the same key what would stand there anyway.
        await execute(
            "UPDATE office_export SET state = 'ready', row_count = $3, ready_at = $4, expires_at = $5"
            " WHERE id = $1 AND state = 'approved' AND claimed_at = $2",
            claimed["id"],
            claimed["claimed_at"],
            count,
            now,
            now + KEPT,
        )

    async def _content(self, claimed: dict[str, Any], now: datetime) -> tuple[bytes, int]:
        said = notice(claimed["number"], claimed["asked_by"], now)
        kind = ExportKind(claimed["kind"])
        if kind is ExportKind.TEMPLATE:
            return await self._filled(claimed, said, now)
        table = await (self._sums(claimed, now) if kind is ExportKind.ROLL_UP else self._households(claimed))
        marked = [[*cells, said] for cells in table]
        file_format = ExportFormat(claimed["format"])
        content = await self.exports.workbooks.table("csv" if file_format is ExportFormat.CSV else "xlsx", marked)
        return content, len(table) - 1

    async def _sums(self, claimed: dict[str, Any], now: datetime) -> list[Sequence[Value]]:
        by = Dimension(claimed["dimension"])
        found = await roll_up_for(_readers(claimed), by, claimed["quarter"], china_day(now), claimed["township"])
        return [_SUMS, *(_sum_row(cell) for cell in (*found.cells, found.total))]

    async def _households(self, claimed: dict[str, Any]) -> list[Sequence[Value]]:
        carried = await carried_households(claimed["quarter"], claimed["township"])
        if len(carried) > self.most_rows:
            raise TooManyExportRows(most=self.most_rows)
        titles = [f"{ITEMS[code].label}（元）" if ITEMS[code].is_money else ITEMS[code].label for code in _ROWS]
        found = await household_values(carried, _ROWS, self.exports.cipher)
        return [titles, *([_in_yuan(code, each[code]) for code in _ROWS] for each in found)]

    async def _filled(self, claimed: dict[str, Any], said: str, now: datetime) -> tuple[bytes, int]:
        template = await self.templates.mapped(claimed["mapping_id"])
        items = {each.item for each in template.cells}
        wanted = {(each.item, each.area) for each in template.cells if not ITEMS[each.item].is_of_household}
        sums = await sums_of(wanted, claimed["quarter"], china_day(now), _readers(claimed))
        households: list[dict[str, str | int]] = []
        if any(ITEMS[item].is_of_household for item in items):
            carried = await carried_households(claimed["quarter"], None)
            households = await household_values(carried, items, self.exports.cipher)
        cells = filled_cells(template.cells, sums, households)
        return await self.exports.workbooks.filled(template.raw, cells, said), len(households)

    async def expire_due(self) -> int:
        """End what is over, then destroy its file, then note that: who dies between leaves work for the next run."""
        now = self.exports.clock()
        await execute("UPDATE office_export SET state = 'expired' WHERE state = 'ready' AND expires_at <= $1", now)
        over = await rows(
            "SELECT id, stored_key FROM office_export WHERE state = 'expired' AND destroyed_at IS NULL ORDER BY id"
            " LIMIT $1",
            BATCH,
        )
        for each in over:
            await self.exports.storage.delete([each["stored_key"]])
            await execute(
                "UPDATE office_export SET destroyed_at = $2 WHERE id = $1 AND destroyed_at IS NULL", each["id"], now
            )
        return len(over)


def _readers(claimed: Mapping[str, Any]) -> Audience:
    """Who will read the sums: what is asked for in order to be published is guarded as for everybody."""
    return Audience.PUBLIC if claimed["purpose"] == ViewingPurpose.PUBLICATION else Audience.COUNTY


def _sum_row(cell: RollUpCell) -> list[Value]:
    sums = [cell.attributed_sales.fen, cell.income_paid.fen, cell.income_confirmed.fen]
    carried = WITHHELD if cell.carried is None else cell.carried
    return [cell.name, carried, *(WITHHELD if fen is None else yuan_amount(fen) for fen in sums)]


def _in_yuan(code: str, value: str | int) -> Value:
    return yuan_amount(value) if ITEMS[code].is_money and isinstance(value, int) else value
