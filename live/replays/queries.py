"""What is read of a replay's files."""

import asyncio
from pathlib import Path

import msgspec

from kit.database import Row, row
from live.errors import ClipNotFound, ReplayAway, ReplayFileNotMade, SessionNotFound
from live.evidence.errors import EvidenceDeleted
from live.evidence.models import IS_AWAY, IS_GONE
from live.replays.jobs import Archive
from live.replays.recordings import REPLAY


class RecordingCard(msgspec.Struct, frozen=True, kw_only=True):
    """The kept pictures of a session; ``file_state`` is where the making of the MP4 stands.

    ``is_away``: they lie in cold storage, and the county fetches them back.
    """

    duration_ms: int
    segments: int
    file_state: str
    file_bytes: int | None
    sha256: str | None
    is_away: bool


async def recording_of(number: str, host: str | None) -> RecordingCard | None:
    """Of a session that is over; None before. Raises ``SessionNotFound``, also for another host's."""
    found = await row(
        "SELECT s.host, r.id IS NOT NULL AS is_kept, r.duration_ms, r.segments, r.archive_state AS file_state,"
        f" r.file_bytes, r.sha256, {IS_AWAY} AS is_away FROM live_session s"
        " LEFT JOIN live_recording r ON r.session_id = s.id WHERE s.number = $1",
        number,
    )
    if found is None or host not in (None, found["host"]):
        raise SessionNotFound(number=number)
    return msgspec.convert(found, RecordingCard) if found["is_kept"] else None


def _demand_here(found: Row, number: str) -> None:
    """Raises ``EvidenceDeleted`` for what has gone with its day, and ``ReplayAway``."""
    if found["is_gone"]:
        raise EvidenceDeleted(number=number)
    if found["is_away"]:
        raise ReplayAway(number=number)


async def made_recording(archive: Archive, number: str, host: str | None) -> Path:
    """The MP4 of a session. Raises ``ReplayAway``, ``EvidenceDeleted`` and ``ReplayFileNotMade``, to the host also of
    one that was cut.
    """
    found = await row(
        f"SELECT s.host, s.state, r.archive_state = 'made' AS is_made, {IS_AWAY} AS is_away,"
        f" {IS_GONE} AS is_gone FROM live_session s"
        " LEFT JOIN live_recording r ON r.session_id = s.id WHERE s.number = $1",
        number,
    )
    if found is None or host not in (None, found["host"]):
        raise SessionNotFound(number=number)
    if not found["is_made"] or (host is not None and found["state"] == "banned"):
        raise ReplayFileNotMade(number=number)
    _demand_here(found, number)
    return archive.recording_file(number)


async def kept_stream(archive: Archive, number: str, host: str | None) -> list[tuple[str, Path]]:
    """Playlist and segments of a session under relative names, in a folder of its number: what ``packed`` takes.

    Raises like :func:`made_recording`; ``ReplayFileNotMade`` before the recording is closed.
    """
    found = await row(
        f"SELECT s.host, s.state, s.stream, r.id IS NOT NULL AS is_closed, {IS_AWAY} AS is_away,"
        f" {IS_GONE} AS is_gone FROM live_session s"
        " LEFT JOIN live_recording r ON r.session_id = s.id WHERE s.number = $1",
        number,
    )
    if found is None or host not in (None, found["host"]):
        raise SessionNotFound(number=number)
    if not found["is_closed"] or (host is not None and found["state"] == "banned"):
        raise ReplayFileNotMade(number=number)
    _demand_here(found, number)
    folder = archive.hls_directory / found["stream"]
    try:
        playlist = await asyncio.to_thread((folder / REPLAY).read_text, encoding="ascii")
    except OSError:
        raise ReplayFileNotMade(number=number) from None
    segments = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    return [(f"{number}/index.m3u8", folder / REPLAY), *((f"{number}/{name}", folder / name) for name in segments)]


async def made_clip(archive: Archive, number: str, chapter: int, host: str | None) -> Path:
    """The MP4 of a clip. Raises like :func:`made_recording`, and ``ClipNotFound`` when nobody has asked for it."""
    found = await row(
        "SELECT s.host, s.state, f.archive_state = 'made' AS is_made FROM live_session s"
        " JOIN live_clip_file f ON f.session_id = s.id AND f.chapter = $2::bigint WHERE s.number = $1",
        number,
        min(chapter, 2**31),
    )
    if found is None or host not in (None, found["host"]):
        raise ClipNotFound(number=number, chapter=chapter)
    if not found["is_made"] or (host is not None and found["state"] == "banned"):
        raise ReplayFileNotMade(number=number, chapter=chapter)
    return archive.clip_file(number, chapter)


async def cover_of(archive: Archive, number: str) -> bytes:
    """The picture of a replay that everybody may see. Raises ``ReplayFileNotMade``."""
    found = await row("SELECT 1 AS one FROM live_session WHERE number = $1 AND state = 'replay_ready'", number)
    if found is None:
        raise ReplayFileNotMade(number=number)
    try:
        return await asyncio.to_thread(archive.cover_file(number).read_bytes)
    except OSError:
        raise ReplayFileNotMade(number=number) from None
