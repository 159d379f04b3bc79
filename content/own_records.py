"""What this room knows about a consumer who handed things in."""

from collections.abc import Sequence

from kit.belongings import Part, Person, Told, told
from kit.database import execute, transaction


async def personal_data(person: Person) -> Told:
    """Pictures with what became of them, and texts as they were written."""
    return {
        "pictures": await told(
            "SELECT number, purpose, state, width, height, owner AS belongs_to, uploaded_at, judged_at"
            " FROM picture WHERE uploader = $1 ORDER BY id",
            person.caller,
        ),
        "texts": await told(
            "SELECT number, subject AS belongs_to, text, state, held_at, judged_at FROM content_text"
            " WHERE openid = $1 ORDER BY id",
            person.identity,
        ),
    }


async def erase(person: Person) -> None:
    """Nothing names the author to WeChat any more; what it has not judged yet goes to a person.

    Pictures that nothing shows are dropped, and their files with them. Why staff decided as it did is forgotten.
    """
    async with transaction():
        await execute(
            "UPDATE picture SET openid = NULL, state = CASE"
            " WHEN attached_at IS NULL AND state <> 'dropped' THEN 'dropped' WHEN state = 'held' THEN 'in_review'"
            " ELSE state END, next_check_at = NULL, reason = NULL WHERE uploader = $1"
            " AND (openid IS NOT NULL OR attached_at IS NULL OR reason IS NOT NULL)",
            person.caller,
        )
        await execute(
            "UPDATE content_text SET openid = NULL, state = CASE WHEN state = 'held' THEN 'in_review' ELSE state END,"
            " next_check_at = NULL, reason = NULL WHERE openid = $1",
            person.identity,
        )


PART = Part("content", erase, personal_data)


async def forget_content_of(owners: Sequence[str]) -> None:
    """What these owners showed and said is over: files and words go. Joins the caller's transaction."""
    await execute(
        "UPDATE picture SET state = 'dropped', next_check_at = NULL, openid = NULL, reason = NULL"
        " WHERE owner = ANY($1::text[]) AND state <> 'dropped'",
        list(owners),
    )
    await forget_texts_of(owners)


async def forget_texts_of(subjects: Sequence[str]) -> None:
    """The words of these subjects go. Joins the caller's transaction."""
    await execute(
        "UPDATE content_text SET text = '……', openid = NULL, reason = NULL"
        " WHERE subject = ANY($1::text[]) AND text <> '……'",
        list(subjects),
    )
