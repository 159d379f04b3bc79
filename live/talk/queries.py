"""What a host and the county read of a room's talk."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from content.texts import texts_of
from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from live.errors import SessionNotFound
from live.media.keys import LiveKeys
from live.talk.chat import SUBJECT
from live.talk.moderation import Moderator, may_moderate


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ChatLine(msgspec.Struct, frozen=True):
    """A message as whoever keeps order sees it. ``viewer`` is what the room calls its author."""

    offset: int
    viewer: str
    name: str
    text: str
    removed: bool
    at: datetime


class Restriction(msgspec.Struct, frozen=True):
    """A viewer who may not write (mute) until a moment, or neither write nor watch (ban)."""

    viewer: str
    kind: str
    until: datetime | None


class Talk(msgspec.Struct, frozen=True):
    """What holds for the talk of a session now."""

    slow_mode_s: int
    comments_closed: bool
    keywords: tuple[str, ...]
    restrictions: tuple[Restriction, ...]


class LoggedStep(msgspec.Struct, frozen=True):
    """One act. ``text`` is what a removed message said, for those who may read it."""

    at: datetime
    by: str
    act: str
    viewer: str | None
    offset: int | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    text: str | None


async def _session(number: str, by: Moderator) -> Row:
    found = await row(
        "SELECT s.id, s.host, coalesce(t.slow_mode_s, 0) AS slow_mode_s, coalesce(t.is_closed, false) AS is_closed"
        " FROM live_session s LEFT JOIN live_talk t ON t.session_id = s.id WHERE s.number = $1",
        number,
    )
    if found is None or not await may_moderate(by, found["id"], found["host"]):
        raise SessionNotFound(number=number)
    return found


async def chat_lines(
    keys: LiveKeys, number: str, by: Moderator, cursor: str | None, limit: int
) -> tuple[list[ChatLine], str | None]:
    """Messages, the newest first, and the cursor of those before. Raises ``SessionNotFound``."""
    session = await _session(number, by)
    found = await rows(
        "SELECT \"offset\", author, payload ->> 'name' AS name, payload ->> 'text' AS text,"
        " payload ? 'removed' AS removed, created_at AS at FROM live_feed_message"
        ' WHERE session_id = $1 AND kind = \'chat\' AND "offset" < $2 ORDER BY "offset" DESC LIMIT $3',
        session["id"],
        read_cursor(cursor, _Key).id if cursor else 2**62,
        limit + 1,
    )
    page = [ChatLine(viewer=keys.viewer_name(number, m.pop("author")), **m) for m in found[:limit]]
    return page, write_cursor(page[-1].offset) if len(found) > limit else None


async def talk_of(number: str, by: Moderator, now: datetime) -> Talk:
    """The rules of a session and who is restricted there. Raises ``SessionNotFound``."""
    session = await _session(number, by)
    words = await rows("SELECT word FROM live_keyword WHERE session_id = $1 ORDER BY word", session["id"])
    restricted = await rows(
        "SELECT viewer, kind, until FROM live_restriction WHERE session_id = $1 AND (until IS NULL OR until > $2)"
        " ORDER BY id DESC LIMIT 500",
        session["id"],
        now,
    )
    return Talk(
        session["slow_mode_s"],
        session["is_closed"],
        tuple(each["word"] for each in words),
        tuple(Restriction(**each) for each in restricted),
    )


async def moderation_log(
    number: str, by: Moderator, with_words: bool, cursor: str | None, limit: int
) -> tuple[list[LoggedStep], str | None]:
    """What was done, the newest first, and the cursor of what was done before. Raises ``SessionNotFound``."""
    session = await _session(number, by)
    found = await rows(
        'SELECT id, at, by, act, viewer, "offset", reason, before::text, after::text FROM live_moderation_step'
        " WHERE session_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        session["id"],
        read_cursor(cursor, _Key).id if cursor else 2**62,
        limit + 1,
    )
    page = found[:limit]
    subjects = {m["id"]: f"{SUBJECT}{number}:{m['offset']}" for m in page if m["act"] == "remove" and with_words}
    words = await texts_of(list(subjects.values())) if subjects else {}
    steps = []
    for each in page:
        held = words.get(subjects.get(each["id"], ""))
        told = {name: each[name] for name in ("at", "by", "act", "viewer", "offset", "reason")}
        before, after = (msgspec.json.decode(each[side], type=dict[str, Any]) for side in ("before", "after"))
        text = held.text if held is not None else None
        steps.append(LoggedStep(**told, before=before, after=after, text=text))
    return steps, write_cursor(page[-1]["id"]) if len(found) > limit else None
