"""The fast side of a room's feed: one reader per room and process, one frame serialised once, many sockets.

A room is read when its bell rings and each second all the same; every 200 ms what is new becomes one frame.
A viewer says where it stands by ``(epoch, offset)``: what it lacks is sent from memory, or, when that is
too long ago, a snapshot. Frames carry ``from`` (exclusive) and ``to`` (inclusive), so a client sees a hole.
Live reference 3.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute
from kit.numbers import opaque_id
from live.models import SessionState
from live.ports import RoomBell
from live.queries import SLICE, Message, RoomView, room_view
from live.shop.cards import Card, cards_of
from live.shop.coupons import CouponCard, coupon_cards

log = logging.getLogger("longchuan.live.talk.hub")

TICK_SECONDS = 0.2
POLL_SECONDS = 1.0
WINDOW = 1000
SNAPSHOT_MESSAGES = 50
QUEUE_FRAMES = 32
PRESENCE_RENEWAL_SECONDS = 5.0


class RoomStateView(msgspec.Struct, frozen=True):
    """The last value of everything that is not an event. ``pinned`` is a code of the shelf."""

    state: str
    viewers: int
    pinned: str | None
    shelf: tuple[Card, ...]
    coupons: tuple[CouponCard, ...]
    announcement: str | None


class Frame(msgspec.Struct, frozen=True, tag_field="type", tag="frame", rename={"from_": "from"}, omit_defaults=True):
    """What happened after ``from`` up to ``to``; ``state`` is there when it has changed."""

    epoch: str
    from_: int
    to: int
    messages: tuple[Message, ...]
    state: RoomStateView | None = None


class Snapshot(msgspec.Struct, frozen=True, tag_field="type", tag="snapshot"):
    """The room at ``offset`` and its last messages; everything before is history.

    ``media_ms`` is how much picture there has been at ``server_time``.
    """

    number: str
    title: str
    epoch: str
    offset: int
    messages: tuple[Message, ...]
    state: RoomStateView
    media_ms: int
    server_time: datetime


def _wire(frame: Frame | Snapshot) -> str:
    return msgspec.json.encode(frame).decode()


async def room_state(view: RoomView, now: datetime | None = None) -> RoomStateView:
    """The last values of a room, with the cards of its shelf as they are at a moment."""
    found = await cards_of(view.on_show, view.number, now)
    shelf = tuple(found[code] for code in view.on_show if code in found)
    coupons = await coupon_cards(view.number, view.coupons)
    pinned = view.pinned.code if view.pinned else None
    return RoomStateView(view.state.value, view.viewers, pinned, shelf, coupons, view.announcement)


@dataclass(eq=False)
class Subscription:
    """One socket's place in a room. ``slow`` says that it fell 32 frames behind and must go."""

    epoch: str | None
    offset: int | None
    slow: bool = False
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES + 1))

    def push(self, frame: str) -> None:
        """Queue a frame, or end the subscription when the socket does not keep up."""
        if self.slow:
            return
        if self.queue.qsize() >= QUEUE_FRAMES:
            self.slow = True
            self.end()
            return
        self.queue.put_nowait(frame)

    def end(self) -> None:
        """Forget what is queued and let the reader stop."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    async def frames(self) -> AsyncIterator[str]:
        """Frames in order until the socket is too slow or the hub stops."""
        while (frame := await self.queue.get()) is not None:
            yield frame


class RoomFeed:
    """One room in this process."""

    def __init__(self, number: str, process: str, clock: Clock) -> None:
        self.number = number
        self.subscriptions: set[Subscription] = set()
        self.joining: list[Subscription] = []
        self.rung = asyncio.Event()
        self.view: RoomView | None = None
        self._process = process
        self._clock = clock
        self._state: RoomStateView | None = None
        self._window: deque[Message] = deque(maxlen=WINDOW)
        self._read_at = 0.0
        self._read_time = clock()
        self._presence: tuple[int, float] = (-1, 0.0)

    async def follow(self) -> None:
        """Tick until cancelled. A database that is away is waited for: viewers keep their sockets."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                await self.tick()
            except Exception:
                log.exception("room %s: the feed could not be read", self.number)
                await asyncio.sleep(1)
            due = max(due + TICK_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())

    async def tick(self) -> None:
        """Read if there is a reason to, send what is new, then let the newcomers in."""
        now = asyncio.get_running_loop().time()
        await self._tell_presence(now)
        is_due = self.rung.is_set() or now - self._read_at >= POLL_SECONDS
        if self.view is None or is_due or self._is_behind(self.view):
            self.rung.clear()
            self._read_at = now
            self._read_time = self._clock()
            await self._read()
        if self.joining:
            self._admit()

    async def _read(self) -> None:
        before = self.view
        view = await room_view(self.number, before.offset if before else None)
        if before is not None and view.epoch != before.epoch:
            self._window.clear()
            view = await room_view(self.number, None)
            self.joining += self.subscriptions
            self.subscriptions.clear()
            before = None
        state = await room_state(view, self._clock())
        sent_to = view.messages[-1].offset if view.messages else view.offset
        if len(view.messages) == SLICE and sent_to < view.offset:
            self.rung.set()
        self._keep(view.messages)
        fresh = None if state == self._state else state
        if before is not None and (view.messages or fresh is not None):
            frame = Frame(view.epoch, before.offset, sent_to, view.messages, fresh)
            wire = _wire(frame)
            for subscription in self.subscriptions:
                subscription.push(wire)
        self._state = state
        self.view = replace(view, offset=sent_to, messages=())

    def _keep(self, messages: tuple[Message, ...]) -> None:
        """Hold what was read for those who come; words that were taken back are told to nobody any more."""
        self._window.extend(messages)
        for gone in {message.payload["offset"] for message in messages if message.kind == "chat_removed"}:
            at = gone - self._window[0].offset
            if at >= 0:
                said = self._window[at]
                self._window[at] = replace(said, payload=said.payload | {"text": "", "removed": True})

    def _is_behind(self, view: RoomView) -> bool:
        """Whether somebody comes who has been told more elsewhere than this process has read."""
        return any(s.epoch == view.epoch and (s.offset or 0) > view.offset for s in self.joining)

    def _admit(self) -> None:
        """Newcomers get what they lack, or the snapshot; both are serialised once per tick."""
        assert self.view is not None
        assert self._state is not None
        wires: dict[int | None, str] = {}
        for subscription in self.joining:
            since = subscription.offset if self._can_resume(subscription) else None
            if since not in wires:
                wires[since] = self._catch_up(since)
            subscription.push(wires[since])
        self.subscriptions.update(s for s in self.joining if not s.slow)
        self.joining.clear()

    def _can_resume(self, subscription: Subscription) -> bool:
        assert self.view is not None
        since = subscription.offset
        if since is None or subscription.epoch != self.view.epoch or not 0 <= since <= self.view.offset:
            return False
        reaches_back = bool(self._window) and self._window[0].offset <= since + 1
        return since == self.view.offset or reaches_back

    def _catch_up(self, since: int | None) -> str:
        assert self.view is not None
        assert self._state is not None
        view = self.view
        if since is not None:
            missed = tuple(m for m in self._window if m.offset > since)
            return _wire(Frame(view.epoch, since, view.offset, missed, self._state))
        last = tuple(self._window)[-SNAPSHOT_MESSAGES:]
        now = self._clock()
        passed = now - self._read_time if view.state is SessionState.LIVE else timedelta()
        media_ms = view.media_ms + max(0, int(passed.total_seconds() * 1000))
        return _wire(Snapshot(view.number, view.title, view.epoch, view.offset, last, self._state, media_ms, now))

    async def _tell_presence(self, now: float) -> None:
        """Write this process's count when it has changed, and every 5 s so that it does not expire."""
        count = len(self.subscriptions) + len(self.joining)
        told, at = self._presence
        if self.view is None or now - at < (POLL_SECONDS if count != told else PRESENCE_RENEWAL_SECONDS):
            return
        self._presence = (count, now)
        await execute(
            "INSERT INTO live_room_presence (session_id, process, viewers, seen_at)"
            " VALUES ($1, $2, $3, now()) ON CONFLICT (session_id, process)"
            " DO UPDATE SET viewers = excluded.viewers, seen_at = excluded.seen_at",
            self.view.id,
            self._process,
            count,
        )

    async def leave(self) -> None:
        """Nobody is left here: do not count for the seconds until the row would expire."""
        if self.view is not None:
            await execute(
                "DELETE FROM live_room_presence WHERE session_id = $1 AND process = $2",
                self.view.id,
                self._process,
            )


