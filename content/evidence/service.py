"""Taking photographs that prove something, and opening them again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import msgspec

from content.evidence.errors import EvidenceLinked, EvidenceTaken, EvidenceUnknown
from content.evidence.models import ONCE, AccessClass, EvidenceKind
from content.ports import PRIVATE, ObjectStorage
from kit.clock import Clock, utc_now
from kit.database import execute, in_open_transaction, row, rows, scalar
from kit.encryption import FieldCipher
from kit.imaging import PictureTooLarge, encode_for_keeping, format_of
from kit.numbers import opaque_id
from kit.pdf_files import MAGIC, PdfLimits, check_pdf

EDGE = 2400
"""Longest edge in pixels of what is kept: the code on a photographed A4 sheet has five pixels a module."""

FOR_AUDITORS = frozenset(
    {
        EvidenceKind.CONTRACT,
        EvidenceKind.CLASS_PAPER,
        EvidenceKind.GUARDIAN_CONSENT,
        EvidenceKind.HOST_IDENTITY,
        EvidenceKind.HOST_CONTRACT,
        EvidenceKind.HOST_TRAINING,
    }
)
"""Papers between companies, the archive of a class, and those of hosts; all else shows households or their money."""


@dataclass(frozen=True)
class EvidenceLimits:
    """Bytes and pixels of a photograph as it comes, and what a PDF may be."""

    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 40_000_000
    max_pdf_bytes: int = 5 * 1024 * 1024
    max_pdf_pages: int = 20


class EvidenceCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a photograph without opening it."""

    number: str
    kind: EvidenceKind
    access: AccessClass
    sha256: str
    subject_type: str | None
    subject_number: str | None
    taken_by: str
    taken_at: datetime


_KEPT = f"SELECT number FROM evidence WHERE sha256 = $1 AND ({ONCE})"
_CARD = "number, kind, access, sha256, subject_type, subject_number, taken_by, taken_at"


@dataclass(frozen=True)
class EvidenceFiles:
    """Sealed photographs and papers.

    Nothing of a photograph that came is kept: encoded anew, it has no place and no maker's words. A PDF is kept as it
    came, once nothing in it can act.
    """

    storage: ObjectStorage
    cipher: FieldCipher
    limits: EvidenceLimits = EvidenceLimits()
    clock: Clock = utc_now
    in_turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def encode(self, raw: bytes) -> bytes:
        """The picture as it will be kept. Raises PictureInvalid and PictureTooLarge."""
        if len(raw) > self.limits.max_bytes:
            raise PictureTooLarge(max_bytes=self.limits.max_bytes)
        format_of(raw)
        async with self.in_turn:
            return await asyncio.to_thread(encode_for_keeping, raw, self.limits.max_pixels, EDGE)

    async def encode_or_check(self, raw: bytes) -> bytes:
        """A photograph as :meth:`encode` answers it, or a PDF, told by its first bytes.

        Raises PictureInvalid, PictureTooLarge and PdfRefused.
        """
        if not raw.startswith(MAGIC):
            return await self.encode(raw)
        limits = PdfLimits(self.limits.max_pdf_bytes, self.limits.max_pdf_pages)
        async with self.in_turn:
            await asyncio.to_thread(check_pdf, raw, limits)
        return raw

    async def take(self, picture: bytes, kind: EvidenceKind, by: str, subject: tuple[str, str] | None) -> str:
        """Seal and keep what was encoded or checked; answers its number. Not to be called inside a transaction.

        ``subject`` is what it proves, as type and public number. Two uploads of one picture at once: the later one
        stands. Raises :class:`EvidenceTaken` and StorageUnavailable.
        """
        if in_open_transaction():
            raise RuntimeError("files are stored outside of transactions")
        digest, now = sha256(picture).hexdigest(), self.clock()
        of_type, of_number = subject or (None, None)
        claimed = await row(
            "INSERT INTO evidence (number, kind, access, sha256, stored_key, subject_type, subject_number, taken_by,"
            " taken_at, sealed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (sha256)"
            f" WHERE {ONCE} DO UPDATE SET kind = $2, access = $3, subject_type = $6, subject_number = $7,"
            " taken_by = $8, taken_at = $9, sealed_by = $10, dropped_at = NULL"
            " WHERE evidence.stored_at IS NULL RETURNING number, stored_key",
            opaque_id(),
            kind.value,
            (AccessClass.AUDIT if kind in FOR_AUDITORS else AccessClass.HOUSEHOLD).value,
            digest,
            new_file_key(),
            of_type,
            of_number,
            by,
            now,
            self.cipher.writing_key,
        )
        if claimed is None:
            raise EvidenceTaken(evidence=await scalar(_KEPT, digest))
        number: str = claimed["number"]
        sealed = await asyncio.to_thread(self.cipher.seal, picture, evidence_place(number))
        await self.storage.put(claimed["stored_key"], sealed, "application/octet-stream")
        kept = await execute(
            "UPDATE evidence SET stored_at = $4 WHERE number = $1 AND (taken_by, taken_at) = ($2, $3)"
            " AND stored_at IS NULL",
            number,
            by,
            now,
            self.clock(),
        )
        if not kept:
            raise EvidenceTaken(evidence=number)
        return number

    async def take_paper(self, raw: bytes, kind: EvidenceKind, by: str, subject: tuple[str, str]) -> str:
        """Keep a photograph or a PDF as it came; answers its number, the old one for the same file of the same subject.

        Raises PictureInvalid, PictureTooLarge, PdfRefused, StorageUnavailable, and :class:`EvidenceTaken` for a file
        that is kept for something else.
        """
        return await self.take_checked_paper(await self.encode_or_check(raw), kind, by, subject)

    async def take_checked_paper(self, content: bytes, kind: EvidenceKind, by: str, subject: tuple[str, str]) -> str:
        """The same with what :meth:`encode_or_check` has answered."""
        try:
            return await self.take(content, kind, by, subject)
        except EvidenceTaken as taken:
            number = str(taken.facts["evidence"])
            card = await evidence_card(number)
            if (card.kind, card.subject_type, card.subject_number) != (kind, *subject):
                raise
            return number

    async def open(self, number: str) -> bytes:
        """The picture, a JPEG, or the PDF. Who may see it and that it is seen is the caller's to note, before.

        Raises :class:`EvidenceUnknown`, also for a file that is not the one that was taken.
        """
        for _ in range(2):  # the file may move to another key between the two looks
            found = await row(
                "SELECT stored_key, sha256 FROM evidence WHERE number = $1 AND stored_at IS NOT NULL"
                " AND forgotten_at IS NULL",
                number,
            )
            sealed = await self.storage.get(found["stored_key"]) if found else None
            if found is None or sealed is not None:
                break
        if found is None or sealed is None:
            raise EvidenceUnknown(evidence=number[:40])
        picture = await asyncio.to_thread(self.cipher.unseal, sealed, evidence_place(number))
        if sha256(picture).hexdigest() != found["sha256"]:
            raise EvidenceUnknown(evidence=number)
        return picture


