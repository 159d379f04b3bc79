"""What the poverty office reads of proposals."""

from datetime import date, datetime

import msgspec

from kit.clock import china_day, utc_now
from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.matching.models import MatchState
from poverty_alleviation.vault import household_rights


class MatchCard(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal, by number and code. ``is_linked``: the supplier stands for some household today."""

    number: str
    supplier: str
    household: str
    township: str
    village: str
    grounds: list[str]
    state: MatchState
    is_linked: bool
    found_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str


@household_rights()
async def match_cards(
    state: MatchState | None, cursor: str | None, limit: int, today: date | None = None
) -> tuple[list[MatchCard], str | None]:
    """A page of proposals, newest first, of one state or of all; those of one supplier found at once are neighbours."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    found = await rows(
        "SELECT p.id, p.number, p.supplier, h.code AS household, h.township, h.village, p.grounds::text AS grounds,"
        " p.state, EXISTS (SELECT 1 FROM supplier_link l WHERE l.supplier = p.supplier"
        " AND daterange(l.valid_from, l.valid_until) @> $4::date) AS is_linked, p.found_at, p.decided_by, p.decided_at,"
        " p.reason FROM match_proposal p JOIN household h ON h.id = p.household_id"
        " WHERE ($1::text IS NULL OR p.state = $1) AND ($2::bigint IS NULL OR p.id < $2) ORDER BY p.id DESC LIMIT $3",
        str(state) if state else None,
        before,
        limit + 1,
        today or china_day(utc_now()),
    )
    page = found[:limit]
    cards = [msgspec.convert(each | {"grounds": msgspec.json.decode(each["grounds"])}, MatchCard) for each in page]
    return cards, write_cursor(page[-1]["id"]) if len(found) > limit else None
