"""A guardian's consent as a file: a photograph or a PDF, checked and sealed as all evidence is (decision 0053)."""

from dataclasses import dataclass
from datetime import date

from accounts.actors import Auditor, CountyOfficer
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceUnknown
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, evidence_card
from kit.database import scalar, transaction
from live.roster.service import ConsentDraft, Roster

CONSENT = "guardian_consent"
"""What the evidence of a consent is about, by the host's account."""


@dataclass(frozen=True)
class ConsentFiles:
    """``by`` is the account held to it."""

    roster: Roster
    files: EvidenceFiles
    access_logs: AccessLogs

    async def take(self, host: str, document: str, signed_on: date, raw: bytes, by: str) -> str:
        """Keep the paper of a guardian and enter the consent; answers the file's number. Once is enough.

        Raises ``HostUnknown``, ``HostEntryInvalid``, PictureInvalid, PictureTooLarge, PdfRefused, StorageUnavailable,
        and ``EvidenceTaken`` for a file that is kept for something else.
        """
        await self.roster.demand_consent_day(host, signed_on, by)
        number = await self.files.take_paper(raw, EvidenceKind.GUARDIAN_CONSENT, by, (CONSENT, host))
        card = await evidence_card(number)
        draft = ConsentDraft(document=document, sha256=card.sha256, evidence=number, signed_on=signed_on)
        await self.roster.add_consent(host, draft, by)
        return number

    async def look(self, actor: CountyOfficer | Auditor, number: str, document: str) -> bytes:
        """The picture or PDF. That it is looked at is on record before.

        Raises ``EvidenceUnknown``, also for that of a host who is erased, and TooManyViews.
        """
        if await scalar("SELECT 1 FROM guardian_consent WHERE evidence = $1", number) is None:
            raise EvidenceUnknown(evidence=number[:40])
        async with transaction():
            await self.access_logs.record_view(actor, CONSENT, f"evidence:{number}", ("picture",), document)
        return await self.files.open(number)
