"""What a worker leaves that is killed between a paper's file and its row goes a day after, and may come again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from content.evidence.errors import EvidenceUnknown
from content.evidence.forgetting import drop_forgotten, drop_never_stored
from content.evidence.models import EvidenceKind
from integrations.object_storage.folder import FolderStorage
from kit.clock import utc_now
from kit.database import row, scalar
from live.roster.papers import forget_unclaimed_papers
from tests.content.paint import paint
from tests.county.test_host_retention import AUDITOR, LONG_AGO, PAPER, Desk, files_of
from tests.live.hosts import ONE

pytestmark = pytest.mark.asyncio
DAY = timedelta(days=1)


class KilledError(Exception):
    """The worker is no more."""


class DiesAfterWriting(FolderStorage):
    """A storage whose caller is killed when the file lies there."""

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        await super().put(key, content, content_type)
        raise KilledError


def files_in(folder: Path) -> int:
    """How many files lie there."""
    return len([each for each in folder.rglob("*") if each.is_file()])


async def test_a_paper_without_a_row_goes_after_a_day_and_may_come_again(database: str, tmp_path: Path) -> None:
    """Fails when what has a row goes too, when it goes earlier, and when the same file is refused for ever after."""
    desk = Desk()
    host = await desk.host(1)
    papers = files_of(desk, tmp_path)
    long_ago = replace(papers.files, clock=lambda: utc_now() - DAY)
    one, two = paint(colour=(10, 10, 10)), paint(colour=(20, 20, 20))
    held = await replace(papers, files=long_ago).take_identity_check(host, "示例记录", LONG_AGO, one, ONE)
    left = await papers.files.take_paper(two, EvidenceKind.HOST_IDENTITY, ONE, ("host_identity", host))
    assert await forget_unclaimed_papers() == 0, "it may be on its way to its row"
    other = paint(colour=(30, 30, 30))
    old = await long_ago.take_paper(other, EvidenceKind.HOST_IDENTITY, ONE, ("host_identity", host))
    assert (await forget_unclaimed_papers(), await drop_forgotten(papers.files.storage)) == (1, 1)
    assert files_in(tmp_path) == 2
    with pytest.raises(EvidenceUnknown):
        await papers.files.open(old)
    for number in (held, left):
        assert await papers.files.open(number)
    again = await papers.take_identity_check(host, "示例记录", LONG_AGO, other, ONE)
    assert again != old
    assert (await papers.look(AUDITOR, again, PAPER)).startswith(b"\xff\xd8")
    assert await forget_unclaimed_papers() == 0


async def test_a_file_that_was_never_noted_goes_after_a_day_and_may_come_again(database: str, tmp_path: Path) -> None:
    """Fails when the file stays, and when it goes while its worker may be alive."""
    desk = Desk()
    host = await desk.host(1)
    papers, storage = files_of(desk, tmp_path), FolderStorage(tmp_path)
    killed = replace(papers.files, storage=DiesAfterWriting(tmp_path))

    with pytest.raises(KilledError):
        await replace(papers, files=killed).take_identity_check(host, "示例记录", LONG_AGO, paint(), ONE)
    assert (await drop_never_stored(storage), files_in(tmp_path)) == (0, 1)
    with pytest.raises(KilledError):
        await replace(papers, files=replace(killed, clock=lambda: utc_now() - DAY)).take_identity_check(
            host, "示例记录", LONG_AGO, paint(), ONE
        )
    assert (await drop_never_stored(storage), files_in(tmp_path)) == (1, 0)
    assert await drop_never_stored(storage) == 0
    number = await papers.take_identity_check(host, "示例记录", LONG_AGO, paint(), ONE)
    assert await papers.files.open(number)
    assert await row("SELECT dropped_at, spare_key FROM evidence") == {"dropped_at": None, "spare_key": None}
    assert await scalar("SELECT count(*) FROM evidence") == 1
