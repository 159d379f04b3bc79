"""The HLS of a session in one file, for another platform: it plays wherever it is unpacked."""

import io
import tarfile
from pathlib import Path

import pytest

from kit.database import execute
from live.errors import ReplayFileNotMade, SessionNotFound
from live.replays.packing import packed
from live.replays.queries import kept_stream
from tests.live.kept import SECONDS, Kept, make_segments
from tests.live.pictures import run_ffmpeg
from tests.live.rooms import HOST

pytestmark = pytest.mark.asyncio


async def test_what_is_unpacked_elsewhere_plays_as_a_whole(database: str, tmp_path: Path) -> None:
    """Fails with an address in the playlist, and without one of its segments."""
    (tmp_path / "made").mkdir()
    kept = Kept(tmp_path / "kept", make_segments(tmp_path / "made"))
    session, _ = await kept.on_air()
    number, archive = session.number, kept.archive
    with pytest.raises(ReplayFileNotMade):
        await kept_stream(archive, number, HOST)
    await kept.end(session)
    whole = b"".join([piece async for piece in packed(await kept_stream(archive, number, HOST))])
    with tarfile.open(fileobj=io.BytesIO(whole)) as opened:
        assert len(opened.getnames()) == 1 + len(kept.segments)
        opened.extractall(tmp_path / "elsewhere", filter="data")
    shown = run_ffmpeg("-v", "error", "-i", tmp_path / "elsewhere" / number / "index.m3u8", "-f", "framecrc", "-")
    pictures = [line for line in shown.stdout.splitlines() if line.startswith("0,")]
    assert (len(pictures), shown.stderr) == (25 * SECONDS, "")
    with pytest.raises(SessionNotFound):
        await kept_stream(archive, number, "U0")
    await execute("UPDATE live_session SET state = 'banned' WHERE number = $1", number)
    with pytest.raises(ReplayFileNotMade):
        await kept_stream(archive, number, HOST)
    assert await kept_stream(archive, number, None)
