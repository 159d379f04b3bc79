"""Traces of a person in the house's own machinery."""

from kit.belongings import Part, Person
from kit.database import execute, transaction


async def erase(person: Person) -> None:
    """Kept answers go, and the identity in facts becomes a tombstone. Who was told a fact had it already."""
    async with transaction():
        await execute("DELETE FROM idempotency_claim WHERE caller = $1", person.caller)
        await execute(
            "UPDATE outbox_message SET payload = payload || jsonb_build_object('openid', $2::text), subject ="
            " CASE WHEN subject = $1 THEN $2 ELSE subject END WHERE payload ->> 'openid' = $1",
            person.identity,
            f"closed:{person.number}",
        )


PART = Part("kit", erase)
