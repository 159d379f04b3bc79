"""The papers of a class as files: photographs or PDFs, checked and sealed as all evidence is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accounts.actors import Auditor, CountyOfficer
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceUnknown
from content.evidence.forgetting import forget_unclaimed
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles
from county.training.errors import TrainingClassUnknown
from county.training.models import ClassPaperKind
from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction

CLASS = "training_class"
"""What the evidence of a paper is about."""


async def forget_unclaimed_class_papers() -> int:
    """Papers whose row was never entered go a day after; answers how many."""
    return await forget_unclaimed(EvidenceKind.CLASS_PAPER, _claimed)


async def _claimed(numbers: Sequence[str]) -> Collection[str]:
    found = await rows("SELECT evidence FROM class_paper WHERE evidence = ANY($1::text[])", list(numbers))
    return [each["evidence"] for each in found]


@dataclass(frozen=True)
class ClassPapers:
    """``by`` is the account held to it."""

    files: EvidenceFiles
    access_logs: AccessLogs
    clock: Clock = utc_now

    async def take(self, number: str, kind: ClassPaperKind, name: str, raw: bytes, by: str) -> str:
        """Keep a paper's file; answers its number. The same file of the same class again changes nothing, and helps
        who died in between.

        Raises :class:`TrainingClassUnknown`, PictureInvalid, PictureTooLarge, PdfRefused, StorageUnavailable, and
        ``EvidenceTaken`` for a file that is kept for something else.
        """
        held = await scalar("SELECT id FROM training_class WHERE number = $1", number)
        if held is None:
            raise TrainingClassUnknown()
        evidence = await self.files.take_paper(raw, EvidenceKind.CLASS_PAPER, by, (CLASS, number))
        await rows(
            "INSERT INTO class_paper (training_class_id, kind, name, sha256, evidence, recorded_by, recorded_at)"
            " SELECT $1, $2, $3, e.sha256, e.number, $4, $5 FROM evidence e WHERE e.number = $6"
            " ON CONFLICT DO NOTHING RETURNING 1",
            held,
            kind.value,
            name,
            by,
            self.clock(),
            evidence,
        )
        return evidence

    async def look(self, actor: CountyOfficer | Auditor, number: str, document: str) -> bytes:
        """The picture or PDF. That it is looked at is on record before: a list of who came has names on it.

        Raises ``EvidenceUnknown``, TooManyViews.
        """
        if await scalar("SELECT 1 FROM class_paper WHERE evidence = $1", number) is None:
            raise EvidenceUnknown(evidence=number[:40])
        async with transaction():
            await self.access_logs.record_view(actor, "class_paper", f"evidence:{number}", ("picture",), document)
        return await self.files.open(number)
