"""Splits: planned when they are earned, asked for once, brought to an end whatever happens in between."""

import logging
from dataclasses import dataclass
from datetime import datetime

from accounts.queries import is_county_officer
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from payments.errors import OwnerUnknown, SplitUnknown
from payments.ports import GatewayRefused, OutcomeUnknown
from payments.sharing.events import PaymentShared
from payments.sharing.models import SplitState
from payments.sharing.ports import ShareState, SharingChannel, SplitOrder, SplitResult
from payments.sharing.returns import plan_returns
from payments.sharing.shares import SPLIT_AFTER, SPLIT_WITHIN, kept, splittable

log = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = (30, 60, 120, 300, 600, 1800)
AFTER_REFUSAL_SECONDS = (60, 300, 1800, 3600, 21600)
"""A refusal may end by itself: the mini-program's order is not settled yet, or a person mends an account."""

_DUE = """
SELECT s.*, p.transaction_id, p.sub_mchid, p.captured_fen, p.captured_at FROM payment_split s
  JOIN payment p ON p.id = s.payment_id WHERE s.finished_at IS NULL AND s.next_attempt_at <= $1
 ORDER BY s.next_attempt_at LIMIT $2 FOR UPDATE OF s, p SKIP LOCKED
"""


async def hurry_split(number: str) -> None:
    """The channel says that something has become of a split: it is asked about at once, and only that is believed."""
    await execute(
        "UPDATE payment_split SET next_attempt_at = now() WHERE number = split_part($1, '-', 1)"
        " AND state IN ('asked', 'processing')",
        number,
    )


