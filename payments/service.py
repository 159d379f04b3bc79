"""Payments: opened with a reference, prepaid at the channel, confirmed exactly once, closed before stock
goes back.

The order of work is always: claim by a committed state change, call the channel, record (architecture law
6). A notice and a query's answer go through the same :meth:`Payments.confirm`, so lost, doubled and
disordered notices all end in the same state (commerce reference R2 to R5, R18).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, scalar, transaction
from kit.money import MAX_FEN
from kit.numbers import public_number
from kit.outbox import announce
from payments.confirmations import CAPTURED_TRADES, Confirmation, Confirmations
from payments.errors import (
    AmountInvalid,
    ChannelUnavailable,
    PayeeNotReady,
    PaymentDiffers,
    PaymentNotFound,
    PaymentNotOpen,
    PaymentRefused,
)
from payments.events import PaymentClosed
from payments.models import PaymentState
from payments.ports import (
    CashierParameters,
    GatewayRefused,
    OutcomeUnknown,
    PaymentGateway,
    PrepayOrder,
    TradeState,
    Transaction,
)

log = logging.getLogger(__name__)

PREPAY_GOOD_FOR = timedelta(minutes=110)
"""A ``prepay_id`` lives two hours; a phone needs some of that (wechat reference 2.3)."""

PREPAY_LEASE = timedelta(seconds=20)
"""Longer than the gateway's whole budget for one call."""

SHORTEST_TIME_EXPIRE = timedelta(seconds=65)
"""The channel wants at least a minute between the call and ``time_expire``."""

QUERY_AFTER_SECONDS = (15, 60, 300, 900, 1800)
"""When to ask about a payment of which no notice came; the last wait repeats (wechat reference 2.3)."""

_DEAD = (TradeState.CLOSED, TradeState.REVOKED)


def wait_before_query(queries: int) -> timedelta:
    """How long to wait before asking again after ``queries`` questions."""
    return timedelta(seconds=QUERY_AFTER_SECONDS[min(queries, len(QUERY_AFTER_SECONDS) - 1)])


