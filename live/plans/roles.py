"""Who may act in a session besides its host, and who may not decide about it."""

from collections.abc import Collection

from accounts.queries import works_for
from kit.database import scalar
from live.errors import OwnMatter, SessionNotFound
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


async def demand_no_part(session: LiveSession, by: str, merchants: Collection[str] = ()) -> None:
    """That who decides for the county (``staff:<number>``) neither presents nor assists, nor works for a merchant.

    People are told apart by their accounts: one account may have several roles, and no card links two accounts.
    Raises ``OwnMatter``.
    """
    account = by.removeprefix("staff:")
    if account == session.host or await is_assisting(session.id, account) or await works_for(account, merchants):
        raise OwnMatter(session=session.number)
