"""Superiors' templates: taken once, mapped in versions, tried out before anybody asks for an export."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from poverty_alleviation.exports.errors import TemplateUnknown
from poverty_alleviation.exports.items import ITEMS, carried_households, sums_of
from poverty_alleviation.exports.mappings import MappedCell, check_mapping, filled_cells
from poverty_alleviation.exports.ports import Workbooks


class TemplateCard(msgspec.Struct, frozen=True, kw_only=True):
    """A template. ``version`` is the newest of its mappings; 0: it has none."""

    number: str
    name: str
    sha256: str
    sheets: list[str]
    version: int
    taken_by: str
    taken_at: datetime


class TemplateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A template with the newest version of what it is filled with."""

    template: TemplateCard
    cells: list[MappedCell]


class PreviewedCell(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell would say."""

    sheet: str
    cell: str
    item: str
    value: str


class TemplatePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest mapping would fill in: the sums, and of households how many rows; ``fits``: there is room."""

    version: int
    quarter: str
    rows: int
    fits: bool
    cells: list[PreviewedCell]


@dataclass(frozen=True)
class MappedTemplate:
    """A version of a mapping with its template opened."""

    mapping_id: int
    version: int
    raw: bytes
    cells: list[MappedCell]


_CARD = (
    "SELECT t.id, t.number, t.name, t.sha256, t.sheets, t.taken_by, t.taken_at,"
    " coalesce((SELECT max(m.version) FROM export_mapping m WHERE m.template_id = t.id), 0) AS version"
    " FROM export_template t"
)
MOST_TEMPLATES = 100


@dataclass(frozen=True)
class ExportTemplates:
    """The use cases. A workbook is hostile until it has been judged; nothing of it is ever computed."""

    cipher: FieldCipher
    workbooks: Workbooks
    clock: Clock = utc_now

    async def take(self, raw: bytes, name: str, by: str) -> str:
        """Keep a workbook sealed; answers its number, the same for the same workbook. Raises as ``sheet_names``."""
        digest, number = sha256(raw).hexdigest(), public_number(self.clock(), "M")
        sheets = await self.workbooks.sheet_names(raw)
        sealed = await asyncio.to_thread(self.cipher.seal, raw, template_place(digest))
        async with transaction():
            await rows(
                "INSERT INTO export_template (number, name, sha256, sheets, content_sealed, taken_by, taken_at)"
                " VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7) ON CONFLICT (sha256) DO NOTHING RETURNING 1",
                number,
                name,
                digest,
                msgspec.json.encode(sheets).decode(),
                sealed,
                by,
                self.clock(),
            )
            kept: str = await scalar("SELECT number FROM export_template WHERE sha256 = $1", digest)
        return kept

    async def map(self, number: str, cells: Sequence[MappedCell], by: str) -> int:
        """A further version of what a template is filled with; answers it.

        Raises :class:`TemplateUnknown`, ``MappingRefused``.
        """
        template_id, raw = await self._opened(number)
        await check_mapping(cells, raw, self.workbooks)
        async with transaction():
            await rows("SELECT pg_advisory_xact_lock(hashtextextended('export_mapping ' || $1, 0))", number)
            version: int = await scalar(
                "INSERT INTO export_mapping (template_id, version, cells, made_by, made_at) SELECT $1::bigint,"
                " coalesce(max(version), 0) + 1, $2::jsonb, $3, $4::timestamptz FROM export_mapping"
                " WHERE template_id = $1 RETURNING version",
                template_id,
                msgspec.json.encode(list(cells)).decode(),
                by,
                self.clock(),
            )
        return version

    async def preview(self, number: str, quarter: str) -> TemplatePreview:
        """What the newest mapping would say of a quarter; nothing is written, and no household is told.

        Raises :class:`TemplateUnknown`, ``QuarterInvalid``, ``QuarterNotClosed`` when it has sums.
        """
        template_id, _ = await self._opened(number)
        mapped = await newest_mapping(template_id)
        cells = mapping_cells(mapped)
        sums = [each for each in cells if not ITEMS[each.item].is_of_household]
        room = [len(each.cells) for each in cells if ITEMS[each.item].is_of_household]
        count = len(await carried_households(quarter, None)) if room else 0
        amounts = await sums_of({(each.item, each.area) for each in sums}, quarter, china_day(self.clock()))
        filled = filled_cells(sums, amounts, [])
        return TemplatePreview(
            version=mapped["version"],
            quarter=quarter,
            rows=count,
            fits=count <= min(room, default=0) if room else True,
            cells=[
                PreviewedCell(sheet=each.sheet, cell=each.at, item=each.item, value=str(filled[each.sheet][each.at]))
                for each in sums
            ],
        )

    async def mapped(self, mapping_id: int) -> MappedTemplate:
        """One version with its template opened."""
        found = await row(
            "SELECT m.id, m.version, m.cells, t.number FROM export_mapping m JOIN export_template t"
            " ON t.id = m.template_id WHERE m.id = $1",
            mapping_id,
        )
        assert found is not None
        _, raw = await self._opened(found["number"])
        return MappedTemplate(found["id"], found["version"], raw, mapping_cells(found))

    async def _opened(self, number: str) -> tuple[int, bytes]:
        found = await row("SELECT id, sha256, content_sealed FROM export_template WHERE number = $1", number)
        if found is None:
            raise TemplateUnknown(template=number[:40])
        sealed = bytes(found["content_sealed"])
        return found["id"], await asyncio.to_thread(self.cipher.unseal, sealed, template_place(found["sha256"]))


def template_place(digest: str) -> str:
    """What the ciphertext of a template is bound to."""
    return f"export_template|content|{digest}"


async def newest_mapping(template_id: int) -> dict[str, Any]:
    """The newest version of a template's mapping. Raises :class:`TemplateUnknown` when it has none."""
    found = await row(
        "SELECT id, version, cells FROM export_mapping WHERE template_id = $1 ORDER BY version DESC LIMIT 1",
        template_id,
    )
    if found is None:
        raise TemplateUnknown(mapping=0)
    return found


def mapping_cells(found: dict[str, Any]) -> list[MappedCell]:
    """The cells of a mapping's row."""
    return msgspec.json.decode(found["cells"], type=list[MappedCell])


async def template_cards() -> list[TemplateCard]:
    """Templates, newest first; at most a hundred."""
    return [_card(each) for each in await rows(f"{_CARD} ORDER BY t.id DESC LIMIT {MOST_TEMPLATES}")]


async def template_shown(number: str) -> TemplateShown:
    """One template with its newest mapping. Raises :class:`TemplateUnknown`."""
    found = await row(f"{_CARD} WHERE t.number = $1", number)
    if found is None:
        raise TemplateUnknown(template=number[:40])
    cells = mapping_cells(await newest_mapping(found["id"])) if found["version"] else []
    return TemplateShown(template=_card(found), cells=cells)


def _card(found: dict[str, Any]) -> TemplateCard:
    return msgspec.convert({**found, "sheets": msgspec.json.decode(found["sheets"])}, TemplateCard)
