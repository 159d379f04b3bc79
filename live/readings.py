"""What a room shows to everybody alike, read once for all who ask for it at a time.

When a broadcast begins, breaks off or ends, everybody who watches asks for the room again, and so does everybody who
was away for too long: thousands in a second. They share what is read, at most one reading of a room every 200 ms.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from live.media.cloud import cloud_has
from live.media.playback import Playback
from live.models import SessionState
from live.plans.queries import Shown, shown_plan
from live.queries import Chapter, RoomView, chapters, room_view
from live.shop.timeline import CardEvent, timeline
from live.talk.frames import RoomStateView, room_state
from live.talk.hub import SNAPSHOT_MESSAGES, TICK_SECONDS


@dataclass(frozen=True)
class RoomReading:
    """A room at one moment. ``by_cloud``: viewers who come now are sent to the cloud."""

    room: RoomView
    state: RoomStateView
    said: Shown
    by_cloud: bool
    chapters: tuple[Chapter, ...]
    timeline: tuple[CardEvent, ...]
    at: datetime

    def as_of(self, now: datetime) -> "RoomReading":
        """The same with the pictures that there have been since."""
        passed = now - self.at if self.room.state is SessionState.LIVE else timedelta()
        media_ms = self.room.media_ms + max(0, int(passed.total_seconds() * 1000))
        return replace(self, room=replace(self.room, media_ms=media_ms), at=now)


@dataclass
class RoomReadings:
    """All readings of this process. ``_coming`` have not begun; while a room is in ``_busy`` none of it may begin."""

    playback: Playback
    clock: Clock = utc_now
    _coming: dict[str, asyncio.Task[RoomReading]] = field(default_factory=dict)
    _busy: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def of(self, number: str) -> RoomReading:
        """One that begins after the question, so that who has changed something sees it. Raises ``SessionNotFound``."""
        if number not in self._coming:
            self._coming[number] = asyncio.create_task(self._read_in_turn(number))
        return (await asyncio.shield(self._coming[number])).as_of(self.clock())

    async def _read_in_turn(self, number: str) -> RoomReading:
        if number in self._busy:
            await self._busy[number]
        del self._coming[number]  # who asks from now on has the next one
        loop = asyncio.get_running_loop()
        began, done = loop.time(), loop.create_future()
        self._busy[number] = done
        try:
            return await self._read(number)
        finally:
            loop.call_at(max(loop.time(), began + TICK_SECONDS), self._free, number, done)

    def _free(self, number: str, done: asyncio.Future[None]) -> None:
        del self._busy[number]
        done.set_result(None)

    async def _read(self, number: str) -> RoomReading:
        at = self.clock()
        room = await room_view(number, limit=SNAPSHOT_MESSAGES)
        return RoomReading(
            room,
            await room_state(room),
            await shown_plan(room.id, number),
            self.playback.is_crowded(room.viewers) and await cloud_has(room.id),
            await chapters(room.id),
            await timeline(room.id),
            at,
        )
