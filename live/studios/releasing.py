"""A session that does not take place leaves its studio to others."""

from datetime import datetime

from kit.database import execute

CALLED_OFF = "场次已取消"


async def release_studio(session_id: int, by: str, now: datetime) -> None:
    """Cancel what is booked for a session, inside the transaction that calls it off."""
    await execute(
        "UPDATE studio_booking SET state = 'cancelled', cancelled_by = $2, cancelled_at = $3, reason = $4"
        " WHERE session_id = $1 AND state <> 'cancelled'",
        session_id,
        by,
        now,
        CALLED_OFF,
    )
