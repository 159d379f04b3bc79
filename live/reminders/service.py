"""A viewer asks to be told when a session begins, and is told once by a subscribe message, that it does or does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.queries import openids_of
from kit.clock import CHINA, Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from live.errors import SessionNotFound, SessionStateForbids
from live.events import SessionCancelled, SessionStarted
from live.listing import PHASES, Phase
from live.models import SessionState
from messages.models import MessageMoment
from messages.outgoing import Outgoing

AT_ONCE = 1000
MOMENTS = MessageMoment.LIVE_STARTED, MessageMoment.LIVE_CALLED_OFF
"""What one wish may come to; where both have one template, one accept is enough."""


@dataclass(frozen=True)
class Reminders:
    """Wishes and what becomes of them."""

    outgoing: Outgoing
    clock: Clock = utc_now

    async def ask(self, number: str, consumer: str) -> None:
        """Tell the consumer when the session begins. Asking twice is asking once.

        The session's row is held meanwhile, so a wish either comes before the beginning and is told, or is refused.
        Raises ``SessionNotFound``, and ``SessionStateForbids`` once it has begun or was called off.
        """
        async with transaction():
            found = await row("SELECT id, state FROM live_session WHERE number = $1 FOR SHARE", number)
            if found is None:
                raise SessionNotFound(number=number)
            if PHASES[SessionState(found["state"])] is not Phase.BEFORE:
                raise SessionStateForbids(state=found["state"])
            await execute(
                "INSERT INTO live_reminder (session_id, consumer, asked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                found["id"],
                consumer,
                self.clock(),
            )

    async def take_back(self, number: str, consumer: str) -> None:
        """Tell the consumer nothing. Nothing asked: nothing changes."""
        await execute(
            "DELETE FROM live_reminder r USING live_session s WHERE s.id = r.session_id AND s.number = $1"
            " AND r.consumer = $2",
            number,
            consumer,
        )

    async def tell_started(self, started: SessionStarted) -> None:
        """Leave a message for everybody who has asked, and forget that they did. Joins the caller's transaction.

        Whether somebody has agreed to the message at WeChat is asked when it is sent. Of a session that was cut
        meanwhile there is nobody left to tell.
        """
        told = _told(started.session, started.title, started.started_at, "已开播")
        await self._tell(MessageMoment.LIVE_STARTED, started.session, told)

    async def tell_called_off(self, called_off: SessionCancelled) -> None:
        """The same of a session that does not take place; why, is told to nobody. Joins the caller's transaction."""
        told = _told(called_off.session, called_off.title, called_off.planned_at, "已取消")
        await self._tell(MessageMoment.LIVE_CALLED_OFF, called_off.session, told)

    async def _tell(self, moment: MessageMoment, session: str, told: Mapping[str, str]) -> None:
        wished = await rows(
            "DELETE FROM live_reminder r USING live_session s WHERE s.id = r.session_id AND s.number = $1"
            " RETURNING r.consumer",
            session,
        )
        consumers = sorted(each["consumer"] for each in wished)
        for first in range(0, len(consumers), AT_ONCE):
            openids = await openids_of(consumers[first : first + AT_ONCE])
            await self.outgoing.note_all(moment, [(session, openid, told) for openid in openids.values()])


def _told(number: str, title: str, at: datetime, status: str) -> dict[str, str]:
    return {"number": number, "title": title, "at": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}", "status": status}


async def is_reminded(session_id: int, consumer: str) -> bool:
    """Whether the consumer is to be told when the session begins."""
    return bool(
        await scalar("SELECT 1 FROM live_reminder WHERE session_id = $1 AND consumer = $2", session_id, consumer)
    )
