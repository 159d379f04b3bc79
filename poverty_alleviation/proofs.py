"""Photographs and papers behind the office's records: taken for what they prove, opened once the look is on record."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.actors import Auditor, PovertyOfficer
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceUnknown
from content.evidence.models import AccessClass, EvidenceKind
from content.evidence.service import EvidenceFiles, evidence_card
from kit.database import scalar, transaction
from poverty_alleviation.errors import ProofInvalid, ProvedUnknown
from poverty_alleviation.unmasking import PICTURE, Viewing, evidence_subject, noted_view
from poverty_alleviation.vault import household_rights


class Proved(StrEnum):
    """What a photograph can prove, under its public number."""

    PAYOUT = "payout"
    INTAKE = "intake"
    HOUSEHOLD_STATEMENT = "household_statement"
    INCOME_DISPUTE = "income_dispute"
    CORRECTION = "correction"
    BENEFIT_CONTRACT = "benefit_contract"
    HOUSEHOLD_AGREEMENT = "household_agreement"
    INCOME_SHEET = "income_sheet"
    DEMONSTRATION = "demonstration"
    HOUSEHOLD_VISIT = "household_visit"
    HELP_MEASURE = "help_measure"
    STORY_CONSENT = "story_consent"


_EXISTS = {each: f"SELECT 1 FROM {each} WHERE number = $1" for each in Proved}


@dataclass(frozen=True)
class Proofs:
    """The free-text columns of those records stay: they say in words what the photograph shows."""

    files: EvidenceFiles
    access_logs: AccessLogs

    async def take(self, raw: bytes, kind: EvidenceKind, proved: Proved, number: str, by: str) -> str:
        """Keep a photograph or a PDF; answers its number. A signed statement comes as a sheet, the paper
        of a class at the class, and not here.

        Raises :class:`ProofInvalid`, :class:`ProvedUnknown`, PictureInvalid, PictureTooLarge, PdfRefused,
        ``EvidenceTaken``.
        """
        if kind in (EvidenceKind.SIGNED_STATEMENT, EvidenceKind.CLASS_PAPER):
            raise ProofInvalid()
        async with household_rights():
            if await scalar(_EXISTS[proved], number) is None:
                raise ProvedUnknown(number=number[:40])
        return await self.files.take(await self.files.encode_or_check(raw), kind, by, (proved.value, number))

    async def look(self, actor: PovertyOfficer | Auditor, number: str, viewing: Viewing) -> bytes:
        """The picture or paper. The look is on record before the file is fetched.

        Raises ``EvidenceUnknown``, ViewNotPermitted, TooManyViews.
        """
        card = await evidence_card(number)
        if card.kind is EvidenceKind.CLASS_PAPER or (
            isinstance(actor, Auditor) and card.access is not AccessClass.AUDIT
        ):
            raise EvidenceUnknown(evidence=number)
        async with transaction():
            await noted_view(self.access_logs, actor, viewing, evidence_subject(number), (PICTURE,))
        return await self.files.open(number)
