"""Room on the disk where pictures are written: below the low-water mark no new broadcast begins there."""

import shutil
from dataclasses import dataclass
from pathlib import Path

HUNDRED = 100


@dataclass(frozen=True)
class Space:
    """The volume of ``directory``. Marks are percent of it that are free (live reference 2, disk)."""

    directory: Path
    low_water_percent: int = 10

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

    def is_low(self) -> bool:
        """Whether no new broadcast may begin."""
        return self.is_below(self.low_water_percent)
