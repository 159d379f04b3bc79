"""The inspector's switch: a session is cut, for the host and for everybody who watches, and stays cut.

The commit is what counts: it ends the session and its push key. What the world must be told after it (the media server
drops the publisher, relays and nginx show nothing more) is told at once and then again and again by the supervisor,
whoever has died in between.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from kit.errors import Unavailable
from live.errors import NotBanned
from live.media.models import SessionBan
from live.media.playback import PLAY_LIFETIME
from live.media.publishing import change_state
from live.models import ON_AIR, SessionState
from live.ports import MediaEngine, RoomBell
from live.reminders.dropping import drop_reminders
from live.service import announce_called_off, close_pin
from live.studios.releasing import release_studio
from live.talk.feed import lock_session, ring_after_commit

BARRED = "barred"
"""The folder beside the recordings with an empty file for each stream that nobody may be shown and each viewer who may
be shown nothing; a viewer has another name in each room.
"""
BARRED_FOR = PLAY_LIFETIME + timedelta(hours=1)
"""Play addresses are made no more, so after their life there is nothing left to refuse."""


@dataclass(frozen=True)
class Ban:
    """Who has cut a session, why, and in which state it was."""

    session: str
    host: str
    actor: str
    reason: str
    state_before: SessionState
    banned_at: datetime


async def ban_of(number: str) -> Ban:
    """The ban of a session. Raises :class:`NotBanned`."""
    found = await row(
        "SELECT s.number AS session, s.host, b.actor, b.reason, b.state_before, b.banned_at FROM live_session_ban b"
        " JOIN live_session s ON s.id = b.session_id WHERE s.number = $1",
        number,
    )
    if found is None:
        raise NotBanned(number=number)
    return Ban(**{**found, "state_before": SessionState(found["state_before"])})


@dataclass(frozen=True)
class Bans:
    """Cuts sessions and sees to it that they stay cut."""

    bell: RoomBell
    media: MediaEngine
    clock: Clock = utc_now

    async def ban(self, number: str, actor: str, reason: str) -> Ban:
        """Cut a session, planned, on air or over; the first reason stands when it is done twice.

        Its push key is worth nothing from the commit on. Raises ``SessionNotFound``, and ``SessionStateForbids`` for
        a session that was called off: nobody has seen anything of it.
        """
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            if session.state is not SessionState.BANNED:
                before = session.state
                await close_pin(session, now)
                await execute(
                    "UPDATE live_stream_publish SET ended_at = $2 WHERE session_id = $1 AND ended_at IS NULL",
                    session.id,
                    now,
                )
                ended = {"ended_at": now} if before in ON_AIR else {}
                await change_state(
                    session, SessionState.BANNED, now, interrupted_at=None, push_nonce=None, push_expires_at=None,
                    **ended,
                )  # fmt: skip
                if before in (SessionState.SCHEDULED, SessionState.READY):
                    await release_studio(session.id, actor, now)
                    await announce_called_off(session)
                else:
                    await drop_reminders(session.id)
                await SessionBan.create(
                    session_id=session.id, actor=actor, reason=reason.strip(), state_before=before, banned_at=now
                )
        await ring_after_commit(self.bell, number)
        with contextlib.suppress(Unavailable):  # the supervisor repeats it
            await self.media.drop_publisher(session.stream)
        return await ban_of(number)

    async def enforce(self, media_directory: Path) -> None:
        """Bar the banned streams, and the viewers who were put out of a room, on this machine, and cut who still
        publishes such a stream. Doing it twice changes nothing, so it needs no lease. Raises ``Unavailable`` and
        OSError.
        """
        found = await rows(
            "SELECT s.stream AS name, true AS is_stream FROM live_session_ban b"
            " JOIN live_session s ON s.id = b.session_id WHERE b.banned_at > $1 UNION ALL"
            " SELECT viewer, false FROM live_restriction WHERE kind = 'ban' AND noted_at > $1",
            self.clock() - BARRED_FOR,
        )
        banned = {each["name"] for each in found if each["is_stream"]}
        await asyncio.to_thread(_bar, media_directory / BARRED, {each["name"] for each in found})
        if not banned:
            return
        for stream in await self.media.published():
            if stream.name in banned:
                await self.media.drop_publisher(stream.name)


def _bar(folder: Path, names: set[str]) -> None:
    """Exactly these files in the folder, readable for nginx."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    here = {path.name for path in folder.iterdir()}
    for name in names - here:
        (folder / name).touch(mode=0o644)
    for name in here - names:
        (folder / name).unlink(missing_ok=True)