@dataclass(frozen=True)
class Payments:
    """The use cases of a payment."""

    gateway: PaymentGateway
    clock: Clock = utc_now

    async def open(
        self,
        *,
        reference: str,
        payee: str,
        sub_mchid: str | None,
        payer_openid: str,
        amount_fen: int,
        description: str,
        expires_at: datetime,
    ) -> str:
        """Write down that ``reference`` is to be paid; joins the caller's transaction and calls nobody.

        Answers the payment's number. Repeating it with the same terms answers the same number. Raises
        :class:`AmountInvalid`, :class:`PayeeNotReady` or :class:`PaymentDiffers`.
        """
        if not 1 <= amount_fen <= MAX_FEN:
            raise AmountInvalid(amount_fen=amount_fen)
        if self.gateway.needs_sub_mchid and not sub_mchid:
            raise PayeeNotReady(payee=payee)
        now = self.clock()
        number: str | None = await scalar(
            "INSERT INTO payment (number, reference, payee, sub_mchid, channel, payer_openid, amount_fen,"
            " description, state, created_at, expires_at, queries, closes, captured_fen)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, 0, 0, 0)"
            " ON CONFLICT (reference) DO NOTHING RETURNING number",
            public_number(now, "P"),
            reference,
            payee,
            sub_mchid if self.gateway.needs_sub_mchid else None,
            self.gateway.channel,
            payer_openid,
            amount_fen,
            description[:127],
            now,
            expires_at,
        )
        if number is not None:
            return number
        known = await _by_reference(reference)
        if (known["payee"], known["payer_openid"], known["amount_fen"]) != (payee, payer_openid, amount_fen):
            raise PaymentDiffers(reference=reference)
        return str(known["number"])

    async def prepay(self, reference: str) -> CashierParameters:
        """What the phone needs to open the cashier. May be repeated; it never mints a second number.

        Must not run inside a transaction. Raises :class:`PaymentNotFound`, :class:`PaymentNotOpen`,
        :class:`PaymentRefused` or :class:`ChannelUnavailable`.
        """
        claimed = await self._claim_prepay(reference)
        if claimed["prepay_id"] and self.clock() - claimed["prepaid_at"] < PREPAY_GOOD_FOR:
            return self.gateway.pay_sign(claimed["prepay_id"])
        try:
            prepay_id = await self.gateway.open_prepay(_prepay_order(claimed))
        except GatewayRefused as refusal:
            await self._release_prepay(claimed["number"])
            raise await self._why_not_open(claimed, refusal) from refusal
        except OutcomeUnknown as unknown:
            log.warning("prepay_outcome_unknown", extra={"number": claimed["number"], "cause": str(unknown)})
            raise ChannelUnavailable(reference=reference) from unknown
        stored = await scalar(
            "UPDATE payment SET prepay_id = $2, prepaid_at = $3, prepay_claimed_until = NULL,"
            " next_query_at = $4, queries = 0 WHERE number = $1 AND state = 'pending' RETURNING number",
            claimed["number"],
            prepay_id,
            self.clock(),
            self.clock() + wait_before_query(0),
        )
        if stored is None:
            raise PaymentNotOpen(reference=reference, state=(await _by_reference(reference))["state"])
        return self.gateway.pay_sign(prepay_id)

    async def _claim_prepay(self, reference: str) -> Row:
        """Commit that a call is about to be made, so a close waits for it and a crash leads to a query."""
        now = self.clock()
        claimed = await row(
            "UPDATE payment SET prepay_claimed_until = CASE WHEN prepay_id IS NULL OR prepaid_at <= $4"
            " THEN $3 ELSE prepay_claimed_until END,"
            " prepay_expires_at = coalesce(prepay_expires_at, greatest(expires_at, $5)),"
            " next_query_at = coalesce(next_query_at, $6)"
            " WHERE reference = $1 AND state = 'pending' AND expires_at > $2 RETURNING *",
            reference,
            now,
            now + PREPAY_LEASE,
            now - PREPAY_GOOD_FOR,
            now + SHORTEST_TIME_EXPIRE,
            now + wait_before_query(0),
        )
        if claimed is not None:
            return claimed
        known = await _by_reference(reference)
        expired = known["state"] == PaymentState.PENDING
        raise PaymentNotOpen(reference=reference, state="expired" if expired else known["state"])

    async def _release_prepay(self, number: str) -> None:
        await scalar("UPDATE payment SET prepay_claimed_until = NULL WHERE number = $1 RETURNING number", number)

    async def _why_not_open(self, claimed: Row, refusal: GatewayRefused) -> Exception:
        """A refusal often means that the payment is paid or closed already: ask, and say so."""
        log.warning(
            "prepay_refused",
            extra={"number": claimed["number"], "code": refusal.code, "channel_request": refusal.request_id},
        )
        if refusal.is_temporary:
            return ChannelUnavailable(reference=claimed["reference"])
        if refusal.code in ("ORDERPAID", "ORDER_CLOSED"):
            await self.refresh(claimed["number"], claimed["sub_mchid"])
            state = (await _by_reference(claimed["reference"]))["state"]
            return PaymentNotOpen(reference=claimed["reference"], state=state)
        return PaymentRefused(reference=claimed["reference"], channel_code=refusal.code)

    async def request_close(self, reference: str) -> bool:
        """Stop offering the payment; joins the caller's transaction and calls nobody.

        ``PaymentClosed`` follows once the channel has closed it, or ``PaymentSucceeded`` when the payer was
        faster: stock goes back on the first alone. Answers False when it was paid, held, or being closed
        already.
        """
        now = self.clock()
        async with transaction():
            closing = await scalar(
                "UPDATE payment SET state = 'closing', next_close_at = $2"
                " WHERE reference = $1 AND state = 'pending' RETURNING number",
                reference,
                now,
            )
            if closing is None:
                await _by_reference(reference)
                return False
            await self._mark_closed(closing, never_opened=True)
        return True

    async def close(self, number: str, sub_mchid: str | None) -> None:
        """Close at the channel a payment that is ``closing``, then here. Paid meanwhile means confirmed
        instead.

        Must not run inside a transaction. On an unknown outcome nothing changes; the job comes again.
        """
        if await self._mark_closed(number, never_opened=True):
            return
        try:
            seen = await self.gateway.query(number, sub_mchid)
            if seen is not None and seen.state in CAPTURED_TRADES:
                await self.confirm(seen)
                return
            if seen is None or seen.state not in _DEAD:
                await self.gateway.close(number, sub_mchid)
        except OutcomeUnknown as unknown:
            log.warning("close_outcome_unknown", extra={"number": number, "cause": str(unknown)})
            return
        except GatewayRefused as refusal:
            log.warning("close_refused", extra={"number": number, "code": refusal.code})
            if refusal.code == "ORDERPAID":
                await self.refresh(number, sub_mchid)
            return
        async with transaction():
            await self._mark_closed(number, never_opened=False)

    async def _mark_closed(self, number: str, *, never_opened: bool) -> bool:
        """Close here and announce it, once. ``never_opened``.

        Only when the channel has never been asked to open it.
        """
        condition = "state = 'closing'" + (" AND prepay_expires_at IS NULL" if never_opened else "")
        async with transaction():
            closed = await row(
                "UPDATE payment SET state = 'closed', closed_at = $2, next_close_at = NULL,"
                f" next_query_at = NULL WHERE number = $1 AND {condition} RETURNING *",
                number,
                self.clock(),
            )
            if closed is None:
                return False
            await announce(
                PaymentClosed(
                    reference=closed["reference"],
                    number=number,
                    payee=closed["payee"],
                    channel=closed["channel"],
                    amount_fen=closed["amount_fen"],
                    occurred_at=closed["closed_at"],
                )
            )
        return True

    async def claim_queries(self, limit: int) -> list[Row]:
        """Take payments whose notice is overdue; the next question is planned before this one is asked.

        A closed payment is asked about once each time the channel's bill knows money for it.
        """
        now = self.clock()
        return await rows(
            "UPDATE payment SET queries = queries + 1, next_query_at = CASE WHEN state <> 'closed' THEN"
            " $1::timestamptz + make_interval(secs => ($3::int[])[least(queries + 2, $4::int)]) END WHERE id IN ("
            "   SELECT id FROM payment WHERE state IN ('pending', 'held', 'closed') AND next_query_at <= $1"
            "   ORDER BY next_query_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
            " RETURNING number, sub_mchid",
            now,
            limit,
            list(QUERY_AFTER_SECONDS),
            len(QUERY_AFTER_SECONDS),
        )

    async def claim_closes(self, limit: int) -> list[Row]:
        """Take payments that have expired or whose close is unfinished, but none with a prepay call in
        flight.
        """
        now = self.clock()
        return await rows(
            "UPDATE payment SET state = 'closing', closes = closes + 1, next_close_at = $1::timestamptz"
            " + make_interval(secs => least(10 * (closes + 1), 300)) WHERE id IN ("
            "   SELECT id FROM payment WHERE ((state = 'pending' AND expires_at <= $1)"
            "   OR (state = 'closing' AND next_close_at <= $1))"
            "   AND (prepay_claimed_until IS NULL OR prepay_claimed_until <= $1)"
            "   ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)"
            " RETURNING number, sub_mchid",
            now,
            limit,
        )

    async def refresh(self, number: str, sub_mchid: str | None) -> Confirmation:
        """Ask the channel about a payment and take over what it says. Must not run inside a transaction."""
        try:
            seen = await self.gateway.query(number, sub_mchid)
        except (OutcomeUnknown, GatewayRefused) as error:
            log.warning("query_failed", extra={"number": number, "cause": str(error)})
            return Confirmation.NOT_PAID
        if seen is None:
            return Confirmation.NOT_PAID
        if seen.state in _DEAD:
            async with transaction():
                await scalar(
                    "UPDATE payment SET state = 'closing' WHERE number = $1 AND state = 'pending' RETURNING number",
                    number,
                )
                await self._mark_closed(number, never_opened=False)
            return Confirmation.NOT_PAID
        return await self.confirm(seen)

    async def confirm(self, seen: Transaction) -> Confirmation:
        """Take over what the channel, verified, says about a payment; see :class:`Confirmations`."""
        return await Confirmations(self.gateway, self.clock).confirm(seen)

    async def close_held(self, number: str) -> None:
        """End a payment on hold whose money a person has given back at the channel; joins the caller's transaction.

        ``PaymentClosed`` follows unless it did before, so that stock held for it goes back. Repeating it changes
        nothing. Raises :class:`PaymentNotFound`, or :class:`PaymentNotOpen` for one that was never on hold.
        """
        async with transaction():
            known = await row("SELECT state, closed_at, held_fen FROM payment WHERE number = $1 FOR UPDATE", number)
            if known is None:
                raise PaymentNotFound(number=number)
            if known["state"] == PaymentState.CLOSED and known["held_fen"] is not None:
                return
            if known["state"] != PaymentState.HELD:
                raise PaymentNotOpen(number=number, state=known["state"])
            await scalar(
                "UPDATE payment SET state = CASE WHEN closed_at IS NULL THEN 'closing' ELSE 'closed' END,"
                " next_query_at = NULL WHERE number = $1 RETURNING number",
                number,
            )
            await self._mark_closed(number, never_opened=False)

    async def accept_late(self, reference: str) -> None:
        """Keep money that came late, because its owner can still deliver; joins the caller's transaction.

        No fact follows: the caller decides and announces. Raises :class:`PaymentNotOpen` unless it came late.
        """
        accepted = await scalar(
            "UPDATE payment SET state = 'succeeded' WHERE reference = $1 AND state = 'late' RETURNING number",
            reference,
        )
        if accepted is None:
            raise PaymentNotOpen(reference=reference, state=(await _by_reference(reference))["state"])


def _prepay_order(payment: Row) -> PrepayOrder:
    return PrepayOrder(
        number=payment["number"],
        sub_mchid=payment["sub_mchid"],
        payer_openid=payment["payer_openid"],
        amount_fen=payment["amount_fen"],
        description=payment["description"],
        expires_at=payment["prepay_expires_at"],
    )


async def _by_reference(reference: str) -> Row:
    found = await row("SELECT * FROM payment WHERE reference = $1", reference)
    if found is None:
        raise PaymentNotFound(reference=reference)
    return found
