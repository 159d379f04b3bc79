"""Another address for an order that is paid and not packed yet."""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from logistics.freight import FreightItem, freight_of, kept_terms
from orders.checkout import Checkout
from orders.errors import FreightWouldRise, OrderNotFound, OrderStateConflict
from orders.models import DeliveryKind, OrderState
from orders.parcels import Shipping
from orders.placements import address_mark, sealed_place


@dataclass(frozen=True)
class Readdressing:
    """The buyer's second thought about where the goods go."""

    checkout: Checkout
    shipping: Shipping
    clock: Clock = utc_now

    async def change(self, consumer: str, number: str, address: str) -> None:
        """Send a paid order to another address of the buyer's book. Repeating it changes nothing.

        Freight is judged by the terms that the order keeps: a region to which sending costs more than was paid is
        refused, a cheaper one gives nothing back. Raises OrderNotFound, OrderStateConflict, AddressUnknown,
        RegionNotServed and FreightWouldRise.
        """
        after = await self.checkout.delivery(consumer, address)
        async with transaction():
            order = await row(
                "SELECT id, state, delivery_kind, freight_fen, delivery FROM customer_order"
                " WHERE number = $1 AND consumer = $2 FOR UPDATE",
                number,
                consumer,
            )
            if order is None:
                raise OrderNotFound()
            if order["state"] != OrderState.PAID or order["delivery_kind"] != DeliveryKind.ADDRESS:
                raise OrderStateConflict(state=order["state"])
            before = self.shipping.delivery(number, order["delivery"])
            if before == after:
                return
            if before.region != after.region:
                await _check_freight(order, after.region)
            sealed = self.shipping.cipher.encrypt(msgspec.json.encode(after).decode(), sealed_place(number))
            await execute(
                "WITH changed AS (UPDATE customer_order SET delivery = $2, address_mark = $5 WHERE id = $1"
                " RETURNING id)"
                " INSERT INTO order_event (order_id, state, actor, reason, happened_at)"
                " SELECT id, 'paid', $3, 'address_changed', $4 FROM changed",
                order["id"],
                sealed,
                f"consumer:{consumer}",
                self.clock(),
                address_mark(after, self.shipping.cipher),
            )


async def _check_freight(order: Row, region: str) -> None:
    """Raises FreightWouldRise, and RegionNotServed."""
    lines = await rows(
        "SELECT reference, quantity, net_fen, mass_gram, freight_terms FROM order_line WHERE order_id = $1", order["id"]
    )
    items = [
        FreightItem(
            reference=line["reference"],
            template=line["freight_terms"].partition("@")[0],
            quantity=line["quantity"],
            mass_gram=line["mass_gram"],
            goods_fen=line["net_fen"],
        )
        for line in lines
    ]
    quote = freight_of(items, await kept_terms(line["freight_terms"] for line in lines), region)
    if quote.fen > order["freight_fen"]:
        raise FreightWouldRise(freight_fen=quote.fen, paid_fen=order["freight_fen"])
