"""Payments: opened with a reference, prepaid at the channel, confirmed exactly once, closed before stock
goes back.

The order of work is always: claim by a committed state change, call the channel, record (architecture law
6). A notice and a query's answer go through the same :meth:`Payments.confirm`, so lost, doubled and
disordered notices all end in the same state (commerce reference R2 to R5, R18).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import structs

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.money import MAX_FEN
from kit.outbox import announce
from payments.bundles import PENDING, PaymentPart, insert_payments, known_number, prepay_order, state_of
from payments.confirmations import CAPTURED_TRADES, Confirmation, Confirmations
from payments.errors import (
    AmountInvalid,
    ChannelUnavailable,
    CombinationNotOffered,
    CombinationTooLarge,
    PayeeNotReady,
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
    TradeState,
    Transaction,
)

log = logging.getLogger(__name__)

PREPAY_GOOD_FOR = timedelta(minutes=110)
"""A ``prepay_id`` lives two hours; a phone needs some of that (wechat reference 2.3)."""

PREPAY_LEASE = timedelta(seconds=20)
"""Longer than the gateway's whole budget for one call."""

TIME_EXPIRE_AHEAD = timedelta(seconds=60)
"""The channel wants at least a minute between its first call and ``time_expire`` (wechat reference 2.3)."""

