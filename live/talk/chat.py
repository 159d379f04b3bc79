"""What viewers write: filtered before it is seen, checked by WeChat just after, taken back when it is refused.

A room lives by its pace, so a message is not held until WeChat has answered (live reference, chat); the county's own
list of words stands before it.
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from content.texts import Texts, listed_word
from kit.clock import Clock, utc_now
from kit.database import execute, scalar, transaction
from live.errors import ChatEmpty, ChatNotAllowed, ChatTooFast, SessionStateForbids
from live.models import ON_AIR
from live.ports import RoomBell
from live.talk.feed import append, lock_session, ring_after_commit

SUBJECT = "chat:"
MAX_CHARACTERS = 200
BURST = 3
WINDOW = timedelta(seconds=5)


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
        without one a person looks at it. Raises ``ChatEmpty``, ``ChatNotAllowed``, ``ChatTooFast`` above 3 messages in
        5 seconds, ``SessionStateForbids`` when the room is not on air.
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
            recent = await scalar(
                "SELECT count(*) FROM live_feed_message WHERE session_id = $1 AND author = $2 AND created_at > $3",
                session.id,
                author,
                now - WINDOW,
            )
            if recent >= BURST:
                raise ChatTooFast(retry_after_s=int(WINDOW.total_seconds()))
            said: dict[str, object] = {"name": name, "text": kept}
            offset = await append(session.id, "chat", said, now, author=author, client_key=client_key)
            await Texts(self.clock).hold(f"{SUBJECT}{number}:{offset}", kept, openid)
        await ring_after_commit(self.bell, number)
        return offset

    async def take_back(self, number: str, offset: int) -> None:
        """A message was refused: its words go from the record, and an event tells whoever has them. Once."""
        async with transaction():
            session = await lock_session(number)
            taken = await execute(
                """UPDATE live_feed_message SET payload = payload || '{"text": "", "removed": true}'::jsonb"""
                """ WHERE session_id = $1 AND "offset" = $2 AND kind = 'chat' AND NOT payload ? 'removed'""",
                session.id,
                offset,
            )
            if taken:
                await append(session.id, "chat_removed", {"offset": offset}, self.clock())
        await ring_after_commit(self.bell, number)
