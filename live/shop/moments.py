"""The place in a session's pictures at which something was bought, and what was shown there.

The consumer's order records the room and the position in its replay (live reference 5: order record).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.database import Row, row, rows
from live.evidence.models import IS_AWAY, IS_GONE
from live.media.playback import Playback
from live.models import SessionState
from live.shop.timeline import ShownCard, card_at, timeline
from orders.quotes import HOSTED

_HAD = """
SELECT s.number, s.state IN ('live', 'interrupted') AS on_air, COALESCE((
       SELECT sum(extract(epoch FROM least(COALESCE(p.ended_at, $2), $2) - p.started_at)) * 1000
         FROM live_stream_publish p WHERE p.session_id = s.id AND p.started_at < $2), 0)::bigint AS had_ms,
       (SELECT array_agg(i.code) FROM live_shelf_item i WHERE i.session_id = s.id AND i.hidden) AS hidden
  FROM live_session s WHERE s.number = ANY($1::text[])"""


@dataclass(frozen=True)
class Seen:
    """A SKU that was seen at a verified ``source``, at the position that its viewer told."""

    sku: str
    source: str | None
    position_ms: int | None = None


async def places_of(seen: Sequence[Seen], now: datetime) -> list[tuple[str | None, int | None]]:
    """For what was seen, the source and the position to keep, in ms of the session's pictures.

    A position that the session has had by ``now`` is believed. Else it is the server's own while the session is on air,
    and none before it and after it, when nobody knows what the viewer saw. What the room hides is not sold there: it
    has no source. One query when a source is a live room, else none.
    """
    numbers = sorted({each.source.removeprefix(HOSTED) for each in seen if each.source and _is_room(each.source)})
    had = {HOSTED + each["number"]: each for each in await rows(_HAD, numbers, now)} if numbers else {}
    return [_place(each, had.get(each.source or "")) for each in seen]


def _is_room(source: str) -> bool:
    return source.startswith(HOSTED)


def _place(seen: Seen, session: Row | None) -> tuple[str | None, int | None]:
    if session is None:
        return seen.source, None
    if seen.sku in (session["hidden"] or ()):
        return None, None
    if seen.position_ms is not None and 0 <= seen.position_ms <= session["had_ms"]:
        return seen.source, seen.position_ms
    return seen.source, int(session["had_ms"]) if session["on_air"] else None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a session, which everybody may see under its number: what was explained there, at which price then.

    ``offset_ms`` is unknown for what was bought before the first picture. ``hls_url`` is signed and good until
    ``expires_at``; it is the broadcast's while that is on air, then the replay's, and none while ``is_away``: the
    pictures lie in cold storage, from which the room tells how they come back; nor when their day is over. Seek to
    ``offset_ms``. On air there is none for a buyer who was put out of the room. ``page_url`` is the room's page, which
    opens its replay there, once it is back: none before the replay, when it is gone, and where rooms have no pages.
    """

    session: str
    title: str
    state: str
    started_at: datetime | None
    offset_ms: int | None
    shown: ShownCard | None
    hls_url: str | None
    expires_at: datetime | None
    is_away: bool
    page_url: str | None


async def moment_of(
    source: str | None, offset_ms: int | None, playback: Playback, buyer: str | None = None
) -> Moment | None:
    """The place at which a line was bought; None, and no query, when that was not in a live room. Two queries.

    A ``buyer`` whom the room has put out gets no pictures of it while it is on air. The replay stays: it shows what was
    promised about what was bought.
    """
    if not source or not _is_room(source):
        return None
    number = source.removeprefix(HOSTED)
    found = await row(
        f"SELECT id, number, title, state, stream, started_at, {IS_AWAY} AS is_away, {IS_GONE} AS is_gone,"
        " state IN ('live', 'interrupted')"
        " AND EXISTS (SELECT FROM live_restriction r WHERE r.session_id = s.id AND r.viewer = $2 AND r.kind = 'ban')"
        " AS is_put_out FROM live_session s WHERE number = $1",
        number,
        playback.viewer(number, buyer)[0],
    )
    if found is None:
        return None
    viewer, _ = playback.viewer(number, None)
    plan = playback.plan(found["stream"], SessionState(found["state"]), viewer)
    is_replay = plan is not None and plan.flv_url is None and not found["is_gone"]
    if found["is_away"] or found["is_gone"] or found["is_put_out"]:
        plan = None
    return Moment(
        session=found["number"],
        title=found["title"],
        state=found["state"],
        started_at=found["started_at"],
        offset_ms=offset_ms,
        shown=None if offset_ms is None else card_at(await timeline(found["id"]), offset_ms),
        hls_url=plan.hls_url if plan else None,
        expires_at=plan.expires_at if plan else None,
        is_away=found["is_away"],
        page_url=playback.page_at(number, offset_ms) if is_replay and offset_ms is not None else None,
    )