def evidence_place(number: str) -> str:
    """What a sealed photograph is bound to."""
    return f"evidence|content|{number}"


def new_file_key() -> str:
    """Where a sealed file is to lie; nobody can guess it, and it says nothing."""
    secret = opaque_id()
    return f"{PRIVATE}{secret[:2]}/{secret}.bin"


async def link_evidence(number: str, subject_type: str, subject_number: str) -> None:
    """Say what a photograph proves, in the caller's transaction. Raises :class:`EvidenceLinked`."""
    told = await execute(
        "UPDATE evidence SET subject_type = $2, subject_number = $3 WHERE number = $1 AND stored_at IS NOT NULL"
        " AND subject_type IS NULL",
        number,
        subject_type,
        subject_number,
    )
    if not told:
        raise EvidenceLinked(evidence=number)


async def link_sheet_anew(number: str, subject_type: str, subject_number: str) -> None:
    """Say that a signed sheet proves another thing of the same type, or the first, in the caller's transaction.

    Raises :class:`EvidenceUnknown` for one that is forgotten.
    """
    told = await execute(
        "UPDATE evidence SET subject_type = $2, subject_number = $3 WHERE number = $1 AND stored_at IS NOT NULL"
        " AND forgotten_at IS NULL AND kind = $4 AND (subject_type IS NULL OR subject_type = $2)",
        number,
        subject_type,
        subject_number,
        EvidenceKind.SIGNED_STATEMENT.value,
    )
    if not told:
        raise EvidenceUnknown(evidence=number)


async def evidence_card(number: str) -> EvidenceCard:
    """One card. Raises :class:`EvidenceUnknown`."""
    found = await row(f"SELECT {_CARD} FROM evidence WHERE number = $1 AND stored_at IS NOT NULL", number)
    if found is None:
        raise EvidenceUnknown(evidence=number[:40])
    return msgspec.convert(found, EvidenceCard)


async def evidence_of(subject_type: str, subjects: Sequence[str]) -> list[EvidenceCard]:
    """What proves some things of one type, in the order in which it was taken; at most 500. One statement."""
    found = await rows(
        f"SELECT {_CARD} FROM evidence WHERE subject_type = $1 AND subject_number = ANY($2::text[])"
        " AND stored_at IS NOT NULL ORDER BY id LIMIT 500",
        subject_type,
        list(subjects),
    )
    return [msgspec.convert(each, EvidenceCard) for each in found]
