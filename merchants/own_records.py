"""Applications of a consumer who became a merchant, or wanted to."""

from collections.abc import Mapping

from kit.belongings import Part, Person, Told, told
from kit.database import scalar


async def personal_data(person: Person) -> Told:
    """The merchants that the consumer has applied for; who answers for them is read at the console."""
    return {
        "applications": await told(
            "SELECT number, name, licence_kind, licence_number, state, applied_at, decided_at FROM merchant"
            " WHERE applicant = $1 ORDER BY id",
            person.number,
        )
    }


async def open_matters(person: Person) -> Mapping[str, int]:
    """Applications that nobody has decided."""
    return {
        "applications": await scalar(
            "SELECT count(*) FROM merchant WHERE applicant = $1 AND state = 'applied'", person.number
        )
    }


async def erase(person: Person) -> None:
    """Nothing goes: a merchant's file is kept for itself (e-commerce law, article 27)."""


PART = Part("merchants", erase, personal_data, open_matters)
