"""The kept segments of a session become one playlist whose times are true."""

import shutil
from pathlib import Path

import pytest

from integrations.media_server.confinement import SegmentForged
from integrations.media_server.remux import FfmpegRemuxer, FileNotMade
from live.replays.recordings import REPLAY, Recording, write_replay
from tests.live.pictures import FFMPEG, decoded_pictures, make_flv, run_ffmpeg

BEGUN_MS = 1_795_447_733_000


@pytest.fixture(scope="module")
def publish(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five segments of one second, as one publish leaves them."""
    folder = tmp_path_factory.mktemp("publish")
    source = make_flv(folder / "source.flv", 5)
    done = run_ffmpeg("-v", "error", "-i", source, "-c", "copy", "-f", "segment", "-segment_time", "1",
                      "-segment_format", "mpegts", folder / "%d.ts")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("?.ts"))


def lay(publish: list[Path], folder: Path, begun_ms: int) -> None:
    folder.mkdir(exist_ok=True)
    for at, segment in enumerate(publish):
        shutil.copy(segment, folder / f"{begun_ms + at * 1000}.ts")


def test_one_publish_while_on_air_and_after(publish: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "stream"
    lay(publish, folder, BEGUN_MS)
    recording = Recording(folder)
    recording.extend(closed=False)
    assert len(recording.segments) == 4  # the newest may still be written to
    recording.extend(closed=False)
    assert len(recording.segments) == 4
    recording.extend(closed=True)
    assert [s.duration_ms for s in recording.segments] == pytest.approx([1000] * 5, abs=45)
    again = Recording(folder)
    again.extend(closed=True)
    assert again.segments == recording.segments
    assert recording.offset_ms(BEGUN_MS - 5) == 0
    assert recording.offset_ms(BEGUN_MS + 2500) == pytest.approx(2500, abs=45)
    assert recording.offset_ms(BEGUN_MS + 999_000) == recording.duration_ms


def test_a_file_that_was_seen_before_its_first_picture_stands_in_its_place(publish: list[Path], tmp_path: Path) -> None:
    """Fails when what has no picture yet is looked at again only at the end, and stands behind what came later."""
    folder = tmp_path / "stream"
    folder.mkdir()
    recording = Recording(folder)
    for at, segment in enumerate(publish):
        file = folder / f"{BEGUN_MS + at * 1000}.ts"
        file.touch()
        recording.extend(closed=False)
        assert len(recording.segments) == max(at - 1, 0)
        shutil.copy(segment, file)
        recording.extend(closed=False)
        assert len(recording.segments) == at
    recording.extend(closed=True)
    again = Recording(folder)
    again.extend(closed=True)
    assert recording.segments == again.segments
    assert len(again.segments) == len(publish)


def test_two_publishes_are_one_replay_with_a_break(publish: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "stream"
    lay(publish, folder, BEGUN_MS)
    lay(publish, folder, BEGUN_MS + 25_000)
    (folder / f"{BEGUN_MS + 40_000}.ts").write_bytes(b"")  # begun when the server died
    (folder / f"{BEGUN_MS + 41_000}.ts").write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    recording = Recording(folder)
    recording.extend(closed=True)
    write_replay(recording)
    text = (folder / REPLAY).read_text()
    assert text.count("#EXTINF") == 10
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert recording.offset_ms(BEGUN_MS + 26_500) == pytest.approx(6500, abs=90)
    assert recording.offset_ms(BEGUN_MS + 15_000) == pytest.approx(5000, abs=90)  # nobody was on air
    pictures = decoded_pictures(folder / REPLAY, 60, "-f", "hls", "-protocol_whitelist", "file",
                                "-allowed_extensions", "ts")  # fmt: skip
    assert pictures == pytest.approx(250, abs=3)


async def test_the_file_is_whole_or_not_there(publish: list[Path], tmp_path: Path) -> None:
    folder, target = tmp_path / "stream", tmp_path / "archive" / "L1.mp4"
    lay(publish, folder, BEGUN_MS)
    lay(publish, folder, BEGUN_MS + 25_000)
    remuxer = FfmpegRemuxer(FFMPEG)
    with pytest.raises(FileNotMade):
        await remuxer.make_mp4(folder / REPLAY, target)
    assert not target.parent.exists()
    recording = Recording(folder)
    recording.extend(closed=True)
    write_replay(recording)
    for _ in range(2):  # making it again makes it again
        await remuxer.make_mp4(folder / REPLAY, target)
        assert [p.name for p in target.parent.iterdir()] == [target.name]
        assert decoded_pictures(target, 60) == pytest.approx(250, abs=3)


async def test_a_playlist_cannot_reach_other_files(publish: list[Path], tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    shutil.copy(publish[0], secret)
    evil = tmp_path / REPLAY
    evil.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(SegmentForged):
        await FfmpegRemuxer(FFMPEG).make_mp4(evil, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_an_empty_folder_and_a_missing_one_are_no_recording(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        recording = Recording(folder)
        recording.extend(closed=True)
        assert recording.segments == []
