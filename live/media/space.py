"""Room where pictures are written: below the low-water mark of the disk, or at the quota, no new broadcast begins.

The marks are of the volume, whoever fills it; the quota is of what the live centre itself keeps.
"""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from kit.database import scalar
from live.evidence.models import IS_AWAY

HUNDRED = 100
ON_AIR_BYTES_S = 325_000
"""What a broadcast of 2.6 Mbit/s writes in a second, until its pictures are counted (live reference 1)."""

_USED = f"""
SELECT (coalesce((SELECT sum(coalesce(r.picture_bytes, 0) + coalesce(r.file_bytes, 0)) FROM live_recording r
     JOIN live_session s ON s.id = r.session_id WHERE NOT {IS_AWAY}
      AND NOT EXISTS (SELECT FROM live_evidence_bundle b WHERE b.session_id = s.id AND b.state = 'deleted')), 0)
  + coalesce((SELECT sum(file_bytes) FROM live_clip_file), 0)
  + coalesce((SELECT sum(extract(epoch FROM coalesce(p.ended_at, now()) - p.started_at)) * {ON_AIR_BYTES_S}
     FROM live_stream_publish p JOIN live_session s ON s.id = p.session_id
    WHERE s.state IN ('live', 'interrupted')), 0))::bigint"""


@dataclass(frozen=True)
class Space:
    """The volume of ``directory``. Marks are percent of it that are free (live reference 2, disk).

    ``quota_bytes`` is what pictures, recordings and clips here may come to, 0 for no such bound; from
    ``warning_percent`` of it on, what can be made again gives way.
    """

    directory: Path
    low_water_percent: int = 10
    quota_bytes: int = 0
    warning_percent: int = 80

    @property
    def high_water_percent(self) -> int:
        """Below it, what can be made again gives way, so that the low mark is met late."""
        return min(2 * self.low_water_percent, HUNDRED)

    def measure(self) -> tuple[int, int]:
        """Total and free octets. The folder need not be there yet."""
        there = next(each for each in (self.directory, *self.directory.parents) if each.exists())
        usage = shutil.disk_usage(there)
        return usage.total, usage.free

    def is_below(self, percent: int) -> bool:
        """Whether less of the volume than this is free. One system call or two."""
        total, free = self.measure()
        return free * HUNDRED < total * percent

    async def used_bytes(self) -> int:
        """Pictures, recordings and clips here as they were counted when they were made; on air by the clock. One query.

        The lines of the evidence, thousandths of it, are not counted.
        """
        return int(await scalar(_USED))

    async def is_full(self) -> bool:
        """Whether no new broadcast may begin. Whoever is on air goes on, and evidence stays."""
        if await asyncio.to_thread(self.is_below, self.low_water_percent):
            return True
        return bool(self.quota_bytes) and await self.used_bytes() >= self.quota_bytes

    async def is_tight(self) -> bool:
        """Whether what can be made again is to give way."""
        if await asyncio.to_thread(self.is_below, self.high_water_percent):
            return True
        return bool(self.quota_bytes) and self.level(await self.used_bytes()) != "ok"

    def level(self, used: int) -> str:
        """Where the quota stands: ``none``, ``ok``, ``warning``, ``reached``."""
        if not self.quota_bytes:
            return "none"
        if used >= self.quota_bytes:
            return "reached"
        return "warning" if used * HUNDRED >= self.quota_bytes * self.warning_percent else "ok"
