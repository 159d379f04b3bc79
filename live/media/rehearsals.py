"""A host tries the broadcast before it: the same encoder, the same key, and nobody else sees or keeps it.

The media server takes the pictures in like any others, under the session's own secret name; the session stays
``ready``, so no viewer is given an address. What it wrote is deleted before the broadcast may begin.
"""

import asyncio
import contextlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import execute, rows, transaction
from kit.errors import Unavailable
from live.errors import RehearsalNotClear, SessionNotFound, SessionStateForbids
from live.media.models import Rehearsal
from live.media.publishing import SETTLING
from live.models import LiveSession, SessionState
from live.ports import MediaEngine
from live.talk.feed import lock_session


async def rehearsal_of(session_id: int) -> Rehearsal | None:
    """The one that is going on, or whose pictures are still there."""
    return await Rehearsal.get_or_none(session_id=session_id, cleared_at=None)


@dataclass(frozen=True)
class Rehearsals:
    """From the host's wish until nothing is left of it."""

    media: MediaEngine
    clock: Clock = utc_now

    async def begin(self, number: str, host: str) -> None:
        """Whoever publishes from now on rehearses. Doing it twice changes nothing.

        Raises ``SessionNotFound`` for another host's session, ``SessionStateForbids`` before the gate and once it was
        on air, ``RehearsalNotClear`` in the seconds after the last one.
        """
        async with transaction():
            session = await _own(number, host)
            if session.state is not SessionState.READY:
                raise SessionStateForbids(state=session.state.value)
            known = await rehearsal_of(session.id)
            if known is not None and known.ended_at is not None:
                raise RehearsalNotClear()
            if known is None:
                await Rehearsal.create(session_id=session.id, begun_at=self.clock())

    async def end(self, number: str, host: str) -> None:
        """It is over: the publisher is cut, and who comes back with the same key when all is cleared away is on air.

        Nothing happens when there is none.
        """
        async with transaction():
            session = await _own(number, host)
            ended = await execute(
                "UPDATE live_rehearsal SET ended_at = $2, client = NULL,"
                " cleared_at = CASE WHEN published_at IS NULL THEN $2::timestamptz END"
                " WHERE session_id = $1 AND ended_at IS NULL",
                session.id,
                self.clock(),
            )
        if ended:
            with contextlib.suppress(Unavailable):  # the supervisor repeats it: it has no right to publish any more
                await self.media.drop_publisher(session.stream)

    async def clear(self, on_air: frozenset[str], asked_at: datetime, hls_directory: Path) -> None:
        """Delete the pictures of those that are over. ``on_air`` are the streams that had a publisher at ``asked_at``.

        One that was let in a moment before the end may appear only now, so the last three seconds are left alone.
        Raises OSError.
        """
        await execute(
            "UPDATE live_rehearsal r SET ended_at = $1, client = NULL FROM live_session s"
            " WHERE s.id = r.session_id AND r.ended_at IS NULL AND s.state <> 'ready'",
            self.clock(),
        )
        over = await rows(
            "SELECT r.id, s.stream FROM live_rehearsal r JOIN live_session s ON s.id = r.session_id"
            " WHERE r.cleared_at IS NULL AND r.ended_at < $1",
            asked_at - SETTLING,
        )
        for each in over:
            if each["stream"] not in on_air:
                await asyncio.to_thread(_delete, hls_directory / each["stream"])
                await execute("UPDATE live_rehearsal SET cleared_at = $2 WHERE id = $1", each["id"], self.clock())


async def _own(number: str, host: str) -> LiveSession:
    session = await lock_session(number)
    if session.host != host:
        raise SessionNotFound(number=number)
    return session


def _delete(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)
