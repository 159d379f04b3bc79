"""A product while it was explained (看讲解): a slice of the kept pictures, there as soon as the host un-pins.

Nothing is made for it: the playlist names the segments that are on disk, so it can be played at once.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows
from live.errors import ClipNotFound, ReplayAway, ReplayReturning, SessionNotFound
from live.evidence.models import IS_AWAY, IS_GONE, IS_RETURNING
from live.evidence.returning import AGAIN_AFTER_S
from live.media.playback import Playback
from live.models import SessionState
from live.replays.recordings import MAX_SEGMENT_MS, Recording, slice_of

SETTLED = timedelta(milliseconds=2 * MAX_SEGMENT_MS)
"""So long after its end the last segment of a clip has been followed by another."""
MAX_READ = 256

_CLIP = f"""
SELECT s.host, s.stream, s.state, p.code, p.pinned_at, p.unpinned_at, r.id IS NOT NULL AS is_closed,
  {IS_AWAY} AS is_away, {IS_RETURNING} AS is_returning, {IS_GONE} AS is_gone
  FROM live_session s
  JOIN LATERAL (SELECT * FROM live_pin WHERE session_id = s.id ORDER BY id OFFSET $2::int - 1 LIMIT 1) p ON true
  LEFT JOIN live_recording r ON r.session_id = s.id WHERE s.number = $1"""


class ClipCard(msgspec.Struct, frozen=True, kw_only=True):
    """A clip and its file; without one nobody has asked for it yet. ``chapter`` counts from 1."""

    chapter: int
    code: str
    title: str
    price_fen: int
    pinned_at: datetime
    offset_ms: int
    end_offset_ms: int
    file_state: str | None
    file_bytes: int | None
    sha256: str | None


class _Found(msgspec.Struct, frozen=True):
    host: str
    stream: str
    state: SessionState
    code: str
    pinned_at: datetime
    unpinned_at: datetime
    is_closed: bool
    is_away: bool


async def _clip(number: str, chapter: int, *, is_for_viewers: bool = False) -> _Found:
    """A clip that there is. Raises :class:`ClipNotFound`, also for what is still explained or has gone with its day,
    ``ReplayAway`` and ``ReplayReturning``.
    """
    found = await row(_CLIP, number, chapter) if 0 < chapter < 2**31 else None
    if found is None or found["unpinned_at"] is None or found["is_gone"]:
        raise ClipNotFound(number=number, chapter=chapter)
    if found["state"] == SessionState.BANNED and is_for_viewers:
        raise ClipNotFound(number=number, chapter=chapter)
    if found["is_returning"]:
        raise ReplayReturning(number=number, retry_after_s=AGAIN_AFTER_S)
    if found["is_away"]:
        raise ReplayAway(number=number)
    return msgspec.convert(found, _Found)


async def slice_of_clip(folder: Path, number: str, chapter: int) -> Recording:
    """The segments of a clip in the folder of its stream. Raises :class:`ClipNotFound` when there are none."""
    return await _slice(folder, await _clip(number, chapter), number, chapter)


async def _slice(folder: Path, clip: _Found, number: str, chapter: int) -> Recording:
    span = _unix_ms(clip.pinned_at), _unix_ms(clip.unpinned_at)
    try:
        recording = await asyncio.to_thread(slice_of, folder, *span, closed=clip.is_closed)
    except OSError:
        recording = Recording(folder)
    if not recording.segments:
        raise ClipNotFound(number=number, chapter=chapter)
    return recording


@dataclass(frozen=True)
class Clips:
    """Clips of a session, for viewers and for those who take a file of one away."""

    hls_directory: Path
    playback: Playback
    clock: Clock = utc_now
    _read: OrderedDict[tuple[str, int, bool], Recording] = field(default_factory=OrderedDict)

    async def playlist(self, number: str, chapter: int) -> str:
        """A closed playlist for a viewer whom nobody knows; its segments are signed like a replay's.

        Of a session that was cut there is none. Raises :class:`ClipNotFound`.
        """
        clip = await _clip(number, chapter, is_for_viewers=True)
        plan = self.playback.plan(clip.stream, clip.state, self.playback.viewer(number, None)[0])
        if plan is None:
            raise ClipNotFound(number=number, chapter=chapter)
        recording = await self._segments(clip, number, chapter)
        return recording.playlist(plan.hls_url.removesuffix("index.m3u8"))

    async def _segments(self, clip: _Found, number: str, chapter: int) -> Recording:
        """The clip's segments; the last clips that can grow no more are kept, for many ask for them."""
        key = number, chapter, clip.is_closed
        known = self._read.get(key)
        if known is not None:
            return known
        recording = await _slice(self.hls_directory / clip.stream, clip, number, chapter)
        if clip.is_closed or self.clock() - clip.unpinned_at > SETTLED:
            self._read[key] = recording
            if len(self._read) > MAX_READ:
                self._read.popitem(last=False)
        return recording

    async def ask_for_file(self, number: str, chapter: int, host: str | None, by: str) -> None:
        """Have the MP4 made; asking twice asks once, and one that could not be made is tried again.

        ``host`` None means the county. Raises ``ReplayAway``, :class:`ClipNotFound`, also for another host's session.
        """
        clip = await _clip(number, chapter)
        if host is not None and (clip.host != host or clip.state is SessionState.BANNED):
            raise ClipNotFound(number=number, chapter=chapter)
        await execute(
            "INSERT INTO live_clip_file (session_id, chapter, asked_by, asked_at, archive_state, attempts,"
            " next_attempt_at) SELECT id, $2, $3, $4, 'waiting', 0, $4 FROM live_session WHERE number = $1"
            " ON CONFLICT (session_id, chapter) DO UPDATE SET archive_state = 'waiting', attempts = 0,"
            " next_attempt_at = excluded.next_attempt_at WHERE live_clip_file.archive_state = 'failed'",
            number,
            chapter,
            by,
            self.clock(),
        )


async def clips_of(number: str, host: str | None) -> list[ClipCard]:
    """Every product that was explained and is not any more. Raises ``SessionNotFound``, also for another host's."""
    session = await row("SELECT id, host FROM live_session WHERE number = $1", number)
    if session is None or host not in (None, session["host"]):
        raise SessionNotFound(number=number)
    found = await rows(
        "SELECT p.*, f.archive_state AS file_state, f.file_bytes, f.sha256 FROM (SELECT row_number() OVER (ORDER BY id)"
        " AS chapter, code, title, price_fen, pinned_at, unpinned_at, offset_ms, end_offset_ms FROM live_pin"
        " WHERE session_id = $1) p LEFT JOIN live_clip_file f ON f.session_id = $1 AND f.chapter = p.chapter"
        " WHERE p.unpinned_at IS NOT NULL ORDER BY p.chapter",
        session["id"],
    )
    return [msgspec.convert(each, ClipCard) for each in found]


def _unix_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
