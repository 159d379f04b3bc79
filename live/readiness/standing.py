"""What bars a host from the air at this moment; nothing that is sealed is opened for it."""

from datetime import datetime, timedelta

from kit.clock import china_day
from kit.database import scalar
from live.models import LiveSession
from live.roster.standing import missing_parts

REVERIFIED_FOR = timedelta(hours=24)
"""How long a verification for one session holds; "before each live" (live reference 5) is read as: within a day."""


async def barred(session: LiveSession, now: datetime) -> list[str]:
    """What the host lacks today, and ``reverification`` when nobody has verified the host for this session."""
    missing = await missing_parts(session.host, china_day(now))
    verified = await scalar(
        "SELECT 1 FROM session_reverification WHERE session_id = $1 AND recorded_at > $2 LIMIT 1",
        session.id,
        now - REVERIFIED_FOR,
    )
    return missing if verified else [*missing, "reverification"]
