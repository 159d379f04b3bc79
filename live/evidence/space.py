"""What gives way when the disk fills, and what never does.

Files of clips are copies that are made again when somebody asks; folders of attempts that no bundle names are nobody's.
Recordings, segments and bundles are evidence and stay until their day.
"""

import asyncio
import logging
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import row, rows
from live.evidence.models import IS_AWAY, IS_GONE
from live.evidence.sealing import Evidence
from live.media.models import SpaceCount
from live.media.space import LAST_COUNT, Space

log = logging.getLogger("longchuan.live")

BATCH = 20
STRAY_AFTER = timedelta(days=1)
COUNTED_EVERY = timedelta(hours=23)
"""By a job that comes once an hour, so once a day."""
TOLERATED_PERCENT, TOLERATED_BYTES = 1, 100_000_000
"""Covers and lists are not reckoned, and what is just made or moved is on one side alone."""


class StorageCard(msgspec.Struct, frozen=True, kw_only=True):
    """The volume of the recordings, in octets, and what is kept on it; ``next_day`` is when the next bundle is over.

    ``used_bytes`` of ``quota_bytes`` (0: no quota) are pictures, recordings and clips here; ``quota_level`` is
    ``none``, ``ok``, ``warning`` or ``reached``. ``is_full``: no new broadcast begins. ``cold_sessions`` lie in the
    object storage alone; ``cold_bytes`` is all that lies there. ``found_bytes`` is by how much the last walk over the
    volume, at ``counted_at``, came to more than what was reckoned; ``used_bytes`` has it.
    """

    total_bytes: int
    free_bytes: int
    low_water_percent: int
    is_low: bool
    is_full: bool
    quota_bytes: int
    used_bytes: int
    quota_level: str
    kept_sessions: int
    recording_bytes: int
    clip_bytes: int
    cold_sessions: int
    cold_bytes: int
    found_bytes: int | None
    counted_at: datetime | None
    next_day: datetime | None


@dataclass(frozen=True)
class Storage:
    """Looks after the room for recordings."""

    space: Space
    evidence: Evidence
    clock: Clock = utc_now

    async def card(self) -> StorageCard:
        """What the county reads. Two queries."""
        total, free = await asyncio.to_thread(self.space.measure)
        found = await row(
            "SELECT (SELECT count(*) FROM live_evidence_bundle WHERE state = 'sealed') AS kept_sessions,"
            " (SELECT min(kept_until) FROM live_evidence_bundle WHERE state = 'sealed') AS next_day,"
            f" (SELECT coalesce(sum(r.file_bytes), 0)::bigint FROM live_recording r JOIN live_session s"
            f"  ON s.id = r.session_id WHERE NOT {IS_AWAY} AND NOT {IS_GONE}) AS recording_bytes,"
            f" (SELECT count(*) FROM live_session s WHERE {IS_AWAY} AND NOT {IS_GONE}) AS cold_sessions,"
            " (SELECT coalesce(sum((e ->> 'bytes')::bigint), 0)::bigint FROM live_evidence_copy c"
            "  JOIN live_evidence_bundle b ON b.session_id = c.session_id AND b.state = 'sealed',"
            "  jsonb_array_elements(c.stored) e) AS cold_bytes,"
            " (SELECT coalesce(sum(file_bytes), 0)::bigint FROM live_clip_file) AS clip_bytes,"
            " l.counted_at, l.walked_bytes - l.reckoned_bytes AS found_bytes"
            f" FROM (SELECT 1) one LEFT JOIN ({LAST_COUNT}) l ON true"
        )
        assert found is not None
        low, used = self.space.low_water_percent, await self.space.used_bytes()
        is_low, level = self.space.is_below(low), self.space.level(used)
        return StorageCard(
            total_bytes=total,
            free_bytes=free,
            low_water_percent=low,
            is_low=is_low,
            is_full=is_low or level == "reached",
            quota_bytes=self.space.quota_bytes,
            used_bytes=used,
            quota_level=level,
            **found,
        )

    async def count(self) -> bool:
        """Once a day walk over pictures and files, and correct the sum; whether it was wrong by more than is tolerated.

        What has no closed recording is left out: it is still written to, and reckoned by the clock.
        """
        now = self.clock()
        if await row("SELECT 1 AS one FROM live_space_count WHERE counted_at > $1 LIMIT 1", now - COUNTED_EVERY):
            return False
        open_ones = await rows(
            "SELECT s.stream FROM live_session s WHERE s.state <> 'cancelled'"
            " AND NOT EXISTS (SELECT FROM live_recording r WHERE r.session_id = s.id)"
        )
        reckoned, archive = await self.space.kept_bytes(), self.evidence.archive
        folders = (archive.hls_directory, archive.archive_directory)
        walked = await asyncio.to_thread(self.space.walk, folders, {each["stream"] for each in open_ones})
        await SpaceCount.create(counted_at=now, walked_bytes=walked, reckoned_bytes=reckoned)
        differs = abs(walked - reckoned) > max(TOLERATED_BYTES, reckoned * TOLERATED_PERCENT // 100)
        if differs:
            log.warning("recordings come to %d octets on the volume, %d are reckoned", walked, reckoned)
        return differs

    async def free(self) -> int:
        """Delete stray folders, and when room is tight the oldest files of clips; answers how many of both.

        The row of a clip goes first: a file that is left behind is written over by the next that asks.
        """
        gone = await self._sweep()
        if not await self.space.is_tight():
            return gone
        found = await rows(
            "DELETE FROM live_clip_file f USING live_session s WHERE s.id = f.session_id AND f.id IN (SELECT id"
            " FROM live_clip_file WHERE archive_state = 'made' ORDER BY asked_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)"
            " RETURNING s.number, f.chapter",
            BATCH,
        )
        for each in found:
            file = self.evidence.archive.clip_file(each["number"], each["chapter"])
            await asyncio.to_thread(file.unlink, missing_ok=True)
        return gone + len(found)

    async def _sweep(self) -> int:
        """Folders that a killed or overtaken worker has left, a day later."""
        before = (self.clock() - STRAY_AFTER).timestamp()
        directory = self.evidence.directory
        here = await asyncio.to_thread(lambda: list(directory.iterdir()) if directory.is_dir() else [])
        found = await rows(
            "SELECT folder FROM live_evidence_bundle WHERE folder = ANY($1::text[])", [each.name for each in here]
        )
        named = {each["folder"] for each in found}
        stray = [each for each in here if each.name not in named and each.stat().st_mtime < before]
        for folder in stray:
            await asyncio.to_thread(shutil.rmtree, folder)
        return len(stray)
