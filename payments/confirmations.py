"""Confirmations: the one place where money becomes captured, whoever brings the news.

A notice, a query's answer and a bill's hint all end here, so lost, doubled and disordered news end in one
state (commerce reference R2 to R5, R18).
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from kit.clock import Clock
from kit.database import Row, row, scalar, transaction
from kit.outbox import announce
from payments.events import PaymentArrivedLate, PaymentHeld, PaymentSucceeded
from payments.models import PaymentState
from payments.ports import PaymentGateway, TradeState, Transaction

log = logging.getLogger(__name__)

CAPTURED_TRADES = (TradeState.SUCCESS, TradeState.REFUND)
"""The channel has the money; REFUND means that some of it has gone back since."""


class Confirmation(StrEnum):
    """What :meth:`Payments.confirm` made of what the channel says."""

    APPLIED = "applied"
    REPEATED = "repeated"
    NOT_PAID = "not_paid"
    UNKNOWN_PAYMENT = "unknown_payment"
    OTHER_MERCHANT = "other_merchant"
    OTHER_TRANSACTION = "other_transaction"
    HELD = "held"

    @property
    def is_accepted(self) -> bool:
        """Whether the channel may stop telling us."""
        return self in (Confirmation.APPLIED, Confirmation.REPEATED, Confirmation.NOT_PAID)


@dataclass(frozen=True)
class Confirmations:
    """Takes over what the channel says about payments."""

    gateway: PaymentGateway
    clock: Clock

    async def confirm(self, seen: Transaction) -> Confirmation:
        """Take over what the channel, verified, says about a payment. Effects happen at most once.

        Merchant, sub-merchant, combination, application, amount, currency and payer must be ours; a wrong amount,
        currency or payer puts the payment on hold, another merchant's money touches nothing.
        """
        if seen.state not in CAPTURED_TRADES:
            return Confirmation.NOT_PAID
        async with transaction():
            known = await row("SELECT * FROM payment WHERE number = $1 FOR UPDATE", seen.number)
            if known is None:
                return Confirmation.UNKNOWN_PAYMENT
            if not self._is_our_merchant(known, seen) or not seen.transaction_id:
                return Confirmation.OTHER_MERCHANT
            if known["transaction_id"] is not None:
                same = (known["transaction_id"], known["captured_fen"]) == (
                    seen.transaction_id,
                    seen.amount_fen,
                )
                return Confirmation.REPEATED if same else Confirmation.OTHER_TRANSACTION
            if reason := _mismatch(known, seen):
                if known["state"] == PaymentState.CLOSED and known["held_transaction_id"] == seen.transaction_id:
                    return Confirmation.REPEATED  # a person has given this money back already
                await self._hold(known, seen, reason)
                return Confirmation.HELD
            await self._capture(known, seen)
        return Confirmation.APPLIED

    def _is_our_merchant(self, known: Row, seen: Transaction) -> bool:
        return (seen.mchid, seen.appid, seen.sub_mchid, seen.combination) == (
            self.gateway.mchid,
            self.gateway.appid,
            known["sub_mchid"],
            known["combination"],
        )

    async def _capture(self, known: Row, seen: Transaction) -> None:
        """The one place where money becomes captured; ``known`` is locked."""
        state = PaymentState.SUCCEEDED if known["closed_at"] is None else PaymentState.LATE
        captured = await row(
            "UPDATE payment SET state = $2, transaction_id = $3, captured_fen = $4, captured_at = $5,"
            " next_query_at = NULL, next_close_at = NULL, prepay_claimed_until = NULL, held_reason = NULL,"
            " held_fen = NULL, held_transaction_id = NULL"
            " WHERE number = $1 AND state IN ('pending', 'closing', 'closed', 'held')"
            " AND transaction_id IS NULL RETURNING *",
            seen.number,
            state.value,
            seen.transaction_id,
            seen.amount_fen,
            seen.succeeded_at or self.clock(),
        )
        assert captured is not None, "the row is locked and uncaptured"
        kind = PaymentArrivedLate if state is PaymentState.LATE else PaymentSucceeded
        await announce(
            kind(
                reference=captured["reference"],
                number=captured["number"],
                payee=captured["payee"],
                channel=captured["channel"],
                amount_fen=captured["captured_fen"],
                transaction_id=captured["transaction_id"],
                occurred_at=captured["captured_at"],
            )
        )

    async def _hold(self, known: Row, seen: Transaction, reason: str) -> None:
        """Put the payment on hold, once, and have the channel asked again.

        Its own answer may correct a notice.
        """
        log.error("payment_held", extra={"number": seen.number, "reason": reason})
        held = await scalar(
            "UPDATE payment SET state = 'held', held_reason = $2, next_query_at = $3, queries = 0,"
            " next_close_at = NULL, held_fen = $4, held_transaction_id = $5"
            " WHERE number = $1 AND state IN ('pending', 'closing', 'closed')"
            " RETURNING number",
            seen.number,
            reason,
            self.clock(),
            seen.amount_fen,
            seen.transaction_id,
        )
        if held is None:
            return
        await announce(
            PaymentHeld(
                reference=known["reference"],
                number=known["number"],
                payee=known["payee"],
                channel=known["channel"],
                amount_fen=known["amount_fen"],
                seen_fen=seen.amount_fen or 0,
                transaction_id=seen.transaction_id or "",
                reason=reason,
                occurred_at=self.clock(),
            )
        )


def _mismatch(known: Row, seen: Transaction) -> str | None:
    """Why the captured money does not fit, or None."""
    if seen.amount_fen != known["amount_fen"]:
        return f"amount: {known['amount_fen']} fen asked for, {seen.amount_fen} reported"
    if seen.currency != "CNY":
        return "currency is not CNY"
    if seen.payer_openid is not None and seen.payer_openid != known["payer_openid"]:
        return "another person paid"
    return None
