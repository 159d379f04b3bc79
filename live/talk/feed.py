"""The durable side of a room's feed: every event is a row with an offset that PostgreSQL gave out."""

from datetime import datetime

import msgspec

from kit.database import execute, in_open_transaction, scalar
from live.errors import SessionNotFound
from live.models import LiveSession
from live.ports import RoomBell


async def lock_session(number: str) -> LiveSession:
    """The session's row, locked until the open transaction ends. Raises :class:`SessionNotFound`."""
    found = await LiveSession.select_for_update().get_or_none(number=number)
    if found is None:
        raise SessionNotFound(number=number)
    return found


async def session_of(number: str) -> LiveSession:
    """The session as it stands, not locked. Raises :class:`SessionNotFound`."""
    found = await LiveSession.get_or_none(number=number)
    if found is None:
        raise SessionNotFound(number=number)
    return found


async def append(
    session_id: int,
    kind: str,
    payload: dict[str, object],
    now: datetime,
    *,
    author: str | None = None,
    client_key: str | None = None,
) -> int:
    """Write one event and answer its offset. Must stand inside a transaction.

    The counter's row stays locked until the commit, so offsets become visible in their order and without
    holes: who has read up to n can never find a smaller one later.
    """
    if not in_open_transaction():
        raise RuntimeError(f"a feed message of kind {kind} outside a transaction")
    offset: int = await scalar(
        "UPDATE live_session SET last_offset = last_offset + 1 WHERE id = $1 RETURNING last_offset",
        session_id,
    )
    await execute(
        'INSERT INTO live_feed_message (session_id, "offset", kind, payload, author, client_key, created_at)'
        " VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)",
        session_id,
        offset,
        kind,
        msgspec.json.encode(payload).decode(),
        author,
        client_key,
        now,
    )
    return offset


async def ring_after_commit(bell: RoomBell, number: str) -> None:
    """Wake the feed when the change is committed; inside a wider transaction the listeners' own poll finds
    it.
    """
    if not in_open_transaction():
        await bell.ring(number)
