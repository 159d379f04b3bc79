"""What the channel knows captured payments by: for rooms that must name one there."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kit.database import row, rows


class CapturedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose money has come, as its channel knows it; ``combination`` when it was paid with others at once."""

    number: str
    transaction_id: str
    payer_openid: str
    captured_at: datetime
    combination: str | None


async def captured_payment(reference: str) -> CapturedPayment | None:
    """The payment of a reference if its money has come. One query."""
    found = await row(
        "SELECT number, transaction_id, payer_openid, captured_at, combination FROM payment WHERE reference = $1"
        " AND transaction_id IS NOT NULL AND captured_at IS NOT NULL",
        reference,
    )
    return CapturedPayment(**found) if found else None


async def reference_of(number: str, transaction_id: str) -> str | None:
    """What a payment is for, by its number and the channel's. One query."""
    found = await row("SELECT reference FROM payment WHERE number = $1 AND transaction_id = $2", number, transaction_id)
    return str(found["reference"]) if found else None


async def transactions_of(references: Sequence[str]) -> dict[str, str]:
    """The channel's transaction ids by reference; a payment without one is missing. One statement."""
    found = await rows(
        "SELECT reference, transaction_id FROM payment"
        " WHERE reference = ANY($1::text[]) AND transaction_id IS NOT NULL",
        list(references),
    )
    return {payment["reference"]: payment["transaction_id"] for payment in found}
