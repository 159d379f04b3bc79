"""A socket's place in a room: what waits for it, and what becomes of one that does not keep up."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

QUEUE_FRAMES = 32
QUEUE_BYTES = 256 * 1024
"""Live reference 3.4. One frame alone is always taken: what a viewer lacks may be longer."""


class Wire(NamedTuple):
    """A frame as it travels, with its size in bytes. A state alone gives way to the next one."""

    text: str
    size: int
    is_state_alone: bool


@dataclass(eq=False)
class Subscription:
    """One socket's place in a room. ``viewer`` is the room's name of who looks, None for a socket without a pass.

    ``write_now`` takes a frame at once where the socket keeps up, so that a tick wakes no task for each of thousands;
    what it does not take waits here, and :meth:`frames` hands it out in order.
    ``slow`` says that it fell 32 frames or 256 KB of events behind and must go, ``banned`` that it was put out.
    """

    epoch: str | None
    offset: int | None
    viewer: str | None = None
    slow: bool = False
    banned: bool = False
    write_now: Callable[[str], bool] | None = None
    _waiting: deque[Wire] = field(default_factory=deque)
    _size: int = 0
    _has_ended: bool = False
    _is_sending: bool = False
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, wire: Wire) -> None:
        """Hand a frame on or queue it, or end the subscription when the socket does not keep up."""
        if self._has_ended:
            return
        is_next = not self._waiting and not self._is_sending
        if is_next and self.write_now is not None and self.write_now(wire.text):
            return
        if wire.is_state_alone and self._waiting and self._waiting[-1].is_state_alone:
            self._size -= self._waiting.pop().size
        self._waiting.append(wire)
        self._size += wire.size
        if self._is_over():
            self._drop_states()
        if self._is_over():
            self.slow = True
            self.end()
        self._ready.set()

    def _is_over(self) -> bool:
        return len(self._waiting) > QUEUE_FRAMES or (self._size > QUEUE_BYTES and len(self._waiting) > 1)

    def _drop_states(self) -> None:
        """Of states alone the newest stays: it says all that the others say."""
        newest = max((n for n, wire in enumerate(self._waiting) if wire.is_state_alone), default=-1)
        kept = [wire for n, wire in enumerate(self._waiting) if n == newest or not wire.is_state_alone]
        self._waiting = deque(kept)
        self._size = sum(wire.size for wire in kept)

    def put_out(self) -> None:
        """End a viewer who was banned."""
        self.banned = True
        self.end()

    def end(self) -> None:
        """Forget what is queued and let the reader stop."""
        self._has_ended = True
        self._waiting.clear()
        self._size = 0
        self._ready.set()

    @property
    def backlog(self) -> tuple[int, int]:
        """How many frames wait for the socket, and their bytes."""
        return len(self._waiting), self._size

    async def frames(self) -> AsyncIterator[str]:
        """Frames in order until the socket is too slow or the hub stops."""
        while True:
            while self._waiting:
                wire = self._waiting.popleft()
                self._size -= wire.size
                self._is_sending = True
                yield wire.text
                self._is_sending = False
            if self._has_ended:
                return
            self._ready.clear()
            await self._ready.wait()
