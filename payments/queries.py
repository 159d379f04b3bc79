"""Reads of the payments room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from kit.database import row, rows
from payments.errors import PaymentNotFound

MAX_LISTED = 200
OVERDUE_AFTER = timedelta(days=1)
"""A refund into a balance takes minutes; one into a bank card may be on the list and in order."""


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as its owner may show it. ``refunded_fen`` is what has reached the payer."""

    reference: str
    number: str
    state: str
    amount_fen: int
    captured_fen: int
    refunded_fen: int
    expires_at: datetime
    captured_at: datetime | None


class BillDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the bill of a day and our rows do not agree on.

    ``reason`` ``missing_in_bill`` is our side.
    """

    reason: str
    payment_number: str
    refund_number: str
    transaction_id: str
    gross_fen: int


class HeldPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose money does not fit. ``amount_fen`` was asked for, ``seen_fen`` reported by the channel."""

    reference: str
    number: str
    payee: str
    amount_fen: int
    seen_fen: int | None
    transaction_id: str | None
    reason: str
    created_at: datetime


class AbnormalRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that needs a person.

    ``state`` ``abnormal``: settled at the channel by hand. ``closed``: failed for good and not asked for again since.
    Any other: unfinished for a day, ``failure`` says what the channel said last.
    """

    reference: str
    refund_reference: str
    refund_number: str
    payee: str
    amount_fen: int
    state: str
    failure: str | None
    created_at: datetime


@dataclass(frozen=True)
class PaymentQueries:
    """Reads; never writes."""

    async def of_reference(self, reference: str) -> PaymentView:
        """The payment of a reference. Raises :class:`PaymentNotFound`."""
        found = await row(
            "SELECT p.reference, p.number, p.state, p.amount_fen, p.captured_fen, p.expires_at,"
            " p.captured_at,"
            " coalesce((SELECT sum(r.amount_fen) FROM payment_refund r WHERE r.payment_id = p.id"
            "   AND r.state = 'succeeded'), 0)::bigint AS refunded_fen FROM payment p WHERE p.reference = $1",
            reference,
        )
        if found is None:
            raise PaymentNotFound(reference=reference)
        return msgspec.convert(found, PaymentView)

    async def differences(self, day: date) -> list[BillDifference]:
        """What does not agree for a day in China, once its bill is there.

        0 rows is the goal by noon of the next day.
        """
        found = await rows(
            "SELECT l.difference AS reason, l.payment_number, l.refund_number, l.transaction_id, l.gross_fen"
            " FROM payment_bill_line l JOIN payment_bill b ON b.id = l.bill_id"
            " WHERE b.day = $1 AND l.difference IS NOT NULL"
            " UNION ALL SELECT 'missing_in_bill', p.number, '', p.transaction_id, p.captured_fen"
            " FROM payment p"
            " WHERE p.transaction_id IS NOT NULL"
            " AND p.captured_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'"
            " AND p.captured_at < ($1::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
            " AND NOT EXISTS (SELECT 1 FROM payment_bill_line l WHERE l.transaction_id = p.transaction_id"
            "   AND l.kind = 'capture')"
            " UNION ALL SELECT 'missing_in_bill', p.number, r.number, p.transaction_id, r.amount_fen"
            " FROM payment_refund r JOIN payment p ON p.id = r.payment_id WHERE r.state = 'succeeded'"
            " AND r.finished_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'"
            " AND r.finished_at < ($1::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
            " AND NOT EXISTS (SELECT 1 FROM payment_bill_line l WHERE l.refund_number = r.number) ORDER BY 2, 3",
            day,
        )
        return [msgspec.convert(each, BillDifference) for each in found]

    async def held(self) -> list[HeldPayment]:
        """The payments on hold, the oldest first, at most ``MAX_LISTED``."""
        found = await rows(
            "SELECT reference, number, payee, amount_fen, held_fen AS seen_fen, held_transaction_id AS transaction_id,"
            " held_reason AS reason, created_at FROM payment WHERE state = 'held' ORDER BY id LIMIT $1",
            MAX_LISTED,
        )
        return [msgspec.convert(each, HeldPayment) for each in found]

    async def abnormal_refunds(self, now: datetime) -> list[AbnormalRefund]:
        """The refunds that need a person, the oldest first, at most ``MAX_LISTED``."""
        found = await rows(
            "SELECT p.reference, r.reference AS refund_reference, r.number AS refund_number, p.payee, r.amount_fen,"
            " r.state, r.failure, r.created_at FROM payment_refund r JOIN payment p ON p.id = r.payment_id"
            " WHERE r.state <> 'succeeded' AND (r.state = 'abnormal'"
            " OR (r.state IN ('requested', 'sent', 'processing') AND r.created_at < $1)"
            " OR (r.state = 'closed' AND NOT EXISTS (SELECT 1 FROM payment_refund again"
            "   WHERE again.payment_id = r.payment_id AND again.id > r.id AND again.amount_fen = r.amount_fen)))"
            " ORDER BY r.id LIMIT $2",
            now - OVERDUE_AFTER,
            MAX_LISTED,
        )
        return [msgspec.convert(each, AbnormalRefund) for each in found]

    async def oldest_unsettled_at(self) -> datetime | None:
        """Since when the oldest payment has been waiting for an overdue answer of the channel.

        An age that pages.
        """
        found = await row(
            "SELECT min(created_at) AS at FROM payment WHERE state IN ('pending', 'closing') AND queries > 2"
        )
        return found["at"] if found else None


class MovedMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What one reference moved at the channel, the fees that its bills state so far, and what was split off, in fen."""

    reference: str
    captured_fen: int
    refunded_fen: int
    fee_fen: int
    split_fen: int


