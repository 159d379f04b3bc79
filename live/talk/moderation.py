"""What a host and the county's officers do about viewers and their words; each act leaves a step with its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from content.errors import KeywordInvalid
from content.texts import bare
from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from live.errors import KeywordsFull, MessageNotFound, SessionNotFound, ViewerNotRestricted
from live.media.keys import LiveKeys
from live.models import LiveSession
from live.plans.models import AssistantRole
from live.plans.roles import is_assisting
from live.ports import RoomBell
from live.talk.chat import take_away
from live.talk.feed import lock_session, ring_after_commit
from live.talk.models import RestrictionKind

MAX_KEYWORDS = 200


@dataclass(frozen=True)
class Moderator:
    """Who acts: ``caller`` is noted; ``host`` is the number of a host, None for an officer of the county."""

    caller: str
    host: str | None = None


async def may_moderate(by: Moderator, session_id: int, session_host: str) -> bool:
    """Whether this person keeps order in a session: the county, its host, and an assistant whose role it is."""
    if by.host is None or by.host == session_host:
        return True
    return await is_assisting(session_id, by.host, AssistantRole.MODERATOR)


@dataclass(frozen=True)
class Step:
    """What a step says beside who and why."""

    act: str
    before: dict[str, object]
    after: dict[str, object]
    viewer: str | None = None
    offset: int | None = None


@dataclass(frozen=True)
class Moderation:
    """Acts upon a room, in any of its states. Repeating one that changes nothing leaves no second step.

    All raise ``SessionNotFound`` for a session that is not the moderator's.
    """

    keys: LiveKeys
    bell: RoomBell
    clock: Clock = utc_now

    async def remove(self, number: str, offset: int, reason: str, by: Moderator) -> None:
        """Take a message back; its words stay with the held texts for whoever reads the log.

        Raises ``MessageNotFound``.
        """
        async with transaction():
            session = await self._locked(number, by)
            author = await _author(session, offset)
            if await take_away(session.id, offset, self.clock()):
                viewer = self.keys.viewer_name(number, author)
                await self._note(session, by, reason, Step("remove", _removed(False), _removed(True), viewer, offset))
        await ring_after_commit(self.bell, number)

    async def mute(self, number: str, offset: int, minutes: int, reason: str, by: Moderator) -> None:
        """Whoever wrote this message may not write for some minutes from now. Raises ``MessageNotFound``."""
        until = self.clock() + timedelta(minutes=minutes)
        await self._restrict(number, offset, RestrictionKind.MUTE, until, reason, by)

    async def ban(self, number: str, offset: int, reason: str, by: Moderator) -> None:
        """Whoever wrote this message is put out of the room and let in no more. Raises ``MessageNotFound``."""
        await self._restrict(number, offset, RestrictionKind.BAN, None, reason, by)

    async def _restrict(
        self, number: str, offset: int, kind: RestrictionKind, until: datetime | None, reason: str, by: Moderator
    ) -> None:
        async with transaction():
            session = await self._locked(number, by)
            author = await _author(session, offset)
            viewer = self.keys.viewer_name(number, author)
            found = await row(
                "SELECT until FROM live_restriction WHERE session_id = $1 AND viewer = $2 AND kind = $3",
                session.id,
                viewer,
                kind.value,
            )
            if found is not None and found["until"] == until:
                return
            await execute(
                "INSERT INTO live_restriction (session_id, author, viewer, kind, until, noted_at)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (session_id, viewer, kind) DO UPDATE"
                " SET until = excluded.until, noted_at = excluded.noted_at",
                session.id,
                author,
                viewer,
                kind.value,
                until,
                self.clock(),
            )
            before = _span(found["until"]) if found is not None else {}
            await self._note(session, by, reason, Step(kind.value, before, _span(until), viewer, offset))
        await ring_after_commit(self.bell, number)

    async def lift(self, number: str, viewer: str, reason: str, by: Moderator) -> None:
        """A viewer may write and watch again. Raises ``ViewerNotRestricted``."""
        async with transaction():
            session = await self._locked(number, by)
            found: str | None = await scalar(
                "WITH gone AS (DELETE FROM live_restriction WHERE session_id = $1 AND viewer = $2 RETURNING kind)"
                " SELECT string_agg(kind, ',' ORDER BY kind) FROM gone",
                session.id,
                viewer,
            )
            if found is None:
                raise ViewerNotRestricted()
            await self._note(session, by, reason, Step("lift", {"restrictions": found.split(",")}, {}, viewer))
        await ring_after_commit(self.bell, number)

    async def set_rules(self, number: str, slow_mode_s: int, is_closed: bool, reason: str, by: Moderator) -> None:
        """How fast viewers may write (0 to 60 seconds between two messages), and whether they may at all."""
        after: dict[str, object] = {"slow_mode_s": slow_mode_s, "comments_closed": is_closed}
        async with transaction():
            session = await self._locked(number, by)
            found = await row("SELECT slow_mode_s, is_closed FROM live_talk WHERE session_id = $1", session.id)
            before: dict[str, object] = {
                "slow_mode_s": found["slow_mode_s"] if found else 0,
                "comments_closed": found["is_closed"] if found else False,
            }
            if before == after:
                return
            await execute(
                "INSERT INTO live_talk (session_id, slow_mode_s, is_closed, likes) VALUES ($1, $2, $3, 0)"
                " ON CONFLICT (session_id) DO UPDATE SET slow_mode_s = $2, is_closed = $3",
                session.id,
                slow_mode_s,
                is_closed,
            )
            await self._note(session, by, reason, Step("rules", before, after))
        await ring_after_commit(self.bell, number)

    async def add_keyword(self, number: str, word: str, by: Moderator) -> None:
        """A message that holds this word is refused here from now on.

        Raises ``KeywordInvalid`` and ``KeywordsFull``.
        """
        stored = bare(word)
        if not 2 <= len(stored) <= 40:
            raise KeywordInvalid()
        async with transaction():
            session = await self._locked(number, by)
            if await scalar("SELECT count(*) FROM live_keyword WHERE session_id = $1", session.id) >= MAX_KEYWORDS:
                raise KeywordsFull(limit=MAX_KEYWORDS)
            added = await scalar(
                "INSERT INTO live_keyword (session_id, word) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
                session.id,
                stored,
            )
            if added is not None:
                await self._note(session, by, "", Step("keyword", {}, {"word": stored}))

    async def remove_keyword(self, number: str, word: str, by: Moderator) -> None:
        """The word may be said here again."""
        async with transaction():
            session = await self._locked(number, by)
            stored = bare(word)
            if await execute("DELETE FROM live_keyword WHERE session_id = $1 AND word = $2", session.id, stored):
                await self._note(session, by, "", Step("keyword", {"word": stored}, {}))

    async def _locked(self, number: str, by: Moderator) -> LiveSession:
        session = await lock_session(number)
        if not await may_moderate(by, session.id, session.host):
            raise SessionNotFound(number=number)
        return session

    async def _note(self, session: LiveSession, by: Moderator, reason: str, step: Step) -> None:
        await execute(
            'INSERT INTO live_moderation_step (session_id, at, by, act, viewer, "offset", reason, before, after)'
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)",
            session.id,
            self.clock(),
            by.caller,
            step.act,
            step.viewer,
            step.offset,
            reason,
            msgspec.json.encode(step.before).decode(),
            msgspec.json.encode(step.after).decode(),
        )


async def _author(session: LiveSession, offset: int) -> str:
    """Who wrote a chat message of the session. Raises ``MessageNotFound``."""
    author: str | None = await scalar(
        "SELECT author FROM live_feed_message WHERE session_id = $1 AND \"offset\" = $2 AND kind = 'chat'",
        session.id,
        offset,
    )
    if author is None:
        raise MessageNotFound(offset=offset)
    return author


def _removed(is_removed: bool) -> dict[str, object]:
    return {"removed": is_removed}


def _span(until: datetime | None) -> dict[str, object]:
    return {"until": until}
