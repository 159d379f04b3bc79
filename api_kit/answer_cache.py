"""Answers that are the same for everybody, kept for a moment in the process.

An entry counts for ``lasting_s`` from the moment at which its making began, so what a client reads is never older than
that plus the time of the answer itself, whoever changed what and in whichever process. Nothing has to be told to a
cache, and none can be told too late. Callers that come while an answer is made wait for that one.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

LASTING_S = 1.5
"""A price or a sell-out shows within two seconds (commerce reference R19)."""

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 4096
MAX_KEY_CHARS = 2048


@dataclass(frozen=True)
class Kept:
    """One answer: its bytes and the strong tag that names them."""

    body: bytes
    etag: str
    began_at: float


def kept(body: bytes, began_at: float) -> Kept:
    """An answer with its tag."""
    return Kept(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', began_at)


@dataclass
class AnswerCache:
    """Bounded by bytes and by entries; what was not asked for longest goes first."""

    lasting_s: float = LASTING_S
    max_bytes: int = MAX_BYTES
    max_entries: int = MAX_ENTRIES
    clock: Callable[[], float] = time.monotonic
    held_bytes: int = 0
    _entries: "OrderedDict[str, Kept]" = field(default_factory=OrderedDict)
    _making: "dict[str, tuple[float, asyncio.Future[Kept | None]]]" = field(default_factory=dict)

    async def get(self, key: str, make: Callable[[], Awaitable[bytes]]) -> Kept:
        """The answer under a key, made when there is none that counts. What ``make`` raises is kept by nobody."""
        while True:
            now = self.clock()
            found = self._entries.get(key)
            if found is not None and now - found.began_at < self.lasting_s:
                self._entries.move_to_end(key)
                return found
            began_at, making = self._making.get(key, (now, None))
            if making is None or now - began_at >= self.lasting_s:
                return await self._make(key, make, now)
            made = await asyncio.shield(making)
            if made is not None:
                return made  # else whoever made it gave up, and the next one makes it

    async def _make(self, key: str, make: Callable[[], Awaitable[bytes]], began_at: float) -> Kept:
        promise: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._making[key] = (began_at, promise)
        made = None
        try:
            made = kept(await make(), began_at)
            self._keep(key, made)
            return made
        finally:
            promise.set_result(made)
            if self._making.get(key, (0, None))[1] is promise:
                del self._making[key]

    def _keep(self, key: str, made: Kept) -> None:
        old = self._entries.pop(key, None)
        self.held_bytes -= len(old.body) + len(key) if old else 0
        if not self.lasting_s or len(key) > MAX_KEY_CHARS or len(made.body) > self.max_bytes // 8:
            return
        self._entries[key] = made
        self.held_bytes += len(made.body) + len(key)
        while self.held_bytes > self.max_bytes or len(self._entries) > self.max_entries:
            gone, entry = self._entries.popitem(last=False)
            self.held_bytes -= len(entry.body) + len(gone)
