"""Answers that are the same for everybody, kept for a moment in the process.

An entry counts for ``lasting_s`` from the moment at which its making began, so what a client reads is never older than
that plus the time of the answer itself, whoever changed what and in whichever process. Nothing has to be told to a
cache, and none can be told too late. Callers that come while an answer is made wait for that one.
"""

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

LASTING_S = 1.7
"""A price or a sell-out shows within two seconds (commerce reference R19)."""

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 4096
MAX_KEY_CHARS = 2048

MOST_TOGETHER = 64
"""So many answers are made at once: a few milliseconds of the process."""

MOST_LOOKED_AT = 512
REMEMBERED_S = 10.0
AGED, LATE = 0.65, 0.85
"""From the first share of its time on an answer is made anew along with another one, from the second on by itself,
before anybody has to wait for it."""


@dataclass(frozen=True)
class Kept:
    """One answer: its bytes and the strong tag that names them."""

    body: bytes
    etag: str
    began_at: float


def kept(body: bytes, began_at: float) -> Kept:
    """An answer with its tag."""
    return Kept(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', began_at)


Make = Callable[[], Awaitable[bytes]]
MakeSeveral = Callable[[Sequence[str]], Awaitable[Mapping[str, bytes]]]
Promise = asyncio.Future[dict[str, Kept]]
Going = tuple[float, Promise]
"""A making: when it began, and what will have come of it."""


@dataclass
class AnswerCache:
    """Bounded by bytes and by entries; what was not asked for longest goes first."""

    lasting_s: float = LASTING_S
    max_bytes: int = MAX_BYTES
    max_entries: int = MAX_ENTRIES
    clock: Callable[[], float] = time.monotonic
    held_bytes: int = 0
    made: int = 0
    _entries: "OrderedDict[str, Kept]" = field(default_factory=OrderedDict)
    _making: "dict[str, Going]" = field(default_factory=dict)
    _running: "dict[MakeSeveral, Going]" = field(default_factory=dict)
    _waiting: dict[MakeSeveral, dict[str, None]] = field(default_factory=dict)
    _asked_at: dict[MakeSeveral, dict[str, float]] = field(default_factory=dict)
    _renewing: dict[MakeSeveral, asyncio.Task[None]] = field(default_factory=dict)

    async def get(self, key: str, make: Make, several: MakeSeveral | None = None) -> Kept:
        """The answer under a key, made when there is none that counts. What ``make`` raises is kept by nobody.

        With ``several`` one making of a kind goes on at a time, and whoever is missing something meanwhile is in the
        next one together; so are others that will soon be too old and that somebody has asked for a moment ago: many
        for little more than the cost of one. Whoever has asked once is so thought of once. Who asks for one that has
        aged gets it, and it is made anew behind him. ``several`` answers by key, without those that there are no more.
        """
        if several is not None:
            asked_at = self._asked_at.setdefault(several, {})
            asked_at.pop(key, None)
            asked_at[key] = self.clock()
            if len(asked_at) > self.max_entries:
                del asked_at[next(iter(asked_at))]
        while True:
            now = self.clock()
            found = self._entries.get(key)
            if found is not None and now - found.began_at < self.lasting_s:
                self._entries.move_to_end(key)
                if several is not None and now - found.began_at >= self.lasting_s * LATE:
                    self._renew(key, make, several, now)
                return found
            making = _going_on(self._making.get(key), now - self.lasting_s)
            if making is None and several is not None:
                making = _going_on(self._running.get(several), now - self.lasting_s)
                if making is not None:
                    self._waiting.setdefault(several, {})[key] = None
            if making is None:
                return await self._make(key, make, several, now)
            made = await asyncio.shield(making)
            if key in made:
                return made[key]  # else whoever made it gave up, and the next one makes it

    def _renew(self, key: str, make: Make, several: MakeSeveral, began_at: float) -> None:
        """Make an aged answer anew, while it still counts, unless a making of its kind goes on that will end soon."""
        if several in self._renewing or several in self._running:
            return

        async def renew() -> None:
            try:
                with contextlib.suppress(Exception):  # whoever asks when it is too old is told
                    await self._make(key, make, several, began_at)
            finally:
                del self._renewing[several]

        self._renewing[several] = asyncio.create_task(renew())

    async def _make(self, key: str, make: Make, several: MakeSeveral | None, began_at: float) -> Kept:
        promise: Promise = asyncio.get_running_loop().create_future()
        keys = [key] if several is None else self._together(key, several, began_at)
        self._making |= dict.fromkeys(keys, (began_at, promise))
        if several is not None:
            self._running[several] = (began_at, promise)
        made: dict[str, Kept] = {}
        try:
            if several is not None and len(keys) > 1:
                made = {name: kept(body, began_at) for name, body in (await several(keys)).items()}
            if key not in made:
                made[key] = kept(await make(), began_at)
            return made[key]
        finally:
            self.made += len(made)
            for name, answer in made.items():
                self._keep(name, answer)
            promise.set_result(made)
            for name in keys:
                if self._making.get(name, (0, None))[1] is promise:
                    del self._making[name]
            if several is not None and self._running.get(several, (0, None))[1] is promise:
                del self._running[several]

    def _together(self, key: str, several: MakeSeveral, now: float) -> list[str]:
        """``key``, those that are waited for, and those whose answers have aged; a first answer looks for no others."""
        waiting = self._waiting.pop(several, {})
        waiting.pop(key, None)
        keys = [key, *islice(waiting, MOST_TOGETHER - 1)]
        if left := dict.fromkeys(islice(waiting, MOST_TOGETHER - 1, None)):
            self._waiting[several] = left
        if len(keys) > 1 or key in self._entries:
            keys += self._due(several, frozenset(keys), now, MOST_TOGETHER - len(keys))
        return keys

    def _due(self, several: MakeSeveral, named: frozenset[str], now: float, room: int) -> list[str]:
        """Other keys whose answers have aged; who was asked for longest ago is likely to come next."""
        asked_at, due = self._asked_at[several], []
        for name, moment in list(islice(asked_at.items(), MOST_LOOKED_AT if room else 0)):
            entry = self._entries.get(name)
            if entry is None or now - moment > REMEMBERED_S:
                del asked_at[name]
            elif now - entry.began_at >= self.lasting_s * AGED and name not in named and name not in self._making:
                del asked_at[name]
                due.append(name)
            if len(due) == room:
                break
        return due

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


def _going_on(going: Going | None, not_before: float) -> Promise | None:
    """What one may wait for: a making that has not lasted too long already."""
    return going[1] if going is not None and going[0] > not_before else None
