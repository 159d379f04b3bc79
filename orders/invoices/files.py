"""The file of an invoice: a picture that is encoded anew, or a PDF that was looked into. Kept sealed.

A PDF is never rendered here. What could act when somebody opens it is looked for in the file as it is and in everything
that it holds deflated, wherever a stream may begin, so no broken frame hides a part; what cannot be looked into is
refused.
"""

import asyncio
import base64
import re
import zlib
from dataclasses import dataclass
from typing import Literal

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row
from kit.encryption import FieldCipher
from kit.imaging import encode_anew
from orders.invoices.errors import InvoiceFileMissing, InvoiceFileRefused, InvoiceRequestNotFound, InvoiceStateConflict
from orders.invoices.models import InvoiceState

MAX_PDF_BYTES = 1024 * 1024
MAX_PIXELS = 40_000_000
_MAX_STREAMS = 4_000
_MAX_INFLATED = 32 * 1024 * 1024

_ACTIVE = re.compile(rb"/(JavaScript|Launch|RichMedia|SubmitForm|ImportData|GoToE|GoToR|XFA|Rendition|Movie|Sound)\b")
_OTHER_FILTERS = re.compile(rb"/(ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL|Crypt)\b")
_HIDDEN = re.compile(rb"/ObjStm\b[^>]*/(DecodeParms|DP|F)\b|/(DecodeParms|DP|F)\b[^>]*/ObjStm\b")
_STREAM = re.compile(rb"stream\r?\n")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


class InvoiceFile(msgspec.Struct, frozen=True):
    """A file as its buyer gets it."""

    kind: Literal["pdf", "jpeg"]
    content: bytes


def check_pdf(raw: bytes) -> None:
    """Raises :class:`InvoiceFileRefused`; ``because`` is not_a_pdf, too_large, encrypted, active or unreadable."""
    if not raw.startswith(b"%PDF-1.") or b"%%EOF" not in raw[-2048:]:
        raise InvoiceFileRefused(because="not_a_pdf")
    if len(raw) > MAX_PDF_BYTES:
        raise InvoiceFileRefused(because="too_large")
    plain = _names(raw)
    if re.search(rb"/Encrypt\b", plain):
        raise InvoiceFileRefused(because="encrypted")
    holds_objects = re.search(rb"/ObjStm\b", plain)
    if holds_objects and (_OTHER_FILTERS.search(plain) or _HIDDEN.search(plain)):
        raise InvoiceFileRefused(because="unreadable")
    if _ACTIVE.search(plain) or any(_ACTIVE.search(_names(inflated)) for inflated in _streams(raw)):
        raise InvoiceFileRefused(because="active")


def _names(raw: bytes) -> bytes:
    """With every ``#4A`` of a name read as its byte."""
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw)


def _streams(raw: bytes) -> list[bytes]:
    """What inflates behind each word "stream"; raises InvoiceFileRefused for more than is looked into."""
    inflated, left = [], _MAX_INFLATED
    for count, begin in enumerate(_STREAM.finditer(raw)):
        if count >= _MAX_STREAMS:
            raise InvoiceFileRefused(because="unreadable")
        engine = zlib.decompressobj()
        try:
            part = engine.decompress(raw[begin.end() :], left)
        except zlib.error:
            continue
        left -= len(part)
        if left <= 0:
            raise InvoiceFileRefused(because="unreadable")
        inflated.append(part)
    return inflated


def _taken(raw: bytes) -> InvoiceFile:
    if raw.startswith(b"%PDF"):
        check_pdf(raw)
        return InvoiceFile("pdf", raw)
    return InvoiceFile("jpeg", encode_anew(raw, MAX_PIXELS).files["large"])


@dataclass(frozen=True)
class InvoiceFiles:
    """Puts the file beside an issued invoice, and gives it to the buyer."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def keep(self, merchant: str, number: str, raw: bytes, actor: str) -> None:
        """Store the file of an issued invoice in place of an earlier one.

        Raises InvoiceFileRefused, PictureInvalid, PictureTooLarge, InvoiceRequestNotFound, InvoiceStateConflict.
        """
        request = await _issued(merchant, number)  # whose it is comes first: reading a file is work
        file = await asyncio.to_thread(_taken, raw)
        sealed = self.cipher.encrypt(base64.b64encode(file.content).decode(), file_place(number))
        await execute(
            "INSERT INTO invoice_file (request_id, kind, sealed, uploaded_at, uploaded_by) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (request_id) DO UPDATE SET kind = $2, sealed = $3, uploaded_at = $4, uploaded_by = $5",
            request,
            file.kind,
            sealed,
            self.clock(),
            actor,
        )

    async def of_buyer(self, consumer: str, order: str) -> InvoiceFile:
        """The file of the newest request of an own order. One statement. Raises InvoiceFileMissing."""
        found = await row(
            "SELECT r.number, f.kind, f.sealed FROM invoice_request r JOIN customer_order o ON o.id = r.order_id"
            " LEFT JOIN invoice_file f ON f.request_id = r.id WHERE o.number = $1 AND o.consumer = $2"
            " ORDER BY r.id DESC LIMIT 1",
            order,
            consumer,
        )
        if found is None or not found["sealed"]:
            raise InvoiceFileMissing()
        opened = self.cipher.decrypt(bytes(found["sealed"]), file_place(found["number"]))
        return InvoiceFile(found["kind"], base64.b64decode(opened))


async def _issued(merchant: str, number: str) -> int:
    """The row of an issued request; ISSUED is a state that nothing leaves."""
    found = await row("SELECT id, state FROM invoice_request WHERE number = $1 AND merchant = $2", number, merchant)
    if found is None:
        raise InvoiceRequestNotFound()
    if found["state"] != InvoiceState.ISSUED:
        raise InvoiceStateConflict(state=found["state"])
    return int(found["id"])


def file_place(number: str) -> str:
    """What a sealed file is bound to, by the number of its request."""
    return f"invoice_file|sealed|{number}"
