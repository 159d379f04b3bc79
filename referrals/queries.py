"""What a referrer and the county read: sums, never an order, a product or a buyer. One SQL statement each."""

from datetime import date, datetime

import msgspec

from kit.database import Row, row, rows
from referrals.errors import ReferrerUnknown

MAX_MONTHS = 24
MAX_LISTED = 200


class ReferrerView(msgspec.Struct, frozen=True, kw_only=True):
    """A referrer's own commission, in fen. ``pending_fen`` may still be lost to refunds; ``orders`` were paid.

    ``paid_fen`` is what has been transferred. ``clawback_fen`` of it was lost to refunds since: that much less of
    ``due_fen`` is paid next.
    """

    code: str
    agreed_version: int
    joined_at: datetime
    orders: int
    pending_fen: int
    due_fen: int
    paid_fen: int
    clawback_fen: int


class MonthView(msgspec.Struct, frozen=True, kw_only=True):
    """What became due in a month; ``capped_fen`` was beyond the month's cap and is not owed.

    ``clawback_fen`` of what was paid was lost to refunds and has not come off a later payment yet.
    """

    month: date
    orders: int
    due_fen: int
    paid_fen: int
    clawback_fen: int
    capped_fen: int


class ReferrerDue(msgspec.Struct, frozen=True):
    """Somebody to be paid; ``consumer`` is a public number. ``due_fen`` is net of ``clawback_fen``, overpaid before."""

    code: str
    consumer: str
    due_fen: int
    clawback_fen: int


class ProgrammeResult(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's sales through referrers in a span of days of placing, in fen.

    ``goods_fen`` is what the goods cost at placing, ``commission_fen`` what was promised; the others stand now.
    Promised is pending + due + paid - clawback + lost: a part of what was paid may be lost and not have come back yet.
    """

    merchant: str
    orders: int
    referrers: int
    goods_fen: int
    commission_fen: int
    pending_fen: int
    due_fen: int
    paid_fen: int
    clawback_fen: int
    lost_fen: int


_SUMS = """
       count(DISTINCT s.order_number) FILTER (WHERE s.state IN ('pending', 'due', 'paid'))::int AS orders,
       COALESCE(sum(s.left_fen) FILTER (WHERE s.state = 'pending'), 0)::bigint AS pending_fen,
       COALESCE(sum(s.due_fen) FILTER (WHERE s.state = 'due'), 0)::bigint AS due_fen,
       COALESCE(sum(s.due_fen - s.recovered_fen) FILTER (WHERE s.state = 'paid'), 0)::bigint AS paid_fen,
       COALESCE(sum(s.clawed_fen - s.recovered_fen), 0)::bigint AS clawback_fen"""


async def referrer_of(consumer: str) -> ReferrerView:
    """A consumer's own figures, over every code that the consumer has had. Raises ReferrerUnknown."""
    found = await row(
        f"SELECT n.code, n.agreed_version, n.joined_at, {_SUMS} FROM referrer n"
        " JOIN referrer r ON r.consumer = n.consumer LEFT JOIN referral_share s ON s.referrer_id = r.id"
        " WHERE n.consumer = $1 AND n.left_at IS NULL GROUP BY n.id",
        consumer,
    )
    if found is None:
        raise ReferrerUnknown()
    return ReferrerView(**found)


async def months_of(consumer: str) -> list[MonthView]:
    """What became due month by month, newest first; at most 24."""
    found = await rows(
        "SELECT s.month, count(DISTINCT s.order_number)::int AS orders,"
        " COALESCE(sum(s.due_fen) FILTER (WHERE s.state = 'due'), 0)::bigint AS due_fen,"
        " COALESCE(sum(s.due_fen - s.recovered_fen) FILTER (WHERE s.state = 'paid'), 0)::bigint AS paid_fen,"
        " sum(s.clawed_fen - s.recovered_fen)::bigint AS clawback_fen,"
        " sum(s.left_fen - s.due_fen)::bigint AS capped_fen"
        " FROM referral_share s JOIN referrer r ON r.id = s.referrer_id WHERE r.consumer = $1 AND s.month IS NOT NULL"
        " GROUP BY s.month ORDER BY s.month DESC LIMIT $2",
        consumer,
        MAX_MONTHS,
    )
    return [MonthView(**each) for each in found]


async def referrers_due() -> list[ReferrerDue]:
    """Who is to be paid something, the most leading; at most 200. A person with several codes is paid code by code."""
    found = await rows(
        "SELECT * FROM (SELECT r.id, r.code, r.consumer, sum(s.due_fen)::bigint - o.fen AS due_fen,"
        " o.fen AS clawback_fen FROM referral_share s JOIN referrer r ON r.id = s.referrer_id CROSS JOIN LATERAL ("
        "   SELECT COALESCE(sum(c.clawed_fen - c.recovered_fen), 0)::bigint AS fen FROM referral_share c"
        "   JOIN referrer n ON n.id = c.referrer_id WHERE n.consumer = r.consumer) o"
        " WHERE s.state = 'due' GROUP BY r.id, o.fen) AS owed WHERE due_fen > 0 ORDER BY due_fen DESC, id LIMIT $1",
        MAX_LISTED,
    )
    return [ReferrerDue(**{name: each[name] for name in ReferrerDue.__struct_fields__}) for each in found]


async def programme_results(merchant: str | None, first: date, last: date) -> list[ProgrammeResult]:
    """What was sold through referrers and placed on some days of China, by merchant; at most 200."""
    found: list[Row] = await rows(
        f"SELECT s.merchant, count(DISTINCT s.referrer_id)::int AS referrers, sum(s.base_fen)::bigint AS goods_fen,"
        f" sum(s.share_fen)::bigint AS commission_fen,"
        " sum(CASE WHEN s.state = 'void' THEN s.share_fen ELSE"
        " s.share_fen - COALESCE(s.due_fen - s.clawed_fen, s.left_fen) END)"
        f"::bigint AS lost_fen, {_SUMS} FROM referral_share s WHERE s.state <> 'placed'"
        " AND (s.placed_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3"
        " AND ($1::text IS NULL OR s.merchant = $1) GROUP BY s.merchant ORDER BY s.merchant LIMIT $4",
        merchant,
        first,
        last,
        MAX_LISTED,
    )
    return [ProgrammeResult(**each) for each in found]