_MOVED = """
SELECT p.reference, p.captured_fen,
       COALESCE((SELECT sum(r.amount_fen) FROM payment_refund r
                  WHERE r.payment_id = p.id AND r.state = 'succeeded'), 0)::bigint AS refunded_fen,
       COALESCE((SELECT sum(s.fee_fen) FROM payment_settlement s WHERE s.payment_id = p.id), 0)::bigint AS fee_fen,
       COALESCE((SELECT s.amount_fen - COALESCE((SELECT sum(b.amount_fen) FROM payment_split_return b
                   WHERE b.split_id = s.id AND b.state = 'returned'), 0)
                   FROM payment_split s WHERE s.payment_id = p.id AND s.state = 'split'), 0)::bigint AS split_fen
  FROM payment p WHERE p.captured_fen > 0
"""


async def moved_money(channel: str, after: str, limit: int) -> list[MovedMoney]:
    """What captured payments of a channel moved, a page in the order of their references."""
    found = await rows(
        _MOVED + " AND p.channel = $1 AND p.reference > $2 ORDER BY p.reference LIMIT $3", channel, after, limit
    )
    return [MovedMoney(**r) for r in found]


async def moved_money_of(references: Sequence[str]) -> dict[str, MovedMoney]:
    """What some references moved; one without captured money is missing."""
    found = await rows(_MOVED + " AND p.reference = ANY($1)", list(references))
    return {r["reference"]: MovedMoney(**r) for r in found}


class PaymentParty(msgspec.Struct, frozen=True):
    """Whose payment a number is, and what it pays for."""

    reference: str
    payee: str


async def payment_of_number(number: str) -> PaymentParty | None:
    """The payment that the channel knows by a number, or None."""
    found = await row("SELECT reference, payee FROM payment WHERE number = $1", number)
    return PaymentParty(**found) if found else None


class BillMatter(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the bills of some days that a close has to know.

    ``kind`` ``bill_missing``: money moved on a day (``key``, with the channel) whose bill is not here.
    ``bill_difference``: an item, by its number, with the ``reason`` with which a person has closed it, or None.
    """

    kind: str
    key: str
    amount_fen: int
    reason: str | None


async def bill_matters(first: date, last: date, limit: int) -> list[BillMatter]:
    """What keeps the bills of the days ``first`` to ``last`` from being matched line by line; both bills."""
    found = await rows(
        "SELECT 'bill_missing' AS kind, m.channel || ':' || m.day AS key, sum(m.fen)::bigint AS amount_fen,"
        " NULL AS reason FROM ("
        " SELECT channel, (captured_at AT TIME ZONE 'Asia/Shanghai')::date AS day, captured_fen AS fen FROM payment"
        "  WHERE transaction_id IS NOT NULL AND captured_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'"
        "  AND captured_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
        " UNION ALL SELECT p.channel, (r.finished_at AT TIME ZONE 'Asia/Shanghai')::date, r.amount_fen"
        "  FROM payment_refund r JOIN payment p ON p.id = r.payment_id WHERE r.state = 'succeeded'"
        "  AND r.finished_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'"
        "  AND r.finished_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') AS m"
        " WHERE NOT EXISTS (SELECT 1 FROM payment_bill b WHERE b.channel = m.channel AND b.day = m.day)"
        " GROUP BY m.channel, m.day"
        " UNION ALL SELECT 'bill_difference', i.number, i.amount_fen, (SELECT s.note FROM bill_difference_step s"
        "  WHERE s.item_id = i.id AND i.state = 'closed' ORDER BY s.id DESC LIMIT 1) FROM bill_difference i"
        "  WHERE i.day BETWEEN $1 AND $2 AND i.state <> 'resolved' ORDER BY 1, 2 LIMIT $3",
        first,
        last,
        limit,
    )
    return [msgspec.convert(each, BillMatter) for each in found]
