"""Electronic waybills: the carrier prints the receiver's address, and its number becomes the parcel's waybill."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, transaction
from kit.errors import DomainError
from logistics.carriers import Carriers, carriers
from logistics.errors import CarrierAway, CarrierServiceMissing, ParcelStateConflict, ParcelUnknown
from logistics.labels import LabelCancellations
from logistics.parcels import Parcels, print_key
from logistics.ports import CarrierService, Label, LabelOrder, Party
from logistics.queries import pieces_in
from orders.parcels import Shipping

LEASE = timedelta(minutes=1)
"""How long a call to the carrier may take; a second clerk waits that long."""

GOODS_CHARS = 60


_TAKEN_BACK = "(SELECT count(*) FROM label_cancellation l WHERE l.parcel_id = p.id) AS taken_back"


@dataclass(frozen=True)
class _Claim:
    """The right to order a waybill. ``is_first``: nobody has asked with this key before whose end is not known."""

    carrier: str
    key: str
    until: datetime
    is_first: bool


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
        try:
            printed = await self.service.print_label(await self.order(merchant, parcel, known.carrier, known.key))
        except CarrierAway:
            raise  # whether it has printed nobody knows; who asks next, or takes it back, asks with the same key
        except DomainError:
            if known.is_first:
                await self._give_up(parcel, known)
            raise
        if moved := await self._keep(parcel, known, printed):
            raise ParcelStateConflict(state=moved)
        return printed

    async def _give_up(self, parcel: str, claim: _Claim) -> None:
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

    async def _keep(self, parcel: str, claim: _Claim, printed: Label) -> str | None:
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

    async def _claim(self, merchant: str, parcel: str) -> Label | _Claim:
        """The label that stands already, or the right of this caller alone to order one now."""
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
            return _Claim(held["carrier"], print_key(parcel, held["taken_back"]), until, is_first=claimed is None)

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
