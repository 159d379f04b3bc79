"""What waits for a person: texts and pictures in one list, oldest first."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from content.models import PictureState, TextState
from kit.database import rows
from kit.paging import CursorInvalid, read_cursor, write_cursor

Kind = Literal["text", "picture"]


class _Key(msgspec.Struct, array_like=True):
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    number: Annotated[str, msgspec.Meta(max_length=26)]


class WaitingContent(msgspec.Struct, frozen=True):
    """Something to decide on. ``belongs_to`` is opaque; a picture is looked at through its file route.

    ``label`` is WeChat's, or why nobody but a person can judge: ``keyword:…``, ``61010`` (the author has not opened
    the mini-program for two hours), ``no_verdict_in_time``, ``unavailable``, or empty for what staff has written.
    """

    number: str
    kind: Kind
    belongs_to: str
    text: str | None
    label: str
    since: datetime


_WAITING = """
SELECT * FROM (
    SELECT number, 'text' AS kind, subject AS belongs_to, text, label, held_at AS since FROM content_text
     WHERE state = $1 UNION ALL
    SELECT number, 'picture', COALESCE(owner, ''), NULL, label, uploaded_at FROM picture WHERE state = $2) w
 WHERE $3::timestamptz IS NULL OR (since, number) > ($3, $4) ORDER BY since, number LIMIT $5
"""


async def waiting_content(cursor: str | None, limit: int) -> tuple[list[WaitingContent], str | None]:
    """What waits, and the cursor of the next page; one statement."""
    after = read_cursor(cursor, _Key) if cursor else None
    if after is not None and not 1970 < after.since.year < 9999:
        raise CursorInvalid()
    found = await rows(
        _WAITING,
        TextState.IN_REVIEW.value,
        PictureState.IN_REVIEW.value,
        after.since if after else None,
        after.number if after else "",
        limit + 1,
    )
    page = [msgspec.convert(w, WaitingContent) for w in found[:limit]]
    more = len(found) > limit
    return page, write_cursor(page[-1].since.isoformat(), page[-1].number) if more else None
