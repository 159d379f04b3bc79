"""Reads of shares: everything for the poverty office and the auditor, what may be shown for everybody else."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import read_cursor, write_cursor
from poverty_alleviation.shares.errors import ShareUnknown
from poverty_alleviation.shares.models import AssistedShareState, ShareCircle
from poverty_alleviation.vault import household_rights


class AssistedShareCard(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``persons`` on ``day`` so many were ``assisted``, in ``basis_points`` of all, rounded down.

    Both are None where they are kept back. ``is_shown``: whether others than the poverty office read them.
    """

    number: str
    circle: ShareCircle
    day: date
    persons: int
    assisted: int | None
    basis_points: int | None
    is_shown: bool
    state: AssistedShareState
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


_SHARE = "SELECT *, assisted * 10000 / persons AS basis_points FROM assisted_share"


@household_rights()
async def share_cards(
    circle: ShareCircle | None, cursor: str | None, limit: int, *, whole: bool
) -> tuple[list[AssistedShareCard], str | None]:
    """A page of shares, newest first: every one ``whole``, or approved ones with small counts kept back."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    found = await rows(
        f"{_SHARE} WHERE id < $1 AND ($2::text IS NULL OR circle = $2) AND ($3 OR state = 'approved')"
        " ORDER BY id DESC LIMIT $4",
        before,
        circle,
        whole,
        limit + 1,
    )
    cards = [msgspec.convert(each, AssistedShareCard) for each in found[:limit]]
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [card if whole or card.is_shown else _kept_back(card) for card in cards], following


@household_rights()
async def share_card(number: str) -> AssistedShareCard:
    """One share, whole. Raises :class:`ShareUnknown`."""
    found = await row(f"{_SHARE} WHERE number = $1", number)
    if found is None:
        raise ShareUnknown()
    return msgspec.convert(found, AssistedShareCard)


@household_rights()
async def newest_shown() -> dict[ShareCircle, AssistedShareCard]:
    """Of each circle the newest share that everybody in the county's offices may read; one statement."""
    found = await rows(
        f"SELECT DISTINCT ON (circle) * FROM ({_SHARE}) AS s WHERE state = 'approved' AND is_shown"
        " ORDER BY circle, day DESC, id DESC"
    )
    cards = [msgspec.convert(each, AssistedShareCard) for each in found]
    return {card.circle: card for card in cards}


def _kept_back(card: AssistedShareCard) -> AssistedShareCard:
    return msgspec.structs.replace(card, assisted=None, basis_points=None, decision_note="")
