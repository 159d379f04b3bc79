"""Electronic waybills: the carrier prints the receiver's address, and its number becomes the parcel's waybill."""

from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, row, transaction
from logistics.carriers import Carriers, carriers
from logistics.errors import CarrierServiceMissing, ParcelStateConflict, ParcelUnknown
from logistics.parcels import Parcels
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
        printed = await self.service.print_label(await self._order(merchant, parcel, *known))
        carrier, _ = known
        if moved := await self._keep(parcel, carrier, printed):
            raise ParcelStateConflict(state=moved)
        return printed

    async def _keep(self, parcel: str, carrier: str, printed: Label) -> str | None:
        """Write the waybill down; of a parcel that has moved meanwhile it is wanted back, and the state answered."""
        async with transaction():
            held = await row("SELECT state, carrier, waybill FROM parcel WHERE number = $1 FOR UPDATE", parcel)
            assert held is not None
            if held["state"] == "created" and held["carrier"] == carrier:
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
            await Parcels(self.clock).want_back(parcel, carrier, printed.waybill, printed.carrier_order)
            return str(held["state"])

    async def _claim(self, merchant: str, parcel: str) -> Label | tuple[str, int]:
        """The label that stands already, or the carrier from which this caller alone may order one now.

        With the carrier goes how many waybills of the parcel were taken back.
        """
        async with transaction():
            held = await row(
                "SELECT state, carrier, waybill, label, label_order, label_claimed_until,"
                " (SELECT count(*) FROM label_cancellation l WHERE l.parcel_id = p.id) AS taken_back FROM parcel p"
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
            await execute("UPDATE parcel SET label_claimed_until = $2 WHERE number = $1", parcel, now + LEASE)
            return str(held["carrier"]), int(held["taken_back"])

    async def _order(self, merchant: str, parcel: str, carrier: str, taken_back: int) -> LabelOrder:
        """The carrier answers a number that it knows with the same waybill, so one that was taken back ends it."""
        pieces = await pieces_in(merchant, parcel)
        contract = await self.carriers.contract(merchant, carrier)
        receiver = await self.shipping.receiver(merchant, pieces[0].reference)
        return LabelOrder(
            parcel=f"{parcel}-{taken_back}" if taken_back else parcel,
            carrier=next(each.kuaidi100_code for each in await carriers() if each.code == carrier),
            partner_id=contract.partner_id,
            partner_key=contract.partner_key,
            sender=contract.sender,
            receiver=Party(name=receiver.recipient, phone=receiver.phone, address=receiver.address),
            goods="、".join(piece.title for piece in pieces)[:GOODS_CHARS],
            pieces=sum(piece.quantity for piece in pieces),
        )
