"""Endless tasks of which there may be one in all processes: they run while the supervisor's lease is held here."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from live.media.supervision import LEASE_SECONDS, Lease

log = logging.getLogger("longchuan.live.media.leased")

BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0)
STEADY_S = 10.0
"""What has run for so long and ends is begun again as if for the first time."""

Key = tuple[str, int]
"""A stream and the generation of its publish."""


@dataclass
class LeasedTasks:
    """One task by each key."""

    lease: Lease
    _tasks: dict[Key, asyncio.Task[None]] = field(default_factory=dict)
    _held_s: float = 0

    async def may_run(self) -> bool:
        """Whether this process holds the lease; if not, every task has been ended.

        A database that does not answer for longer than the lease lasts ends them too: another holds it by then.
        """
        now_s = asyncio.get_running_loop().time()
        try:
            held = await self.lease.still_holds()
        except Exception:
            if now_s - self._held_s > LEASE_SECONDS:
                await self.stop()
            raise
        if held:
            self._held_s = now_s
        else:
            await self.stop()
        return held

    async def follow(self, wanted: Mapping[Key, Callable[[], Awaitable[None]]]) -> None:
        """Run exactly these; what ends is begun again, ever more slowly."""
        for gone in self._tasks.keys() - wanted.keys():
            await self._end(self._tasks.pop(gone))
        for key in wanted.keys() - self._tasks.keys():
            self._tasks[key] = asyncio.create_task(_again_and_again(wanted[key]))

    async def stop(self) -> None:
        """End every task."""
        await self.follow({})

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _again_and_again(act: Callable[[], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await act()
        except Exception:
            log.exception("a task of a stream has failed")
        failures = 0 if loop.time() - began > STEADY_S else failures + 1
        await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
