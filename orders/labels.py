"""Electronic waybills: the carrier prints the receiver's address, and its number becomes the parcel's waybill."""

from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, row, transaction
from logistics.carriers import Carriers, carriers
from logistics.errors import CarrierServiceMissing, ParcelStateConflict, ParcelUnknown
from logistics.ports import CarrierService, Label, LabelOrder, Party
from logistics.queries import pieces_in
from orders.parcels import Shipping

LEASE = timedelta(minutes=1)
"""How long a call to the carrier may take; a second clerk waits that long."""

GOODS_CHARS = 60


@dataclass(frozen=True)
class Labels:
    """Prints waybills of parcels that have none. Without a carrier service there are none."""

    service: CarrierService | None
    carriers: Carriers
    shipping: Shipping
    clock: Clock = utc_now

    async def print(self, merchant: str, parcel: str) -> Label:
        """The waybill of a parcel that was not handed over; one that was printed already is answered again.

        Talks to the carrier between two transactions; the carrier knows the parcel by its number and answers the same
        waybill again. Raises ParcelUnknown, ParcelStateConflict, CarrierServiceMissing, CarrierAccountMissing,
        LabelRefused and CarrierAway.
        """
        if self.service is None:
            raise CarrierServiceMissing()
        known = await self._claim(merchant, parcel)
        if isinstance(known, Label):
            return known
        printed = await self.service.print_label(await self._order(merchant, parcel, known))
        async with transaction():
            await execute(
                "UPDATE parcel SET waybill = $2, label = $3, label_claimed_until = NULL"
                " WHERE number = $1 AND state = 'created'",
                parcel,
                printed.waybill,
                printed.url,
            )
        return printed

    async def _claim(self, merchant: str, parcel: str) -> Label | str:
        """The label that stands already, or the carrier from which this caller alone may order one now."""
        async with transaction():
            held = await row(
                "SELECT state, carrier, waybill, label, label_claimed_until FROM parcel"
                " WHERE number = $1 AND merchant = $2 FOR UPDATE",
                parcel,
                merchant,
            )
            if held is None:
                raise ParcelUnknown()
            if held["label"] is not None:
                return Label(held["waybill"], held["label"])
            claimed, now = held["label_claimed_until"], self.clock()
            if held["state"] != "created" or (claimed is not None and claimed > now):
                raise ParcelStateConflict(state=held["state"])
            await execute("UPDATE parcel SET label_claimed_until = $2 WHERE number = $1", parcel, now + LEASE)
            return str(held["carrier"])

    async def _order(self, merchant: str, parcel: str, carrier: str) -> LabelOrder:
        pieces = await pieces_in(merchant, parcel)
        contract = await self.carriers.contract(merchant, carrier)
        receiver = await self.shipping.receiver(merchant, pieces[0].reference)
        return LabelOrder(
            parcel=parcel,
            carrier=next(each.kuaidi100_code for each in await carriers() if each.code == carrier),
            partner_id=contract.partner_id,
            partner_key=contract.partner_key,
            sender=contract.sender,
            receiver=Party(name=receiver.recipient, phone=receiver.phone, address=receiver.address),
            goods="、".join(piece.title for piece in pieces)[:GOODS_CHARS],
            pieces=sum(piece.quantity for piece in pieces),
        )
