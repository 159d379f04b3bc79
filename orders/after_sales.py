"""After-sales cases: a buyer asks for money back, the merchant decides, WeChat pays, the line remembers.

What a line still owes is computed from stored shares alone: after ``r`` of ``q`` pieces the buyer has got back
``floor(net * r / q)``, so any order of partial refunds ends at exactly the line's money (commerce regression R15).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from orders.errors import (
    AfterSalesOver,
    CaseDecided,
    CaseNotFound,
    LineNotFound,
    NothingToRefund,
    OrderStateConflict,
    RefundUnfinished,
)
from orders.events import LineRefunded, OrderClosed
from orders.models import CASE_TRANSITIONS, CaseState, OrderState
from orders.transitions import advance
from payments.refunds import Refunds
from products.stock import Stock, check_quantity

_OPEN = (OrderState.PAID, OrderState.PACKED, OrderState.SHIPPED, OrderState.RECEIVED)


@dataclass(frozen=True)
class AfterSales:
    """Cases from request to refund."""

    refunds: Refunds
    stock: Stock
    clock: Clock = utc_now

    async def request(self, consumer: str, number: str, line: str, quantity: int, reason: str) -> str:
        """Open a case for some pieces of one line; answers its number.

        Raises LineNotFound, OrderStateConflict before payment, AfterSalesOver, NothingToRefund, QuantityInvalid.
        """
        check_quantity(quantity)
        async with transaction():
            now = self.clock()
            found = await row(
                "SELECT l.id, l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, o.state,"
                " o.received_at, o.earned_at, o.after_sales_window_s"
                " FROM customer_order o JOIN order_line l ON l.order_id = o.id"
                " WHERE o.number = $1 AND o.consumer = $2 AND l.reference = $3 FOR UPDATE OF o, l",
                number,
                consumer,
                line,
            )
            if found is None:
                raise LineNotFound()
            _refuse_unless_open(found, now)
            waiting = await row(
                "SELECT COALESCE(sum(quantity), 0)::bigint AS pieces, COALESCE(sum(amount_fen), 0)::bigint AS fen"
                " FROM after_sales_case WHERE line_id = $1 AND state IN ('requested', 'refunding', 'failed')",
                found["id"],
            )
            assert waiting is not None
            done = found["refunded_quantity"] + waiting["pieces"]
            if done + quantity > found["quantity"]:
                raise NothingToRefund(left=found["quantity"] - done)
            # What the others really take: a refused claim between them leaves its fen to those that come later.
            amount = max(0, _due(found, done + quantity) - found["refunded_fen"] - waiting["fen"])
            case = public_number(now, "R")
            await execute(
                "INSERT INTO after_sales_case (number, line_id, state, quantity, amount_fen, freight_fen, reason,"
                " refund_attempt, requested_at) VALUES ($1, $2, 'requested', $3, $4, 0, $5, 1, $6)",
                case,
                found["id"],
                quantity,
                amount,
                reason,
                now,
            )
        return case

    async def approve(self, merchant: str, case: str, actor: str) -> None:
        """The merchant agrees: the refund is asked for at the payment in the same transaction.

        Agreeing again to a case whose refund has failed for good asks for another one. Raises RefundUnfinished while
        WeChat still has the failed one in hand, CaseNotFound, CaseDecided and the refusals of the refund.
        """
        async with transaction():
            found = await self._decide(merchant, case, CaseState.REFUNDING, actor)
            if found is None:
                return
            if found["amount_fen"]:
                await self.refunds.request(
                    reference=found["order"],
                    refund_reference=_refund_reference(case, found["refund_attempt"]),
                    amount_fen=found["amount_fen"],
                    reason=found["reason"],
                )
            else:
                await self.record_refund(case, self.clock())

    async def refuse(self, merchant: str, case: str, reason: str, actor: str) -> None:
        """The merchant refuses, with a reason the buyer reads."""
        async with transaction():
            await self._decide(merchant, case, CaseState.REFUSED, f"{actor}: {reason}")

    async def _decide(self, merchant: str, case: str, to: CaseState, decision: str) -> Row | None:
        """Decide an open case of the merchant; None when it was decided this way before."""
        held = await row(
            'SELECT c.state, c.amount_fen, c.reason, c.refund_attempt, o.number AS "order" FROM after_sales_case c'
            " JOIN order_line l ON l.id = c.line_id JOIN customer_order o ON o.id = l.order_id"
            " WHERE c.number = $1 AND o.merchant = $2 FOR UPDATE OF c",
            case,
            merchant,
        )
        if held is None:
            raise CaseNotFound()
        if held["state"] == to or (to is CaseState.REFUNDING and held["state"] == CaseState.REFUNDED):
            return None
        before = CaseState(held["state"])
        if to not in CASE_TRANSITIONS[before]:
            raise CaseDecided(state=before)
        attempt = held["refund_attempt"]
        if before is CaseState.FAILED:
            if not await self.refunds.is_closed(_refund_reference(case, attempt)):
                raise RefundUnfinished()
            attempt += 1
        return await row(
            "UPDATE after_sales_case SET state = $2, decision = $3, decided_at = $4, refund_attempt = $6"
            ' WHERE number = $1 AND state = $5 RETURNING amount_fen, reason, refund_attempt, $7::text AS "order"',
            case,
            to.value,
            decision,
            self.clock(),
            before.value,
            attempt,
            held["order"],
        )

    async def record_refund(self, refund_reference: str, occurred_at: datetime) -> None:
        """The money is back with the buyer: count it on the line and announce it, once.

        A number that is no case (the refund of a late payment) is somebody else's business.
        """
        case = _case_of(refund_reference)
        # The order first, as everybody does: a claim on the same line has it before it wants the line.
        await rows(
            "SELECT 1 FROM customer_order o JOIN order_line l ON l.order_id = o.id JOIN after_sales_case c"
            " ON c.line_id = l.id WHERE c.number = $1 FOR UPDATE OF o",
            case,
        )
        moved = await row(
            "UPDATE after_sales_case SET state = 'refunded', refunded_at = $2"
            " WHERE number = $1 AND state IN ('refunding', 'failed')"
            " RETURNING line_id, quantity, amount_fen, freight_fen",
            case,
            occurred_at,
        )
        if moved is None:
            return
        line = await row(
            "UPDATE order_line l SET refunded_quantity = l.refunded_quantity + $2, refunded_fen = l.refunded_fen + $3,"
            " refund_steps = l.refund_steps + 1 FROM customer_order o WHERE l.id = $1 AND o.id = l.order_id"
            " RETURNING l.reference, l.sku, l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, l.refund_steps,"
            ' o.id AS order_id, o.number AS "order", o.merchant, o.state',
            moved["line_id"],
            moved["quantity"],
            moved["amount_fen"],
        )
        assert line is not None
        await announce(
            LineRefunded(
                order=line["order"],
                merchant=line["merchant"],
                refund=case,
                line=line["reference"],
                quantity=moved["quantity"],
                amount_fen=moved["amount_fen"],
                freight_fen=moved["freight_fen"],
                remaining_quantity=line["quantity"] - line["refunded_quantity"],
                remaining_net_fen=line["net_fen"] - line["refunded_fen"],
                refund_step=line["refund_steps"],
                occurred_at=occurred_at,
            )
        )
        if line["state"] == OrderState.PAID:
            await self.stock.put_back(line["order"], line["sku"], moved["quantity"])
        await self._close_when_nothing_is_left(line["order_id"], line["order"])

    async def record_failure(self, refund_reference: str) -> None:
        """WeChat could not refund; the case waits for a person. The end of an earlier attempt is no news."""
        case = _case_of(refund_reference)
        await execute(
            "UPDATE after_sales_case SET state = 'failed' WHERE number = $1 AND state = 'refunding'"
            " AND CASE refund_attempt WHEN 1 THEN number ELSE number || '-' || refund_attempt END = $2",
            case,
            refund_reference,
        )

    async def _close_when_nothing_is_left(self, order_id: int, number: str) -> None:
        left = await scalar(
            "SELECT count(*) FROM order_line WHERE order_id = $1 AND refunded_quantity < quantity", order_id
        )
        if left:
            return
        now = self.clock()
        closed = await advance(
            number,
            OrderState.CLOSED,
            moment=now,
            actor="after_sales",
            reason="refunded",
            sources=frozenset(_OPEN),
        )
        if closed is not None:
            await announce(OrderClosed(order=number, reason="refunded", closed_at=now))


def _due(line: Row, pieces: int) -> int:
    """What the buyer has got back once ``pieces`` of the line are refunded, in fen."""
    return int(line["net_fen"]) * pieces // int(line["quantity"])


def _refund_reference(case: str, attempt: int) -> str:
    """What the payments room knows the refund of a case by: its number, from the second attempt on with a suffix."""
    return case if attempt == 1 else f"{case}-{attempt}"


def _case_of(refund_reference: str) -> str:
    return refund_reference.partition("-")[0]


def _refuse_unless_open(found: Row, now: datetime) -> None:
    if found["state"] not in _OPEN:
        raise OrderStateConflict(state=found["state"])
    if found["earned_at"] is not None or (
        found["received_at"] is not None
        and found["received_at"] + timedelta(seconds=found["after_sales_window_s"]) <= now
    ):
        raise AfterSalesOver()
