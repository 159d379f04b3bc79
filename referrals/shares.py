"""The commission of a line: fixed when it is placed, reduced by refunds to the fen, owed when its order is earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from accounts.consents import agreeing
from accounts.own_data_models import DocumentKind
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.money import split_fen
from kit.outbox import announce
from referrals.events import CommissionOwed, CommissionReduced

BASIS_POINTS = 10_000


class ReferredLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was bought through a referrer's ``code``; ``net_fen`` is what its goods cost after discounts."""

    code: str
    order: str
    line: str
    merchant: str
    product: str
    net_fen: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a line's referrer is promised; ``referrer`` and ``terms`` are rows."""

    line: str
    order_number: str
    referrer: int
    terms: int
    merchant: str
    base_fen: int
    share_fen: int


_PROMISED = """
SELECT r.id, r.code, r.consumer, t.id AS terms, t.commission_bp, t.order_cap_fen,
       (SELECT jsonb_agg(jsonb_build_array(o.merchant, o.product)) FROM referral_opt_in o
         WHERE o.ended_at IS NULL AND o.merchant = ANY($3::text[]))::text AS bearers
  FROM referrer r CROSS JOIN LATERAL (
       SELECT * FROM referral_terms WHERE valid_from <= $2 ORDER BY valid_from DESC LIMIT 1) t
 WHERE r.code = ANY($1::text[]) AND r.left_at IS NULL AND t.commission_bp > 0"""


async def shares_of(buyer: str, lines: Sequence[ReferredLine], now: datetime) -> list[Share]:
    """What the referrers of some lines are promised; two statements, none without lines.

    Nothing for the buyer's own code, for who has left or not agreed to the terms in force, and for goods whose merchant
    does not take part. An order's shares together stay below the cap, spread over its lines in proportion.
    """
    if not lines:
        return []
    found = {
        each["code"]: each
        for each in await rows(
            _PROMISED, [line.code for line in lines], china_day(now), [line.merchant for line in lines]
        )
        if each["consumer"] != buyer
    }
    willing = await agreeing([each["consumer"] for each in found.values()], DocumentKind.REFERRAL_TERMS, now)
    by_order: dict[str, list[Share]] = {}
    caps: dict[str, int] = {}
    for line in lines:
        terms = found.get(line.code)
        if terms is None or terms["consumer"] not in willing or terms["bearers"] is None:
            continue
        bearers = {tuple(each) for each in msgspec.json.decode(terms["bearers"])}
        share_fen = line.net_fen * terms["commission_bp"] // BASIS_POINTS
        if share_fen and bearers & {(line.merchant, ""), (line.merchant, line.product)}:
            caps[line.order] = terms["order_cap_fen"]
            by_order.setdefault(line.order, []).append(
                Share(
                    line=line.line,
                    order_number=line.order,
                    referrer=terms["id"],
                    terms=terms["terms"],
                    merchant=line.merchant,
                    base_fen=line.net_fen,
                    share_fen=share_fen,
                )
            )
    return [share for order, shares in by_order.items() for share in _capped(shares, caps[order])]


def _capped(shares: Sequence[Share], cap_fen: int) -> list[Share]:
    whole = [share.share_fen for share in shares]
    parts = split_fen(min(cap_fen, sum(whole)), whole)
    return [msgspec.structs.replace(share, share_fen=part) for share, part in zip(shares, parts, strict=True) if part]


