"""Asking for an export, deciding about it, taking its file (domain reference 4.1; reliability reference 5)."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from content.ports import ObjectStorage
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.errors import ViewNotPermitted
from poverty_alleviation.exports.errors import (
    ExportExpired,
    ExportInvalid,
    ExportNotYours,
    ExportStands,
    OfficeExportUnknown,
    TemplateUnknown,
)
from poverty_alleviation.exports.mappings import shown_by
from poverty_alleviation.exports.marks import UNMARKED, new_mark, written_mark
from poverty_alleviation.exports.models import EXPORT_TRANSITIONS, ExportFormat, ExportKind, ExportState
from poverty_alleviation.exports.ports import Workbooks
from poverty_alleviation.exports.templates import mapping_cells, newest_mapping
from poverty_alleviation.office.rollups import Dimension
from poverty_alleviation.statements.quarters import closed_months, quarter_span
from poverty_alleviation.unmasking import MAY_SEE, Viewing, ViewingPurpose, noted_view

KEPT = timedelta(hours=24)
MOST_DOWNLOADS = 3


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. ``dimension`` is of sums, ``township`` of rows of households, ``template`` of a template."""

    kind: ExportKind
    quarter: str
    purpose: ViewingPurpose
    document: str
    format: ExportFormat = ExportFormat.XLSX
    dimension: Dimension | None = None
    township: str | None = None
    template: str | None = None


class ExportFile(msgspec.Struct, frozen=True):
    """A file as it is answered, with its mark."""

    name: str
    format: ExportFormat
    content: bytes


@dataclass(frozen=True)
class OfficeExports:
    """Whoever asks is another account than who says yes, and alone takes the file. ``by`` is the caller held to it."""

    storage: ObjectStorage
    cipher: FieldCipher
    workbooks: Workbooks
    access_logs: AccessLogs
    clock: Clock = utc_now

    async def ask(self, actor: PovertyOfficer, wanted: ExportRequest) -> str:
        """Ask for an export; answers its number. A template is filled by the mapping that is its newest now.

        Raises :class:`ExportInvalid`, ``QuarterInvalid``, ``QuarterNotClosed`` when sums are wanted of an open month,
        :class:`TemplateUnknown`, :class:`ViewNotPermitted` when the purpose does not open what would be in it.
        """
        quarter_span(wanted.quarter)
        _check_members(wanted)
        mapping = await _mapping_of(wanted.template) if wanted.template is not None else None
        shows = shown_by(mapping_cells(mapping)) if mapping else [_SHOWN_BY[wanted.kind]]
        if not set(shows) <= MAY_SEE.get((type(actor), wanted.purpose), frozenset()):
            raise ViewNotPermitted(purpose=wanted.purpose)
        if "sums" in shows:
            await closed_months(wanted.quarter, china_day(self.clock()))
        number = public_number(self.clock(), "X")
        await rows(
            "INSERT INTO office_export (number, kind, format, quarter, dimension, township, mapping_id, shows, purpose,"
            " document, state, asked_by, asked_at, decision_note, failure, downloads) VALUES ($1, $2, $3, $4, $5, $6,"
            " $7, $8::jsonb, $9, $10, 'asked', $11, $12, '', '', 0) RETURNING 1",
            number,
            wanted.kind.value,
            wanted.format.value,
            wanted.quarter,
            wanted.dimension.value if wanted.dimension else None,
            wanted.township,
            mapping["id"] if mapping else None,
            msgspec.json.encode(shows).decode(),
            wanted.purpose.value,
            wanted.document,
            actor.caller,
            self.clock(),
        )
        return number

    async def decide(self, number: str, to: ExportState, note: str, by: str) -> None:
        """Approve, as another account than asked, or refuse.

        Raises :class:`OfficeExportUnknown`, :class:`ExportStands`, ``SecondPersonNeeded``.
        """
        async with transaction():
            found = await _held(number)
            old = ExportState(found["state"])
            if to not in {ExportState.APPROVED, ExportState.REFUSED} or to not in EXPORT_TRANSITIONS[old]:
                raise ExportStands(state=old)
            if to is ExportState.APPROVED and by == found["asked_by"]:
                raise SecondPersonNeeded()
            await execute(
                "UPDATE office_export SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE id = $1 AND state = 'asked'",
                found["id"],
                to.value,
                by,
                self.clock(),
                note,
            )

    async def download(self, actor: PovertyOfficer, number: str) -> ExportFile:
        """The file for who asked for it, with a mark of this download. Not to be called inside a transaction.

        That it is taken is on record, and the mark with it, before the file is opened. Raises
        :class:`OfficeExportUnknown`, :class:`ExportNotYours`, :class:`ExportStands`, :class:`ExportExpired`,
        TooManyViews, StorageUnavailable.
        """
        now, mark = self.clock(), new_mark()
        async with transaction():
            found = await _held(number)
            if found["asked_by"] != actor.caller:
                raise ExportNotYours()
            if found["state"] == ExportState.EXPIRED:
                raise ExportExpired()
            if found["state"] != ExportState.READY:
                raise ExportStands(state=found["state"])
            if now >= found["expires_at"] or found["downloads"] >= MOST_DOWNLOADS:
                raise ExportExpired()
            viewing = Viewing(ViewingPurpose(found["purpose"]), found["document"])
            shows: list[str] = msgspec.json.decode(found["shows"])
            await noted_view(self.access_logs, actor, viewing, f"office_export:{number}", shows)
            await rows(
                "INSERT INTO export_download (export_id, mark, downloaded_by, downloaded_at) VALUES ($1, $2, $3, $4)"
                " RETURNING 1",
                found["id"],
                mark,
                actor.caller,
                now,
            )
            await execute("UPDATE office_export SET downloads = downloads + 1 WHERE id = $1", found["id"])
        sealed = await self.storage.get(found["stored_key"])
        if sealed is None:
            raise ExportExpired()
        made = await asyncio.to_thread(self.cipher.unseal, sealed, content_place(number))
        content = await self.workbooks.replaced(made, UNMARKED, written_mark(mark))
        return ExportFile(f"{number}.{found['format']}", ExportFormat(found["format"]), content)


