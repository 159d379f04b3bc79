"""What viewers and hosts read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE
from live.errors import SessionNotFound
from live.evidence.models import IS_AWAY, IS_GONE, IS_RETURNING
from live.models import SessionState

PRESENCE_SECONDS = 15
SLICE = 500


@dataclass(frozen=True)
class Message:
    """One event of a feed."""

    offset: int
    kind: str
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Chapter:
    """A product while it was explained, by its place in the replay."""

    code: str
    title: str
    price_fen: int
    offset_ms: int
    end_offset_ms: int | None


@dataclass(frozen=True)
class RoomView:
    """A room at one moment: one statement, so the parts agree with ``offset``.

    ``shelf`` is all of it in its order, ``hidden`` what of it viewers are not shown, ``unproved`` what has a price here
    beside which no list price may stand, ``coupons`` the campaigns that are shown, ``media_ms`` how much picture the
    session has had. ``messages`` are those after the offset that was asked for, at most ``SLICE``, without a hole.
    ``banned`` are viewers by the room's names of them, and told to nobody.
    ``has_rung``: there is a smaller rendition. ``is_away``: the pictures lie in cold storage;
    ``is_returning``: they are being fetched back.
    """

    id: int
    number: str
    title: str
    host: str
    merchant: str
    state: SessionState
    stream: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    epoch: str
    offset: int
    media_ms: int
    viewers: int
    shelf: tuple[str, ...]
    hidden: frozenset[str]
    shelf_version: int
    unproved: frozenset[str]
    coupons: tuple[str, ...]
    pinned: Chapter | None
    announcement: str | None
    likes: int
    slow_mode_s: int
    comments_closed: bool
    banned: tuple[str, ...]
    has_rung: bool
    is_away: bool
    is_returning: bool
    is_gone: bool
    messages: tuple[Message, ...] = ()
    chapters: tuple[Chapter, ...] = field(default=())

    @property
    def on_show(self) -> tuple[str, ...]:
        """What of the shelf viewers are shown, in its order."""
        return tuple(code for code in self.shelf if code not in self.hidden)


_VIEW = f"""
SELECT s.id, s.number, s.title, s.host, s.merchant, s.state, s.stream, s.planned_at, s.started_at, s.ended_at,
  s.epoch, s.last_offset AS "offset", s.shelf_version,
  (SELECT coalesce(sum(extract(epoch FROM least(coalesce(b.ended_at, now()), now()) - b.started_at)) * 1000, 0)
    FROM live_stream_publish b WHERE b.session_id = s.id AND b.started_at < now())::bigint AS media_ms,
  coalesce(t.likes, 0) AS likes, coalesce(t.slow_mode_s, 0) AS slow_mode_s,
  coalesce(t.is_closed, false) AS comments_closed,
  (SELECT coalesce(json_agg(r.viewer ORDER BY r.viewer), '[]') FROM live_restriction r
    WHERE r.session_id = s.id AND r.kind = 'ban')::text AS banned,
  EXISTS (SELECT FROM live_rung u WHERE u.session_id = s.id AND u.given_up_at IS NULL
    AND u.running_since IS NOT NULL) AS has_rung,
  {IS_AWAY} AS is_away, {IS_RETURNING} AS is_returning, {IS_GONE} AS is_gone,
  (SELECT coalesce(sum(p.viewers), 0) FROM live_room_presence p
    WHERE p.session_id = s.id AND p.seen_at > now() - interval '{PRESENCE_SECONDS} seconds')::int AS viewers,
  (SELECT coalesce(json_agg(i.code ORDER BY i.position), '[]') FROM live_shelf_item i
    WHERE i.session_id = s.id)::text AS shelf,
  (SELECT coalesce(json_agg(i.code), '[]') FROM live_shelf_item i
    WHERE i.session_id = s.id AND i.hidden)::text AS hidden,
  (SELECT coalesce(json_agg(r.code), '[]') FROM live_room_price r
    WHERE r.session_id = s.id AND r.ended_at IS NULL AND r.lowest_fen < r.list_price_fen)::text AS unproved,
  (SELECT coalesce(json_agg(c.campaign ORDER BY c.id), '[]') FROM live_room_coupon c
    WHERE c.session_id = s.id AND c.taken_down_at IS NULL AND s.state IN ('live', 'interrupted'))::text AS coupons,
  (SELECT json_build_object('code', p.code, 'title', p.title, 'price_fen', p.price_fen,
      'offset_ms', p.offset_ms, 'end_offset_ms', p.end_offset_ms)
    FROM live_pin p WHERE p.session_id = s.id AND p.unpinned_at IS NULL)::text AS pinned,
  (SELECT a.text FROM live_announcement a WHERE a.session_id = s.id AND a.replaced_at IS NULL) AS announcement,
  (SELECT coalesce(json_agg(json_build_object('offset', m."offset", 'kind', m.kind, 'payload', m.payload,
      'at', m.created_at) ORDER BY m."offset"), '[]')
    FROM (SELECT * FROM live_feed_message WHERE session_id = s.id
      AND "offset" > CASE WHEN $2::bigint IS NULL THEN s.last_offset - $3 ELSE $2 END
      ORDER BY "offset" LIMIT $3) m)::text AS messages
