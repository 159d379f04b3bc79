"""The printing of a waybill as its parcel knows it: claimed by one, written down, given up. It calls no carrier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, row, transaction
from logistics.errors import ParcelStateConflict, ParcelUnknown
from logistics.parcels import Parcels, print_key
from logistics.ports import Label

LEASE = timedelta(minutes=1)
"""How long a call to the carrier may take; a second clerk waits that long."""

_TAKEN_BACK = "(SELECT count(*) FROM label_cancellation l WHERE l.parcel_id = p.id) AS taken_back"


@dataclass(frozen=True)
class PrintClaim:
    """The right to order a waybill. ``is_first``: nobody has asked with this key before whose end is not known."""

    carrier: str
    key: str
    until: datetime
    is_first: bool


@dataclass(frozen=True)
class Printing:
    """Who may order a parcel's waybill, and what became of it. Each step is a transaction of its own."""

    clock: Clock = utc_now

    async def claim(self, merchant: str, parcel: str) -> Label | PrintClaim:
        """The label that stands already, or the right of this caller alone to order one now.

        Raises ParcelUnknown and ParcelStateConflict.
        """
        async with transaction():
            held = await row(
                f"SELECT state, carrier, waybill, label, label_order, label_claimed_until, {_TAKEN_BACK} FROM parcel p"
                " WHERE number = $1 AND merchant = $2 FOR UPDATE",
                parcel,
                merchant,
            )
            if held is None:
                raise ParcelUnknown()
            if held["label"] is not None:
                return Label(held["waybill"], held["label"], held["label_order"])
            claimed, now = held["label_claimed_until"], self.clock()
            if held["state"] != "created" or (claimed is not None and claimed > now):
                raise ParcelStateConflict(state=held["state"])
            until = now + LEASE
            await execute("UPDATE parcel SET label_claimed_until = $2 WHERE number = $1", parcel, until)
            return PrintClaim(held["carrier"], print_key(parcel, held["taken_back"]), until, is_first=claimed is None)

    async def keep(self, parcel: str, claim: PrintClaim, printed: Label) -> str | None:
        """Write the waybill down; of a parcel that has moved meanwhile it is wanted back, and the state answered."""
        async with transaction():
            held = await row(f"SELECT state, waybill, {_TAKEN_BACK} FROM parcel p WHERE number = $1 FOR UPDATE", parcel)
            assert held is not None
            if held["state"] == "created" and print_key(parcel, held["taken_back"]) == claim.key:
                await execute(
                    "UPDATE parcel SET waybill = $2, label = $3, label_order = $4, label_claimed_until = NULL"
                    " WHERE number = $1 AND state = 'created'",
                    parcel,
                    printed.waybill,
                    printed.url,
                    printed.carrier_order,
                )
                return None
            if held["state"] != "cancelled" and held["waybill"] == printed.waybill:
                return None  # a second clerk wrote the same one down, and the parcel has left with it
            await Parcels(self.clock).want_back(
                parcel, claim.carrier, printed.waybill, printed.carrier_order, claim.key
            )
            return str(held["state"])

    async def give_up(self, parcel: str, claim: PrintClaim) -> None:
        """Nothing was printed under this key, now or before."""
        async with transaction():
            await execute(
                "UPDATE parcel SET label_claimed_until = NULL WHERE number = $1 AND label_claimed_until = $2",
                parcel,
                claim.until,
            )
            await execute(
                "UPDATE label_cancellation l SET state = 'cancelled', settled_at = $3, note = '承运商未出单'"
                " FROM parcel p WHERE p.number = $1 AND l.parcel_id = p.id AND l.print_key = $2 AND l.waybill IS NULL"
                " AND l.state = 'pending'",
                parcel,
                claim.key,
                self.clock(),
            )
