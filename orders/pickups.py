"""Orders that their buyers fetch at a station: brought there, handed over against a one-time code, or sent back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.outbox import announce
from orders.cases.models import CaseEvent, CaseKind, Cause
from orders.cases.opening import lines_for_claim, open_case, order_for_claim, pieces_left, terms_of
from orders.cases.rules import items_of
from orders.cases.steps import held_or_refuse, step
from orders.errors import OrderStateConflict, PickupNotFound, PickupNotWaiting, RedemptionCodeWrong
from orders.events import OrderReceived, PickupLapsed, PickupPrepared, PickupReminded
from orders.handovers.codes import Codes, note_wrong_code, tries_left
from orders.handovers.models import PICKUP_TRANSITIONS, PickupState
from orders.handovers.reports import tell_wechat
from orders.life import NO_OPEN_CASE
from orders.models import OrderState
from orders.own_records import opened
from orders.placements import Delivery, sealed_place
from orders.transitions import advance

_BY_TIME = "deadline"


class PickupView(msgspec.Struct, frozen=True):
    """What a buyer knows of an own parcel. ``code`` is there while it waits; a QR code shows the same digits."""

    order: str
    site: str
    address: str
    state: str
    ready_at: datetime | None
    due_at: datetime | None
    code: str | None


class ParcelWaiting(msgspec.Struct, frozen=True):
    """What a station's keeper knows of a parcel: of its buyer a masked name and the end of the phone's number.

    Both are empty, and ``unreadable`` names the delivery, where that does not open.
    """

    order: str
    site: str
    state: str
    recipient: str
    phone_tail: str
    ready_at: datetime
    due_at: datetime
    unreadable: list[str]


@dataclass(frozen=True)
class Pickups:
    """Parcels at stations. Everybody locks the order before its parcel."""

    cipher: FieldCipher
    clock: Clock = utc_now

    @property
    def _codes(self) -> Codes:
        return Codes(self.cipher)

    async def arrive(self, owner: tuple[str, str], number: str, actor: str) -> None:
        """The packed goods are at the station: the order is ready, and its buyer has a code from now on.

        ``owner`` is ``merchant`` or ``township`` and its value. Repeating it changes nothing. Raises PickupNotFound,
        OrderStateConflict unless it is packed.
        """
        async with transaction():
            now = self.clock()
            held = await _hold(number, owner)
            if held["state"] != PickupState.AWAITED:
                return
            terms = terms_of(held)
            due_at = now + timedelta(seconds=terms.pickup_s)
            moved = await advance(
                number, OrderState.SHIPPED, moment=now, actor=actor, sources=frozenset({OrderState.PACKED})
            )
            if moved is None:
                raise OrderStateConflict(state=held["order_state"])
            # Nobody's silence is a receipt here: the parcel is handed over, or it goes back.
            await execute(
                "UPDATE customer_order SET receive_by = NULL, receipt_check_at = NULL WHERE number = $1", number
            )
            await _step(
                held["id"],
                PickupState.READY,
                code=self._codes.make(pickup_place(number)),
                ready_at=now,
                ready_by=actor,
                remind_at=min(now + timedelta(seconds=terms.pickup_remind_s), due_at),
                due_at=due_at,
            )
            await tell_wechat(number, self.clock, is_fetched=True)
            await announce(
                PickupPrepared(
                    order=number, consumer=held["consumer"], merchant=held["merchant"], site=held["site"], due_at=due_at
                )
            )

    async def redeem(self, township: str, number: str, code: str, actor: str) -> None:
        """Hand a parcel over to who has the code: the order is received, once.

        A wrong code is counted and committed, so this opens its own transaction. Raises PickupNotFound,
        PickupNotWaiting, RedemptionCodeWrong, RedemptionBlocked.
        """
        async with transaction():
            now = self.clock()
            held = await _hold(number, ("township", township))
            if held["state"] != PickupState.READY or held["order_state"] != OrderState.SHIPPED:
                raise PickupNotWaiting(state=held["state"])
            left = await tries_left(held["site"], number, now)
            is_right = self._codes.fits(held["code"], pickup_place(number), code)
            if is_right:
                await _step(held["id"], PickupState.REDEEMED, code=None, ended_at=now, ended_by=actor)
                await advance(
                    number, OrderState.RECEIVED, moment=now, actor=actor, sources=frozenset({OrderState.SHIPPED})
                )
                await announce(OrderReceived(order=number, received_at=now))
            else:
                await note_wrong_code(held["site"], number, actor, now)
        if not is_right:
            raise RedemptionCodeWrong(left=left - 1)

    async def of_buyer(self, consumer: str, number: str) -> PickupView:
        """A buyer's own parcel with its code. One statement. Raises PickupNotFound."""
        found = await row(
            "SELECT p.site, p.state, p.ready_at, p.due_at, p.code, o.state AS order_state, o.delivery"
            " FROM order_pickup p JOIN customer_order o ON o.id = p.order_id WHERE o.number = $1 AND o.consumer = $2",
            number,
            consumer,
        )
        if found is None:
            raise PickupNotFound()
        delivery = opened(self.cipher, number, bytes(found["delivery"]))
        is_waiting = found["code"] is not None and found["order_state"] == OrderState.SHIPPED
        return PickupView(
            order=number,
            site=found["site"],
            address=delivery.address if delivery else "",
            state=found["state"],
            ready_at=found["ready_at"],
            due_at=found["due_at"],
            code=self._codes.read(found["code"], pickup_place(number)) if is_waiting else None,
        )

    async def waiting(self, township: str, state: PickupState, limit: int = 100) -> list[ParcelWaiting]:
        """Parcels at the stations of a township, those due first: to be fetched, or to go back. One statement."""
        found = await rows(
            "SELECT o.number, o.delivery, p.site, p.state, p.ready_at, p.due_at FROM order_pickup p"
            " JOIN customer_order o ON o.id = p.order_id WHERE p.township = $1 AND p.state = $2 AND o.state = 'shipped'"
            " ORDER BY p.due_at, p.id LIMIT $3",
            township,
            state.value,
            limit,
        )
        return [self._seen_by_keeper(each) for each in found]

    async def remind_due(self, limit: int = 100) -> int:
        """Announce, once, the parcels that have waited for a while; answers how many."""
        async with transaction():
            due = await rows(
                "WITH due AS (SELECT p.id FROM order_pickup p JOIN customer_order o ON o.id = p.order_id"
                " WHERE p.state = 'ready' AND p.reminded_at IS NULL AND p.remind_at <= $1 AND o.state = 'shipped'"
                " ORDER BY p.remind_at, p.id LIMIT $2 FOR UPDATE OF p SKIP LOCKED)"
                " UPDATE order_pickup p SET reminded_at = $1 FROM due, customer_order o WHERE p.id = due.id"
                " AND o.id = p.order_id RETURNING o.number, o.consumer, p.site, p.due_at",
                self.clock(),
                limit,
            )
            for each in due:
                await announce(
                    PickupReminded(
                        order=each["number"], consumer=each["consumer"], site=each["site"], due_at=each["due_at"]
                    )
                )
        return len(due)

    async def lapse_due(self, limit: int = 100) -> int:
        """What nobody has fetched in time goes back to its merchant; answers how many."""
        due = await rows(
            "SELECT o.number, o.consumer FROM order_pickup p JOIN customer_order o ON o.id = p.order_id"
            f" WHERE p.state = 'ready' AND p.due_at <= $1 AND o.state = 'shipped' AND {NO_OPEN_CASE}"
            " ORDER BY p.due_at, p.id LIMIT $2",
            self.clock(),
            limit,
        )
        return sum([await self._lapse(each["consumer"], each["number"]) for each in due])

    async def _lapse(self, consumer: str, number: str) -> bool:
        """The case of a parcel on its way back: the merchant confirms or refuses it, and silence pays the buyer."""
        async with transaction():
            now = self.clock()
            order = await order_for_claim(consumer, number)
            held = await _hold(number, ("consumer", consumer))
            lines = await lines_for_claim(order["id"])
            left = pieces_left(lines)
            is_due = held["state"] == PickupState.READY and held["due_at"] <= now
            if not is_due or order["state"] != OrderState.SHIPPED or not any(left.values()):
                return False
            await _step(held["id"], PickupState.LAPSED, code=None, ended_at=now, ended_by=_BY_TIME)
            case = await open_case(
                order, items_of(order["state"], lines, left, Cause.CHANGED_MIND), CaseKind.RETURN_REFUND,
                Cause.CHANGED_MIND, "超过自提期限未取", (), window_s=terms_of(order).decide_s, now=now,
            )  # fmt: skip
            owner = ("consumer", consumer)
            await step(await held_or_refuse(case, owner), CaseEvent.APPROVE, now=now, actor=_BY_TIME)
            await step(
                await held_or_refuse(case, owner), CaseEvent.SEND_BACK, now=now, actor=_BY_TIME,
                return_carrier="STATION", return_waybill=held["site"], returned_at=now,
            )  # fmt: skip
            await announce(
                PickupLapsed(order=number, consumer=consumer, merchant=order["merchant"], site=held["site"], case=case)
            )
        return True

    def _seen_by_keeper(self, found: Row) -> ParcelWaiting:
        opener = RowOpener(self.cipher)
        told = opener.open("delivery", found["delivery"], sealed_place(found["number"]))
        delivery = msgspec.json.decode(told, type=Delivery) if told else None
        return ParcelWaiting(
            order=found["number"],
            site=found["site"],
            state=found["state"],
            recipient=delivery.recipient[:1] + "*" * max(1, len(delivery.recipient) - 1) if delivery else "",
            phone_tail="".join(digit for digit in delivery.phone if digit.isdigit())[-4:] if delivery else "",
            ready_at=found["ready_at"],
            due_at=found["due_at"],
            unreadable=opener.unreadable,
        )


