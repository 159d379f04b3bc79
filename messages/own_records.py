"""What WeChat has pushed about a consumer, and what the consumer was sent."""

from kit.belongings import Part, Person, Told, told
from kit.database import execute, transaction


async def personal_data(person: Person) -> Told:
    """What was pushed, while it is kept; what was agreed to and sent."""
    return {
        "pushed_events": await told(
            "SELECT kind, event, received_at FROM pushed_event WHERE sender = $1 OR subject = $1 ORDER BY id",
            person.identity,
        ),
        "message_consents": await told(
            'SELECT template, "left" FROM message_consent WHERE openid = $1 ORDER BY id', person.identity
        ),
        "messages": await told(
            "SELECT moment, reference, contents, state, noted_at, sent_at FROM subscribe_message WHERE openid = $1"
            " ORDER BY id",
            person.identity,
        ),
    }


async def erase(person: Person) -> None:
    """All of it goes; a message that waits is not sent any more."""
    async with transaction():
        await execute("DELETE FROM pushed_event WHERE sender = $1 OR subject = $1", person.identity)
        await execute("DELETE FROM message_consent WHERE openid = $1", person.identity)
        await execute("DELETE FROM subscribe_message WHERE openid = $1", person.identity)


PART = Part("messages", erase, personal_data)
