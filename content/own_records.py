"""What this room knows about a consumer who handed things in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kit.belongings import Part, Person, Told, told
from kit.database import execute, transaction

BATCH = 500
_FORGOTTEN = "text = '……', openid = NULL, reason = NULL"


_PICTURES = "SELECT number, purpose, state, width, height, owner AS belongs_to, uploaded_at, judged_at FROM picture"


async def personal_data(person: Person) -> Told:
    """Pictures with what became of them, and texts as they were written."""
    return {
        "pictures": await told(f"{_PICTURES} WHERE uploader = $1 ORDER BY id", person.caller),
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
            " WHEN owner IS NULL AND state <> 'dropped' THEN 'dropped' WHEN state = 'held' THEN 'in_review'"
            " ELSE state END, next_check_at = NULL, reason = NULL WHERE uploader = $1"
            " AND (openid IS NOT NULL OR owner IS NULL OR reason IS NOT NULL)",
            person.caller,
        )
        await execute(
            "UPDATE content_text SET openid = NULL, state = CASE WHEN state = 'held' THEN 'in_review' ELSE state END,"
            " next_check_at = NULL, reason = NULL WHERE openid = $1",
            person.identity,
        )


PART = Part("content", erase, personal_data)


async def pictures_told(owners: Sequence[str]) -> list[dict[str, Any]]:
    """What these owners show, told like a person's own pictures though somebody else handed it in."""
    return await told(f"{_PICTURES} WHERE owner = ANY($1::text[]) ORDER BY id", list(owners))


async def forget_content_of(owners: Sequence[str]) -> None:
    """What these owners showed and said is over: files and words go. Joins the caller's transaction."""
    await execute(
        "UPDATE picture SET state = 'dropped', next_check_at = NULL, openid = NULL, reason = NULL"
        " WHERE owner = ANY($1::text[]) AND state <> 'dropped'",
        list(owners),
    )
    await forget_texts_of(owners)


async def forget_texts_of(subjects: Sequence[str]) -> None:
    """The words of these subjects go, and nobody is asked about them any more. Joins the caller's transaction."""
    await execute(
        f"UPDATE content_text SET {_FORGOTTEN}, next_check_at = NULL, state = CASE WHEN state IN ('held', 'in_review')"
        " THEN 'refused' ELSE state END WHERE subject = ANY($1::text[]) AND text <> '……'",
        list(subjects),
    )


async def forget_old_texts(judged_before: datetime, with_their_owner: Sequence[str]) -> int:
    """Forget words that were judged before a day, of every kind but those that go with their owner; answers how many.

    A kind is what a subject says before its colon. What still waits for a person is not old.
    """
    forgotten = 0
    while some := await execute(
        f"UPDATE content_text SET {_FORGOTTEN} WHERE id IN (SELECT id FROM content_text WHERE judged_at < $1"
        " AND text <> '……' AND state IN ('passed', 'refused') AND split_part(subject, ':', 1) <> ALL($2::text[])"
        f" ORDER BY judged_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED)",
        judged_before,
        list(with_their_owner),
    ):
        forgotten += some
    return forgotten
