"""What a consumer has written in live rooms."""

from kit.belongings import Part, Person, Told, told
from kit.database import execute


async def personal_data(person: Person) -> Told:
    """Chat messages with their sessions."""
    return {
        "chat": await told(
            "SELECT s.number AS session, m.payload ->> 'text' AS text, m.created_at FROM live_feed_message m"
            " JOIN live_session s ON s.id = m.session_id WHERE m.author = $1 ORDER BY m.id",
            person.caller,
        )
    }


async def erase(person: Person) -> None:
    """The words go, their places in the feed stay: viewers resume by offsets without holes."""
    await execute(
        """UPDATE live_feed_message SET payload = payload || '{"name": "已注销用户", "text": "……"}'::jsonb"""
        " WHERE author = $1",
        person.caller,
    )


PART = Part("live", erase, personal_data)
