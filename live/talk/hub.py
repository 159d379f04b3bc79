"""The fast side of a room's feed: one reader per room and process, one frame serialised once, many sockets.

A room is read when its bell rings and each second all the same; every 200 ms what is new becomes one frame.
A viewer says where it stands by ``(epoch, offset)``: what it lacks is sent from memory, or, when that is
too long ago, a snapshot. Frames carry ``from`` (exclusive) and ``to`` (inclusive), so a client sees a hole.
Events are durable and never dropped; a state without events (viewers, likes, stock, rules) is a last value, and only
the newest of them waits for a socket. Live reference 3.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.numbers import opaque_id
from live.models import ON_AIR, SessionState
from live.ports import RoomBell
from live.queries import SLICE, Message, RoomView, room_view
from live.talk.frames import Frame, RoomStateView, Snapshot, room_state
from live.talk.places import Subscription, Wire
from live.talk.presence import add_likes, forget_present, tell_present

log = logging.getLogger("longchuan.live.talk.hub")

TICK_SECONDS = 0.2
POLL_SECONDS = 1.0
WINDOW = 1000
SNAPSHOT_MESSAGES = 50
PRESENCE_RENEWAL_SECONDS = 5.0
COUNT_SECONDS = 1.0
"""So often at most viewers and likes are told anew."""
LIKES_EACH = 20
"""Of one viewer in a second: faster than a finger."""


class FeedFullError(Exception):
    """This process holds as many sockets as it may; another one, or the same a little later, has room."""


def _wire(frame: Frame | Snapshot) -> Wire:
    raw = msgspec.json.encode(frame)
    return Wire(raw.decode(), len(raw), isinstance(frame, Frame) and frame.from_ == frame.to)


class RoomFeed:
    """One room in this process."""

    def __init__(self, number: str, process: str, clock: Clock) -> None:
        self.number = number
        self.subscriptions: set[Subscription] = set()
        self.joining: list[Subscription] = []
        self.rung = asyncio.Event()
        self.view: RoomView | None = None
        self.has_begun = False
        self._first: RoomView | None = None
        self._process = process
        self._clock = clock
        self._state: RoomStateView | None = None
        self._window: deque[Message] = deque(maxlen=WINDOW)
        self._read_at = 0.0
        self._read_time = clock()
        self._presence: tuple[int, float] = (-1, 0.0)
        self._counted_at = 0.0
        self._came: set[str] = set()
        self._met: set[str] = set()
        self._likes: dict[str, int] = {}
        self._likes_told_at = 0.0

    async def look(self) -> None:
        """See whether there is such a room; what has been read is what the first tick sends. Raises
        ``SessionNotFound``.
        """
        self._read_at = asyncio.get_running_loop().time()
        self._read_time = self._clock()
        self._first = await room_view(self.number, None)

    def join(self, subscription: Subscription) -> None:
        """Let a socket in with the next tick."""
        self.joining.append(subscription)
        if subscription.viewer is not None:
            self._came.add(subscription.viewer)

    def like(self, viewer: str, count: int) -> None:
        """Take what a viewer's client has counted, as much as one may like in a second."""
        self._likes[viewer] = min(LIKES_EACH, self._likes.get(viewer, 0) + count)

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
        """Read if there is a reason to, send what is new, let the newcomers in; then write what is told of them: nobody
        waits for that.
        """
        now = asyncio.get_running_loop().time()
        is_due = self.rung.is_set() or now - self._read_at >= POLL_SECONDS
        if self._first is not None:
            first, self._first = self._first, None
            await self._tell(None, first)
        if self.view is None or is_due or self._is_behind(self.view):
            self.rung.clear()
            self._read_at = now
            self._read_time = self._clock()
            await self._read()
        if self.joining:
            self._admit()
        await self._tell_presence(now)
        if now - self._likes_told_at >= COUNT_SECONDS:
            self._likes_told_at = now
            await self._tell_likes()

    async def _read(self) -> None:
        before = self.view
        view = await room_view(self.number, before.offset if before else None)
        if before is not None and view.epoch != before.epoch:
            self._window.clear()
            view = await room_view(self.number, None)
            self.joining += self.subscriptions
            self.subscriptions.clear()
            before = None
        await self._tell(before, view)

    async def _tell(self, before: RoomView | None, view: RoomView) -> None:
        """Send what has happened between two readings; the first one is kept for who comes."""
        state = self._counted(await room_state(view, self._clock()))
        self._put_out(view.banned)
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

    def _counted(self, state: RoomStateView) -> RoomStateView:
        """The state with numbers that change all the time as they were told last, until a second has passed."""
        now = asyncio.get_running_loop().time()
        if self._state is None or now - self._counted_at >= COUNT_SECONDS:
            self._counted_at = now
            return state
        return msgspec.structs.replace(state, viewers=self._state.viewers, likes=self._state.likes)

    def _put_out(self, banned: tuple[str, ...]) -> None:
        """Banned viewers lose their sockets and get none of what comes."""
        if banned:
            for subscription in [s for s in (*self.subscriptions, *self.joining) if s.viewer in banned]:
                subscription.put_out()
                self.subscriptions.discard(subscription)
                if subscription in self.joining:
                    self.joining.remove(subscription)

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
        wires: dict[int | None, Wire] = {}
        self._put_out(self.view.banned)
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

    def _catch_up(self, since: int | None) -> Wire:
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
        told, at = self._presence
        if self.view is None or now - at < POLL_SECONDS:
            return
        here = {s.viewer or s for s in (*self.subscriptions, *self.joining)}
        is_on_air = self.view.state in ON_AIR
        if not is_on_air:
            self._came.clear()
        new = (self._came | {v for v in here if isinstance(v, str)}) - self._met if is_on_air else set[str]()
        if len(here) == told and not new and now - at < PRESENCE_RENEWAL_SECONDS:
            return
        self._presence = (len(here), now)
        came = sorted(new)
        await tell_present(self.view.id, self._process, len(here), came, is_on_air)
        self._met.update(came)
        self._came.difference_update(came)

    async def _tell_likes(self) -> None:
        """Add what was liked in the last second to the room's total; after the broadcast nothing counts."""
        if not self._likes or self.view is None:
            return
        liked, self._likes = self._likes, {}
        if self.view.state in ON_AIR:
            await add_likes(self.view.id, sum(liked.values()))

    async def leave(self) -> None:
        """Nobody is left here: do not count for the seconds until the row would expire."""
        if self.view is not None:
            await self._tell_likes()
            if self.view.state in ON_AIR and not self._came <= self._met:
                await tell_present(self.view.id, self._process, 0, sorted(self._came), is_on_air=True)
            await forget_present(self.view.id, self._process)


