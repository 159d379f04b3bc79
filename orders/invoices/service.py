"""From the wish for an invoice to its number, step by step under the order's lock."""

from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from orders.errors import OrderNotFound
from orders.groups.forming import demand_formed
from orders.invoices.errors import (
    InvoiceNotOffered,
    InvoiceNotPossible,
    InvoiceNumberUsed,
    InvoiceRequested,
    InvoiceRequestNotFound,
    InvoiceStateConflict,
    InvoiceWindowKnown,
    TaxNumberInvalid,
)
from orders.invoices.models import INVOICE_TRANSITIONS, InvoiceState, TitleKind
from orders.invoices.tax_numbers import well_formed
from orders.models import OrderState

_AFTER_PAYMENT = frozenset({OrderState.PAID, OrderState.PACKED, OrderState.SHIPPED, OrderState.RECEIVED})

LEFT = (
    "(o.amount_fen - (SELECT sum(l.refunded_fen + l.refunded_freight_fen) FROM order_line l"
    " WHERE l.order_id = o.id))::bigint"
)
"""What was paid for an order ``o`` less what went back, in fen."""


class InvoiceTitle(msgspec.Struct, frozen=True):
    """Whom the invoice is made out to, and where it is sent. Kept encrypted."""

    title: str
    tax_number: str | None
    email: str


def sealed_place(number: str) -> str:
    """What the ciphertext of a request is bound to."""
    return f"invoice_request|sealed|{number}"


