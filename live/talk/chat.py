"""What viewers write: filtered before it is seen, checked by WeChat just after, taken back when it is refused.

A room lives by its pace, so a message is not held until WeChat has answered (live reference, chat); the county's own
list of words stands before it.
"""

import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.texts import Texts, bare, listed_word
from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from live.errors import ChatEmpty, ChatMuted, ChatNotAllowed, ChatTooFast, CommentsClosed, SessionStateForbids
from live.models import ON_AIR
from live.ports import RoomBell
from live.talk.feed import append, lock_session, ring_after_commit

SUBJECT = "chat:"
MAX_CHARACTERS = 200
BURST = 3
WINDOW = timedelta(seconds=5)

_GATE = """
SELECT coalesce(t.slow_mode_s, 0) AS slow_mode_s, coalesce(t.is_closed, false) AS is_closed,
  (SELECT count(*) FROM live_feed_message WHERE session_id = s.id AND author = $2 AND created_at > $3) AS recent,
  (SELECT max(created_at) FROM live_feed_message WHERE session_id = s.id AND author = $2) AS last_at,
  EXISTS (SELECT FROM live_restriction r WHERE r.session_id = s.id AND r.author = $2
    AND (r.until IS NULL OR r.until > $4)) AS is_muted,
  EXISTS (SELECT FROM live_keyword k WHERE k.session_id = s.id AND position(k.word IN $5) > 0) AS is_listed
FROM live_session s LEFT JOIN live_talk t ON t.session_id = s.id WHERE s.id = $1
"""
"""What stands between an author and a room, in one statement."""


def clean(text: str) -> str:
    """The message without control, format and unassigned characters. Raises :class:`ChatEmpty`."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] != "C" or c == "\u200d")
    kept = " ".join(kept.split())
    if not kept.strip("\u200d ") or len(kept) > MAX_CHARACTERS:
        raise ChatEmpty(limit=MAX_CHARACTERS)
    return kept


@dataclass(frozen=True)
class Chat:
    """Messages of viewers in a room that is on air."""

    bell: RoomBell
    clock: Clock = utc_now

    async def post(
        self, number: str, author: str, name: str, text: str, client_key: str, openid: str | None = None
    ) -> int:
        """Write a message and answer its offset; the same ``client_key`` of one author is one message.

        ``author`` is opaque and not shown, ``name`` is what viewers see, ``openid`` the author for WeChat's check;
        without one a person looks at it. Raises ``ChatEmpty``, ``ChatNotAllowed`` for a word of the county's or the
        room's list, ``ChatTooFast`` above 3 messages in 5 seconds or the room's own pace, ``ChatMuted``,
        ``CommentsClosed``, ``SessionStateForbids`` when the room is not on air.
        """
        kept = clean(text)
        if await listed_word(kept) is not None:
            raise ChatNotAllowed()
        now = self.clock()
        async with transaction():
            session = await lock_session(number)
            earlier: int | None = await scalar(
                'SELECT "offset" FROM live_feed_message WHERE session_id = $1 AND author = $2 AND client_key = $3',
                session.id,
                author,
                client_key,
            )
            if earlier is not None:
                return earlier
            if session.state not in ON_AIR:
                raise SessionStateForbids(state=session.state.value)
            await _check_gate(session.id, author, kept, now)
            said: dict[str, object] = {"name": name, "text": kept}
            offset = await append(session.id, "chat", said, now, author=author, client_key=client_key)
            await Texts(self.clock).hold(f"{SUBJECT}{number}:{offset}", kept, openid)
        await ring_after_commit(self.bell, number)
        return offset

    async def take_back(self, number: str, offset: int) -> None:
        """A message was refused: its words go from the record, and an event tells whoever has them. Once."""
        async with transaction():
            session = await lock_session(number)
            await take_away(session.id, offset, self.clock())
        await ring_after_commit(self.bell, number)


async def take_away(session_id: int, offset: int, now: datetime) -> bool:
    """Empty a chat message of a locked session and tell whoever has it; False when that was done before."""
    taken = await execute(
        """UPDATE live_feed_message SET payload = payload || '{"text": "", "removed": true}'::jsonb"""
        """ WHERE session_id = $1 AND "offset" = $2 AND kind = 'chat' AND NOT payload ? 'removed'""",
        session_id,
        offset,
    )
    if taken:
        await append(session_id, "chat_removed", {"offset": offset}, now)
    return taken > 0


async def _check_gate(session_id: int, author: str, text: str, now: datetime) -> None:
    """Whether an author may write this now. Raises what :meth:`Chat.post` raises."""
    gate = await row(_GATE, session_id, author, now - WINDOW, now, bare(text))
    assert gate is not None
    if gate["is_muted"]:
        raise ChatMuted()
    if gate["is_closed"]:
        raise CommentsClosed()
    if gate["is_listed"]:
        raise ChatNotAllowed()
    if gate["recent"] >= BURST:
        raise ChatTooFast(retry_after_s=int(WINDOW.total_seconds()))
    waited = (now - gate["last_at"]).total_seconds() if gate["last_at"] is not None else math.inf
    if waited < gate["slow_mode_s"]:
        raise ChatTooFast(retry_after_s=math.ceil(gate["slow_mode_s"] - waited))
