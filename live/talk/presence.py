"""What a process that serves a room writes of it: how many watch here, who has come, and what was liked."""

from collections.abc import Sequence

from kit.database import execute
from live.queries import PRESENCE_SECONDS

_PRESENT = f"""
WITH told AS (
  INSERT INTO live_room_presence (session_id, process, viewers, seen_at) VALUES ($1::bigint, $2::text, $3::int, now())
  ON CONFLICT (session_id, process) DO UPDATE SET viewers = excluded.viewers, seen_at = excluded.seen_at
), came AS (
  INSERT INTO live_viewer (session_id, viewer) SELECT $1::bigint, v FROM unnest($4::text[]) v ORDER BY v
  ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO live_audience_minute AS m (session_id, minute, viewers, distinct_viewers)
SELECT $1::bigint, date_trunc('minute', now()),
  $3::int + (SELECT coalesce(sum(p.viewers), 0) FROM live_room_presence p WHERE p.session_id = $1::bigint
    AND p.process <> $2::text AND p.seen_at > now() - interval '{PRESENCE_SECONDS} seconds'),
  (SELECT count(*) FROM live_viewer WHERE session_id = $1::bigint) + (SELECT count(*) FROM came)
WHERE $5::boolean
ON CONFLICT (session_id, minute) DO UPDATE SET viewers = greatest(m.viewers, excluded.viewers),
  distinct_viewers = greatest(m.distinct_viewers, excluded.distinct_viewers)
"""


async def tell_present(session_id: int, process: str, viewers: int, came: Sequence[str], is_on_air: bool) -> None:
    """This process's count, and on air who has come and the minute that the board draws: one statement."""
    await execute(_PRESENT, session_id, process, viewers, list(came), is_on_air)


async def forget_present(session_id: int, process: str) -> None:
    """Nobody is left in this process: do not count for the seconds until the row would expire."""
    await execute("DELETE FROM live_room_presence WHERE session_id = $1 AND process = $2", session_id, process)


async def add_likes(session_id: int, likes: int) -> None:
    """Add to the room's total."""
    await execute(
        "INSERT INTO live_talk (session_id, slow_mode_s, is_closed, likes) VALUES ($1, 0, false, $2)"
        " ON CONFLICT (session_id) DO UPDATE SET likes = live_talk.likes + excluded.likes",
        session_id,
        likes,
    )
