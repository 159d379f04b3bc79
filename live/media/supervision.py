"""What the one supervisor does: compare with the media server, end what is over, close recordings.

One process holds the lease. Its steps are conditional changes of state, so a second holder for a moment,
after a pause of the first, changes nothing twice; the closing of a recording checks the lease's generation
besides.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import Unavailable
from kit.numbers import opaque_id
from live.media.publishing import Publishing, change_state
from live.media.rehearsals import Rehearsals
from live.models import ArchiveState, LiveRecording, SessionState
from live.ports import MediaEngine, RoomBell
from live.replays.recordings import Recording, write_replay
from live.service import Sessions
from live.talk.feed import lock_session, ring_after_commit

log = logging.getLogger("longchuan.live.media.supervision")

LEASE = "live-supervisor"
LEASE_SECONDS = 10
SILENT_LOOKS = 3
"""So many unanswered looks in a row mean that nobody publishes: the same process takes the pictures in."""
DRAIN = timedelta(seconds=5)


@dataclass
class Lease:
    """The right to supervise, for ten seconds at a time, by the database's clock."""

    name: str = LEASE
    holder: str = field(default_factory=opaque_id)
    generation: int | None = None

    async def hold(self) -> bool:
        """Take or renew it. A new holder gets a new generation."""
        found = await row(
            "INSERT INTO live_lease (name, holder, generation, expires_at)"
            f" VALUES ($1, $2, 1, now() + interval '{LEASE_SECONDS} seconds')"
            " ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = excluded.expires_at,"
            "  generation = live_lease.generation + (live_lease.holder <> $2)::int"
            " WHERE live_lease.holder = $2 OR live_lease.expires_at < now()"
            " RETURNING generation",
            self.name,
            self.holder,
        )
        self.generation = found["generation"] if found else None
        return self.generation is not None

    async def still_holds(self) -> bool:
        """Inside a transaction: nobody can take the lease over before it commits."""
        return bool(
            await scalar(
                "SELECT 1 FROM live_lease WHERE name = $1 AND holder = $2 AND generation = $3"
                " AND expires_at > now() FOR SHARE",
                self.name,
                self.holder,
                self.generation,
            )
        )

    async def release(self) -> None:
        """Let the next one begin at once."""
        await execute(
            "UPDATE live_lease SET expires_at = now() - interval '1 second' WHERE name = $1 AND holder = $2",
            self.name,
            self.holder,
        )


@dataclass
class Supervision:
    """One look every two seconds."""

    sessions: Sessions
    publishing: Publishing
    media: MediaEngine
    bell: RoomBell
    hls_directory: Path
    lease: Lease = field(default_factory=Lease)
    clock: Clock = utc_now
    _recordings: dict[str, Recording] = field(default_factory=dict)
    _silent: int = 0
    _on_air: frozenset[str] = frozenset()

    async def look(self) -> bool:
        """Everything once; False when another supervisor holds the lease."""
        if not await self.lease.hold():
            return False
        asked_at = self.clock()
        if await self._compare():
            await self._clear_rehearsals(asked_at)
        for number, interrupted_at in await self.publishing.sessions_out_of_grace():
            await self.sessions.end(number, None, interrupted_at)
        await self._keep_recordings()
        return True

    async def _compare(self) -> bool:
        """Repair lost callbacks and cut whoever publishes without right; False when it is not known who publishes."""
        asked_at = self.clock()
        try:
            published = await self.media.published()
            self._silent = 0
        except Unavailable:
            self._silent += 1
            if self._silent < SILENT_LOOKS:
                return False
            published = []
        self._on_air = frozenset(stream.name for stream in published)
        for stream in await self.publishing.reconcile(published, asked_at):
            log.warning("cutting a publisher without a right (stream %s…)", stream[:6])
            try:
                await self.media.drop_publisher(stream)
            except Unavailable:
                log.warning("the media server did not cut it")
        return True

    async def _clear_rehearsals(self, asked_at: datetime) -> None:
        try:
            await Rehearsals(self.media, self.clock).clear(self._on_air, asked_at, self.hls_directory)
        except OSError:  # the broadcasts of others do not wait for it
            log.exception("a rehearsal could not be cleared away")

    async def _keep_recordings(self) -> None:
        """Read new segments of what is on air; close what has ended."""
        found = await rows(
            "SELECT s.id, s.number, s.stream, s.state, s.ended_at FROM live_session s"
            " LEFT JOIN live_recording r ON r.session_id = s.id"
            " WHERE s.state IN ('live', 'interrupted', 'ended', 'banned') AND r.id IS NULL"
            " AND s.started_at IS NOT NULL"
        )
        for session in found:
            recording = self._recordings.setdefault(
                session["number"], Recording(self.hls_directory / session["stream"])
            )
            over = session["state"] in (SessionState.ENDED.value, SessionState.BANNED.value)
            drained = over and (session["stream"] not in self._on_air or self.clock() - session["ended_at"] > DRAIN)
            try:
                await asyncio.to_thread(recording.extend, closed=drained)
                if drained:
                    await self._close_recording(session["number"], recording)
            except Exception:  # the others' recordings do not wait for this one's
                log.exception("the recording of %s could not be kept", session["number"])
        for number in set(self._recordings) - {session["number"] for session in found}:
            del self._recordings[number]

    async def _close_recording(self, number: str, recording: Recording) -> None:
        """The replay stands at the address of the broadcast; the pins get their exact places in it.

        A banned session's pictures are kept and filed like any other's, as evidence: only nobody is shown them.
        """
        if recording.segments:
            await asyncio.to_thread(write_replay, recording)
        octets = await asyncio.to_thread(recording.octets)
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            is_over = session.state in (SessionState.ENDED, SessionState.BANNED)
            if not await self.lease.still_holds() or not is_over:
                return
            kept = bool(recording.segments)
            await LiveRecording.create(
                session_id=session.id,
                duration_ms=recording.duration_ms,
                segments=len(recording.segments),
                picture_bytes=octets,
                archive_state=ArchiveState.WAITING if kept else ArchiveState.FAILED,
                next_attempt_at=now,
                created_at=now,
            )
            if kept:
                await _place_pins(session.id, recording)
                await _place_prices(session.id, recording)
            if kept and session.state is SessionState.ENDED:
                await change_state(session, SessionState.REPLAY_READY, now, replay_ready_at=now)
        await ring_after_commit(self.bell, number)


async def _place_pins(session_id: int, recording: Recording) -> None:
    pins = await rows("SELECT id, pinned_at, unpinned_at FROM live_pin WHERE session_id = $1", session_id)
    for pin in pins:
        begun = recording.offset_ms(_unix_ms(pin["pinned_at"]))
        done = recording.offset_ms(_unix_ms(pin["unpinned_at"] or pin["pinned_at"]))
        await execute(
            "UPDATE live_pin SET offset_ms = $2, end_offset_ms = $3 WHERE id = $1",
            pin["id"],
            begun,
            max(begun, done),
        )


async def _place_prices(session_id: int, recording: Recording) -> None:
    found = await rows("SELECT id, opened_at, ended_at FROM live_room_price WHERE session_id = $1", session_id)
    for price in found:
        await execute(
            "UPDATE live_room_price SET offset_ms = $2::bigint,"
            " end_offset_ms = CASE WHEN ended_at IS NOT NULL THEN greatest($2::bigint, $3::bigint) END WHERE id = $1",
            price["id"],
            recording.offset_ms(_unix_ms(price["opened_at"])),
            recording.offset_ms(_unix_ms(price["ended_at"] or price["opened_at"])),
        )


def _unix_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
