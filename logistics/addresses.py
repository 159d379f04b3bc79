"""The address book. Who, phone and street are sealed; the region stays open, because freight is asked for by it."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import public_number
from logistics.errors import AddressBookFull, AddressUnknown
from logistics.regions import check_region

MAX_ADDRESSES = 30
_SEALED = ("recipient", "phone", "street")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where goods go. ``region`` has six digits, ``region_name`` is what the phone's picker calls it."""

    recipient: str
    phone: str
    region: str
    region_name: str
    street: str


class KeptAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address with its place in the book. What does not open of it is empty and named in ``unreadable``."""

    number: str
    is_default: bool
    address: Address
    unreadable: list[str]


@dataclass(frozen=True)
class AddressBook:
    """Addresses of opaque owners. Somebody else's address does not exist."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def addresses(self, owner: str) -> list[KeptAddress]:
        """The default first, then the newest. One query."""
        found = await rows(
            "SELECT number, recipient, phone, street, region, region_name, is_default FROM delivery_address"
            " WHERE owner = $1 ORDER BY is_default DESC, id DESC",
            owner,
        )
        return [self._shown(each) for each in found]

    async def resolve(self, owner: str, number: str) -> Address:
        """One address. One query. Raises :class:`AddressUnknown`, ``FieldUnreadable``."""
        found = await row(
            "SELECT number, recipient, phone, street, region, region_name, is_default FROM delivery_address"
            " WHERE owner = $1 AND number = $2",
            owner,
            number,
        )
        if found is None:
            raise AddressUnknown()
        return self._address(
            found, lambda field: self.cipher.decrypt(bytes(found[field]), address_place(field, number))
        )

    async def add(self, owner: str, address: Address, *, is_default: bool = False) -> str:
        """A new address; answers its number. The first one is the default whatever was asked for.

        Raises :class:`AddressBookFull` and :class:`RegionInvalid`.
        """
        check_region(address.region)
        now = self.clock()
        number = public_number(now, "A")
        async with transaction():
            await _hold(owner)
            kept = await scalar("SELECT count(*) FROM delivery_address WHERE owner = $1", owner)
            if kept >= MAX_ADDRESSES:
                raise AddressBookFull(limit=MAX_ADDRESSES)
            if is_default:
                await _have_no_default(owner)
            await execute(
                "INSERT INTO delivery_address (number, owner, recipient, phone, street, region, region_name,"
                " is_default, entered_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
                number,
                owner,
                *self._seal(number, address),
                address.region,
                address.region_name,
                is_default or kept == 0,
                now,
            )
        return number

    async def change(self, owner: str, number: str, address: Address) -> None:
        """Replace an address. Orders that were placed with it keep what they copied.

        Raises :class:`AddressUnknown` and :class:`RegionInvalid`.
        """
        check_region(address.region)
        changed = await execute(
            "UPDATE delivery_address SET recipient = $3, phone = $4, street = $5, region = $6, region_name = $7,"
            " changed_at = $8 WHERE owner = $1 AND number = $2",
            owner,
            number,
            *self._seal(number, address),
            address.region,
            address.region_name,
            self.clock(),
        )
        if not changed:
            raise AddressUnknown()

    async def make_default(self, owner: str, number: str) -> None:
        """Let this address be offered first. Raises :class:`AddressUnknown`."""
        async with transaction():
            await _hold(owner)
            await _have_no_default(owner)
            if not await execute(
                "UPDATE delivery_address SET is_default = true WHERE owner = $1 AND number = $2", owner, number
            ):
                raise AddressUnknown()

    async def remove(self, owner: str, number: str) -> None:
        """Forget an address for good. The newest of the others becomes the default when this one was.

        Raises :class:`AddressUnknown`.
        """
        async with transaction():
            await _hold(owner)
            gone = await row(
                "DELETE FROM delivery_address WHERE owner = $1 AND number = $2 RETURNING is_default", owner, number
            )
            if gone is None:
                raise AddressUnknown()
            if gone["is_default"]:
                await execute(
                    "UPDATE delivery_address SET is_default = true"
                    " WHERE id = (SELECT max(id) FROM delivery_address WHERE owner = $1)",
                    owner,
                )

    def _seal(self, number: str, address: Address) -> list[bytes]:
        return [self.cipher.encrypt(getattr(address, field), address_place(field, number)) for field in _SEALED]

    def _shown(self, found: Row) -> KeptAddress:
        opener, number = RowOpener(self.cipher), found["number"]
        address = self._address(
            found, lambda field: opener.open(field, found[field], address_place(field, number)) or ""
        )
        return KeptAddress(number=number, is_default=found["is_default"], address=address, unreadable=opener.unreadable)

    def _address(self, found: Row, text_of: Callable[[str], str]) -> Address:
        texts = {field: text_of(field) for field in _SEALED}
        return Address(region=found["region"], region_name=found["region_name"], **texts)


def address_place(field: str, number: str) -> str:
    """What a sealed field of an address is bound to."""
    return f"delivery_address|{field}|{number}"


async def _hold(owner: str) -> None:
    """One change of a book at a time: the limit and the one default are judged over all its rows."""
    await scalar("SELECT pg_advisory_xact_lock(hashtextextended('delivery_address|' || $1, 0))::text", owner)


async def _have_no_default(owner: str) -> None:
    await execute("UPDATE delivery_address SET is_default = false WHERE owner = $1 AND is_default", owner)