@dataclass
class FeedHub:
    """All rooms that somebody in this process watches."""

    bell: RoomBell
    clock: Clock = utc_now
    most_sockets: int = 6000
    process: str = field(default_factory=opaque_id)
    _rooms: dict[str, RoomFeed] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _opening: dict[str, asyncio.Task[RoomFeed]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None
    _stopping: bool = False
    _sockets: int = 0

    @contextlib.asynccontextmanager
    async def subscribe(
        self, number: str, epoch: str | None, offset: int | None, viewer: str | None = None
    ) -> AsyncIterator[Subscription]:
        """A place in the room for the length of a block.

        Raises ``SessionNotFound`` for a room that is not there and ``FeedFullError``.
        """
        if self._sockets >= self.most_sockets:
            raise FeedFullError()
        subscription = Subscription(epoch, offset, viewer)
        if self._stopping:
            subscription.end()
            yield subscription
            return
        self._sockets += 1
        room: RoomFeed | None = None
        try:
            room = await self._room(number)
            room.join(subscription)
            yield subscription
        finally:
            self._sockets -= 1
            if room is not None:
                await self._leave(room, subscription)

    def like(self, number: str, place: Subscription, count: int) -> None:
        """Likes that a viewer's client has counted; without a pass they count for nobody."""
        if number in self._rooms and place.viewer is not None:
            self._rooms[number].like(place.viewer, count)

    async def _room(self, number: str) -> RoomFeed:
        """The room as this process follows it; however many come at once, it is looked for once."""
        while number not in self._rooms:
            if number not in self._opening:
                self._opening[number] = asyncio.create_task(self._look_for(number))
            looking = self._opening[number]
            try:
                room = await asyncio.shield(looking)
            finally:
                if self._opening.get(number) is looking:
                    del self._opening[number]
            if self._stopping:
                raise FeedFullError()
            if number not in self._rooms and not room.has_begun:  # else it has come to its end since
                room.has_begun = True
                self._rooms[number] = room
                self._tasks[number] = asyncio.create_task(room.follow())
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        return self._rooms[number]

    async def _look_for(self, number: str) -> RoomFeed:
        room = RoomFeed(number, self.process, self.clock)
        await room.look()
        return room

    async def _leave(self, room: RoomFeed, subscription: Subscription) -> None:
        room.subscriptions.discard(subscription)
        if subscription in room.joining:
            room.joining.remove(subscription)
        if not room.subscriptions and not room.joining and self._rooms.get(room.number) is room:
            await self._close(room.number)

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