FROM live_session s LEFT JOIN live_talk t ON t.session_id = s.id WHERE s.number = $1
"""


async def room_view(number: str, after: int | None = None, limit: int = SLICE) -> RoomView:
    """The room now, with the messages after an offset (None: the last ones). Raises ``SessionNotFound``."""
    found = await row(_VIEW, number, after, limit)
    if found is None:
        raise SessionNotFound(number=number)
    found["state"] = SessionState(found["state"])
    found["shelf"] = msgspec.json.decode(found["shelf"], type=tuple[str, ...])
    found["hidden"] = msgspec.json.decode(found["hidden"], type=frozenset[str])
    found["unproved"] = msgspec.json.decode(found["unproved"], type=frozenset[str])
    found["coupons"] = msgspec.json.decode(found["coupons"], type=tuple[str, ...])
    found["pinned"] = msgspec.json.decode(found["pinned"] or "null", type=Chapter | None)
    found["banned"] = msgspec.json.decode(found["banned"], type=tuple[str, ...])
    found["messages"] = msgspec.json.decode(found["messages"], type=tuple[Message, ...])
    return RoomView(**found)


async def chapters(session_id: int) -> tuple[Chapter, ...]:
    """Every product that was explained, in the order of the replay."""
    found = await rows(
        "SELECT code, title, price_fen, offset_ms, end_offset_ms FROM live_pin WHERE session_id = $1 ORDER BY id",
        session_id,
    )
    return tuple(Chapter(**chapter) for chapter in found)


@dataclass(frozen=True)
class SessionLine:
    """A session as a list shows it."""

    number: str
    title: str
    host: str
    merchant: str
    state: SessionState
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int


async def sessions(
    states: tuple[SessionState, ...], *, host: str | None = None, limit: int = 20
) -> tuple[SessionLine, ...]:
    """Sessions in some states: on air first, then what is coming, the soonest first, then the rest, latest first."""
    found = await rows(
        "SELECT s.number, s.title, s.host, s.merchant, s.state, s.planned_at, s.started_at, s.ended_at,"
        " (SELECT coalesce(sum(p.viewers), 0) FROM live_room_presence p WHERE p.session_id = s.id"
        f"  AND p.seen_at > now() - interval '{PRESENCE_SECONDS} seconds')::int AS viewers"
        " FROM live_session s WHERE s.state = ANY($1::text[]) AND ($2::text IS NULL OR s.host = $2)"
        " ORDER BY (s.state IN ('live', 'interrupted')) DESC,"
        " CASE WHEN s.state IN ('scheduled', 'ready') THEN s.planned_at END, s.planned_at DESC, s.id DESC LIMIT $3",
        [state.value for state in states],
        host,
        min(limit, MAX_PAGE),
    )
    return tuple(SessionLine(**{**line, "state": SessionState(line["state"])}) for line in found)
