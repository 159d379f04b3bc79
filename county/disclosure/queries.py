"""Reads of what was published and what was said about it."""

from datetime import date, datetime

import msgspec

from county.disclosure.errors import DisclosureComplaintUnknown
from county.disclosure.models import (
    DisclosureComplaintKind,
    DisclosureComplaintState,
    DisclosureKind,
    Medium,
)
from kit.database import row, rows, scalar
from kit.paging import read_cursor, write_cursor


class ItemCard(msgspec.Struct, frozen=True, kw_only=True):
    """What was published; with ``withdrawn_at`` it is no longer."""

    number: str
    kind: DisclosureKind
    medium: Medium
    title: str
    proof: str
    published_on: date
    objections_until: date | None
    recorded_by: str
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawal_reason: str


class DisclosureComplaintCard(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint; ``is_overdue``: it is not answered, or was after its last day."""

    number: str
    kind: DisclosureComplaintKind
    item: str | None
    about: str
    document: str
    received_on: date
    due_on: date
    state: DisclosureComplaintState
    answer: str
    ended_by: str | None
    ended_at: datetime | None
    is_overdue: bool


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint that waits longer than it may."""

    complaint: str
    due_on: date


async def item_cards(kind: DisclosureKind | None, cursor: str | None, limit: int) -> tuple[list[ItemCard], str | None]:
    """A page of what was published, the last entered first."""
    found = await rows(
        "SELECT id, number, kind, medium, title, proof, published_on, objections_until, recorded_by, withdrawn_by,"
        " withdrawn_at, withdrawal_reason FROM disclosure_item WHERE id < $1 AND ($2::text IS NULL OR kind = $2)"
        " ORDER BY id DESC LIMIT $3",
        _before(cursor),
        kind,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, ItemCard) for each in found[:limit]], following


async def unpublished_kinds() -> list[DisclosureKind]:
    """Kinds of which nothing is published (domain reference K35)."""
    there = {each["kind"] for each in await rows("SELECT kind FROM disclosure_item WHERE withdrawn_at IS NULL")}
    return [kind for kind in DisclosureKind if kind not in there]


_OVERDUE = "coalesce((c.ended_at AT TIME ZONE 'Asia/Shanghai')::date, $1::date) > c.due_on"
_COMPLAINT = (
    "SELECT c.id, c.number, c.kind, i.number AS item, c.about, c.document, c.received_on, c.due_on, c.state, c.answer,"
    f" c.ended_by, c.ended_at, {_OVERDUE} AS is_overdue FROM disclosure_complaint c"
    " LEFT JOIN disclosure_item i ON i.id = c.item_id"
)


async def complaint_cards(
    state: DisclosureComplaintState | None, today: date, cursor: str | None, limit: int
) -> tuple[list[DisclosureComplaintCard], str | None]:
    """A page of complaints, the last entered first."""
    found = await rows(
        f"{_COMPLAINT} WHERE c.id < $2 AND ($3::text IS NULL OR c.state = $3) ORDER BY c.id DESC LIMIT $4",
        today,
        _before(cursor),
        state,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, DisclosureComplaintCard) for each in found[:limit]], following


async def complaint_card(number: str, today: date) -> DisclosureComplaintCard:
    """One complaint. Raises :class:`DisclosureComplaintUnknown`."""
    found = await row(f"{_COMPLAINT} WHERE c.number = $2", today, number)
    if found is None:
        raise DisclosureComplaintUnknown()
    return msgspec.convert(found, DisclosureComplaintCard)


async def unanswered(today: date) -> list[Overdue]:
    """Complaints whose last day has passed without an answer, by number."""
    found = await rows(
        "SELECT number AS complaint, due_on FROM disclosure_complaint WHERE state = 'received' AND due_on < $1"
        " ORDER BY number",
        today,
    )
    return [msgspec.convert(each, Overdue) for each in found]


async def counted_complaints() -> int:
    """Complaints and reports, withdrawn ones too: whoever counts them counts what came (domain reference T13)."""
    return int(await scalar("SELECT count(*) FROM disclosure_complaint WHERE kind <> 'objection'"))


def _before(cursor: str | None) -> int:
    return read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
