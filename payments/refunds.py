"""Refunds: asked for in a transaction, sent by a job, finished by a notice or a query.

The sum of all refunds of a payment, in flight ones included, never exceeds what was captured; that is
decided under the payment's row lock (reliability reference I4, commerce reference R15). A refund keeps its
number for ever: whatever happens in between, the channel is asked about that number and never given another
one.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from payments.confirmations import Confirmation
from payments.errors import AmountInvalid, NotRefundable, PaymentNotFound, RefundDiffers, RefundTooLarge
from payments.events import RefundFailed, RefundSucceeded
from payments.models import CAPTURED_STATES, REFUND_TRANSITIONS, RefundRowState
from payments.ports import (
    GatewayRefused,
    OutcomeUnknown,
    PaymentGateway,
    RefundOrder,
    RefundResult,
    RefundState,
)
from payments.sharing.returns import REFUND_IS_FREE, owe_again, plan_returns

log = logging.getLogger(__name__)

MAX_REFUNDS_PER_PAYMENT = 50
REFUNDABLE_FOR = timedelta(days=365)
SPACING = timedelta(seconds=61)
"""Two refunds of one payment are at least a minute apart at the channel (wechat reference 2.4)."""

SEND_AGAIN_SECONDS = (30, 60, 120, 300, 600, 1800)
QUERY_AFTER_SECONDS = (60, 60, 60, 60, 60, 300, 600, 1800)
REFUSALS_BEFORE_CLOSED = 4
"""A refusal that lasts is final; the first few may be spacing, limits or money that is not there yet."""

_AFTER = {
    RefundState.SUCCESS: RefundRowState.SUCCEEDED,
    RefundState.PROCESSING: RefundRowState.PROCESSING,
    RefundState.ABNORMAL: RefundRowState.ABNORMAL,
    RefundState.CLOSED: RefundRowState.CLOSED,
}


def wait_in(steps: tuple[int, ...], done: int) -> timedelta:
    """The wait after ``done`` tries; the last step repeats."""
    return timedelta(seconds=steps[min(done, len(steps) - 1)])


@dataclass(frozen=True)
class Refunds:
    """The use cases of a refund."""

    gateway: PaymentGateway
    clock: Clock = utc_now
    spacing: timedelta = SPACING

    async def request(self, *, reference: str, refund_reference: str, amount_fen: int, reason: str) -> str:
        """Decide a refund of the payment of ``reference``; joins the caller's transaction and calls nobody.

        ``refund_reference`` is the caller's name for it: repeating it answers the same refund number. Raises
        :class:`PaymentNotFound`, :class:`NotRefundable`, :class:`RefundTooLarge`, :class:`RefundDiffers` or
        :class:`AmountInvalid`.
        """
        if amount_fen < 1:
            raise AmountInvalid(amount_fen=amount_fen)
        async with transaction():
            payment = await row("SELECT * FROM payment WHERE reference = $1 FOR UPDATE", reference)
            if payment is None:
                raise PaymentNotFound(reference=reference)
            known = await row("SELECT * FROM payment_refund WHERE reference = $1", refund_reference)
            if known is not None:
                if (known["payment_id"], known["amount_fen"]) != (payment["id"], amount_fen):
                    raise RefundDiffers(refund_reference=refund_reference)
                return str(known["number"])
            await self._check_room(payment, amount_fen)
            number = await self._insert(payment, refund_reference, amount_fen, reason)
            await plan_returns(payment["id"], self.clock())
            return number

    async def is_closed(self, refund_reference: str) -> bool:
        """Whether a refund has failed for good. It then never pays, and its money may be asked for again."""
        return bool(
            await scalar("SELECT 1 FROM payment_refund WHERE reference = $1 AND state = 'closed'", refund_reference)
        )

    async def _check_room(self, payment: Row, amount_fen: int) -> None:
        """Whether the locked payment can bear this refund too."""
        if payment["state"] not in CAPTURED_STATES:
            raise NotRefundable(reference=payment["reference"], state=payment["state"])
        if self.clock() - payment["captured_at"] > REFUNDABLE_FOR:
            raise NotRefundable(reference=payment["reference"], reason="older than 365 days")
        taken = await row(
            "SELECT count(*) AS times, coalesce(sum(amount_fen), 0)::bigint AS fen FROM payment_refund"
            " WHERE payment_id = $1 AND state <> 'closed'",
            payment["id"],
        )
        assert taken is not None
        left_fen = payment["captured_fen"] - taken["fen"]
        if amount_fen > left_fen:
            raise RefundTooLarge(reference=payment["reference"], left_fen=left_fen)
        if taken["times"] >= MAX_REFUNDS_PER_PAYMENT:
            raise NotRefundable(reference=payment["reference"], reason="50 refunds already")

    async def _insert(self, payment: Row, refund_reference: str, amount_fen: int, reason: str) -> str:
        now = self.clock()
        number: str = await scalar(
            "INSERT INTO payment_refund (number, reference, payment_id, amount_fen, reason, state, attempts,"
            " refusals, next_attempt_at, created_at)"
            " VALUES ($1, $2, $3, $4, $5, 'requested', 0, 0, $6, $6) RETURNING number",
            public_number(now, "R"),
            refund_reference,
            payment["id"],
            amount_fen,
            reason[:80],
            now,
        )
        return number

    async def claim_sends(self, limit: int) -> list[Row]:
        """Take due refunds for sending, one per payment and spaced; committed before anything is sent.

        A refund waits while a share is being split off its payment, and until its own part of the share is back.
        """
        now = self.clock()
        async with transaction():
            due = await rows(
                "SELECT r.id, r.payment_id FROM payment_refund r JOIN payment p ON p.id = r.payment_id"
                f" WHERE r.state IN ('requested', 'sent') AND r.next_attempt_at <= $1 AND {REFUND_IS_FREE}"
                " AND (p.refund_free_at IS NULL OR p.refund_free_at <= $1) AND NOT EXISTS ("
                "   SELECT 1 FROM payment_refund earlier WHERE earlier.payment_id = r.payment_id"
                "   AND earlier.id < r.id AND earlier.state IN ('requested', 'sent'))"
                " ORDER BY r.id LIMIT $2 FOR UPDATE OF r, p SKIP LOCKED",
                now,
                limit,
            )
            claimed = []
            for each in due:
                await scalar(
                    "UPDATE payment SET refund_free_at = $2 WHERE id = $1 RETURNING id",
                    each["payment_id"],
                    now + self.spacing,
                )
                claimed += await rows(
                    "UPDATE payment_refund r SET state = 'sent', attempts = r.attempts + 1,"
                    " next_attempt_at = $2::timestamptz"
                    " + make_interval(secs => ($3::int[])[least(r.attempts + 1, $4::int)])"
                    " FROM payment p WHERE p.id = r.payment_id AND r.id = $1"
                    f" AND r.state IN ('requested', 'sent') AND {REFUND_IS_FREE}"
                    " RETURNING r.*, p.transaction_id, p.sub_mchid, p.captured_fen",
                    each["id"],
                    now,
                    list(SEND_AGAIN_SECONDS),
                    len(SEND_AGAIN_SECONDS),
                )
        return claimed

    async def send(self, claimed: Row) -> None:
        """Send a claimed refund. One that was sent before is asked about first.

        Never inside a transaction.
        """
        number, sub_mchid = claimed["number"], claimed["sub_mchid"]
        try:
            found = await self.gateway.query_refund(number, sub_mchid) if claimed["attempts"] > 1 else None
            result = found or await self.gateway.refund(
                RefundOrder(
                    number=number,
                    transaction_id=claimed["transaction_id"],
                    sub_mchid=sub_mchid,
                    amount_fen=claimed["amount_fen"],
                    total_fen=claimed["captured_fen"],
                    reason=claimed["reason"],
                )
            )
        except OutcomeUnknown as unknown:
            log.warning("refund_outcome_unknown", extra={"number": number, "cause": str(unknown)})
            return
        except GatewayRefused as refusal:
            await self._refused(claimed, refusal)
            return
        await self.confirm(result)

    async def _refused(self, claimed: Row, refusal: GatewayRefused) -> None:
        """Not done, signed: wait and repeat, and after several lasting refusals give up and say so."""
        number = claimed["number"]
        log.warning(
            "refund_refused",
            extra={"number": number, "code": refusal.code, "channel_request": refusal.request_id},
        )
        final = not refusal.is_temporary and claimed["refusals"] + 1 >= REFUSALS_BEFORE_CLOSED
        async with transaction():
            if final:
                await self._hold_payment(number)
            changed = await row(
                "UPDATE payment_refund SET state = CASE WHEN $2 THEN 'closed' ELSE 'requested' END,"
                " refusals = refusals + CASE WHEN $3 THEN 0 ELSE 1 END, failure = $4,"
                " finished_at = CASE WHEN $2 THEN $5::timestamptz END,"
                " next_attempt_at = CASE WHEN $2 THEN NULL ELSE next_attempt_at END"
                " WHERE number = $1 AND state = 'sent' RETURNING *",
                number,
                final,
                refusal.is_temporary,
                refusal.code[:80],
                self.clock(),
            )
            if changed is not None and final:
                await self._announce_end(changed, refusal.code)

    async def claim_queries(self, limit: int) -> list[Row]:
        """Take refunds that the channel is still working on and that are due for a question."""
        now = self.clock()
        return await rows(
            "UPDATE payment_refund r SET attempts = r.attempts + 1, next_attempt_at = $1::timestamptz"
            " + make_interval(secs => ($3::int[])[least(r.attempts + 1, $4::int)])"
            " FROM payment p WHERE p.id = r.payment_id AND r.id IN ("
            "   SELECT id FROM payment_refund"
            "   WHERE state IN ('processing', 'abnormal') AND next_attempt_at <= $1"
            "   ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)"
            " RETURNING r.number, p.sub_mchid",
            now,
            limit,
            list(QUERY_AFTER_SECONDS),
            len(QUERY_AFTER_SECONDS),
        )

    async def refresh(self, number: str, sub_mchid: str | None) -> None:
        """Ask the channel about a refund. Never inside a transaction."""
        try:
            result = await self.gateway.query_refund(number, sub_mchid)
        except (OutcomeUnknown, GatewayRefused) as error:
            log.warning("refund_query_failed", extra={"number": number, "cause": str(error)})
            return
        if result is not None:
            await self.confirm(result)

    async def confirm(self, seen: RefundResult) -> Confirmation:
        """Take over what the channel, verified, says about a refund. Effects happen at most once."""
        target = _AFTER[seen.state]
        async with transaction():
            if target is RefundRowState.CLOSED:
                await self._hold_payment(seen.number)
            known = await row(
                "SELECT r.*, p.number AS payment_number, p.transaction_id, p.sub_mchid FROM payment_refund r"
                " JOIN payment p ON p.id = r.payment_id WHERE r.number = $1 FOR UPDATE OF r",
                seen.number,
            )
            if known is None:
                return Confirmation.UNKNOWN_PAYMENT
            if not self._is_ours(known, seen):
                return Confirmation.OTHER_MERCHANT
            if seen.amount_fen != known["amount_fen"]:
                log.error("refund_amount_differs", extra={"number": seen.number})
                return Confirmation.HELD
            if known["state"] == target:
                return Confirmation.REPEATED
            if (known["state"], target) == (RefundRowState.CLOSED, RefundRowState.SUCCEEDED):
                log.error("refund_paid_after_it_failed", extra={"number": seen.number})
                return Confirmation.HELD
            now, is_done = self.clock(), target in (RefundRowState.SUCCEEDED, RefundRowState.CLOSED)
            changed = await row(
                "UPDATE payment_refund SET state = $2, refund_id = $3, attempts = 0, finished_at = $4,"
                " next_attempt_at = $5, failure = $6 WHERE number = $1 AND state = ANY($7::text[])"
                " RETURNING *",
                seen.number,
                target.value,
                seen.refund_id,
                (seen.succeeded_at or now) if is_done else None,
                None if is_done else now + wait_in(QUERY_AFTER_SECONDS, 0),
                None if target is RefundRowState.SUCCEEDED else target.value,
                [source.value for source, targets in REFUND_TRANSITIONS.items() if target in targets],
            )
            if changed is None:
                return Confirmation.REPEATED
            if target is not RefundRowState.PROCESSING:
                await self._announce_end(changed, target.value)
        return Confirmation.APPLIED

    async def _hold_payment(self, number: str) -> None:
        """Lock the payment of a refund before the refund itself: what its end leaves of a share is counted anew."""
        await scalar(
            "SELECT 1 FROM payment p JOIN payment_refund r ON r.payment_id = p.id WHERE r.number = $1 FOR UPDATE OF p",
            number,
        )

    def _is_ours(self, known: Row, seen: RefundResult) -> bool:
        return (
            seen.mchid == self.gateway.mchid
            and seen.sub_mchid == known["sub_mchid"]
            and seen.transaction_id in (None, known["transaction_id"])
            and seen.payment_number in (None, known["payment_number"])
        )

    async def _announce_end(self, refund: Row, reason: str) -> None:
        payment = await row("SELECT * FROM payment WHERE id = $1", refund["payment_id"])
        assert payment is not None
        at = refund["finished_at"] or self.clock()
        if refund["state"] == RefundRowState.SUCCEEDED:
            await announce(
                RefundSucceeded(
                    reference=payment["reference"],
                    number=payment["number"],
                    refund_reference=refund["reference"],
                    refund_number=refund["number"],
                    payee=payment["payee"],
                    channel=payment["channel"],
                    amount_fen=refund["amount_fen"],
                    transaction_id=payment["transaction_id"],
                    refund_id=refund["refund_id"],
                    occurred_at=at,
                )
            )
            return
        if refund["state"] == RefundRowState.CLOSED:
            await owe_again(refund["payment_id"], refund["id"], self.clock())
        log.error("refund_failed", extra={"number": refund["number"], "reason": reason})
        await announce(
            RefundFailed(
                reference=payment["reference"],
                number=payment["number"],
                refund_reference=refund["reference"],
                refund_number=refund["number"],
                payee=payment["payee"],
                channel=payment["channel"],
                amount_fen=refund["amount_fen"],
                transaction_id=payment["transaction_id"],
                reason=reason[:80],
                is_final=refund["state"] == RefundRowState.CLOSED,
                occurred_at=at,
            )
        )
