"""Reads of merchants."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from merchants.errors import MerchantUnknown
from merchants.licences import LicenceKind


class RowKey(msgspec.Struct, array_like=True):
    """The sort key of this room's lists."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Payee(msgspec.Struct, frozen=True):
    """Where the money of a merchant's goods lands. ``sub_mchid`` is None in direct mode."""

    merchant: str
    sub_mchid: str | None
    name: str


class ShopContact(msgspec.Struct, frozen=True, kw_only=True):
    """Where a buyer calls, and where goods go back to; ``return_region`` is a county code of 6 digits."""

    service_phone: str
    return_recipient: str
    return_phone: str
    return_region: str
    return_street: str


class MerchantStep(msgspec.Struct, frozen=True):
    """One step of a merchant's history."""

    state: str
    reviewed_at: datetime
    reviewed_by: str
    reason: str | None


class ShopFront(msgspec.Struct, frozen=True):
    """What everybody may see of a merchant that sells: its name and its licence (e-commerce law, article 15)."""

    number: str
    name: str
    licence_kind: str
    licence_number: str
    licence_from: date
    licence_until: date | None
    township_name: str
    service_phone: str | None


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


async def shop_contact(number: str) -> ShopContact | None:
    """The contact of a merchant; None while it has entered none. Raises :class:`MerchantUnknown`."""
    found = await row(
        "SELECT service_phone, return_recipient, return_phone, return_region, return_street FROM merchant"
        " WHERE number = $1",
        number,
    )
    if found is None:
        raise MerchantUnknown()
    return ShopContact(**found) if found["return_recipient"] is not None else None


async def shop_front(number: str) -> ShopFront:
    """The public page of a merchant that may sell. Raises :class:`MerchantUnknown`."""
    found = await row(
        "SELECT m.number, m.name, m.licence_kind, m.licence_number, m.licence_from, m.licence_until,"
        " d.name AS township_name, m.service_phone FROM merchant m JOIN division d ON d.code = m.township_id"
        " WHERE m.number = $1 AND m.state = 'approved'",
        number,
    )
    if found is None:
        raise MerchantUnknown()
    return ShopFront(**found)


async def history(number: str) -> list[MerchantStep]:
    """Every step of a merchant, oldest first. Raises :class:`MerchantUnknown`."""
    found = await rows(
        "SELECT r.state, r.reviewed_at, r.reviewed_by, r.reason FROM merchant_review r"
        " JOIN merchant m ON m.id = r.merchant_id WHERE m.number = $1 ORDER BY r.id",
        number,
    )
    if not found:
        raise MerchantUnknown()
    return [MerchantStep(**r) for r in found]


async def applicants() -> dict[str, str]:
    """The consumer who applied for each merchant that was not entered by the county."""
    found = await rows("SELECT number, applicant FROM merchant WHERE applicant IS NOT NULL ORDER BY number")
    return {each["number"]: each["applicant"] for each in found}


async def application_of(applicant: str) -> MerchantCard | None:
    """The newest merchant for which a consumer applied."""
    found = await row(_CARD + " WHERE m.applicant = $1 ORDER BY m.id DESC LIMIT 1", applicant)
    return _card(found) if found else None


async def payee(number: str) -> Payee:
    """The payee of a merchant, whatever its state: a paid order is settled all the same.

    Raises :class:`MerchantUnknown`.
    """
    found = await row("SELECT number AS merchant, sub_mchid, name FROM merchant WHERE number = $1", number)
    if found is None:
        raise MerchantUnknown()
    return Payee(**found)


async def licence_kinds(numbers: Sequence[str]) -> dict[str, LicenceKind]:
    """Under what paper some merchants trade, whatever their state; an unknown one is missing. One statement."""
    found = await rows("SELECT number, licence_kind FROM merchant WHERE number = ANY($1::text[])", list(numbers))
    return {r["number"]: LicenceKind(r["licence_kind"]) for r in found}


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


async def merchant_names(numbers: Sequence[str]) -> dict[str, str]:
    """The names of some merchants by number."""
    found = await rows("SELECT number, name FROM merchant WHERE number = ANY($1)", list(numbers))
    return {each["number"]: each["name"] for each in found}
