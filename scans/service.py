"""Scan codes: made for a product, resolved by a phone, and the signed word that a purchase began at one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, joined, row, rows
from kit.numbers import opaque_id
from kit.paging import read_cursor, write_cursor
from kit.qr_codes import qr_code
from kit.source_tokens import SourceTokens
from products.dossiers import product_dossier
from scans.errors import ScanCodeUnknown
from scans.models import ScanPlace
from scans.ports import CodePainter

SOURCE_PREFIX = "scan:"
PAGE = "pages/scan/index"
"""The mini-program's page that reads the scene."""

_COLUMNS = "code, place, note, product, merchant, made_at, retired_at"


class ScanCodeRecord(msgspec.Struct, frozen=True):
    """A code as its makers see it."""

    code: str
    place: ScanPlace
    note: str
    product: str
    merchant: str
    made_at: datetime
    retired_at: datetime | None


class Scanned(msgspec.Struct, frozen=True):
    """Where a code leads: to a product, and to a lot of it when it stands on a lot's label."""

    code: str
    place: ScanPlace
    product: str
    lot: str | None


class ScanPages(msgspec.Struct, frozen=True):
    """What public pages have to know: whose mini-program they open, and from how many farmers on they say a number."""

    appid: str
    farmers_from: int


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True)
class ScanCodes:
    """Makes and draws codes. ``web_base`` is what a plain QR code leads to, followed by ``/s/<code>``."""

    painter: CodePainter
    web_base: str
    clock: Clock = utc_now

    async def make(self, merchant: str | None, product: str, place: ScanPlace, note: str, by: str) -> ScanCodeRecord:
        """A new code for a product, of ``merchant``'s when one is given. Raises ProductUnknown."""
        async with joined():
            dossier = await product_dossier(product, merchant)
            made = await row(
                "INSERT INTO scan_code (code, place, note, product, merchant, made_by, made_at)"
                f" VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}",
                opaque_id()[:16],
                place.value,
                note,
                product,
                dossier.merchant,
                by,
                self.clock(),
            )
        assert made is not None
        return ScanCodeRecord(**made)

    async def retire(self, merchant: str | None, code: str) -> None:
        """The code leads nowhere from now on; repeating it changes nothing. Raises ScanCodeUnknown."""
        await self.show(merchant, code)
        await execute("UPDATE scan_code SET retired_at = $2 WHERE code = $1 AND retired_at IS NULL", code, self.clock())

    async def show(self, merchant: str | None, code: str) -> ScanCodeRecord:
        """One code, retired or not. Raises ScanCodeUnknown, also for another merchant's."""
        found = await row(
            f"SELECT {_COLUMNS} FROM scan_code WHERE code = $1 AND ($2::text IS NULL OR merchant = $2)", code, merchant
        )
        if found is None:
            raise ScanCodeUnknown()
        return ScanCodeRecord(**found)

    async def svg(self, merchant: str | None, code: str) -> bytes:
        """A plain QR code for print."""
        return self._plain(await self.show(merchant, code), "svg")

    async def png(self, merchant: str | None, code: str) -> bytes:
        """A plain QR code as a picture."""
        return self._plain(await self.show(merchant, code), "png")

    async def mini_program_code(self, merchant: str | None, code: str) -> bytes:
        """WeChat's own code, drawn by WeChat. Raises CodePictureUnavailable."""
        shown = await self.show(merchant, code)
        return await self.painter.mini_program_code(shown.code, PAGE)

    def _plain(self, shown: ScanCodeRecord, kind: Literal["svg", "png"]) -> bytes:
        return qr_code(f"{self.web_base}/s/{shown.code}", kind)


async def scan_codes(merchant: str | None, cursor: str | None, limit: int) -> tuple[list[ScanCodeRecord], str | None]:
    """Codes, newest first; one statement."""
    before = read_cursor(cursor, _Key).id if cursor else 2**63 - 1
    found = await rows(
        f"SELECT id, {_COLUMNS} FROM scan_code WHERE id < $1 AND ($2::text IS NULL OR merchant = $2)"
        " ORDER BY id DESC LIMIT $3",
        before,
        merchant,
        limit + 1,
    )
    page = [ScanCodeRecord(**{k: v for k, v in c.items() if k != "id"}) for c in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def scanned(code: str) -> Scanned:
    """What a phone has read. Raises ScanCodeUnknown, also for a retired code; one statement."""
    found = await row(
        "SELECT code, place, product, NULL AS lot FROM scan_code WHERE code = $1 AND retired_at IS NULL"
        " UNION ALL SELECT t.code, 'label', l.product, l.number FROM trace_label t JOIN lot l ON l.id = t.lot_id"
        " WHERE t.code = $1 LIMIT 1",
        code,
    )
    if found is None:
        raise ScanCodeUnknown()
    return Scanned(**found)


class ScanTokens(SourceTokens):
    """A purchase began at a code: ``scan:<code>``."""

    room = "scans"
    prefix = SOURCE_PREFIX

    def token(self, code: str) -> str:
        """For whoever has scanned the code, to be handed to checkout."""
        return self.signed(code)
