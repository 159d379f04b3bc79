"""An announcement: filtered before it is seen, checked just after, shown until replaced, as chat is."""

from dataclasses import dataclass
from datetime import datetime

from content.texts import Texts, listed_word
from kit.clock import Clock, utc_now
from kit.database import execute, scalar, transaction
from live.announcements.models import Announcement
from live.errors import ChatNotAllowed, SessionStateForbids
from live.media.publishing import media_offset_ms
from live.models import OPEN, LiveSession
from live.plans.models import AssistantRole
from live.plans.roles import demand_part
from live.ports import RoomBell
from live.talk.chat import clean
from live.talk.feed import append, lock_session, ring_after_commit

SUBJECT = "announcement:"


@dataclass(frozen=True)
class Announcements:
    """The one announcement that a room shows; ``by`` is its host or an assistant who has the talk."""

    bell: RoomBell
    clock: Clock = utc_now

    async def say(self, number: str, by: str, text: str) -> None:
        """Show a text to everybody, in the place of the one before. The same text again changes nothing.

        A person of the county reads it, because WeChat judges no staff. Raises ``SessionNotFound``, ``ChatEmpty``,
        ``ChatNotAllowed``, and ``SessionStateForbids`` once the session is over.
        """
        kept = clean(text)
        if await listed_word(kept) is not None:
            raise ChatNotAllowed()
        now = self.clock()
        async with transaction():
            session = await _held_open(number, by)
            shown = await scalar(
                "SELECT text FROM live_announcement WHERE session_id = $1 AND replaced_at IS NULL", session.id
            )
            if shown == kept:
                return
            await _replace(session, now)
            told = {"text": kept, "offset_ms": await media_offset_ms(session.id, now)}
            offset = await append(session.id, "announcement", told, now, author=f"staff:{by}")
            await Announcement.create(session_id=session.id, offset=offset, text=kept, said_at=now)
            await Texts(self.clock).hold(f"{SUBJECT}{number}:{offset}", kept, None)
        await ring_after_commit(self.bell, number)

    async def clear(self, number: str, by: str) -> None:
        """Show none. None shown: nothing changes."""
        now = self.clock()
        async with transaction():
            session = await _held_open(number, by)
            if await _replace(session, now):
                told: dict[str, object] = {"text": "", "offset_ms": await media_offset_ms(session.id, now)}
                await append(session.id, "announcement", told, now, author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def take_back(self, number: str, offset: int) -> None:
        """An announcement was refused: its words go from the record and are shown no more. Once."""
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            taken = await execute(
                "UPDATE live_announcement SET text = '', replaced_at = COALESCE(replaced_at, $3)"
                " WHERE session_id = $1 AND \"offset\" = $2 AND text <> ''",
                session.id,
                offset,
                now,
            )
            if taken:
                await execute(
                    """UPDATE live_feed_message SET payload = payload || '{"text": "", "removed": true}'::jsonb"""
                    ' WHERE session_id = $1 AND "offset" = $2',
                    session.id,
                    offset,
                )
                await append(session.id, "chat_removed", {"offset": offset}, now)
        await ring_after_commit(self.bell, number)


async def _held_open(number: str, by: str) -> LiveSession:
    session = await lock_session(number)
    await demand_part(session, by, AssistantRole.MODERATOR)
    if session.state not in OPEN:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _replace(session: LiveSession, now: datetime) -> int:
    return await execute(
        "UPDATE live_announcement SET replaced_at = $2 WHERE session_id = $1 AND replaced_at IS NULL", session.id, now
    )
