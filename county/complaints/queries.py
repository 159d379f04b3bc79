"""Reads of complaints."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import msgspec

from content.errors import PictureNotFound
from county.complaints.errors import ComplaintUnknown
from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ComplaintStepView(msgspec.Struct, frozen=True):
    """One step; ``by`` is empty for the buyer, who does not see who works on it. No merchant sees who the buyer is.

    ``is_held``: a merchant's words that have not been passed; their text is empty for the buyer.
    """

    kind: str
    at: datetime
    by: str
    text: str
    is_held: bool


class ComplaintPictureView(msgspec.Struct, frozen=True):
    """A picture that came with a complaint; ``number`` once it is kept. The buyer, who has it, is not shown it."""

    number: str | None
    state: str


class ReplyPictureView(msgspec.Struct, frozen=True):
    """A picture of a reply to WeChat Pay; ``state`` is that of its reply. The buyer sees it there."""

    number: str
    state: str


class ComplaintView(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint. ``unsent`` says that a word for WeChat Pay is on its way or failed; amounts are fen."""

    number: str
    origin: str
    merchant: str | None
    order: str | None
    product: str | None
    problem: str
    detail: str
    amount_fen: int
    state: str
    owner: str | None
    complained_at: datetime
    reply_due_at: datetime | None
    close_due_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    is_overdue: bool
    unsent: str | None
    steps: list[ComplaintStepView]
    pictures: list[ComplaintPictureView]
    reply_pictures: list[ReplyPictureView]


class ClockView(msgspec.Struct, frozen=True):
    """What holds for complaints of an origin from a day on."""

    origin: str
    valid_from: date
    reply_hours: int
    close_hours: int
    source_document: str


@dataclass(frozen=True)
class Reader:
    """Whose complaints may be seen: everybody's, a merchant's or a consumer's."""

    merchant: str | None = None
    consumer: str | None = None


def held_words(complaint: str) -> str:
    """Whether a step ``s`` of the complaint of this alias is a merchant's whose words have not been passed. SQL."""
    return (
        f"EXISTS (SELECT 1 FROM content_text t WHERE t.subject = 'complaint:' || {complaint}.number || ':' || s.id"
        " AND t.state <> 'passed')"
    )


_OVERDUE = "(c.state = 'received' AND c.reply_due_at < $1 OR c.state <> 'closed' AND c.close_due_at < $1)"
_VIEW = f"""
SELECT c.id, c.number, c.origin, c.merchant, c.order_number AS "order", c.product, c.problem, c.detail, c.amount_fen,
       c.state, c.owner, c.complained_at, c.reply_due_at, c.close_due_at, c.answered_at, c.closed_at,
       COALESCE({_OVERDUE}, false) AS is_overdue,
       (SELECT m.state FROM complaint_message m WHERE m.complaint_id = c.id AND m.state <> 'sent'
         ORDER BY m.id DESC LIMIT 1) AS unsent,
       (SELECT jsonb_agg(jsonb_build_object('kind', s.kind, 'at', s.at, 'by', s.by, 'text', s.text,
                                            'is_held', {held_words("c")}) ORDER BY s.id)
          FROM complaint_step s WHERE s.complaint_id = c.id)::text AS steps,
       (SELECT jsonb_agg(jsonb_build_object('number', p.picture, 'state', p.state) ORDER BY p.id)
          FROM complaint_picture p WHERE p.complaint_id = c.id)::text AS pictures,
       (SELECT jsonb_agg(jsonb_build_object('number', r.picture, 'state', m.state) ORDER BY m.id, r.position)
          FROM complaint_reply_picture r JOIN complaint_message m ON m.id = r.message_id
         WHERE m.complaint_id = c.id)::text AS reply_pictures
  FROM complaint c
 WHERE ($2::text IS NULL OR c.merchant = $2) AND ($3::text IS NULL OR c.consumer = $3)
"""


_LISTS = ("steps", "pictures", "reply_pictures")


def _view(found: Row, reader: Reader) -> ComplaintView:
    steps = msgspec.json.decode(found["steps"] or "[]", type=list[ComplaintStepView])
    pictures = msgspec.json.decode(found["pictures"] or "[]", type=list[ComplaintPictureView])
    replied = msgspec.json.decode(found["reply_pictures"] or "[]", type=list[ReplyPictureView])
    members = {name: found[name] for name in ComplaintView.__struct_fields__ if name not in _LISTS}
    if reader.consumer is not None:
        members |= {"owner": None}
        pictures, replied = [], []
        steps = [
            msgspec.structs.replace(s, by="", text="" if s.is_held else s.text)
            for s in steps
            if s.kind not in ("assigned", "reported")
        ]
    elif reader.merchant is not None:
        steps = [msgspec.structs.replace(s, by="consumer") if s.by.startswith("consumer:") else s for s in steps]
    return ComplaintView(**members, steps=steps, pictures=pictures, reply_pictures=replied)


async def complaint(number: str, reader: Reader, now: datetime) -> ComplaintView:
    """One complaint. Raises :class:`ComplaintUnknown`."""
    found = await row(_VIEW + " AND c.number = $4", now, reader.merchant, reader.consumer, number)
    if found is None:
        raise ComplaintUnknown()
    return _view(found, reader)


async def check_picture(number: str, picture: str, reader: Reader) -> None:
    """Whether a reader of staff may look at a picture of a complaint. Raises PictureNotFound."""
    found = await row(
        "SELECT c.id FROM complaint c WHERE c.number = $1 AND ($3::text IS NULL OR c.merchant = $3) AND (EXISTS"
        " (SELECT 1 FROM complaint_picture p WHERE p.complaint_id = c.id AND p.picture = $2) OR EXISTS (SELECT 1"
        " FROM complaint_message m JOIN complaint_reply_picture r ON r.message_id = m.id"
        " WHERE m.complaint_id = c.id AND r.picture = $2))",
        number,
        picture,
        reader.merchant,
    )
    if found is None:
        raise PictureNotFound()


async def complaints(
    reader: Reader, state: str | None, overdue: bool, now: datetime, cursor: str | None, limit: int
) -> tuple[list[ComplaintView], str | None]:
    """Complaints of a state, or only what is overdue, oldest first, and the cursor of the next page."""
    after = read_cursor(cursor, _Key).id if cursor else 0
    found = await rows(
        _VIEW + f" AND c.id > $4 AND ($5::text IS NULL OR c.state = $5) AND (NOT $6 OR {_OVERDUE})"
        " ORDER BY c.id LIMIT $7",
        now,
        reader.merchant,
        reader.consumer,
        after,
        state,
        overdue,
        limit + 1,
    )
    page = [_view(r, reader) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def clocks() -> list[ClockView]:
    """Every clock, oldest first."""
    found = await rows(
        "SELECT origin, valid_from, reply_hours, close_hours, source_document FROM complaint_clock"
        " ORDER BY valid_from, origin"
    )
    return [ClockView(**r) for r in found]
