"""Packing from lots; what is packed goes to a carrier in parcels (``orders.parcels``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.encryption import FieldCipher
from kit.outbox import announce
from orders.cases.models import FINAL
from orders.errors import LineNotFound, OrderStateConflict
from orders.events import LotsAssigned, OrderPacked
from orders.groups.forming import demand_formed
from orders.models import DeliveryKind, OrderState
from orders.parcels import Shipping
from orders.transitions import advance_or_refuse
from products.gates import LOT_CERTIFICATE_DUE
from traceability.errors import LotWithoutCertificate
from traceability.lots import Afterwards, Lots
from traceability.models import LateReason
from traceability.queries import line_lots

_TO_PACK = (
    f"SELECT reference, product, mass_gram, {LOT_CERTIFICATE_DUE.format(product='order_line.product', day='$2')}"
    " AS needs_certificate FROM order_line WHERE order_id = $1 AND refunded_quantity < quantity ORDER BY position"
)


@dataclass(frozen=True)
class Fulfilment:
    """The merchant's side of a paid order."""

    lots: Lots
    cipher: FieldCipher
    clock: Clock = utc_now

    async def pack(self, merchant: str, number: str, chosen: Mapping[str, Mapping[str, int]], actor: str) -> None:
        """Pack a paid order; ``chosen`` maps a line reference to pieces by lot number.

        A line that names no lot is packed all the same and stays unattributed, shown as such, never guessed (domain
        reference 2.5, object 6); but where the rule of the day demands a certificate of the lot, goods of which nobody
        knows the lot have none and are not packed. Pieces that were refunded before packing are not packed. Repeating
        it with the same lots changes nothing. Raises OrderNotFound, OrderStateConflict, GroupNotFormed, LineNotFound
        and the refusals of traceability, LotWithoutCertificate among them.
        """
        async with transaction():
            now = self.clock()
            if await self._is_packed_so(merchant, number, chosen):
                return
            order = await advance_or_refuse(
                number,
                OrderState.PACKED,
                moment=now,
                actor=actor,
                owner=("merchant", merchant),
                sources=frozenset({OrderState.PAID}),
            )
            if order["delivery_kind"] == DeliveryKind.VOUCHER:
                raise OrderStateConflict(because="not_sent")
            await demand_formed(order["group_id"])
            if await row(
                f"SELECT 1 FROM after_sales_case WHERE order_id = $1 AND state NOT IN {FINAL} AND state <> 'refused'",
                order["id"],
            ):
                raise OrderStateConflict(state="after_sales_open")
            lines = await rows(_TO_PACK, order["id"], china_day(now))
            unknown = sorted(set(chosen) - {line["reference"] for line in lines})
            if unknown:
                raise LineNotFound(lines=unknown)
            bare = [
                each["reference"] for each in lines if each["needs_certificate"] and not chosen.get(each["reference"])
            ]
            if bare:
                raise LotWithoutCertificate(lines=bare)
            await self.lots.hold(merchant, (lot for lots in chosen.values() for lot in lots))
            for line in sorted(lines, key=lambda found: str(found["reference"])):
                if lots := chosen.get(line["reference"]):
                    await self.lots.bind(line["reference"], line["product"], merchant, dict(lots), line["mass_gram"])
            await self._check_pieces(order["id"], chosen)
            await execute(
                "UPDATE order_line SET unattributed_since = $2 WHERE order_id = $1 AND refunded_quantity < quantity"
                " AND reference <> ALL($3)",
                order["id"],
                now,
                [line for line, lots in chosen.items() if lots],
            )
            references = tuple(line["reference"] for line in lines)
            await announce(OrderPacked(order=number, merchant=merchant, lines=references, packed_at=now))

    async def assign(self, merchant: str, line: str, lots: Mapping[str, int], reason: LateReason, actor: str) -> None:
        """Bind a line that was packed without a lot; ``lots`` maps lot numbers to pieces, refunded ones left out.

        Where the order has got to meanwhile makes no difference. The same lots again change nothing. Raises
        LineNotFound, OrderStateConflict (not packed, nothing left of it, or other pieces) and the refusals of
        traceability, LineBound among them for a line that has its lots.
        """
        async with transaction():
            order = await row(
                "SELECT id, number, packed_at FROM customer_order WHERE merchant = $2"
                " AND id = (SELECT order_id FROM order_line WHERE reference = $1) FOR UPDATE",
                line,
                merchant,
            )
            if order is None:
                raise LineNotFound(lines=[line])
            if order["packed_at"] is None:
                raise OrderStateConflict(because="not_packed")
            if lots and {lot.lot: lot.quantity for lot in await line_lots([line])} == dict(lots):
                return
            packed = await rows("SELECT product, mass_gram FROM order_line WHERE reference = $1", line)
            await self.lots.hold(merchant, lots)
            afterwards = Afterwards(packed_at=order["packed_at"], by=actor, reason=reason)
            await self.lots.bind(line, packed[0]["product"], merchant, lots, packed[0]["mass_gram"], afterwards)
            await self._check_pieces(order["id"], {line: lots})
            await execute("UPDATE order_line SET unattributed_since = NULL WHERE reference = $1", line)
            await announce(
                LotsAssigned(
                    order=order["number"],
                    merchant=merchant,
                    line=line,
                    assigned_at=self.clock(),
                    reason=str(reason),
                )
            )

    async def _is_packed_so(self, merchant: str, number: str, chosen: Mapping[str, Mapping[str, int]]) -> bool:
        """Whether the order is packed already, from exactly these lots. Locks the order."""
        held = await row(
            "SELECT id, state FROM customer_order WHERE number = $1 AND merchant = $2 FOR UPDATE",
            number,
            merchant,
        )
        if held is None or held["state"] != OrderState.PACKED:
            return False
        lines = await rows("SELECT reference FROM order_line WHERE order_id = $1", held["id"])
        bound: dict[str, dict[str, int]] = {}
        for lot in await line_lots([line["reference"] for line in lines]):
            bound.setdefault(lot.line, {})[lot.lot] = lot.quantity
        return bound == {line: dict(lots) for line, lots in chosen.items() if lots}

    async def _check_pieces(self, order_id: int, chosen: Mapping[str, Mapping[str, int]]) -> None:
        """Pieces by lot must be exactly the pieces that are to be packed."""
        wanted = await rows(
            "SELECT reference, quantity - refunded_quantity AS pieces FROM order_line WHERE order_id = $1",
            order_id,
        )
        wrong: Sequence[str] = [
            line["reference"]
            for line in wanted
            if chosen.get(line["reference"]) and sum(chosen[line["reference"]].values()) != line["pieces"]
        ]
        if wrong:
            raise OrderStateConflict(detail="按批次的件数与应发件数不符", lines=list(wrong))

    async def ship(self, merchant: str, number: str, carrier: str, waybill: str, actor: str) -> None:
        """Hand all that is left of a packed order to a carrier as one parcel, as :meth:`Shipping.ship` says."""
        await Shipping(self.cipher, self.clock).ship(merchant, number, carrier, waybill, actor)