@dataclass(frozen=True)
class Invoices:
    """What buyer and clerk do with a request."""

    cipher: FieldCipher
    clock: Clock = utc_now
    window_days: int = 0
    """How long after payment one may be asked for where the county has entered nothing for the day; 0: not at all."""

    async def request(self, consumer: str, order: str, kind: TitleKind, title: InvoiceTitle) -> str:
        """Ask for the invoice of an order; answers the request's number.

        Raises OrderNotFound, TaxNumberInvalid, InvoiceNotOffered outside the window, InvoiceNotPossible when nothing
        is paid or left, GroupNotFormed before the order may be sent, InvoiceRequested when one is open or issued.
        """
        if (kind is TitleKind.COMPANY) != (title.tax_number is not None):
            raise TaxNumberInvalid()
        if title.tax_number is not None and not well_formed(title.tax_number):
            raise TaxNumberInvalid()
        async with transaction():
            now = self.clock()
            held = await self._order(order, consumer)
            if held["state"] not in _AFTER_PAYMENT:
                raise InvoiceNotPossible(state=held["state"])
            # An invoice is made out over goods that will go out; without its group the order is given back.
            await demand_formed(held["group_id"])
            entered = await scalar(
                "SELECT days FROM invoice_window WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1",
                china_day(held["paid_at"]),
            )
            days = self.window_days if entered is None else int(entered)
            if not days or china_day(now) > china_day(held["paid_at"]) + timedelta(days=days):
                raise InvoiceNotOffered(days=days or None)
            number = public_number(now, "I")
            asked = await rows(
                "INSERT INTO invoice_request (number, order_id, consumer, merchant, kind, sealed, amount_fen, state,"
                f" requested_at) SELECT $1, o.id, o.consumer, o.merchant, $3, $4, {LEFT}, 'requested', $5"
                f" FROM customer_order o WHERE o.id = $2 AND {LEFT} > 0"
                " ON CONFLICT DO NOTHING RETURNING id",
                number,
                held["id"],
                kind.value,
                self.cipher.encrypt(msgspec.json.encode(title).decode(), sealed_place(number)),
                now,
            )
            if not asked:
                raise InvoiceRequested() if held["left_fen"] else InvoiceNotPossible(left_fen=0)
        return number

    async def withdraw(self, consumer: str, order: str) -> None:
        """The buyer takes the open request of an order back; repeating it changes nothing.

        Raises OrderNotFound, InvoiceRequestNotFound, InvoiceStateConflict after the answer.
        """
        async with transaction():
            held = await self._order(order, consumer)
            newest = await row(
                "SELECT number, state FROM invoice_request WHERE order_id = $1 ORDER BY id DESC LIMIT 1", held["id"]
            )
            if newest is None:
                raise InvoiceRequestNotFound()
            if newest["state"] != InvoiceState.WITHDRAWN:
                await self._step(newest, InvoiceState.WITHDRAWN, f"consumer:{consumer}")

    async def issue(self, merchant: str, number: str, invoice_number: str, actor: str) -> None:
        """The invoice is made out over what is left of the order now. Repeating it with its number changes nothing.

        Raises InvoiceRequestNotFound, InvoiceStateConflict, InvoiceNumberUsed, InvoiceNotPossible.
        """
        async with transaction():
            found = await self._held(merchant, number)
            if found["state"] == InvoiceState.ISSUED and found["invoice_number"] == invoice_number:
                return
            if found["left_fen"] <= 0:
                raise InvoiceNotPossible(left_fen=0)
            used = await row(
                "SELECT 1 FROM invoice_request WHERE merchant = $1 AND invoice_number = $2", merchant, invoice_number
            )
            if used is not None:
                raise InvoiceNumberUsed()
            await self._step(found, InvoiceState.ISSUED, actor, invoice_number=invoice_number)

    async def refuse(self, merchant: str, number: str, reason: str, actor: str) -> None:
        """No invoice, and why. Repeating it changes nothing. Raises InvoiceRequestNotFound, InvoiceStateConflict."""
        async with transaction():
            found = await self._held(merchant, number)
            if (found["state"], found["reason"]) != (InvoiceState.REFUSED, reason):
                await self._step(found, InvoiceState.REFUSED, actor, reason=reason)

    async def enter_window(self, valid_from: date, days: int, source_document: str, actor: str) -> None:
        """A new window for what is paid from a day on. Raises InvoiceWindowKnown for a day that has one."""
        entered = await rows(
            "INSERT INTO invoice_window (valid_from, days, source_document, entered_by, entered_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (valid_from) DO NOTHING RETURNING id",
            valid_from,
            days,
            source_document,
            actor,
            self.clock(),
        )
        if not entered:
            raise InvoiceWindowKnown()

    def opened(self, number: str, sealed: bytes) -> InvoiceTitle | None:
        """What the buyer wrote; None when that has been forgotten."""
        if not sealed:
            return None
        return msgspec.json.decode(self.cipher.decrypt(bytes(sealed), sealed_place(number)), type=InvoiceTitle)

    async def _step(
        self,
        found: Row,
        to: InvoiceState,
        actor: str,
        *,
        invoice_number: str | None = None,
        reason: str | None = None,
    ) -> None:
        """One step of the table; the caller holds the order."""
        if to not in INVOICE_TRANSITIONS[InvoiceState(found["state"])]:
            raise InvoiceStateConflict(state=found["state"])
        await execute(
            "UPDATE invoice_request r SET state = $2::text, answered_at = $3, answered_by = $4, invoice_number = $5,"
            f" reason = $6, amount_fen = CASE $2::text WHEN 'issued' THEN {LEFT} ELSE r.amount_fen END"
            " FROM customer_order o WHERE r.number = $1 AND o.id = r.order_id AND r.state = $7",
            found["number"],
            to.value,
            self.clock(),
            actor,
            invoice_number,
            reason,
            found["state"],
        )

    async def _order(self, number: str, consumer: str) -> Row:
        # Locked first, counted in a second statement, which then sees a refund that was waited for.
        held = await row(
            "SELECT id FROM customer_order WHERE number = $1 AND consumer = $2 FOR UPDATE", number, consumer
        )
        if held is None:
            raise OrderNotFound()
        (order,) = await rows(
            f"SELECT o.id, o.state, o.paid_at, o.group_id, {LEFT} AS left_fen FROM customer_order o WHERE o.id = $1",
            held["id"],
        )
        return order

    async def _held(self, merchant: str, number: str) -> Row:
        held = await row(
            "SELECT o.id FROM invoice_request r JOIN customer_order o ON o.id = r.order_id"
            " WHERE r.number = $1 AND r.merchant = $2 FOR UPDATE OF o",
            number,
            merchant,
        )
        if held is None:
            raise InvoiceRequestNotFound()
        (found,) = await rows(
            f"SELECT r.number, r.state, r.invoice_number, r.reason, {LEFT} AS left_fen FROM invoice_request r"
            " JOIN customer_order o ON o.id = r.order_id WHERE r.number = $1",
            number,
        )
        return found
