"""What is read of changes of households."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.lineage.errors import ChangeUnknown
from poverty_alleviation.lineage.models import ChangeKind, ChangeState
from poverty_alleviation.lineage.moving import Plan
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.vault import household_rights

CHANGE_COLUMNS = (
    "SELECT c.id, c.number, c.kind, c.state, h.code AS household, c.other, c.day, c.document, c.status,"
    " c.plan::text AS plan, c.made_by, c.made_at, c.decided_by, c.decided_at, c.decision_note FROM household_change c"
    " JOIN household h ON h.id = c.household_id"
)


class ChangeCard(msgspec.Struct, frozen=True, kw_only=True):
    """One change, by codes alone."""

    number: str
    kind: ChangeKind
    state: ChangeState
    household: str
    other: str | None
    day: date
    document: str
    status: AssistanceStatus | None
    plan: Plan
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


@household_rights()
async def change_cards(
    state: ChangeState | None, cursor: str | None, limit: int
) -> tuple[list[ChangeCard], str | None]:
    """A page of changes, newest first, of one state or of all."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    found = await rows(
        f"{CHANGE_COLUMNS} WHERE ($1::text IS NULL OR c.state = $1) AND ($2::bigint IS NULL OR c.id < $2)"
        " ORDER BY c.id DESC LIMIT $3",
        str(state) if state else None,
        before,
        limit + 1,
    )
    page = found[:limit]
    return [_card(each) for each in page], write_cursor(page[-1]["id"]) if len(found) > limit else None


@household_rights()
async def change_card(number: str) -> ChangeCard:
    """One change: what the second person reads before deciding. Raises :class:`ChangeUnknown`."""
    found = await row(f"{CHANGE_COLUMNS} WHERE c.number = $1", number)
    if found is None:
        raise ChangeUnknown(change=number[:40])
    return _card(found)


def _card(found: dict[str, object]) -> ChangeCard:
    return msgspec.convert(found | {"plan": msgspec.json.decode(str(found["plan"]))}, ChangeCard)
