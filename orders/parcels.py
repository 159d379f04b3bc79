"""From packed pieces to a carrier: split over parcels, several orders in one, handed over, told to WeChat.

Orders are locked before parcels, in the order of their numbers, by everybody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.encryption import FieldCipher
from kit.outbox import announce
from logistics.parcels import Parcels, Piece
from logistics.queries import PiecesInParcels, last_waybill, parcel_count, parcel_with, pieces_in, pieces_in_parcels
from logistics.reports import PaymentOfGoods, ShippingReports
from orders.errors import DeliveriesDiffer, LineNotFound, OrderNotFound, OrderStateConflict, ParcelsFull, PiecesNotLeft
from orders.events import OrderShipped
from orders.models import DeliveryKind, OrderState
from orders.placements import Delivery, sealed_place
from orders.queries import sealed_delivery
from orders.transitions import advance
from payments.captures import captured_payment

MAX_PARCELS = 10
"""Parcels of one order. WeChat takes ten for one payment (wechat reference 2.7)."""

Picks = Mapping[str, Mapping[str, int]]
"""Pieces by line, by order."""


@dataclass(frozen=True)
class Shipping:
    """The merchant's parcels."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def make(self, merchant: str, picks: Picks, carrier: str, waybill: str | None, actor: str) -> str:
        """A parcel of packed pieces of one order, or of several with one buyer and one address; answers its number.

        Raises OrderNotFound, LineNotFound, OrderStateConflict, PiecesNotLeft, DeliveriesDiffer, ParcelsFull and
        CarrierUnknown.
        """
        async with transaction():
            orders = await self._hold(merchant, picks)
            unpacked = [order["number"] for order in orders if order["state"] != OrderState.PACKED]
            if unpacked:
                raise OrderStateConflict(orders=unpacked, state=orders[0]["state"])
            return await self._make(merchant, orders, picks, carrier, waybill, actor)

    async def hand_over(self, merchant: str, parcel: str, actor: str) -> None:
        """The carrier has taken a parcel; an order of which nothing is left to send is shipped.

        Raises ParcelUnknown, ParcelStateConflict, WaybillMissing, and PiecesNotLeft when pieces were refunded after
        the parcel was made: it is cancelled then and made anew.
        """
        async with transaction():
            await self._hand_over(merchant, parcel, actor)

    async def cancel(self, merchant: str, parcel: str, actor: str) -> None:
        """Unpack a parcel that was not handed over. Raises ParcelUnknown and ParcelStateConflict."""
        async with transaction():
            await self._hold_of_parcel(merchant, parcel)
            await Parcels(self.clock).cancel(merchant, parcel, actor)

    async def correct(self, merchant: str, parcel: str, carrier: str, waybill: str, actor: str) -> None:
        """Write, or correct, a waybill. After the handing over WeChat is told once more, which it allows once.

        Raises ParcelUnknown, CarrierUnknown, ParcelStateConflict.
        """
        parcels = Parcels(self.clock)
        async with transaction():
            orders = await self._hold_of_parcel(merchant, parcel)
            held = await parcels.hold(merchant, parcel)
            if held["state"] == "created":
                await parcels.address(merchant, parcel, carrier, waybill)
            elif await parcels.correct(merchant, parcel, carrier, waybill, actor):
                for order in orders:
                    await self._report(order, is_complete=order["state"] != OrderState.PACKED)

    async def ship(self, merchant: str, number: str, carrier: str, waybill: str, actor: str) -> None:
        """Hand over all that is left of a packed order as one parcel. Repeating it with the waybill changes nothing.

        Raises OrderNotFound, OrderStateConflict, CarrierUnknown, ParcelsFull.
        """
        async with transaction():
            (order,) = await self._hold(merchant, (number,))
            if await parcel_with(merchant, number, carrier, waybill):
                return
            if order["state"] != OrderState.PACKED:
                raise OrderStateConflict(state=order["state"])
            left = {line["reference"]: n for line, n in (await pieces_left(order["id"])).values() if n > 0}
            if not left:
                raise OrderStateConflict(state=order["state"])
            parcel = await self._make(merchant, [order], {number: left}, carrier, waybill, actor)
            await self._hand_over(merchant, parcel, actor)

    async def settle(self, number: str) -> None:
        """Pieces were refunded: when all others are with a carrier, the order is shipped now."""
        async with transaction():
            order = await row(
                "SELECT id, number, merchant, state FROM customer_order WHERE number = $1 FOR UPDATE", number
            )
            if order is not None and order["state"] == OrderState.PACKED:
                await self._settle(order, "after_sales")

    async def _hold(self, merchant: str, numbers: Iterable[str]) -> list[Row]:
        """The orders, locked in the order of their numbers. Raises OrderNotFound."""
        wanted = sorted(set(numbers))
        found = await rows(
            "SELECT id, number, merchant, consumer, state, delivery_kind, delivery FROM customer_order"
            " WHERE number = ANY($1::text[])"
            ' AND merchant = $2 ORDER BY number COLLATE "C" FOR UPDATE',
            wanted,
            merchant,
        )
        if not found or len(found) < len(wanted):
            raise OrderNotFound()
        if fetched := [order["number"] for order in found if order["delivery_kind"] != DeliveryKind.ADDRESS]:
            raise OrderStateConflict(orders=fetched, because="not_sent")
        return found

    async def _hold_of_parcel(self, merchant: str, parcel: str) -> list[Row]:
        """The orders of a parcel's pieces, locked; none when there is no such parcel, which the room then says."""
        numbers = {piece.reference for piece in await pieces_in(merchant, parcel)}
        return await self._hold(merchant, numbers) if numbers else []

    async def _make(
        self, merchant: str, orders: Sequence[Row], picks: Picks, carrier: str, waybill: str | None, actor: str
    ) -> str:
        pieces: list[Piece] = []
        for order in orders:
            if await parcel_count(order["number"]) >= MAX_PARCELS:
                raise ParcelsFull(order=order["number"], limit=MAX_PARCELS)
            pieces += await self._pieces(order, picks[order["number"]])
        tail = self._phone_tail(orders)
        return await Parcels(self.clock).make(merchant, carrier, waybill, tail, pieces, actor)

    async def _pieces(self, order: Row, picked: Mapping[str, int]) -> list[Piece]:
        """What is picked of one order. Raises LineNotFound and PiecesNotLeft."""
        left = await pieces_left(order["id"])
        if unknown := sorted(set(picked) - set(left)):
            raise LineNotFound(lines=unknown)
        if short := sorted(line for line, n in picked.items() if not 1 <= n <= left[line][1]):
            raise PiecesNotLeft(lines=short)
        return [
            Piece(reference=order["number"], line=line, title=left[line][0]["title"], quantity=n)
            for line, n in picked.items()
        ]

    async def _hand_over(self, merchant: str, parcel: str, actor: str) -> None:
        orders = await self._hold_of_parcel(merchant, parcel)
        await Parcels(self.clock).hand_over(merchant, parcel, actor)
        inside = {piece.line for piece in await pieces_in(merchant, parcel)}
        for order in orders:
            # Pieces of another line that were refunded after they were sent hold nothing up.
            left = await pieces_left(order["id"])
            if over := sorted(line for line in inside & left.keys() if left[line][1] < 0):
                raise PiecesNotLeft(lines=over)
            if not await self._settle(order, actor):
                await self._report(order, is_complete=False)

    async def _settle(self, order: Row, actor: str) -> bool:
        """Whether the order is shipped now: all its pieces that were not refunded are with a carrier."""
        lines, packed = await _lines(order["id"])
        kept = [line for line in lines if line["quantity"] > line["refunded_quantity"]]
        if not any(each.handed_over for each in packed.values()) or any(
            packed[line["reference"]].handed_over < line["quantity"] - line["refunded_quantity"] for line in kept
        ):
            return False
        now = self.clock()
        if (
            await advance(
                order["number"], OrderState.SHIPPED, moment=now, actor=actor, sources=frozenset({OrderState.PACKED})
            )
            is None
        ):
            return False
        carrier, waybill = await last_waybill(order["number"])
        await execute(
            "UPDATE customer_order SET carrier = $2, waybill = $3 WHERE number = $1", order["number"], carrier, waybill
        )
        await announce(OrderShipped(order=order["number"], carrier=carrier, waybill=waybill, shipped_at=now))
        await self._report(order, is_complete=True)
        return True

    async def _report(self, order: Row, *, is_complete: bool) -> None:
        payment = await captured_payment(order["number"])
        if payment is not None:
            goods = PaymentOfGoods(
                transaction_id=payment.transaction_id,
                payer_openid=payment.payer_openid,
                paid_at=payment.captured_at,
                combination=payment.combination,
            )
            await ShippingReports(self.clock).note(order["number"], order["merchant"], goods, is_complete=is_complete)

    def _phone_tail(self, orders: Sequence[Row]) -> str:
        """The last digits of the one receiver's phone. Raises DeliveriesDiffer."""
        opened = [self.delivery(order["number"], order["delivery"]) for order in orders]
        if any(each != opened[0] for each in opened) or len({order["consumer"] for order in orders}) > 1:
            raise DeliveriesDiffer(orders=[order["number"] for order in orders])
        return "".join(digit for digit in opened[0].phone if digit.isdigit())[-4:]

    async def receiver(self, merchant: str, number: str) -> Delivery:
        """Where a merchant's order goes. Raises OrderNotFound."""
        sealed = await sealed_delivery(merchant, number)
        if sealed is None:
            raise OrderNotFound()
        return self.delivery(number, sealed)

    def delivery(self, number: str, sealed: bytes) -> Delivery:
        """An order's address, opened."""
        return msgspec.json.decode(self.cipher.decrypt(bytes(sealed), sealed_place(number)), type=Delivery)


async def pieces_left(order_id: int) -> dict[str, tuple[Row, int]]:
    """Each line of an order and how many of its pieces are in no parcel and not refunded, by its reference."""
    lines, packed = await _lines(order_id)
    return {
        line["reference"]: (line, line["quantity"] - line["refunded_quantity"] - packed[line["reference"]].packed)
        for line in lines
    }


async def _lines(order_id: int) -> tuple[list[Row], dict[str, PiecesInParcels]]:
    lines = await rows(
        "SELECT reference, title, quantity, refunded_quantity FROM order_line WHERE order_id = $1 ORDER BY position",
        order_id,
    )
    known = await pieces_in_parcels([line["reference"] for line in lines])
    nothing = PiecesInParcels(0, 0)
    return lines, {line["reference"]: known.get(line["reference"], nothing) for line in lines}
