"""Reads of merchants."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from merchants.errors import MerchantUnknown


class RowKey(msgspec.Struct, array_like=True):
    """The sort key of this room's lists."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Payee(msgspec.Struct, frozen=True):
    """Where the money of a merchant's goods lands. ``sub_mchid`` is None in direct mode."""

    merchant: str
    sub_mchid: str | None
    name: str


class MerchantCard(msgspec.Struct, frozen=True):
    """A merchant as the county and its own clerks see it."""

    number: str
    name: str
    state: str
    licence_kind: str
    licence_number: str
    licence_from: date
    licence_until: date | None
    sub_mchid: str | None
    township: str
    township_name: str
    applied_at: datetime
    decided_at: datetime | None
    suspension_reason: str | None


_CARD = """
SELECT m.id, m.number, m.name, m.state, m.licence_kind, m.licence_number, m.licence_from, m.licence_until,
       m.sub_mchid, d.code AS township, d.name AS township_name, m.applied_at, m.decided_at,
       m.suspension_reason
  FROM merchant m JOIN division d ON d.code = m.township_id
"""


def _card(found: Row) -> MerchantCard:
    return MerchantCard(**{name: found[name] for name in MerchantCard.__struct_fields__})


async def payee(number: str) -> Payee:
    """The payee of a merchant, whatever its state: a paid order is settled all the same.

    Raises :class:`MerchantUnknown`.
    """
    found = await row("SELECT number AS merchant, sub_mchid, name FROM merchant WHERE number = $1", number)
    if found is None:
        raise MerchantUnknown()
    return Payee(**found)


async def merchant(number: str) -> MerchantCard:
    """One merchant. Raises :class:`MerchantUnknown`."""
    found = await row(_CARD + " WHERE m.number = $1", number)
    if found is None:
        raise MerchantUnknown()
    return _card(found)


async def merchants(state: str | None, cursor: str | None, limit: int) -> tuple[list[MerchantCard], str | None]:
    """Merchants of one state or of all, oldest first, and the cursor of the next page."""
    after = read_cursor(cursor, RowKey).id if cursor else 0
    found = await rows(
        _CARD + " WHERE m.id > $1 AND ($2::text IS NULL OR m.state = $2) ORDER BY m.id LIMIT $3",
        after,
        state,
        limit + 1,
    )
    page = [_card(r) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
