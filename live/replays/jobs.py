"""What time does in the live room: the file of a replay, made after the replay itself is already there."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import execute, row
from kit.errors import Unavailable
from live.ports import Remuxer
from live.replays.recordings import REPLAY

CLAIM = timedelta(minutes=15)
RETRY = timedelta(minutes=2)
MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class Archive:
    """Where recordings and their files are. ``hls_directory`` holds a folder per stream."""

    hls_directory: Path
    archive_directory: Path
    remuxer: Remuxer
    clock: Clock = utc_now


async def make_archive_file(archive: Archive) -> int:
    """Make the MP4 of one ended session; answers how many were made: one, or none when nothing is due.

    The claim is a committed row, so two workers never make one file; a killed worker's claim runs out. One
    file is made at a time, so recordings never take every slot of the workers. The file gets its name only
    when it is whole, and making it again makes the same file.
    """
    now = archive.clock()
    # Not "making" for ever: what has killed its worker so often would kill the next one too.
    await execute(
        "UPDATE live_recording SET archive_state = 'failed' WHERE archive_state = 'making' AND next_attempt_at <= $1"
        " AND attempts >= $2",
        now,
        MAX_ATTEMPTS,
    )
    claimed = await row(
        "UPDATE live_recording SET archive_state = 'making', attempts = attempts + 1, next_attempt_at = $2"
        " WHERE id = (SELECT id FROM live_recording WHERE archive_state IN ('waiting', 'making')"
        "  AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " AND NOT EXISTS (SELECT 1 FROM live_recording"
        "  WHERE archive_state = 'making' AND next_attempt_at > $1)"
        " RETURNING id, session_id, attempts",
        now,
        now + CLAIM,
    )
    if claimed is None:
        return 0
    session = await row("SELECT number, stream FROM live_session WHERE id = $1", claimed["session_id"])
    assert session is not None
    number: str = session["number"]
    target = archive.archive_directory / f"{number}.mp4"
    try:
        await archive.remuxer.make_mp4(archive.hls_directory / session["stream"] / REPLAY, target)
    except Unavailable:
        await execute(
            "UPDATE live_recording SET archive_state = $2, next_attempt_at = $3 WHERE id = $1 AND attempts = $4",
            claimed["id"],
            "failed" if claimed["attempts"] >= MAX_ATTEMPTS else "waiting",
            archive.clock() + RETRY,
            claimed["attempts"],
        )
        raise
    digest, size = await asyncio.to_thread(_digest, target)
    await execute(
        "UPDATE live_recording SET archive_state = 'made', sha256 = $2, file_bytes = $3"
        " WHERE id = $1 AND attempts = $4",
        claimed["id"],
        digest,
        size,
        claimed["attempts"],
    )
    return 1


async def forget_presence() -> int:
    """Delete the rows of processes that are long gone; they have not counted for a while."""
    return await execute("DELETE FROM live_room_presence WHERE seen_at < now() - interval '1 hour'")


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
