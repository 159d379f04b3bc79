"""The list of rooms as viewers page through it: on air, what is coming, and what can be seen again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from live.models import SessionState
from live.queries import PRESENCE_SECONDS


class Phase(StrEnum):
    """Where a room stands for whoever looks at it. Off: it was called off or cut, and there is nothing to see."""

    BEFORE = "before"
    ON_AIR = "on_air"
    OVER = "over"
    OFF = "off"


PHASES: dict[SessionState, Phase] = {
    SessionState.SCHEDULED: Phase.BEFORE,
    SessionState.READY: Phase.BEFORE,
    SessionState.LIVE: Phase.ON_AIR,
    SessionState.INTERRUPTED: Phase.ON_AIR,
    SessionState.ENDED: Phase.OVER,
    SessionState.REPLAY_READY: Phase.OVER,
    SessionState.CANCELLED: Phase.OFF,
    SessionState.BANNED: Phase.OFF,
}


class Group(StrEnum):
    """A part of the list, in the order of the whole."""

    ON_AIR = "on_air"
    COMING = "coming"
    REPLAY = "replay"


GROUPS = tuple(Group)


def starts_in_ms(state: SessionState, planned_at: datetime, now: datetime) -> int | None:
    """How long until the planned beginning, 0 when the host is late; None once it has begun or was called off."""
    if PHASES[state] is not Phase.BEFORE:
        return None
    return max(0, int((planned_at - now).total_seconds() * 1000))


@dataclass(frozen=True)
class RoomLine:
    """A room in the list. ``replay_ms`` is how long its replay is, None where there is none yet.

    One that has ``ended`` is listed while its replay is being prepared.
    """

    number: str
    title: str
    merchant: str
    state: SessionState
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    notice: str
    viewers: int
    replay_ms: int | None


class _Key(msgspec.Struct, array_like=True):
    group: Annotated[int, msgspec.Meta(ge=0, lt=len(GROUPS))]
    planned_at: Annotated[datetime, msgspec.Meta(tz=True)]
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def _part(rank: int, states: str, order: str, condition: str = "true") -> str:
    """One group behind the cursor, by the index over state and planned time: no page reads what other pages show."""
    behind = "<" if order == "DESC" else ">"
    return (
        f"(SELECT {rank} AS rank, s.* FROM live_session s WHERE s.state IN ({states}) AND {condition}"
        f" AND {rank} = ANY($1::int[])"
        f" AND ($2::int < {rank} OR ($2::int = {rank} AND (s.planned_at, s.id) {behind} ($3::timestamptz, $4::bigint)))"
        f" ORDER BY s.planned_at {order}, s.id {order} LIMIT $5)"
    )


_HAS_NO_RECORDING = "NOT EXISTS (SELECT FROM live_recording r WHERE r.session_id = s.id)"
"""What has ended waits for its recording to be closed; without pictures it stays ended, and there is nothing to see."""

_LINES = f"""
WITH found AS (
  {_part(0, "'live', 'interrupted'", "DESC")} UNION ALL
  {_part(1, "'scheduled', 'ready'", "ASC")} UNION ALL
  {_part(2, "'ended'", "DESC", _HAS_NO_RECORDING)} UNION ALL
  {_part(2, "'replay_ready'", "DESC")}
)
SELECT s.rank, s.id, s.number, s.title, s.merchant, s.state, s.planned_at, s.started_at, s.ended_at,
  coalesce(p.notice, '') AS notice, r.duration_ms AS replay_ms,
  (SELECT coalesce(sum(o.viewers), 0) FROM live_room_presence o WHERE o.session_id = s.id
    AND o.seen_at > now() - interval '{PRESENCE_SECONDS} seconds')::int AS viewers
FROM found s LEFT JOIN session_plan p ON p.session_id = s.id
  LEFT JOIN live_recording r ON r.session_id = s.id AND s.state = 'replay_ready'
ORDER BY s.rank, CASE WHEN s.rank = 1 THEN s.planned_at END, s.planned_at DESC,
  CASE WHEN s.rank = 1 THEN s.id END, s.id DESC LIMIT $5
"""
_FIRST = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


async def room_lines(group: Group | None, cursor: str | None, limit: int) -> tuple[list[RoomLine], str | None]:
    """A page of one group, or of all in their order, and the cursor of what follows; one statement.

    On air and replays: the latest plan first; coming: the soonest. A room that goes on air, or ends, while somebody
    pages may be met twice or not at all: its group has changed.
    """
    after = read_cursor(cursor, _Key) if cursor else None
    size = min(limit, MAX_PAGE)
    found = await rows(
        _LINES,
        [GROUPS.index(each) for each in ([group] if group else GROUPS)],
        after.group if after else -1,
        after.planned_at if after else _FIRST,
        after.id if after else 0,
        size + 1,
    )
    page = found[:size]
    last = page[-1] if len(found) > size else None
    following = write_cursor(last["rank"], last["planned_at"].isoformat(), last["id"]) if last else None
    names = RoomLine.__dataclass_fields__
    return [
        RoomLine(**{n: each[n] for n in names if n != "state"}, state=SessionState(each["state"])) for each in page
    ], following
