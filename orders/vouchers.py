"""Vouchers of booked services: a code for each piece, redeemed by the host on its days, or ended by time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import public_number
from kit.outbox import announce
from orders.after_sales import AfterSales
from orders.cases.models import FINAL
from orders.errors import OrderNotFound, RedemptionCodeWrong, VoucherNotUsable
from orders.events import OrderReceived, VouchersExpired
from orders.handovers.codes import Codes, note_wrong_code, tries_left
from orders.handovers.models import VOUCHER_TRANSITIONS, VoucherState
from orders.handovers.reports import tell_wechat
from orders.models import DeliveryKind, OrderState
from orders.transitions import advance
from products.calendar_models import OnExpiry
from products.calendars import Booking

_BY_TIME = "deadline"


class VoucherView(msgspec.Struct, frozen=True):
    """What a buyer knows of an own voucher. ``code`` is there while it can be used; a QR code shows the same digits.

    A code that does not open is None and named in ``unreadable``.
    """

    number: str
    state: str
    valid_from: date
    valid_until: date
    code: str | None
    unreadable: list[str]


@dataclass(frozen=True)
class Vouchers:
    """Issued when an order is paid. Everybody locks the order before its vouchers."""

    cipher: FieldCipher
    after_sales: AfterSales
    clock: Clock = utc_now

    @property
    def _codes(self) -> Codes:
        return Codes(self.cipher)

    async def issue(self, order: str) -> None:
        """One voucher for each piece of a paid booking. Repeating it, or an order without one, changes nothing."""
        line = await row(
            "SELECT o.id, l.quantity, l.booking::text AS booking FROM customer_order o JOIN order_line l"
            " ON l.order_id = o.id WHERE o.number = $1 AND o.delivery_kind = 'voucher' AND o.state = 'paid'",
            order,
        )
        if line is None:
            return
        booking = msgspec.json.decode(line["booking"], type=Booking)
        numbers = [public_number(self.clock(), "V") for _ in range(line["quantity"])]
        await execute(
            "INSERT INTO voucher (number, order_id, position, valid_from, valid_until, on_expiry, state, code)"
            " SELECT v.number, $3, v.position, $4, $5, $6, 'issued', v.code"
            " FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS v (number, code, position)"
            " ON CONFLICT (order_id, position) DO NOTHING",
            numbers,
            [self._codes.make(voucher_place(number)) for number in numbers],
            line["id"],
            booking.days[0].day,
            booking.days[-1].day + timedelta(days=booking.terms.grace_days),
            booking.terms.on_expiry.value,
        )

    async def of_buyer(self, consumer: str, order: str) -> list[VoucherView]:
        """A buyer's own vouchers with their codes. One statement. Raises OrderNotFound."""
        found = await rows(
            "SELECT v.number, v.state, v.valid_from, v.valid_until, v.code FROM customer_order o"
            " LEFT JOIN voucher v ON v.order_id = o.id WHERE o.number = $1 AND o.consumer = $2 ORDER BY v.position",
            order,
            consumer,
        )
        if not found:
            raise OrderNotFound()
        return [self._seen_by_buyer(each) for each in found if each["number"] is not None]

    def _seen_by_buyer(self, found: Row) -> VoucherView:
        opener = RowOpener(self.cipher)
        code = opener.open("code", found["code"], voucher_place(found["number"]))
        return VoucherView(
            found["number"], found["state"], found["valid_from"], found["valid_until"], code, opener.unreadable
        )

    async def redeem(self, merchant: str, order: str, code: str, actor: str) -> str:
        """Let a guest in who has a code of the order; answers the voucher. The last one makes the order received.

        A wrong code is counted and committed, so this opens its own transaction. Raises OrderNotFound,
        VoucherNotUsable (before its first day, after its last, or given up), RedemptionCodeWrong, RedemptionBlocked.
        """
        async with transaction():
            now = self.clock()
            held = await _hold(order, merchant)
            if held is None or held["delivery_kind"] != DeliveryKind.VOUCHER:
                raise OrderNotFound()
            left = await tries_left(f"merchant:{merchant}", order, now)
            issued = await rows(
                "SELECT * FROM voucher WHERE order_id = $1 AND state = 'issued' ORDER BY id FOR UPDATE", held["id"]
            )
            fitting = [each for each in issued if self._codes.fits(each["code"], voucher_place(each["number"]), code)]
            if fitting:
                await self._use(held, fitting[0], len(issued), actor, now)
            elif issued:
                await note_wrong_code(f"merchant:{merchant}", order, actor, now)
            else:
                raise VoucherNotUsable(state=held["state"])
        if not fitting:
            raise RedemptionCodeWrong(left=left - 1)
        return str(fitting[0]["number"])

    async def _use(self, order: Row, voucher: Row, issued: int, actor: str, now: datetime) -> None:
        """Raises VoucherNotUsable outside its days, and when so many pieces are claimed back as are unused."""
        if not voucher["valid_from"] <= china_day(now) <= voucher["valid_until"]:
            raise VoucherNotUsable(
                valid_from=voucher["valid_from"].isoformat(), valid_until=voucher["valid_until"].isoformat()
            )
        claimed = await scalar(
            "SELECT COALESCE(sum(i.quantity), 0)::int FROM after_sales_item i"
            " JOIN after_sales_case c ON c.id = i.case_id"
            f" WHERE c.order_id = $1 AND c.state NOT IN {FINAL} AND c.state <> 'refused'",
            order["id"],
        )
        if order["state"] != OrderState.PAID or claimed >= issued:
            raise VoucherNotUsable(state=order["state"], claimed=claimed)
        await _step(voucher["id"], VoucherState.REDEEMED, actor, now)
        await self._finish(order, actor, now)

    async def _finish(self, order: Row, actor: str, now: datetime) -> None:
        """With no voucher left to be used, an order of which the host keeps anything is received."""
        counts = await row(
            "SELECT count(*) FILTER (WHERE state = 'issued') AS issued, count(*) FILTER (WHERE state = 'redeemed'"
            " OR (state = 'expired' AND on_expiry = 'forfeit')) AS done,"
            " (SELECT sum(kept_fen) FROM order_line WHERE order_id = $1) AS kept_fen FROM voucher WHERE order_id = $1",
            order["id"],
        )
        if counts is None or counts["issued"] or not (counts["done"] or counts["kept_fen"]):
            return
        received = await advance(
            order["number"], OrderState.RECEIVED, moment=now, actor=actor, sources=frozenset({OrderState.PAID})
        )
        if received is not None:
            await tell_wechat(order["number"], self.clock, is_fetched=False)
            await announce(OrderReceived(order=order["number"], received_at=now))

    async def settle(self, order: str, pieces: int) -> None:
        """Pieces of an order were refunded: as many unused vouchers are void, and what is left may be finished."""
        async with transaction():
            held = await _hold(order, None)
            if held is None or held["delivery_kind"] != DeliveryKind.VOUCHER:
                return
            now = self.clock()
            unused = await rows(
                "SELECT id FROM voucher WHERE order_id = $1 AND state = 'issued' ORDER BY position DESC LIMIT $2"
                " FOR UPDATE",
                held["id"],
                pieces,
            )
            for each in unused:
                await _step(each["id"], VoucherState.VOID, "after_sales", now)
            await self._finish(held, "after_sales", now)

    async def expire_due(self, limit: int = 100) -> int:
        """Vouchers whose days are over end as their product says; answers the orders."""
        due = await rows(
            "SELECT DISTINCT o.number FROM voucher v JOIN customer_order o ON o.id = v.order_id"
            " WHERE v.state = 'issued' AND v.valid_until < $1 ORDER BY o.number LIMIT $2",
            china_day(self.clock()),
            limit,
        )
        return sum([await self._expire(each["number"]) for each in due])

    async def _expire(self, order: str) -> bool:
        async with transaction():
            now = self.clock()
            held = await _hold(order, None)
            assert held is not None
            over = await rows(
                "SELECT id, on_expiry FROM voucher WHERE order_id = $1 AND state = 'issued' AND valid_until < $2"
                " ORDER BY id FOR UPDATE",
                held["id"],
                china_day(now),
            )
            if not over:
                return False
            for each in over:
                await _step(each["id"], VoucherState.EXPIRED, _BY_TIME, now)
            refunds = over[0]["on_expiry"] == OnExpiry.REFUND and held["state"] == OrderState.PAID
            if refunds:
                await self.after_sales.grant_left(held["consumer"], order, len(over), "预约到期未使用", _BY_TIME)
            await announce(VouchersExpired(order=order, consumer=held["consumer"], pieces=len(over), refunds=refunds))
            await self._finish(held, _BY_TIME, now)
        return True


async def _hold(order: str, merchant: str | None) -> Row | None:
    return await row(
        "SELECT id, number, consumer, state, delivery_kind FROM customer_order WHERE number = $1"
        " AND ($2::text IS NULL OR merchant = $2) FOR UPDATE",
        order,
        merchant,
    )


async def _step(voucher: int, to: VoucherState, actor: str, now: datetime) -> None:
    """End a held voucher; its code is erased. Raises VoucherNotUsable for a step that is not in the table."""
    sources = [state.value for state, targets in VOUCHER_TRANSITIONS.items() if to in targets]
    if not await execute(
        "UPDATE voucher SET state = $2, code = NULL, ended_at = $3, ended_by = $4"
        " WHERE id = $1 AND state = ANY($5::text[])",
        voucher,
        to.value,
        now,
        actor,
        sources,
    ):
        raise VoucherNotUsable(to=to.value)


def voucher_place(number: str) -> str:
    """What the sealed code of a voucher is bound to."""
    return f"voucher|code|{number}"
