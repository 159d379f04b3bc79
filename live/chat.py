"""What viewers write."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import scalar, transaction
from live.errors import ChatEmpty, ChatTooFast, SessionStateForbids
from live.feed import append, lock_session, ring_after_commit
from live.models import ON_AIR
from live.ports import RoomBell

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

    async def post(self, number: str, author: str, name: str, text: str, client_key: str) -> int:
        """Write a message and answer its offset; the same ``client_key`` of one author is one message.

        ``author`` is opaque and not shown, ``name`` is what viewers see. Raises ``ChatEmpty``,
        ``ChatTooFast`` above 3 messages in 5 seconds, ``SessionStateForbids`` when the room is not on air.
        """
        kept = clean(text)
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
        await ring_after_commit(self.bell, number)
        return offset
