"""Returns: before a refund is sent, the receiver gives its part of the share back (wechat reference 2.5)."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from payments.ports import GatewayRefused, OutcomeUnknown
from payments.sharing.events import ShareRestored, SplitReturned
from payments.sharing.ports import ReturnOrder, ReturnResult, ShareState, SharingChannel
from payments.sharing.shares import RETURNABLE_FOR, kept

log = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = (30, 60, 120, 300, 600, 1800)
AFTER_FAILURE_SECONDS = 1800

# A refund may go to the channel when no share can be under way and its own part of the share is back.
REFUND_IS_FREE = (
    "NOT EXISTS (SELECT 1 FROM payment_split s WHERE s.payment_id = r.payment_id AND (s.state IN ('asked',"
    " 'processing') OR (s.state IN ('split', 'owed') AND NOT EXISTS (SELECT 1 FROM payment_split_return b"
    " WHERE b.refund_id = r.id AND b.state IN ('returned', 'owed')))))"
)


async def plan_returns(payment_id: int, now: datetime) -> None:
    """Write down what refunds that are not sent yet take back of the payment's share; the payment is locked.

    Computed from what stands, so any number of refunds in any order leave the share of what was kept, to the fen.
    """
    split = await row("SELECT * FROM payment_split WHERE payment_id = $1 AND state IN ('split', 'owed')", payment_id)
    if split is None:
        return
    waiting = await rows(
        "SELECT r.id, p.captured_fen - (SELECT sum(e.amount_fen) FROM payment_refund e WHERE e.payment_id = p.id"
        "   AND e.state <> 'closed' AND e.id <= r.id)::bigint AS left_fen"
        " FROM payment_refund r JOIN payment p ON p.id = r.payment_id WHERE p.id = $1 AND r.state = 'requested'"
        " AND NOT EXISTS (SELECT 1 FROM payment_split_return b WHERE b.refund_id = r.id) ORDER BY r.id",
        payment_id,
    )
    for refund in waiting:
        held_fen, owed_fen = await _standing(split)
        shared_fen, due_fen = _due(split, refund["left_fen"])
        too_much = held_fen + owed_fen - due_fen
        # What a failed refund has brought back is owed and no more at the receiver: then less is to be returned.
        amount_fen = min(too_much, max(0, held_fen - shared_fen))
        await _insert(split, refund["id"], amount_fen, too_much - amount_fen, now)


async def owe_again(payment_id: int, refund_id: int, now: datetime) -> None:
    """A refund of the locked payment has failed for good: what it took back of the share is owed again, to the fen."""
    split = await row("SELECT * FROM payment_split WHERE payment_id = $1 AND state IN ('split', 'owed')", payment_id)
    taken = await row(
        "SELECT * FROM payment_split_return WHERE refund_id = $1 AND state IN ('returned', 'owed')", refund_id
    )
    if split is None or taken is None:
        return
    left_fen = await scalar(
        "SELECT captured_fen - (SELECT coalesce(sum(amount_fen), 0) FROM payment_refund WHERE payment_id = $1"
        " AND state <> 'closed')::bigint FROM payment WHERE id = $1",
        payment_id,
    )
    lacking_fen = _due(split, left_fen)[1] - sum(await _standing(split))
    kept_fen = min(lacking_fen, taken["amount_fen"]) if taken["state"] == "owed" else 0
    if not lacking_fen:
        return
    await execute(
        "UPDATE payment_split_return SET owed_again_fen = $2, kept_fen = $3 WHERE id = $1",
        taken["id"],
        lacking_fen - kept_fen,
        kept_fen,
    )
    log.error("share_is_owed_again", extra={"number": split["number"], "fen": lacking_fen})
    await announce(
        ShareRestored(
            **await _whose(split["id"]),
            return_number=taken["number"],
            owed_fen=lacking_fen - kept_fen,
            kept_fen=kept_fen,
            occurred_at=now,
        )
    )


async def _standing(split: Row) -> tuple[int, int]:
    """What stands of a share after its returns: with the receiver, and owed by the payee, in fen."""
    found = await row(
        "SELECT $2::bigint - coalesce(sum(amount_fen - kept_fen), 0)::bigint AS held_fen,"
        " $3::bigint - coalesce(sum(waived_fen - owed_again_fen), 0)::bigint AS owed_fen"
        " FROM payment_split_return WHERE split_id = $1 AND state <> 'failed'",
        split["id"],
        split["amount_fen"],
        split["owed_fen"],
    )
    assert found is not None
    return found["held_fen"], found["owed_fen"]


def _due(split: Row, left_fen: int) -> tuple[int, int]:
    """What is due of ``left_fen`` of the payment: at the receiver, and in all."""
    shared_fen = kept(split["amount_fen"], left_fen, split["base_fen"])
    return shared_fen, shared_fen + kept(split["owed_fen"], left_fen, split["base_fen"])


async def _insert(
    split: Row, refund_id: int, amount_fen: int, waived_fen: int, now: datetime, attempt: int = 1, wait_s: int = 0
) -> None:
    late = amount_fen > 0 and now - split["finished_at"] > RETURNABLE_FOR
    state = "owed" if late else "requested" if amount_fen else "returned"
    if late:
        log.error("share_too_old_to_return", extra={"number": split["number"]})
    created = await row(
        "INSERT INTO payment_split_return (number, split_id, refund_id, attempt, amount_fen, waived_fen, state,"
        " attempts, next_attempt_at, requested_at, finished_at, owed_again_fen, kept_fen)"
        " VALUES ($1, $2, $3, $10, $4, $5, $6, 0, $8, $7, $9, 0, 0)"
        " RETURNING *",
        public_number(now, "SR"),
        split["id"],
        refund_id,
        amount_fen,
        waived_fen,
        state,
        now,
        now + timedelta(seconds=wait_s) if state == "requested" else None,
        None if state == "requested" else now,
        attempt,
    )
    assert created is not None
    if late or (state == "returned" and waived_fen):
        await _announce(created, 0, now, owed_fen=amount_fen)


async def _announce(returned: Row, returned_fen: int, at: datetime, owed_fen: int = 0) -> None:
    await announce(
        SplitReturned(
            **await _whose(returned["split_id"]),
            return_number=returned["number"],
            returned_fen=returned_fen,
            waived_fen=returned["waived_fen"],
            owed_fen=owed_fen,
            occurred_at=at,
        )
    )


async def _whose(split_id: int) -> Row:
    found = await row(
        "SELECT p.reference, p.payee, p.channel, s.number FROM payment_split s JOIN payment p ON p.id = s.payment_id"
        " WHERE s.id = $1",
        split_id,
    )
    assert found is not None
    return found


@dataclass(frozen=True)
class Returns:
    """Brings returns to their end."""

    channel: SharingChannel
    clock: Clock = utc_now

    async def claim(self, limit: int) -> list[Row]:
        """Take returns that are due; committed before the channel is asked."""
        now = self.clock()
        return await rows(
            "UPDATE payment_split_return b SET state = CASE b.state WHEN 'requested' THEN 'asked' ELSE b.state END,"
            " attempts = b.attempts + 1, next_attempt_at = $1::timestamptz"
            " + make_interval(secs => ($3::int[])[least(b.attempts + 1, $4::int)])"
            " FROM payment_split s JOIN payment p ON p.id = s.payment_id WHERE s.id = b.split_id AND b.id IN ("
            "   SELECT id FROM payment_split_return WHERE finished_at IS NULL AND next_attempt_at <= $1"
            "   ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
            " RETURNING b.*, p.sub_mchid,"
            " s.number || CASE WHEN s.round > 1 THEN '-' || s.round ELSE '' END AS split_number",
            now,
            limit,
            list(ASK_AGAIN_SECONDS),
            len(ASK_AGAIN_SECONDS),
        )

    async def send(self, claimed: Row) -> None:
        """Ask for a claimed return; one that was asked for before is asked about first. Never in a transaction."""
        order = ReturnOrder(claimed["number"], claimed["split_number"], claimed["sub_mchid"], claimed["amount_fen"])
        try:
            found = await self.channel.query_return(order) if claimed["attempts"] > 1 else None
        except (OutcomeUnknown, GatewayRefused) as error:
            log.warning("share_return_query_failed", extra={"number": order.number, "cause": str(error)})
            return
        try:
            result = found or await self.channel.return_share(order)
        except OutcomeUnknown as unknown:
            log.warning("share_return_outcome_unknown", extra={"number": order.number, "cause": str(unknown)})
            return
        except GatewayRefused as refusal:
            log.warning("share_return_refused", extra={"number": order.number, "code": refusal.code})
            await self._refused(order.number, refusal.code[:80])
            return
        await self.confirm(result)

    async def confirm(self, seen: ReturnResult) -> None:
        """Take over what the channel, verified, says about a return. Effects happen at most once."""
        now = self.clock()
        async with transaction():
            known = await row("SELECT * FROM payment_split_return WHERE number = $1 FOR UPDATE", seen.number)
            if known is None or known["finished_at"] is not None or seen.amount_fen != known["amount_fen"]:
                log.error("share_return_not_ours", extra={"number": seen.number})
                return
            state = {ShareState.SUCCESS: "returned", ShareState.CLOSED: "failed", ShareState.PENDING: "processing"}
            await execute(
                "UPDATE payment_split_return SET state = $2, return_id = $3, failure = $4, finished_at = $5"
                " WHERE id = $1",
                known["id"],
                state[seen.state],
                seen.return_id,
                seen.failure[:80] or None,
                None if seen.state is ShareState.PENDING else now,
            )
            if seen.state is ShareState.SUCCESS:
                await _announce(known, known["amount_fen"], now)
            elif seen.state is ShareState.CLOSED:
                log.error("share_return_failed", extra={"number": seen.number, "reason": seen.failure})
                await self._again(known, now)

    async def _refused(self, number: str, code: str) -> None:
        """It was not done and is asked for again, until it is too late for the channel: then it is owed."""
        now = self.clock()
        async with transaction():
            known = await row(
                "UPDATE payment_split_return b SET failure = $2 FROM payment_split s WHERE s.id = b.split_id"
                " AND b.number = $1 AND b.state = 'asked' RETURNING b.*, s.finished_at AS split_at",
                number,
                code,
            )
            if known is not None and now - known["split_at"] > RETURNABLE_FOR:
                await execute(
                    "UPDATE payment_split_return SET state = 'failed', finished_at = $2 WHERE id = $1", known["id"], now
                )
                await self._again(known, now)

    async def _again(self, failed: Row, now: datetime) -> None:
        """The channel ended it without money: the next attempt has a number of its own, or it is too late and owed."""
        split = await row("SELECT * FROM payment_split WHERE id = $1", failed["split_id"])
        assert split is not None
        await _insert(
            split,
            failed["refund_id"],
            failed["amount_fen"],
            failed["waived_fen"],
            now,
            failed["attempt"] + 1,
            AFTER_FAILURE_SECONDS,
        )
