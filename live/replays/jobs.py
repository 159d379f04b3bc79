"""What time does in the live room: the files of a replay, made after the replay itself is already there."""

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row
from kit.errors import Unavailable
from live.errors import ClipNotFound
from live.ports import Remuxer
from live.replays.clips import slice_of_clip
from live.replays.files import FileQueue
from live.replays.recordings import REPLAY, Recording

log = logging.getLogger("longchuan.live")

RECORDINGS, CLIPS = FileQueue("live_recording"), FileQueue("live_clip_file")


@dataclass(frozen=True)
class Archive:
    """Where recordings and their files are. ``hls_directory`` holds a folder per stream."""

    hls_directory: Path
    archive_directory: Path
    remuxer: Remuxer
    clock: Clock = utc_now

    def recording_file(self, number: str) -> Path:
        """Where the MP4 of a session is, once it is made."""
        return self.archive_directory / f"{number}.mp4"

    def cover_file(self, number: str) -> Path:
        """Where the picture of a session is, once it is made."""
        return self.archive_directory / f"{number}.jpg"

    def clip_file(self, number: str, chapter: int) -> Path:
        """Where the MP4 of a clip is, once it is made."""
        return self.archive_directory / f"{number}-{chapter}.mp4"


async def make_archive_file(archive: Archive) -> int:
    """Make the MP4 of one ended session and a picture of it; answers how many were made: one, or none when nothing is
    due.

    The file gets its name only when it is whole, and making it again makes the same file. A session of which no
    picture can be made has none.
    """
    claimed = await RECORDINGS.claim(archive.clock())
    if claimed is None:
        return 0
    session = await _session(claimed)
    folder, target = archive.hls_directory / session["stream"], archive.recording_file(session["number"])
    try:
        await archive.remuxer.make_mp4(folder / REPLAY, target)
    except Unavailable:
        await RECORDINGS.put_off(claimed, archive.clock())
        raise
    await RECORDINGS.settle(claimed, target)
    try:
        await archive.remuxer.make_cover(folder / REPLAY, archive.cover_file(session["number"]))
    except Unavailable as error:
        log.warning("no cover of %s: %s", session["number"], error)
    return 1


async def make_clip_file(archive: Archive) -> int:
    """Make the MP4 of one clip that was asked for; answers like :func:`make_archive_file`."""
    claimed = await CLIPS.claim(archive.clock())
    if claimed is None:
        return 0
    session = await _session(claimed)
    chapter, folder = claimed["chapter"], archive.hls_directory / session["stream"]
    playlist, target = folder / f".clip-{claimed['id']}.m3u8", archive.clip_file(session["number"], chapter)
    try:
        recording: Recording = await slice_of_clip(folder, session["number"], chapter)
        playlist.write_text(recording.playlist(), encoding="ascii")
        await archive.remuxer.make_mp4(playlist, target)
    except (Unavailable, ClipNotFound, OSError):
        await CLIPS.put_off(claimed, archive.clock())
        raise
    finally:
        with contextlib.suppress(OSError):
            playlist.unlink()
    await CLIPS.settle(claimed, target)
    return 1


async def forget_presence() -> int:
    """Delete the rows of processes that are long gone; they have not counted for a while."""
    return await execute("DELETE FROM live_room_presence WHERE seen_at < now() - interval '1 hour'")


async def _session(claimed: Row) -> Row:
    session = await row("SELECT number, stream FROM live_session WHERE id = $1", claimed["session_id"])
    assert session is not None
    return session
