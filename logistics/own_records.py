"""The address book, told to its owner and forgotten."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from kit.belongings import Part, Person, Told
from kit.database import execute, scalar
from logistics.addresses import AddressBook


async def personal_data(book: AddressBook, person: Person) -> Told:
    """Every address, opened."""
    kept: list[dict[str, Any]] = msgspec.to_builtins(await book.addresses(person.number))
    return {"addresses": kept}


async def erase(person: Person) -> None:
    """The book goes, and the payer's identity out of what WeChat was told."""
    await execute("DELETE FROM delivery_address WHERE owner = $1", person.number)
    await execute(
        "UPDATE shipping_report SET payer_openid = $2 WHERE payer_openid = $1",
        person.identity,
        f"closed:{person.number}",
    )


async def open_matters(person: Person) -> Mapping[str, int]:
    """What WeChat has still to be told of the payer's goods."""
    return {
        "shipping_reports": await scalar(
            "SELECT count(*) FROM shipping_report WHERE payer_openid = $1 AND state IN ('pending', 'sending')",
            person.identity,
        )
    }


async def forget_receivers(references: Sequence[str]) -> None:
    """Parcels of these references forget the last digits of the receiver's phone and the printed waybill.

    Joins the caller's transaction.
    """
    await execute(
        "UPDATE parcel SET phone_tail = '', label = NULL WHERE (phone_tail <> '' OR label IS NOT NULL)"
        " AND id IN (SELECT parcel_id FROM parcel_item WHERE reference = ANY($1::text[]))",
        list(references),
    )


def part(book: AddressBook) -> Part:
    """This room's row of the table."""
    return Part("logistics", erase, partial(personal_data, book), open_matters)
