"""Of a beginning that was cut short nobody is told any more."""

from kit.database import execute


async def drop_reminders(session_id: int) -> None:
    """Forget who wanted to be told, inside the transaction that cuts the session."""
    await execute("DELETE FROM live_reminder WHERE session_id = $1", session_id)
