"""What a consumer has written in live rooms."""

from content.own_records import forget_texts_of
from kit.belongings import Part, Person, Told, told
from kit.database import execute, rows, transaction
from live.chat import SUBJECT


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
    async with transaction():
        said = await rows(
            'SELECT s.number, m."offset" FROM live_feed_message m JOIN live_session s ON s.id = m.session_id'
            " WHERE m.author = $1",
            person.caller,
        )
        await execute(
            """UPDATE live_feed_message SET payload = payload || '{"name": "已注销用户", "text": "……"}'::jsonb"""
            " WHERE author = $1",
            person.caller,
        )
        if said:
            await forget_texts_of([f"{SUBJECT}{each['number']}:{each['offset']}" for each in said])


PART = Part("live", erase, personal_data)
