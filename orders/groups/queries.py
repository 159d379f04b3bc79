"""Reads of groups: how far they are and what is missing, never who is in them. One SQL statement each."""

from datetime import datetime

import msgspec

from kit.clock import utc_now
from kit.database import Row, row, rows
from orders.errors import GroupUnknown
from orders.groups.forming import TAKING_PART

MAX_SHOWN = 50


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
    "SELECT g.number, g.offer, g.site, g.state, g.min_buyers, g.min_pieces, g.opened_at, g.closes_at, g.formed_at,"
    f" t.buyers, t.pieces FROM buying_group g CROSS JOIN LATERAL ({TAKING_PART}) t"
)


async def group_of(number: str) -> GroupView:
    """One group. Raises GroupUnknown."""
    found = await row(f"{_SHOW} WHERE g.number = $1", number)
    if found is None:
        raise GroupUnknown()
    return _read(found)


async def groups_to_join(offer: str, now: datetime | None = None) -> list[GroupView]:
    """Groups of an offer that one can join, and in which somebody has paid, the fullest leading; at most 50."""
    found = await rows(
        f"{_SHOW} WHERE g.offer = $1 AND g.state IN ('open', 'formed') AND g.closes_at > $2 AND t.buyers > 0"
        " ORDER BY t.pieces DESC, g.id LIMIT $3",
        offer,
        now or utc_now(),
        MAX_SHOWN,
    )
    return [_read(each) for each in found]


async def groups_under(offer: str) -> list[GroupView]:
    """Every group of an offer, newest first; at most 50."""
    found = await rows(f"{_SHOW} WHERE g.offer = $1 ORDER BY g.id DESC LIMIT $2", offer, MAX_SHOWN)
    return [_read(each) for each in found]


def _read(found: Row) -> GroupView:
    waits = found["state"] == "open"
    return GroupView(
        missing_buyers=max(0, found["min_buyers"] - found["buyers"]) if waits else 0,
        missing_pieces=max(0, found["min_pieces"] - found["pieces"]) if waits else 0,
        **found,
    )
