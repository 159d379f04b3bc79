"""The file of an invoice: a picture that is encoded anew, or a PDF that was looked into. Kept sealed."""

import asyncio
import base64
from dataclasses import dataclass
from typing import Literal

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row
from kit.encryption import FieldCipher
from kit.imaging import encode_anew
from kit.pdf_files import PdfLimits, PdfRefused, check_pdf
from orders.invoices.errors import InvoiceFileMissing, InvoiceFileRefused, InvoiceRequestNotFound, InvoiceStateConflict
from orders.invoices.models import InvoiceState

MAX_PDF_BYTES = 1024 * 1024
MAX_PIXELS = 40_000_000
_PDF = PdfLimits(MAX_PDF_BYTES, with_files=True)
"""An electronic invoice may carry its data as a file."""


class InvoiceFile(msgspec.Struct, frozen=True):
    """A file as its buyer gets it."""

    kind: Literal["pdf", "jpeg"]
    content: bytes


def _taken(raw: bytes) -> InvoiceFile:
    if raw.startswith(b"%PDF"):
        try:
            check_pdf(raw, _PDF)
        except PdfRefused as refused:
            raise InvoiceFileRefused(because=refused.facts["because"]) from None
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