SHORTEST_TIME_EXPIRE = timedelta(seconds=65)
"""What a call is given, as it takes a while to arrive."""

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

    def check_payees(self, accounts: Mapping[str, str | None]) -> None:
        """Whether these payees, each with its ``sub_mchid``, can be paid at once.

        Raises :class:`PayeeNotReady`, :class:`CombinationNotOffered` or :class:`CombinationTooLarge`.
        """
        if not self.gateway.needs_sub_mchid and len(accounts) > 1:
            raise CombinationNotOffered(payees=sorted(accounts))
        for payee, account in accounts.items():
            if self.gateway.needs_sub_mchid and not account:
                raise PayeeNotReady(payee=payee)
        if len(accounts) > self.gateway.most_parts or len(set(accounts.values())) < len(accounts):
            raise CombinationTooLarge(payees=sorted(accounts), limit=self.gateway.most_parts)

    async def open(
        self, bundle: str, payer_openid: str, expires_at: datetime, parts: Sequence[PaymentPart]
    ) -> list[str]:
        """Write down what is to be paid by one password; joins the caller's transaction and calls nobody.

        One part is an ordinary payment, several are a combination. Answers the numbers in the order of ``parts``;
        repeating it with the same terms answers the same. Raises :class:`AmountInvalid`, :class:`PaymentDiffers` and
        the refusals of :meth:`check_payees`.
        """
        for part in parts:
            if not 1 <= part.amount_fen <= MAX_FEN:
                raise AmountInvalid(amount_fen=part.amount_fen)
        self.check_payees({part.payee: part.sub_mchid for part in parts})
        now = self.clock()
        numbers = await insert_payments(
            bundle,
            payer_openid,
            [part if self.gateway.needs_sub_mchid else structs.replace(part, sub_mchid=None) for part in parts],
            channel=self.gateway.channel,
            now=now,
            expires_at=expires_at,
        )
        for part in parts:
            if part.reference not in numbers:
                numbers[part.reference] = await known_number(bundle, payer_openid, part)
        return [numbers[part.reference] for part in parts]

    async def prepay(self, bundle: str) -> CashierParameters:
        """What the phone needs to open the cashier. May be repeated; it never mints a second number.

        Must not run inside a transaction. Raises :class:`PaymentNotFound`, :class:`PaymentNotOpen`,
        :class:`PaymentRefused` or :class:`ChannelUnavailable`.
        """
        claimed = await self._claim_prepay(bundle)
        first = claimed[0]
        if first["prepay_id"] and self.clock() - first["prepaid_at"] < PREPAY_GOOD_FOR:
            return self.gateway.pay_sign(first["prepay_id"])
        orders = [prepay_order(payment) for payment in claimed]
        try:
            if first["combination"]:
                prepay_id = await self.gateway.open_combination(first["combination"], orders)
            else:
                prepay_id = await self.gateway.open_prepay(orders[0])
        except GatewayRefused as refusal:
            await execute("UPDATE payment SET prepay_claimed_until = NULL WHERE bundle = $1", bundle)
            if await self._begins_anew(first):
                return await self.prepay(bundle)
            raise await self._why_not_open(first, refusal) from refusal
        except OutcomeUnknown as unknown:
            log.warning("prepay_outcome_unknown", extra={"number": first["number"], "cause": str(unknown)})
            raise ChannelUnavailable(bundle=bundle) from unknown
        async with transaction():
            stored = await rows(
                f"{PENDING} UPDATE payment p SET prepay_id = $2, prepaid_at = $3, prepay_claimed_until = NULL,"
                " next_query_at = $4, queries = 0 FROM due WHERE p.id = due.id RETURNING p.id",
                bundle,
                prepay_id,
                self.clock(),
                self.clock() + wait_before_query(0),
            )
        if len(stored) < len(claimed):
            raise PaymentNotOpen(bundle=bundle, state=await state_of(bundle))
        return self.gateway.pay_sign(prepay_id)

    async def _claim_prepay(self, bundle: str) -> list[Row]:
        """Commit that a call is about to be made, so a close waits for it and a crash leads to a query.

        All payments of the bundle or none: a combination of which a part can no longer be paid is not offered.
        """
        now = self.clock()
        async with transaction():
            claimed = await rows(
                f"{PENDING} UPDATE payment p SET prepay_claimed_until ="
                " CASE WHEN p.prepay_id IS NULL OR p.prepaid_at <= $4 THEN $3 ELSE p.prepay_claimed_until END,"
                " prepay_expires_at = coalesce(p.prepay_expires_at, greatest(p.expires_at, $5)),"
                " next_query_at = coalesce(p.next_query_at, $6)"
                " FROM due WHERE p.id = due.id AND p.expires_at > $2 RETURNING p.*",
                bundle,
                now,
                now + PREPAY_LEASE,
                now - PREPAY_GOOD_FOR,
                now + SHORTEST_TIME_EXPIRE,
                now + wait_before_query(0),
            )
            whole = await scalar("SELECT count(*) FROM payment WHERE bundle = $1", bundle)
            if not whole:
                raise PaymentNotFound(bundle=bundle)
            if len(claimed) < whole:
                state = await state_of(bundle)
                raise PaymentNotOpen(bundle=bundle, state="expired" if state == PaymentState.PENDING else state)
        return sorted(claimed, key=lambda payment: int(payment["id"]))

    async def _begins_anew(self, claimed: Row) -> bool:
        """Whether a call that came too late for its fixed ``time_expire`` has got a new one.

        Only if the channel has never heard of the payment: of one that it knows, repeats must be identical.
        """
        now = self.clock()
        if claimed["prepay_id"] or claimed["prepay_expires_at"] >= now + TIME_EXPIRE_AHEAD:
            return False
        try:
            if await self._ask(claimed):
                return False
        except (OutcomeUnknown, GatewayRefused):
            return False
        return bool(
            await execute(
                "UPDATE payment SET prepay_expires_at = greatest(expires_at, $2)"
                " WHERE bundle = $1 AND state = 'pending' AND prepay_id IS NULL AND expires_at > $3",
                claimed["bundle"],
                now + SHORTEST_TIME_EXPIRE,
                now,
            )
        )

    async def _why_not_open(self, claimed: Row, refusal: GatewayRefused) -> Exception:
        """A refusal often means that the payment is paid or closed already: ask, and say so."""
        log.warning(
            "prepay_refused",
            extra={"number": claimed["number"], "code": refusal.code, "channel_request": refusal.request_id},
        )
        if refusal.is_temporary:
            return ChannelUnavailable(bundle=claimed["bundle"])
        if refusal.code in ("ORDERPAID", "ORDER_CLOSED"):
            await self.refresh(claimed)
            return PaymentNotOpen(bundle=claimed["bundle"], state=await state_of(claimed["bundle"]))
        return PaymentRefused(bundle=claimed["bundle"], channel_code=refusal.code)

    async def request_close(self, bundle: str) -> bool:
        """Stop offering the payments of a bundle; joins the caller's transaction and calls nobody.

        ``PaymentClosed`` follows for each once the channel has closed it, or ``PaymentSucceeded`` when the payer was
        faster: stock goes back on the first alone. Answers False when nothing was open any more.
        """
        async with transaction():
            closing = await self._stop_offering(bundle)
            if not closing:
                await state_of(bundle)
            for number in closing:
                await self._mark_closed(number, never_opened=True)
        return bool(closing)

    async def _stop_offering(self, bundle: str) -> list[str]:
        stopped = await rows(
            f"{PENDING} UPDATE payment p SET state = 'closing', next_close_at = $2 FROM due WHERE p.id = due.id"
            " RETURNING p.number",
            bundle,
            self.clock(),
        )
        return [payment["number"] for payment in stopped]

    async def close(self, claimed: Row) -> None:
        """Close the bundle of a claimed payment at the channel, then here. Paid meanwhile means confirmed instead.

        Must not run inside a transaction. On an unknown outcome nothing changes; the job comes again.
        """
        bundle, combination = claimed["bundle"], claimed["combination"]
        async with transaction():
            await self._stop_offering(bundle)
        closing = await rows(
            "SELECT number, sub_mchid FROM payment WHERE bundle = $1 AND state = 'closing' ORDER BY id", bundle
        )
        open_parts = {
            p["number"]: p["sub_mchid"] for p in closing if not await self._mark_closed(p["number"], never_opened=True)
        }
        try:
            for seen in await self._ask(claimed) if open_parts else []:
                if seen.state in CAPTURED_TRADES:
                    await self.confirm(seen)
                    open_parts.pop(seen.number, None)
                elif seen.state in _DEAD and open_parts.pop(seen.number, None):
                    await self._mark_closed(seen.number, never_opened=False)
            if combination and open_parts:
                await self.gateway.close_combination(combination, open_parts)
            elif open_parts:
                await self.gateway.close(claimed["number"], claimed["sub_mchid"])
        except OutcomeUnknown as unknown:
            log.warning("close_outcome_unknown", extra={"number": claimed["number"], "cause": str(unknown)})
            return
        except GatewayRefused as refusal:
            log.warning("close_refused", extra={"number": claimed["number"], "code": refusal.code})
            if refusal.code == "ORDERPAID":
                await self.refresh(claimed)
            return
        for number in open_parts:
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
            " RETURNING number, sub_mchid, bundle, combination",
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
            " RETURNING number, sub_mchid, bundle, combination",
            now,
            limit,
        )

    async def _ask(self, payment: Row) -> list[Transaction]:
        """What the channel says about a payment, or about all parts of its combination. Raises as the gateway does."""
        if payment["combination"]:
            return await self.gateway.query_combination(payment["combination"])
        seen = await self.gateway.query(payment["number"], payment["sub_mchid"])
        return [seen] if seen is not None else []

    async def refresh(self, payment: Row) -> None:
        """Ask the channel about a payment and take over what it says. Must not run inside a transaction."""
        try:
            found = await self._ask(payment)
        except (OutcomeUnknown, GatewayRefused) as error:
            log.warning("query_failed", extra={"number": payment["number"], "cause": str(error)})
            return
        for seen in found:
            if seen.state not in _DEAD:
                await self.confirm(seen)
                continue
            async with transaction():
                await execute(
                    "UPDATE payment SET state = 'closing' WHERE number = $1 AND state = 'pending'", seen.number
                )
                await self._mark_closed(seen.number, never_opened=False)

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
            state = await scalar("SELECT state FROM payment WHERE reference = $1", reference)
            if state is None:
                raise PaymentNotFound(reference=reference)
            raise PaymentNotOpen(reference=reference, state=state)
