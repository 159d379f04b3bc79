"""A host's papers as files: photographs or PDFs, checked and sealed as all evidence is (decision 0053).

What is entered is entered with its file; the same file again for the same host changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from accounts.actors import Auditor, CountyOfficer
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceUnknown
from content.evidence.forgetting import Claimed, forget_unclaimed
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, evidence_card
from kit.database import rows, scalar, transaction
from live.roster.models import PAPERS
from live.roster.service import ConsentDraft, ContractDraft, PaperFile, Roster, TrainingDraft

_KIND = " UNION ALL ".join(
    f"SELECT '{kind}' AS kind FROM {table} WHERE evidence = $1" for kind, table in PAPERS.items()
)


async def forget_unclaimed_papers() -> int:
    """Papers whose row was never entered go a day after; answers how many."""
    return sum([await forget_unclaimed(EvidenceKind(kind), _claimed(table)) for kind, table in PAPERS.items()])


def _claimed(table: str) -> Claimed:
    async def ask(numbers: Sequence[str]) -> Collection[str]:
        found = await rows(f"SELECT evidence FROM {table} WHERE evidence = ANY($1::text[])", list(numbers))
        return [each["evidence"] for each in found]

    return ask


@dataclass(frozen=True)
class HostPapers:
    """``by`` is the account held to it. Every ``take`` answers the file's number and raises what the roster raises,
    before a file is kept, PictureInvalid, PictureTooLarge, PdfRefused, StorageUnavailable, and ``EvidenceTaken`` for a
    file that is kept for something else.
    """

    roster: Roster
    files: EvidenceFiles
    access_logs: AccessLogs

    async def take_consent(self, host: str, document: str, signed_on: date, raw: bytes, by: str) -> str:
        """A guardian's consent."""
        await self.roster.demand_entry(host, by, signed_on=signed_on)
        number, digest = await self._keep(EvidenceKind.GUARDIAN_CONSENT, host, raw, by)
        draft = ConsentDraft(document=document, sha256=digest, evidence=number, signed_on=signed_on)
        await self.roster.add_consent(host, draft, by)
        return number

    async def take_identity_check(self, host: str, document: str, checked_on: date, raw: bytes, by: str) -> str:
        """The paper that was held against the person."""
        await self.roster.demand_entry(host, by, checked_on=checked_on)
        number, digest = await self._keep(EvidenceKind.HOST_IDENTITY, host, raw, by)
        await self.roster.check_identity(host, document, checked_on, by, PaperFile(number, digest))
        return number

    async def take_contract(self, host: str, draft: ContractDraft, raw: bytes, by: str) -> str:
        """A contract as it was signed."""
        content = await self.files.encode_or_check(raw)
        await self.roster.demand_contract(host, draft, by, sha256(content).hexdigest())
        number, digest = await self._keep_checked(EvidenceKind.HOST_CONTRACT, host, content, by)
        await self.roster.add_contract(host, draft, by, PaperFile(number, digest))
        return number

    async def take_training(self, host: str, draft: TrainingDraft, raw: bytes, by: str) -> str:
        """The certificate of a training."""
        await self.roster.demand_entry(host, by, completed_on=draft.completed_on)
        number, digest = await self._keep(EvidenceKind.HOST_TRAINING, host, raw, by)
        await self.roster.add_training(host, draft, by, PaperFile(number, digest))
        return number

    async def _keep(self, kind: EvidenceKind, host: str, raw: bytes, by: str) -> tuple[str, str]:
        return await self._keep_checked(kind, host, await self.files.encode_or_check(raw), by)

    async def _keep_checked(self, kind: EvidenceKind, host: str, content: bytes, by: str) -> tuple[str, str]:
        number = await self.files.take_checked_paper(content, kind, by, (kind.value, host))
        return number, (await evidence_card(number)).sha256

    async def look(self, actor: CountyOfficer | Auditor, number: str, document: str) -> bytes:
        """The picture or PDF. That it is looked at is on record before.

        Raises ``EvidenceUnknown``, also for that of a host who is erased, and TooManyViews.
        """
        kind = await scalar(_KIND, number)
        if kind is None:
            raise EvidenceUnknown(evidence=number[:40])
        async with transaction():
            await self.access_logs.record_view(actor, kind, f"evidence:{number}", ("picture",), document)
        return await self.files.open(number)
