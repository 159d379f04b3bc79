"""Parcels that do not reach their buyer become cases of their own, so nobody has to notice and ask.

One that has come back waits, as a return does, for its merchant to confirm or refuse it; one that is missing is a claim
that it has not arrived. Silence pays the buyer, as it does in every case; a parcel that turns up again is refused with
that reason.
"""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import Row, row, transaction
from logistics.queries import pieces_in
from orders.cases.models import CaseEvent, CaseKind, Cause
from orders.cases.opening import lines_for_claim, open_case, order_for_claim, pieces_left, terms_of
from orders.cases.rules import items_of
from orders.cases.steps import held_or_refuse, step
from orders.models import OrderState
from payments.captures import captured_payment

_BY_CARRIER = "carrier"
_ON_THE_WAY = (OrderState.PACKED, OrderState.SHIPPED)


@dataclass(frozen=True)
class Strays:
    """Opens the cases; each method runs in the transaction of a delivered fact and finds nothing left the next time."""

    clock: Clock = utc_now

    async def came_back(self, merchant: str, parcel: str, order: str) -> None:
        """The carrier has brought a parcel back: what of the order was in it is as good as sent back.

        Who is to blame nobody knows, so freight is left to the buyer's own claim.
        """
        async with transaction():
            case = await self._open(
                merchant, parcel, order, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND, "包裹被退回，未送达买家"
            )
            if case is None:
                return
            now, owner = self.clock(), ("merchant", merchant)
            sent = await row("SELECT carrier, waybill FROM parcel WHERE number = $1", parcel)
            assert sent is not None
            await step(await held_or_refuse(case, owner), CaseEvent.APPROVE, now=now, actor=_BY_CARRIER)
            await step(
                await held_or_refuse(case, owner), CaseEvent.SEND_BACK, now=now, actor=_BY_CARRIER,
                return_carrier=sent["carrier"], return_waybill=sent["waybill"], returned_at=now,
            )  # fmt: skip

    async def went_missing(self, merchant: str, parcel: str, order: str) -> None:
        """The carrier says that something is wrong with a parcel: its merchant finds it or gives the money back."""
        async with transaction():
            await self._open(
                merchant, parcel, order, CaseKind.REFUND_ONLY, Cause.NOT_ARRIVED, "承运商反馈包裹异常，可能丢失"
            )

    async def _open(
        self, merchant: str, parcel: str, number: str, kind: CaseKind, cause: Cause, reason: str
    ) -> str | None:
        """A case for the order's pieces in the parcel that nobody has claimed; None when there are none."""
        order = await _on_the_way(merchant, number)
        if order is None:
            return None
        lines = await lines_for_claim(order["id"])
        left = pieces_left(lines)
        inside = {piece.line: piece.quantity for piece in await pieces_in(merchant, parcel)}
        wanted = {line: min(pieces, left[line]) for line, pieces in inside.items() if line in left}
        if not wanted:
            return None
        items = items_of(order["state"], lines, wanted, cause)
        window_s = terms_of(order).decide_s
        return await open_case(order, items, kind, cause, reason, (), window_s=window_s, now=self.clock())


async def _on_the_way(merchant: str, number: str) -> Row | None:
    """The locked order of a buyer that has not been received; what was paid elsewhere is settled there."""
    found = await row("SELECT consumer FROM customer_order WHERE number = $1 AND merchant = $2", number, merchant)
    if found is None or await captured_payment(number) is None:
        return None
    order = await order_for_claim(found["consumer"], number)
    return order if order["state"] in _ON_THE_WAY else None
