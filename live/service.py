"""Sessions from plan to replay."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.errors import Unavailable
from kit.numbers import opaque_id, public_number
from kit.outbox import announce
from live.errors import PlannedTimeInvalid, SessionNotFound, SessionStateForbids
from live.events import SessionCancelled
from live.media.publishing import change_state, media_offset_ms
from live.models import ON_AIR, LiveSession, SessionState
from live.ports import MediaEngine, RoomBell
from live.studios.releasing import release_studio
from live.talk.feed import append, lock_session, ring_after_commit
from orders.events import PaidLine
from orders.quotes import HOSTED
from reviews.queries import author_name

MISSED_AFTER = timedelta(days=1)
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Sessions:
    """The life of a live session."""

    bell: RoomBell
    media: MediaEngine
    clock: Clock = utc_now

    async def schedule(self, host: str, merchant: str, title: str, planned_at: datetime) -> LiveSession:
        """Plan a session of ``host`` that sells what ``merchant`` sells; both are opaque.

        Raises :class:`PlannedTimeInvalid` for a time that would be called off at once, or lies more than a year ahead.
        """
        now = self.clock()
        if not now - MISSED_AFTER < planned_at <= now + FURTHEST:
            raise PlannedTimeInvalid()
        return await LiveSession.create(
            number=public_number(now, "L"),
            title=title.strip(),
            host=host,
            merchant=merchant,
            state=SessionState.SCHEDULED,
            planned_at=planned_at,
            stream=opaque_id().lower(),
            epoch=opaque_id(),
            created_at=now,
        )

    async def end(self, number: str, host: str | None, interrupted_at: datetime | None = None) -> None:
        """End what is on air; ``host`` None means the house itself. Ending twice changes nothing.

        With ``interrupted_at`` nothing happens when the host has come back since.
        Raises ``SessionNotFound`` for another host's session and ``SessionStateForbids`` before it has been
        on air. The publisher is cut at once when the media server answers, else by the supervisor's next
        look.
        """
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if host is not None and session.host != host:
                raise SessionNotFound(number=number)
            if session.state in (SessionState.ENDED, SessionState.REPLAY_READY):
                return
            if interrupted_at is not None and session.interrupted_at != interrupted_at:
                return
            if session.state not in ON_AIR:
                raise SessionStateForbids(state=session.state.value)
            await close_pin(session, now, host)
            await execute(
                "UPDATE live_stream_publish SET ended_at = $2 WHERE session_id = $1 AND ended_at IS NULL",
                session.id,
                now,
            )
            await change_state(session, SessionState.ENDED, now, ended_at=now, interrupted_at=None)
        await ring_after_commit(self.bell, number)
        try:
            await self.media.drop_publisher(session.stream)
        except Unavailable:
            return

    async def cancel(self, number: str, host: str) -> None:
        """Call off a session that has not been on air. Cancelling twice changes nothing."""
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if session.host != host:
                raise SessionNotFound(number=number)
            if session.state is SessionState.CANCELLED:
                return
            await change_state(session, SessionState.CANCELLED, now)
            await release_studio(session.id, f"staff:{host}", now)
            await announce_called_off(session)
        await ring_after_commit(self.bell, number)

    async def cancel_missed(self, limit: int = 100) -> int:
        """Call off sessions that nobody has begun within a day of their plan; answers how many.

        One with a push address that may still be used is left alone.
        """
        now = self.clock()
        missed = await rows(
            "SELECT number FROM live_session WHERE state IN ('scheduled', 'ready') AND planned_at < $1"
            " AND (push_expires_at IS NULL OR push_expires_at < $2) ORDER BY planned_at LIMIT $3",
            now - MISSED_AFTER,
            now,
            limit,
        )
        return sum([await self._cancel_missed(each["number"], now) for each in missed])

    async def _cancel_missed(self, number: str, now: datetime) -> bool:
        async with transaction():
            session = await lock_session(number)
            is_waiting = session.state in (SessionState.SCHEDULED, SessionState.READY)
            if not is_waiting or (session.push_expires_at is not None and session.push_expires_at >= now):
                return False
            await change_state(session, SessionState.CANCELLED, now)
            await release_studio(session.id, "live.cancel_missed", now)
            await announce_called_off(session)
        await ring_after_commit(self.bell, number)
        return True

    async def tell_sale(self, line: PaidLine, buyer: str, occurred_at: datetime) -> None:
        """Tell the viewers of the room in which a line was seen what was bought, and of the buyer no more than a review
        shows. Runs inside a fact's transaction.
        """
        if not line.source or not line.source.startswith(HOSTED):
            return
        session_id = await scalar("SELECT id FROM live_session WHERE number = $1", line.source.removeprefix(HOSTED))
        if session_id is not None:
            name = author_name(buyer, anonymous=False)
            sold: dict[str, object] = {"quantity": line.quantity, "title": line.title, "spec": line.spec, "name": name}
            await append(session_id, "sold", sold, occurred_at)


async def announce_called_off(session: LiveSession) -> None:
    """Tell that a session does not take place, inside the transaction that calls it off."""
    await announce(SessionCancelled(session=session.number, title=session.title, planned_at=session.planned_at))


async def close_pin(session: LiveSession, now: datetime, by: str | None = None) -> str | None:
    """Take down the pinned product of a locked session; answers its code. ``by`` is the account that did it."""
    offset_ms = await media_offset_ms(session.id, now)
    code: str | None = await scalar(
        "UPDATE live_pin SET unpinned_at = $2, end_offset_ms = greatest(offset_ms, $3)"
        " WHERE session_id = $1 AND unpinned_at IS NULL RETURNING code",
        session.id,
        now,
        offset_ms,
    )
    if code is not None:
        told = {"code": code, "offset_ms": offset_ms}
        await append(session.id, "unpin", told, now, author=f"staff:{by}" if by else None)
    return code
