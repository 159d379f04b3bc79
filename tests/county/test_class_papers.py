"""The papers of a class are kept as files: checked, sealed, and opened once that is on record."""

from pathlib import Path

import pytest

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from accounts.errors import TooManyViews
from accounts.service import AccessLogs
from content.evidence.errors import EvidenceTaken, EvidenceUnknown
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, EvidenceLimits
from county.training.errors import TrainingClassUnknown
from county.training.models import ClassPaperKind
from county.training.papers import ClassPapers
from county.training.queries import class_cards
from integrations.object_storage.folder import FolderStorage
from kit.database import rows
from kit.imaging import PictureInvalid
from kit.pdf_files import PdfRefused
from poverty_alleviation.errors import ProofInvalid
from poverty_alleviation.proofs import Proofs, Proved
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from tests.accounts.people import throwaway_cipher
from tests.content.paint import paint
from tests.county.test_training import BY, NOW, planned
from tests.orders.papers import plain_pdf

OFFICER = CountyOfficer(caller=BY, id=1, number="county", name="示例干部")
AUDITOR = Auditor(caller="staff:auditor", id=2, number="auditor", name="示例审计")
POVERTY = PovertyOfficer(caller="staff:office", id=3, number="office", name="示例扶贫干部")


def papers_of(folder: Path, views: int = 200) -> ClassPapers:
    files = EvidenceFiles(FolderStorage(folder), throwaway_cipher(), EvidenceLimits(), lambda: NOW)
    return ClassPapers(files, AccessLogs(lambda: NOW, views), lambda: NOW)


async def test_a_paper_is_handed_in_once_and_makes_the_archive_whole(database: str, tmp_path: Path) -> None:
    """Fails when the same file again is refused, or counts twice: tried."""
    first, second = await planned(), await planned()
    papers = papers_of(tmp_path)
    for shade, kind in enumerate(ClassPaperKind):
        raw = plain_pdf(b"% plan") if kind is ClassPaperKind.PLAN else paint(colour=(shade, 9, 9))
        number = await papers.take(first, kind, "示例资料", raw, BY)
        assert await papers.take(first, kind, "示例资料", raw, BY) == number
    cards = {each.number: each for each in (await class_cards(None, None, None, 9))[0]}
    assert (len(cards[first].papers), cards[first].missing_papers) == (6, [])
    assert cards[first].papers[-1].file == number
    with pytest.raises(EvidenceTaken):
        await papers.take(second, ClassPaperKind.INVOICE, "示例资料", raw, BY)
    with pytest.raises(TrainingClassUnknown):
        await papers.take("NOBODY", ClassPaperKind.INVOICE, "示例资料", paint(colour=(1, 2, 3)), BY)
    for bad, refused in ((b"GIF89a", PictureInvalid), (plain_pdf(b"<< /S /JavaScript /JS (x) >>"), PdfRefused)):
        with pytest.raises(refused):
            await papers.take(second, ClassPaperKind.INVOICE, "示例资料", bad, BY)


async def test_a_look_is_on_record_and_counted_before_the_file_is_opened(database: str, tmp_path: Path) -> None:
    """Fails when the look is not noted: tried. The poverty office's door opens none of them."""
    papers = papers_of(tmp_path, 2)
    number = await papers.take(await planned(), ClassPaperKind.SIGN_IN, "示例签到表", paint(), BY)
    sealed = b"".join(path.read_bytes() for path in tmp_path.rglob("*.bin"))  # noqa: ASYNC240
    assert b"\xff\xd8\xff" not in sealed[:200]
    for actor in (OFFICER, AUDITOR):
        assert (await papers.look(actor, number, "示例核对")).startswith(b"\xff\xd8")
    noted = await rows("SELECT actor, subject, document FROM access_log ORDER BY id")
    assert [each["actor"] for each in noted] == [BY, AUDITOR.caller]
    assert {(each["subject"], each["document"]) for each in noted} == {(f"evidence:{number}", "示例核对")}
    await papers.look(OFFICER, number, "示例核对")
    with pytest.raises(TooManyViews):
        await papers.look(OFFICER, number, "示例核对")
    proofs, viewing = Proofs(papers.files, papers.access_logs), Viewing(ViewingPurpose.EVIDENCE, "示例核对")
    for other in (POVERTY, AUDITOR):
        with pytest.raises(EvidenceUnknown):
            await proofs.look(other, number, viewing)
    with pytest.raises(ProofInvalid):
        await proofs.take(paint(colour=(5, 5, 5)), EvidenceKind.CLASS_PAPER, Proved.PAYOUT, "P1", BY)
    foreign = await papers.files.take(
        await papers.files.encode(paint(colour=(7, 7, 7))), EvidenceKind.CONTRACT, BY, ("benefit_contract", "C1")
    )
    with pytest.raises(EvidenceUnknown):
        await papers.look(OFFICER, foreign, "示例核对")