@dataclass(frozen=True)
class ReferralShares:
    """Moves commissions. Every method joins the caller's transaction, or opens one; repeating it changes nothing."""

    clock: Clock = utc_now

    async def keep(self, shares: Sequence[Share]) -> None:
        """Store what was promised for an order that is being placed."""
        if shares:
            await execute(
                "INSERT INTO referral_share (line, order_number, referrer_id, terms_id, merchant, base_fen, share_fen,"
                " left_fen, state, placed_at, clawed_fen, recovered_fen) SELECT s.line, s.order_number, s.referrer,"
                " s.terms, s.merchant, s.base_fen, s.share_fen, s.share_fen, 'placed', $2, 0, 0"
                " FROM jsonb_to_recordset($1::jsonb) AS s"
                " (line text, order_number text, referrer bigint, terms bigint, merchant text, base_fen bigint,"
                " share_fen bigint) ON CONFLICT (line) DO NOTHING",
                msgspec.json.encode(list(shares)).decode(),
                self.clock(),
            )

    async def note_paid(self, order: str) -> None:
        """The order is paid, late or not."""
        await execute(
            "UPDATE referral_share SET state = 'pending' WHERE order_number = $1 AND state IN ('placed', 'void')"
            " AND left_fen > 0",
            order,
        )

    async def note_closed(self, order: str) -> None:
        """The order has ended unpaid, or after a full refund."""
        await execute(
            "UPDATE referral_share SET state = 'void' WHERE order_number = $1 AND state IN ('placed', 'pending')",
            order,
        )

    async def reduce(self, line: str, remaining_net_fen: int, refund: str) -> None:
        """Money of a line went back: the share is the same part of what is left of it, rounded down.

        What was owed is owed as far as that reaches. What was paid beyond it comes off what is paid next.
        """
        async with transaction():
            if not await _hold_referrer("s.line = $1 AND s.state <> 'void'", line):
                return
            left = "least(s.left_fen, s.share_fen * $2::bigint / s.base_fen)"
            changed = await row(
                "WITH before AS (SELECT s.id, COALESCE(s.due_fen, 0) - s.clawed_fen AS fen, r.code"
                " FROM referral_share s JOIN referrer r ON r.id = s.referrer_id"
                " WHERE s.line = $1 AND s.state <> 'void' FOR UPDATE OF s)"
                f" UPDATE referral_share s SET left_fen = CASE s.state WHEN 'paid' THEN s.left_fen ELSE {left} END,"
                f" due_fen = CASE s.state WHEN 'due' THEN least(s.due_fen, {left}) ELSE s.due_fen END, clawed_fen ="
                f" CASE s.state WHEN 'paid' THEN greatest(s.clawed_fen, s.due_fen - {left}) ELSE 0 END"
                " FROM before b WHERE b.id = s.id RETURNING s.order_number, s.merchant, b.code,"
                " (b.fen - COALESCE(s.due_fen, 0) + s.clawed_fen)::bigint AS gone_fen",
                line,
                remaining_net_fen,
            )
            if changed is not None and changed["gone_fen"]:
                await announce(
                    CommissionReduced(
                        order=changed["order_number"],
                        line=line,
                        refund=refund,
                        merchant=changed["merchant"],
                        referrer=changed["code"],
                        fen=changed["gone_fen"],
                        reduced_at=self.clock(),
                    )
                )

    async def earn(self, order: str) -> int:
        """The order is earned: what is left is owed, as far as the referrer's month holds it; answers how many fen."""
        async with transaction():
            now = self.clock()
            month = china_day(now).replace(day=1)
            referrers = await _hold_referrer("s.order_number = $1 AND s.state = 'pending'", order)
            for referrer in referrers:
                fen = await self._owe(order, referrer, month, now)
                if fen:
                    await announce(
                        CommissionOwed(
                            order=order, merchant=referrer["merchant"], referrer=referrer["code"], fen=fen, due_at=now
                        )
                    )
            return int(
                await scalar(
                    "SELECT COALESCE(sum(due_fen), 0)::bigint FROM referral_share WHERE order_number = $1", order
                )
            )

    async def _owe(self, order: str, referrer: Row, month: date, now: datetime) -> int:
        """The caller holds every code of the referrer: orders earned at the same time share one month's room."""
        pending = await rows(
            "SELECT s.id, s.left_fen, t.month_cap_fen FROM referral_share s JOIN referral_terms t ON t.id = s.terms_id"
            " WHERE s.order_number = $1 AND s.referrer_id = $2 AND s.state = 'pending' ORDER BY s.line FOR UPDATE OF s",
            order,
            referrer["id"],
        )
        found = await row(
            "SELECT COALESCE(sum(s.due_fen - s.clawed_fen), 0)::bigint AS owed FROM referral_share s"
            " JOIN referrer r ON r.id = s.referrer_id WHERE r.consumer = $1 AND s.month = $2",
            referrer["consumer"],
            month,
        )
        assert found is not None
        owed, before = found["owed"], found["owed"]
        for share in pending:
            due_fen = max(0, min(share["left_fen"], share["month_cap_fen"] - owed))
            owed += due_fen
            await execute(
                "UPDATE referral_share SET state = 'due', due_fen = $2, month = $3, due_at = $4 WHERE id = $1",
                share["id"],
                due_fen,
                month,
                now,
            )
        return int(owed - before)


async def _hold_referrer(of: str, value: str) -> list[Row]:
    """Every code of whoever has referred something, locked before any share: one person, one month and one account."""
    return await rows(
        "SELECT r.id, r.code, r.consumer, (SELECT min(merchant) FROM referral_share s"
        f" WHERE {of}) AS merchant FROM referrer r WHERE r.consumer IN (SELECT n.consumer FROM referrer n"
        f" JOIN referral_share s ON s.referrer_id = n.id WHERE {of}) ORDER BY r.id FOR UPDATE",
        value,
    )
