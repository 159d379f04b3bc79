"""A smaller rendition of a broadcast for slow lines, while the media host has a core for it.

Encoding one takes as much as fifty streams that are handed on unchanged (live reference 1c), so it is asked for, and
refused when all that the cores carry are taken.
"""

import contextlib
from dataclasses import dataclass
from functools import partial

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from live.errors import RungRefused, SessionNotFound, SessionStateForbids
from live.media.leased import Key, LeasedTasks
from live.media.models import Rung
from live.media.supervision import Lease
from live.models import ON_AIR
from live.ports import RungMaker
from live.talk.feed import lock_session

RUNG_CORES = 0.5
_LOCK = "live_rung"


def most_rungs(cores: int) -> int:
    """So many a media host carries beside everything else, to which one core is left."""
    return max(0, int((cores - 1) / RUNG_CORES))


@dataclass(frozen=True)
class Rungs:
    """What a host asks for. ``most`` is how many there may be at once; 0 where the county has none."""

    most: int
    clock: Clock = utc_now

    async def ask(self, number: str, host: str) -> None:
        """Have the session's small rendition made from now on. Asking twice changes nothing.

        Raises ``SessionNotFound``, ``SessionStateForbids`` off the air, and :class:`RungRefused` when no core is free.
        """
        async with transaction():
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", _LOCK)
            session = await lock_session(number)
            if session.host != host:
                raise SessionNotFound(number=number)
            if session.state not in ON_AIR:
                raise SessionStateForbids(state=session.state.value)
            if await Rung.exists(session_id=session.id, given_up_at=None):
                return
            taken = await scalar(
                "SELECT count(*) FROM live_rung r JOIN live_session s ON s.id = r.session_id"
                " WHERE r.given_up_at IS NULL AND s.state IN ('live', 'interrupted')"
            )
            if taken >= self.most:
                raise RungRefused(limit=self.most)
            await Rung.create(session_id=session.id, asked_by=f"staff:{host}", asked_at=self.clock())

    async def give_up(self, number: str, host: str) -> None:
        """Have it made no more. Doing it twice changes nothing. Raises ``SessionNotFound``."""
        session_id = await scalar("SELECT id FROM live_session WHERE number = $1 AND host = $2", number, host)
        if session_id is None:
            raise SessionNotFound(number=number)
        await execute(
            "UPDATE live_rung SET given_up_at = $2, given_up_by = $3, running_since = NULL"
            " WHERE session_id = $1 AND given_up_at IS NULL",
            session_id,
            self.clock(),
            f"staff:{host}",
        )


@dataclass
class RungMaking:
    """Makes what was asked for while the supervisor's lease is held, never more than ``most``."""

    lease: Lease
    maker: RungMaker
    most: int
    clock: Clock = utc_now

    def __post_init__(self) -> None:
        self._made = LeasedTasks(self.lease)

    async def look(self) -> None:
        """Begin and end renditions as sessions come and go."""
        if not await self._made.may_run():
            return
        found = await rows(
            "SELECT r.id, s.stream, p.generation FROM live_rung r JOIN live_session s ON s.id = r.session_id"
            " JOIN live_stream_publish p ON p.session_id = s.id"
            " WHERE r.given_up_at IS NULL AND s.state = 'live' AND p.ended_at IS NULL ORDER BY r.id LIMIT $1",
            self.most,
        )
        keys: dict[Key, int] = {(each["stream"], each["generation"]): each["id"] for each in found}
        await self._made.follow({key: partial(self._make, key[0], rung) for key, rung in keys.items()})
        await execute(
            "UPDATE live_rung SET running_since = NULL WHERE running_since IS NOT NULL AND NOT id = ANY($1::bigint[])",
            list(keys.values()),
        )

    async def stop(self) -> None:
        """End every rendition."""
        await self._made.stop()

    async def _make(self, stream: str, rung: int) -> None:
        """Once. It is told to viewers when its first pictures have gone out."""
        is_told = False
        async with contextlib.aclosing(self.maker.make(stream)) as moves:  # type: ignore[type-var]
            async for _ in moves:
                if not is_told:
                    is_told = True
                    await self._note(rung, "running_since = $2 WHERE given_up_at IS NULL AND id = $1", self.clock())
        await self._note(rung, "running_since = NULL WHERE id = $1")

    async def _note(self, rung: int, change: str, *more: object) -> None:
        """Write how it goes, unless another has taken the lease over."""
        async with transaction():
            if await self.lease.still_holds():
                await execute(f"UPDATE live_rung SET {change}", rung, *more)
