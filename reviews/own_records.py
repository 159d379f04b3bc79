"""What a consumer has said about goods."""

from kit.belongings import Part, Person, Told, told
from kit.database import execute


async def personal_data(person: Person) -> Told:
    """Reviews with what was added to them."""
    return {
        "reviews": await told(
            'SELECT r.number, r.line, r."order", r.product, r.title, r.stars, r.text, r.anonymous, r.state,'
            " r.written_at, (SELECT jsonb_agg(jsonb_build_object('kind', a.kind, 'text', a.text, 'written_at',"
            " a.written_at) ORDER BY a.id) FROM review_addition a WHERE a.review_id = r.id) AS additions"
            " FROM review r WHERE r.consumer = $1 ORDER BY r.id",
            person.number,
        )
    }


async def erase(person: Person) -> None:
    """Reviews stay without a name (e-commerce law, article 39)."""
    await execute("UPDATE review SET anonymous = true WHERE consumer = $1 AND NOT anonymous", person.number)


PART = Part("reviews", erase, personal_data)
