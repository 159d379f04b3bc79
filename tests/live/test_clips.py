"""What was explained is played as soon as it is over, and becomes a file for whoever asks."""

import re
import shutil
from pathlib import Path

import pytest

from integrations.media_server.remux import FileNotMade
from kit.database import execute, rows, scalar
from live.errors import ClipNotFound, ReplayFileNotMade, SessionNotFound
from live.replays.clips import clips_of
from live.replays.jobs import make_archive_file, make_clip_file
from live.replays.queries import cover_of, made_clip, made_recording, recording_of
from live.replays.recordings import slice_of
from tests.live.kept import Kept, make_segments
from tests.live.pictures import decoded_pictures
from tests.live.rooms import HOST

BEGUN_MS = 1_795_447_733_000


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_segments(tmp_path_factory.mktemp("segments"))


def names(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if not line.startswith("#")]


def test_a_slice_is_what_was_on_air_in_its_span(segments: list[Path], tmp_path: Path) -> None:
    """Fails when the newest file of a session that goes on is taken in, and when a slice begins before a break."""
    for at, segment in enumerate(segments):
        shutil.copy(segment, tmp_path / f"{BEGUN_MS + at * 1000 + (60_000 if at > 3 else 0)}.ts")

    def walls(from_s: float, until_s: float, *, closed: bool = False) -> list[int]:
        span = (BEGUN_MS + int(each * 1000) for each in (from_s, until_s))
        return [(each.wall_ms - BEGUN_MS) // 1000 for each in slice_of(tmp_path, *span, closed=closed).segments]

    assert walls(1.2, 3.0) == [1, 2]
    assert walls(1.2, 3.1) == [1, 2, 3]
    assert walls(-9, 0.1) == [0]
    assert walls(30, 64.5) == [64]  # pinned while nobody was on air
    assert walls(64.5, 66) == [64]  # the last one may still be written to
    assert walls(64.5, 66, closed=True) == [64, 65]
    assert walls(90, 99, closed=True) == []
    lengths = [each.duration_ms for each in slice_of(tmp_path, BEGUN_MS, BEGUN_MS + 2500, closed=False).segments]
    assert lengths == pytest.approx([1000] * 3, abs=45)


async def test_a_clip_is_there_when_the_host_has_unpinned(database: str, segments: list[Path], tmp_path: Path) -> None:
    """On air and after it, cut or not. Fails when what is still explained is played, and after a cut."""
    kept = Kept(tmp_path, segments)
    session, (first, second) = await kept.on_air()
    await kept.house.shelf.pin(session.number, HOST, first)
    with pytest.raises(ClipNotFound):
        await kept.clips.playlist(session.number, 1)
    await kept.explain(session, second, 1.1, 3.5)
    await kept.explain(session, first, 3.5, 30)
    live = await kept.clips.playlist(session.number, 2)
    assert live.endswith("#EXT-X-ENDLIST\n")
    addresses = names(live)
    assert len(addresses) == 3
    signed = rf"http://hls/\d+/[0-9A-Z]{{26}}/[\w-]{{22}}/{session.stream}/\d{{13}}\.ts"
    assert all(re.fullmatch(signed, each) for each in addresses)
    assert len(names(await kept.clips.playlist(session.number, 3))) == 2
    for nobodys in (0, 4, 2**40):
        with pytest.raises(ClipNotFound):
            await kept.clips.playlist(session.number, nobodys)
    await kept.end(session)
    assert len(names(await kept.clips.playlist(session.number, 3))) == 3
    shutil.rmtree(tmp_path / "hls" / session.stream)
    assert len(names(await kept.clips.playlist(session.number, 3))) == 3  # read once
    with pytest.raises(ClipNotFound):
        await kept.clips.playlist(session.number, 2)
    cards = await clips_of(session.number, HOST)
    assert [(card.chapter, card.code, card.file_state) for card in cards] == [
        (1, first, None), (2, second, None), (3, first, None),
    ]  # fmt: skip
    with pytest.raises(SessionNotFound):
        await clips_of(session.number, "S-other")
    await kept.house.bans.ban(session.number, "staff:S1", "示例原因")
    with pytest.raises(ClipNotFound):
        await kept.clips.playlist(session.number, 2)


async def test_a_clip_becomes_a_file_once_for_who_asks(database: str, segments: list[Path], tmp_path: Path) -> None:
    """Fails when asking twice makes it twice, and when a host gets another's or a cut one."""
    kept = Kept(tmp_path, segments)
    session, (code, _) = await kept.on_air()
    await kept.explain(session, code, 1.1, 3.5)
    assert await make_clip_file(kept.archive) == 0
    with pytest.raises(ClipNotFound):
        await kept.clips.ask_for_file(session.number, 1, "S-other", "staff:S-other")
    for _ in range(2):
        await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")
    with pytest.raises(ReplayFileNotMade):
        await made_clip(kept.archive, session.number, 1, HOST)
    assert [await make_clip_file(kept.archive) for _ in range(2)] == [1, 0]
    made = await made_clip(kept.archive, session.number, 1, HOST)
    assert decoded_pictures(made, 60) == pytest.approx(75, abs=2)
    assert [path.name for path in (tmp_path / "hls" / session.stream).iterdir() if path.suffix != ".ts"] == []
    (card,) = await clips_of(session.number, None)
    assert (card.file_state, card.file_bytes) == ("made", made.stat().st_size)
    with pytest.raises(ClipNotFound):
        await made_clip(kept.archive, session.number, 1, "S-other")
    await execute("UPDATE live_clip_file SET archive_state = 'failed'")
    await kept.clips.ask_for_file(session.number, 1, None, "staff:S1")
    assert await make_clip_file(kept.archive) == 1
    await kept.house.bans.ban(session.number, "staff:S1", "示例原因")
    assert await made_clip(kept.archive, session.number, 1, None) == made
    with pytest.raises(ReplayFileNotMade):
        await made_clip(kept.archive, session.number, 1, HOST)
    with pytest.raises(ClipNotFound):
        await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")


async def test_a_clip_without_pictures_is_put_off_and_given_up(
    database: str, segments: list[Path], tmp_path: Path
) -> None:
    kept = Kept(tmp_path, segments)
    session, (code, _) = await kept.on_air(seconds=0)
    await kept.explain(session, code, 1, 2)
    await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")
    with pytest.raises(ClipNotFound):
        await make_clip_file(kept.archive)
    assert await rows("SELECT archive_state, attempts FROM live_clip_file") == [
        {"archive_state": "waiting", "attempts": 1}
    ]
    await execute("UPDATE live_clip_file SET attempts = 7, next_attempt_at = now()")
    with pytest.raises(ClipNotFound):
        await make_clip_file(kept.archive)
    assert await scalar("SELECT archive_state FROM live_clip_file") == "failed"


async def test_the_recording_has_a_file_and_a_cover(database: str, segments: list[Path], tmp_path: Path) -> None:
    """Fails when the cover of a cut session is shown."""
    kept = Kept(tmp_path, segments)
    session, _ = await kept.on_air()
    assert await recording_of(session.number, HOST) is None
    with pytest.raises(ReplayFileNotMade):
        await made_recording(kept.archive, session.number, HOST)
    await kept.end(session)
    with pytest.raises(ReplayFileNotMade):
        await cover_of(kept.archive, session.number)
    assert await make_archive_file(kept.archive) == 1
    assert decoded_pictures(await made_recording(kept.archive, session.number, HOST), 60) == pytest.approx(150, abs=2)
    assert (await cover_of(kept.archive, session.number)).startswith(b"\xff\xd8\xff")
    card = await recording_of(session.number, None)
    assert card is not None
    assert (card.segments, card.file_state) == (6, "made")
    with pytest.raises(SessionNotFound):
        await recording_of(session.number, "S-other")
    await kept.house.bans.ban(session.number, "staff:S1", "示例原因")
    assert (await made_recording(kept.archive, session.number, None)).exists()
    for refused in (cover_of(kept.archive, session.number), made_recording(kept.archive, session.number, HOST)):
        with pytest.raises(ReplayFileNotMade):
            await refused


async def test_no_picture_is_made_of_what_is_no_stream(tmp_path: Path) -> None:
    kept = Kept(tmp_path, [])
    (tmp_path / "1.ts").write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    (tmp_path / "list").write_text("#EXTM3U\n1.ts\n")
    with pytest.raises(Exception, match=r"1\.ts"):
        await kept.archive.remuxer.make_cover(tmp_path / "list", tmp_path / "cover.jpg")
    (tmp_path / "list").write_text("#EXTM3U\n")
    with pytest.raises(FileNotMade):
        await kept.archive.remuxer.make_cover(tmp_path / "list", tmp_path / "cover.jpg")
    assert not (tmp_path / "cover.jpg").exists()