_SHOWN_BY = {ExportKind.ROLL_UP: "sums", ExportKind.HOUSEHOLD_FIGURES: "household_figures"}


def content_place(number: str) -> str:
    """What the ciphertext of an export is bound to."""
    return f"office_export|content|{number}"


def _check_members(wanted: ExportRequest) -> None:
    """Each kind has members of its own; the guarded sums of a township's villages are the one table with a place."""
    if (wanted.kind is ExportKind.ROLL_UP) != (wanted.dimension is not None):
        raise ExportInvalid(field="dimension")
    if (wanted.kind is ExportKind.TEMPLATE) != (wanted.template is not None):
        raise ExportInvalid(field="template")
    if wanted.kind is ExportKind.TEMPLATE and wanted.format is not ExportFormat.XLSX:
        raise ExportInvalid(field="format")
    of_rows = wanted.kind is ExportKind.HOUSEHOLD_FIGURES or wanted.dimension is Dimension.VILLAGE
    if wanted.township is not None and not of_rows:
        raise ExportInvalid(field="township")


async def _mapping_of(template: str) -> dict[str, Any]:
    template_id = await scalar("SELECT id FROM export_template WHERE number = $1", template)
    if template_id is None:
        raise TemplateUnknown(template=template[:40])
    return await newest_mapping(template_id)


async def _held(number: str) -> dict[str, Any]:
    """The row until the transaction ends. Raises :class:`OfficeExportUnknown`."""
    found = await row("SELECT * FROM office_export WHERE number = $1 FOR UPDATE", number)
    if found is None:
        raise OfficeExportUnknown(export=number[:40])
    return found