@dataclass
class FeedHub:
    """All rooms that somebody in this process watches."""

    bell: RoomBell
    clock: Clock = utc_now
    process: str = field(default_factory=opaque_id)
    _rooms: dict[str, RoomFeed] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None
    _stopping: bool = False

    @contextlib.asynccontextmanager
    async def subscribe(self, number: str, epoch: str | None, offset: int | None) -> AsyncIterator[Subscription]:
        """A place in the room for the length of a block. Raises ``SessionNotFound`` for a room that is not
        there.
        """
        if self._stopping:
            place = Subscription(epoch, offset)
            place.end()
            yield place
            return
        if number not in self._rooms:
            await room_view(number, None, 1)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        if number not in self._rooms:
            self._rooms[number] = RoomFeed(number, self.process, self.clock)
            self._tasks[number] = asyncio.create_task(self._rooms[number].follow())
        room = self._rooms[number]
        subscription = Subscription(epoch, offset)
        room.joining.append(subscription)
        try:
            yield subscription
        finally:
            room.subscriptions.discard(subscription)
            if subscription in room.joining:
                room.joining.remove(subscription)
            if not room.subscriptions and not room.joining:
                await self._close(number)

    async def _close(self, number: str) -> None:
        room = self._rooms.pop(number, None)
        task = self._tasks.pop(number, None)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if room is not None and number not in self._rooms:
            with contextlib.suppress(Exception):
                await room.leave()

    async def _listen(self) -> None:
        async for number in self.bell.rings():
            if number in self._rooms:
                self._rooms[number].rung.set()

    async def stop(self) -> None:
        """End every subscription; the sockets close and the clients come back elsewhere."""
        self._stopping = True
        if self._listener is not None:
            self._listener.cancel()
        for number, room in list(self._rooms.items()):
            for subscription in [*room.subscriptions, *room.joining]:
                subscription.end()
            await self._close(number)
