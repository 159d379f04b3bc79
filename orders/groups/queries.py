"""Reads of groups: how far they are and what is missing, never who is in them. One SQL statement each."""

from datetime import datetime

import msgspec

from kit.clock import utc_now
from kit.database import Row, row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from orders.errors import GroupUnknown
from orders.groups.forming import TAKING_PART

PAGE = 20


class GroupView(msgspec.Struct, frozen=True):
    """A group as everybody may see it. ``site`` is its pick-up place, '' for a parcel.

    ``buyers`` have paid for ``pieces`` and not given them back. One joins before ``closes_at``, also when it is formed.
    """

    number: str
    offer: str
    site: str
    state: str
    min_buyers: int
    min_pieces: int
    buyers: int
    pieces: int
    missing_buyers: int
    missing_pieces: int
    opened_at: datetime
    closes_at: datetime
    formed_at: datetime | None


_SHOW = (
    "SELECT g.id, g.number, g.offer, g.site, g.state, g.min_buyers, g.min_pieces, g.opened_at, g.closes_at,"
    f" g.formed_at, t.buyers, t.pieces FROM buying_group g CROSS JOIN LATERAL ({TAKING_PART}) t"
)


async def group_of(number: str) -> GroupView:
    """One group. Raises GroupUnknown."""
    found = await row(f"{_SHOW} WHERE g.number = $1", number)
    if found is None:
        raise GroupUnknown()
    return _read(found)


class _Fullness(msgspec.Struct, array_like=True):
    pieces: int
    id: int


async def groups_to_join(
    offer: str, now: datetime | None = None, cursor: str | None = None, limit: int = PAGE
) -> tuple[list[GroupView], str | None]:
    """Groups of an offer that one can join, and in which somebody has paid, the fullest leading.

    Answers the cursor of the next page too. Groups fill up between two pages: one may be seen twice, or be found by
    beginning again. Raises CursorInvalid.
    """
    after, limit = read_cursor(cursor, _Fullness) if cursor else _Fullness(2**31 - 1, 0), min(limit, MAX_PAGE)
    found = await rows(
        f"{_SHOW} WHERE g.offer = $1 AND g.state IN ('open', 'formed') AND g.closes_at > $2 AND t.buyers > 0"
        " AND (-t.pieces, g.id) > ($3::int, $4::bigint) ORDER BY t.pieces DESC, g.id LIMIT $5",
        offer,
        now or utc_now(),
        -after.pieces,
        after.id,
        limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return [_read(each) for each in found[:limit]], write_cursor(last["pieces"], last["id"]) if last else None


async def groups_under(offer: str, cursor: str | None = None, limit: int = PAGE) -> tuple[list[GroupView], str | None]:
    """Every group of an offer, newest first, and the cursor of the next page. Raises CursorInvalid."""
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_SHOW} WHERE g.offer = $1 AND g.id < $2 ORDER BY g.id DESC LIMIT $3",
        offer,
        read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1,
        limit + 1,
    )
    return [_read(each) for each in found[:limit]], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


def _read(found: Row) -> GroupView:
    waits = found["state"] == "open"
    shown = {name: found[name] for name in GroupView.__struct_fields__ if name in found}
    return GroupView(
        missing_buyers=max(0, found["min_buyers"] - found["buyers"]) if waits else 0,
        missing_pieces=max(0, found["min_pieces"] - found["pieces"]) if waits else 0,
        **shown,
    )
