"""Electronic waybills: the carrier prints the receiver's address, and its number becomes the parcel's waybill."""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import Row, transaction
from kit.errors import DomainError
from logistics.carriers import Carriers, carriers
from logistics.errors import CarrierAway, CarrierServiceMissing, ParcelStateConflict
from logistics.labels import LabelCancellations
from logistics.parcels import Parcels
from logistics.ports import CarrierService, Label, LabelOrder, Party
from logistics.printing import Printing
from logistics.queries import pieces_in
from orders.parcels import Shipping

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
        printing = Printing(self.clock)
        known = await printing.claim(merchant, parcel)
        if isinstance(known, Label):
            return known
        try:
            printed = await self.service.print_label(await self.order(merchant, parcel, known.carrier, known.key))
        except CarrierAway:
            raise  # whether it has printed nobody knows; who asks next, or takes it back, asks with the same key
        except DomainError:
            if known.is_first:
                await printing.give_up(parcel, known)
            raise
        if moved := await printing.keep(parcel, known, printed):
            raise ParcelStateConflict(state=moved)
        return printed

    async def order(self, merchant: str, parcel: str, carrier: str, key: str) -> LabelOrder:
        """What a carrier is told of a parcel. Raises CarrierAccountMissing and OrderNotFound."""
        pieces = await pieces_in(merchant, parcel)
        contract = await self.carriers.contract(merchant, carrier)
        receiver = await self.shipping.receiver(merchant, pieces[0].reference)
        return LabelOrder(
            parcel=key,
            carrier=next(each.kuaidi100_code for each in await carriers() if each.code == carrier),
            partner_id=contract.partner_id,
            partner_key=contract.partner_key,
            sender=contract.sender,
            receiver=Party(name=receiver.recipient, phone=receiver.phone, address=receiver.address),
            goods="、".join(piece.title for piece in pieces)[:GOODS_CHARS],
            pieces=sum(piece.quantity for piece in pieces),
        )


@dataclass(frozen=True)
class LostLabels:
    """Printings that were left over before anybody heard how they ended: a printer was killed, or a carrier silent.

    The carrier is asked with the same key once more and answers the same waybill, which is then taken back.
    """

    labels: Labels
    cancellations: LabelCancellations

    async def find_due(self, limit: int = 20) -> int:
        """Ask for the waybills that are due, one call each, outside any transaction; answers how many were asked."""
        service = self.labels.service
        if service is None:
            return 0
        lost = await self.cancellations.claim_lost(limit)
        for each in lost:
            try:
                await self._find(service, each)
            except DomainError as error:
                await self.cancellations.note_failure(each, error)
        return len(lost)

    async def _find(self, service: CarrierService, lost: Row) -> None:
        wanted = await self.labels.order(lost["merchant"], lost["parcel"], lost["carrier"], lost["print_key"])
        printed = await service.print_label(wanted)
        async with transaction():
            await Parcels(self.labels.clock).want_back(
                lost["parcel"], lost["carrier"], printed.waybill, printed.carrier_order, lost["print_key"]
            )
