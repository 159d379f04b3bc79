"""Of a session that does not take place nobody is told."""

from kit.database import execute


async def drop_reminders(session_id: int) -> None:
    """Forget who wanted to be told, inside the transaction that calls the session off."""
    await execute("DELETE FROM live_reminder WHERE session_id = $1", session_id)