_OWNERS = {"consumer": "o.consumer", "merchant": "o.merchant", "township": "p.township"}


async def _hold(number: str, owner: tuple[str, str]) -> Row:
    """An order and its parcel, locked in this order. Raises PickupNotFound for what is somebody else's."""
    column, value = owner
    locked = await row("SELECT id FROM customer_order WHERE number = $1 FOR UPDATE", number)
    found = locked and await row(
        "SELECT p.*, o.consumer, o.merchant, o.state AS order_state, o.after_sales_terms::text AS terms"
        " FROM order_pickup p JOIN customer_order o ON o.id = p.order_id"
        f" WHERE o.id = $1 AND {_OWNERS[column]} = $2 FOR UPDATE OF p",
        locked["id"],
        value,
    )
    if not found:
        raise PickupNotFound()
    return found


async def _step(pickup: int, to: PickupState, **noted: object) -> None:
    """Move a held parcel. Raises PickupNotWaiting for a step that is not in the table of transitions."""
    sources = [state.value for state, targets in PICKUP_TRANSITIONS.items() if to in targets]
    changes = "".join(f", {column} = ${place}" for place, column in enumerate(noted, start=4))
    moved = await row(
        f"UPDATE order_pickup SET state = $2{changes} WHERE id = $1 AND state = ANY($3::text[]) RETURNING id",
        pickup,
        to.value,
        sources,
        *noted.values(),
    )
    if moved is None:
        raise PickupNotWaiting(to=to.value)


def pickup_place(number: str) -> str:
    """What the sealed code of an order's parcel is bound to."""
    return f"order_pickup|code|{number}"
