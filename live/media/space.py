"""Room where pictures are written: below the low-water mark of the disk, or at the quota, no new broadcast begins.

The marks are of the volume, whoever fills it; the quota is of what the live centre itself keeps.
"""

import asyncio
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.database import scalar
from live.evidence.models import IS_AWAY

HUNDRED = 100
ON_AIR_BYTES_S = 325_000
"""What a broadcast of 2.6 Mbit/s writes in a second, until its pictures are counted (live reference 1)."""

_KEPT = f"""(coalesce((SELECT sum(coalesce(r.picture_bytes, 0) + coalesce(r.file_bytes, 0)) FROM live_recording r
     JOIN live_session s ON s.id = r.session_id WHERE NOT {IS_AWAY}
      AND NOT EXISTS (SELECT FROM live_evidence_bundle b WHERE b.session_id = s.id AND b.state = 'deleted')), 0)
  + coalesce((SELECT sum(file_bytes) FROM live_clip_file), 0))"""
LAST_COUNT = "SELECT * FROM live_space_count ORDER BY id DESC LIMIT 1"
_USED = f"""
SELECT greatest(0, {_KEPT} + coalesce((SELECT walked_bytes - reckoned_bytes FROM ({LAST_COUNT}) l), 0)
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

        The lines of the evidence, thousandths of it, are not counted. By what the last walk found otherwise it is more
        or less.
        """
        return int(await scalar(_USED))

    async def kept_bytes(self) -> int:
        """What is reckoned of broadcasts that are closed, without what a walk has found. One query."""
        return int(await scalar(f"SELECT {_KEPT}::bigint"))

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

    @staticmethod
    def walk(folders: Sequence[Path], but: Collection[str]) -> int:
        """Octets of the files below some folders, without folders of these names. Blocks; what goes meanwhile is 0."""
        octets = 0
        for top in folders:
            for folder, below, names in os.walk(top):
                below[:] = [name for name in below if name not in but]
                for name in names:
                    try:
                        octets += os.lstat(os.path.join(folder, name)).st_size
                    except FileNotFoundError:
                        continue
        return octets

    def level(self, used: int) -> str:
        """Where the quota stands: ``none``, ``ok``, ``warning``, ``reached``."""
        if not self.quota_bytes:
            return "none"
        if used >= self.quota_bytes:
            return "reached"
        return "warning" if used * HUNDRED >= self.quota_bytes * self.warning_percent else "ok"
