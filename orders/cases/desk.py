"""A merchant's desk: where it takes goods back. The address is sealed at the desk and copied, sealed, onto a case."""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, row, scalar
from kit.encryption import FieldCipher
from orders.errors import CaseNotFound


class ReturnAddress(msgspec.Struct, frozen=True):
    """Where a merchant takes goods back."""

    recipient: str
    phone: str
    address: str


def desk_place(merchant: str) -> str:
    """What the sealed address of a merchant's desk is bound to."""
    return f"order_desk|return_address|{merchant}"


def case_place(case: str) -> str:
    """What the sealed address that a case's goods go back to is bound to."""
    return f"after_sales_case|return_address|{case}"


@dataclass(frozen=True)
class OrderDesks:
    """What merchants set for their orders."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def set_return_address(self, merchant: str, address: ReturnAddress, actor: str) -> None:
        """Goods come back to this address from now on; cases under way keep the one that their buyers were told."""
        await row(
            "INSERT INTO order_desk (merchant, return_address, changed_at, changed_by) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (merchant) DO UPDATE SET return_address = $2, changed_at = $3, changed_by = $4"
            " RETURNING id",
            merchant,
            self.cipher.encrypt(msgspec.json.encode(address).decode(), desk_place(merchant)),
            self.clock(),
            actor,
        )

    async def return_address(self, merchant: str) -> ReturnAddress | None:
        """The address at the desk, if one was set."""
        sealed = await scalar("SELECT return_address FROM order_desk WHERE merchant = $1", merchant)
        if sealed is None:
            return None
        return msgspec.json.decode(self.cipher.decrypt(bytes(sealed), desk_place(merchant)), type=ReturnAddress)

    async def address_for(self, case: Row) -> bytes | None:
        """The desk's address sealed for a case; None when there is none."""
        found = await self.return_address(case["merchant"])
        if found is None:
            return None
        return self.cipher.encrypt(msgspec.json.encode(found).decode(), case_place(case["number"]))

    async def address_of(self, consumer: str, case: str) -> ReturnAddress | None:
        """Where the buyer sends the goods of a case; None while nothing is to be sent. Raises CaseNotFound."""
        found = await row(
            "SELECT c.return_address FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id"
            " WHERE c.number = $1 AND o.consumer = $2",
            case,
            consumer,
        )
        if found is None:
            raise CaseNotFound()
        sealed = found["return_address"]
        if sealed is None:
            return None
        return msgspec.json.decode(self.cipher.decrypt(bytes(sealed), case_place(case)), type=ReturnAddress)