@dataclass(frozen=True)
class Sharing:
    """The use cases of a split. ``limit_bp`` is the most that may be split off a payment, in basis points."""

    channel: SharingChannel
    limit_bp: int
    clock: Clock = utc_now

    async def plan(self, reference: str, due_fen: int) -> None:
        """Decide that ``due_fen`` of a payment go to the receiver; joins the caller's transaction.

        Nothing happens for a payment that is not frozen for it; repeating it changes nothing. 0 unfreezes.
        """
        async with transaction():
            payment = await row(
                "SELECT * FROM payment WHERE reference = $1 AND to_share AND captured_fen > 0 FOR UPDATE", reference
            )
            if payment is None:
                return
            now = self.clock()
            refunded = await scalar(
                "SELECT coalesce(sum(amount_fen), 0)::bigint FROM payment_refund"
                " WHERE payment_id = $1 AND state = 'succeeded'",
                payment["id"],
            )
            if payment["captured_fen"] > refunded:
                await execute(
                    "INSERT INTO payment_split (number, round, payment_id, due_fen, base_fen, owed_fen, state,"
                    " attempts, refusals, next_attempt_at, note, planned_at)"
                    " VALUES ($1, 1, $2, $3, $4, 0, 'planned', 0, 0, $5, '', $6)"
                    " ON CONFLICT (payment_id) DO NOTHING",
                    public_number(now, "S"),
                    payment["id"],
                    due_fen,
                    payment["captured_fen"] - refunded,
                    max(now, payment["captured_at"] + SPLIT_AFTER),
                    now,
                )

    async def claim(self, limit: int) -> list[Row]:
        """Take due splits; what is asked for is fixed and committed before the channel hears of it.

        A refund that is under way goes first. What the channel has unfrozen by itself meanwhile is owed.
        """
        claimed = []
        async with transaction():
            now = self.clock()
            for split in await rows(_DUE, now, limit):
                if split["state"] == SplitState.PLANNED and not await self._fix(split, now):
                    continue
                claimed += await rows(
                    "UPDATE payment_split SET attempts = attempts + 1, next_attempt_at = $2::timestamptz"
                    " + make_interval(secs => ($3::int[])[least(attempts + 1, $4::int)]) WHERE id = $1 RETURNING *,"
                    " $5::text AS transaction_id, $6::text AS sub_mchid",
                    split["id"],
                    now,
                    list(ASK_AGAIN_SECONDS),
                    len(ASK_AGAIN_SECONDS),
                    split["transaction_id"],
                    split["sub_mchid"],
                )
        return claimed

    async def _fix(self, split: Row, now: datetime) -> bool:
        """What a locked, planned split comes to now. False: nothing is asked for, at least not yet."""
        money = await row(
            "SELECT coalesce(sum(amount_fen) FILTER (WHERE state = 'succeeded'), 0)::bigint AS refunded_fen,"
            " count(*) FILTER (WHERE state NOT IN ('succeeded', 'closed')) AS open,"
            " (SELECT sum(fee_fen)::bigint FROM payment_settlement WHERE payment_id = $1) AS fee_fen"
            " FROM payment_refund WHERE payment_id = $1",
            split["payment_id"],
        )
        assert money is not None
        if money["open"]:
            await self._postpone(split["id"], now)
            return False
        left_fen = split["captured_fen"] - money["refunded_fen"]
        due_fen = kept(split["due_fen"], left_fen, split["base_fen"])
        is_late = now >= split["captured_at"] + SPLIT_WITHIN
        amount_fen = 0 if is_late else min(due_fen, splittable(left_fen, money["fee_fen"], self.limit_bp))
        fixed = await row(
            "UPDATE payment_split SET state = 'asked', due_fen = $2, base_fen = $3, amount_fen = $4,"
            " owed_fen = $2::bigint - $4::bigint,"
            " round = round + CASE WHEN amount_fen <> $4 THEN 1 ELSE 0 END, attempts = 0"
            " WHERE id = $1 AND state = 'planned' RETURNING *",
            split["id"],
            due_fen,
            left_fen or split["base_fen"],
            amount_fen,
        )
        assert fixed is not None, "it is locked"
        if is_late or not left_fen:
            await self._end(fixed, SplitState.OWED if due_fen else SplitState.UNFROZEN, "window_over", now)
            return False
        return True

    async def _postpone(self, split_id: int, now: datetime) -> None:
        await execute(
            "UPDATE payment_split SET next_attempt_at = $2::timestamptz + interval '30 seconds' WHERE id = $1",
            split_id,
            now,
        )

    async def send(self, claimed: Row) -> None:
        """Ask for a claimed split; one that was asked for before is asked about first. Never in a transaction."""
        order = _order(claimed)
        try:
            seen = await self.channel.query_split(order) if claimed["attempts"] > 1 else None
        except (OutcomeUnknown, GatewayRefused) as error:
            log.warning("split_query_failed", extra={"number": order.number, "cause": str(error)})
            return
        if seen is None and claimed["state"] == SplitState.PROCESSING:
            log.error("split_forgotten_by_the_channel", extra={"number": order.number})
            return
        try:
            seen = seen or await self._ask(order)
        except OutcomeUnknown as unknown:
            log.warning("split_outcome_unknown", extra={"number": order.number, "cause": str(unknown)})
        except GatewayRefused as refusal:
            await self._refused(claimed, refusal)
        else:
            await self.confirm(claimed["id"], seen)

    async def _ask(self, order: SplitOrder) -> SplitResult:
        known = "SELECT 1 FROM share_receiver WHERE sub_mchid = $1 AND account = $2"
        receiver = self.channel.receiver
        if order.amount_fen and await scalar(known, order.sub_mchid, receiver) is None:
            await self.channel.register_receiver(order.sub_mchid)
            await execute(
                "INSERT INTO share_receiver (sub_mchid, account, registered_at) VALUES ($1, $2, $3)"
                " ON CONFLICT DO NOTHING",
                order.sub_mchid,
                receiver,
                self.clock(),
            )
        return await self.channel.split(order)

    async def _refused(self, claimed: Row, refusal: GatewayRefused) -> None:
        """Signed: it was not done. It is planned again, so that refunds need not wait, until the window is over."""
        log.warning("split_refused", extra={"number": claimed["number"], "code": refusal.code})
        await execute(
            "UPDATE payment_split SET state = 'planned', failure = $2, refusals = refusals + 1, next_attempt_at ="
            " $3::timestamptz + make_interval(secs => ($4::int[])[least(refusals + 1, $5::int)])"
            " WHERE id = $1 AND state = 'asked'",
            claimed["id"],
            refusal.code[:80],
            self.clock(),
            list(AFTER_REFUSAL_SECONDS),
            len(AFTER_REFUSAL_SECONDS),
        )

    async def confirm(self, split_id: int, seen: SplitResult) -> None:
        """Take over what the channel, verified, says about a split. Effects happen at most once."""
        async with transaction():
            known = await row("SELECT * FROM payment_split WHERE id = $1", split_id)
            assert known is not None
            await scalar("SELECT 1 FROM payment WHERE id = $1 FOR UPDATE", known["payment_id"])
            known = await row("SELECT * FROM payment_split WHERE id = $1 FOR UPDATE", split_id)
            assert known is not None
            if (_number(known), known["amount_fen"]) != (seen.number, seen.amount_fen):
                log.error("split_not_ours", extra={"number": seen.number})
                return
            if known["state"] not in (SplitState.ASKED, SplitState.PROCESSING):
                return
            now = self.clock()
            if seen.state is ShareState.PENDING:
                await execute(
                    "UPDATE payment_split SET state = 'processing', order_id = $2 WHERE id = $1",
                    split_id,
                    seen.order_id,
                )
                return
            await execute("UPDATE payment_split SET order_id = $2 WHERE id = $1", split_id, seen.order_id)
            if seen.state is ShareState.CLOSED:
                await self._end(known, SplitState.OWED, seen.failure or "closed", now)
            elif known["amount_fen"]:
                await self._end(known, SplitState.SPLIT, "", now)
            else:
                await self._end(known, SplitState.OWED if known["owed_fen"] else SplitState.UNFROZEN, "", now)

    async def _end(self, split: Row, state: SplitState, failure: str, now: datetime) -> None:
        """Settle a split, tell it, and have waiting refunds take back their part; its payment is locked."""
        if state is SplitState.OWED:
            log.error("share_is_owed", extra={"number": split["number"], "reason": failure})
        split_fen = split["amount_fen"] if state is SplitState.SPLIT else 0
        owed_fen = split["due_fen"] - split_fen
        await execute(
            "UPDATE payment_split SET state = $2, failure = $3, finished_at = $4, next_attempt_at = NULL,"
            " amount_fen = $5, owed_fen = $6 WHERE id = $1",
            split["id"],
            state.value,
            failure[:80] or None,
            now,
            split_fen,
            owed_fen,
        )
        payment = await row("SELECT reference, payee, channel FROM payment WHERE id = $1", split["payment_id"])
        assert payment is not None
        if split["due_fen"]:
            await announce(
                PaymentShared(
                    **payment, number=split["number"], split_fen=split_fen, owed_fen=owed_fen, occurred_at=now
                )
            )
        await plan_returns(split["payment_id"], now)

    async def assign(self, number: str, owner: str, note: str) -> None:
        """Say which county officer looks after a split. Raises :class:`OwnerUnknown`, :class:`SplitUnknown`."""
        if not await is_county_officer(owner):
            raise OwnerUnknown()
        if not await execute("UPDATE payment_split SET owner = $2, note = $3 WHERE number = $1", number, owner, note):
            raise SplitUnknown()


def _number(split: Row) -> str:
    """What the channel knows a split by: a refused amount that has changed since goes under another number."""
    return str(split["number"]) + (f"-{split['round']}" if split["round"] > 1 else "")


def _order(split: Row) -> SplitOrder:
    return SplitOrder(_number(split), split["transaction_id"], split["sub_mchid"], split["amount_fen"])
