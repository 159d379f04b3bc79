"""Who may act in a session besides its host."""

from kit.database import scalar
from live.errors import SessionNotFound
from live.models import LiveSession
from live.plans.models import AssistantRole


async def is_assisting(session_id: int, account: str, role: AssistantRole | None = None) -> bool:
    """Whether an account has a role in a session now, any if none is named."""
    return bool(
        await scalar(
            "SELECT 1 FROM session_assistant WHERE session_id = $1 AND account = $2 AND removed_at IS NULL"
            " AND ($3::text IS NULL OR role = $3) LIMIT 1",
            session_id,
            account,
            role.value if role else None,
        )
    )


async def demand_part(session: LiveSession, account: str, role: AssistantRole) -> None:
    """The host may everything, an assistant what the role says. Raises :class:`SessionNotFound` for anybody else."""
    if session.host != account and not await is_assisting(session.id, account, role):
        raise SessionNotFound(number=session.number)
