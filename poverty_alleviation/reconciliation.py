"""Orders, payments, bank and books compared, to the fen (domain reference 2.5, period close).

What a closed month came to is kept with its second signature and never read from its postings again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from kit.database import row, rows, scalar


class ChannelReconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """One sales channel, in fen.

    ``booked_*`` come from the orders' facts, ``told_*`` from the payments room's. ``movement_fen`` is what
    1101 moved by sales and refunds; what is not settled yet is ``in_transit_fen``, the balance of 1101.
    """

    channel: str
    told_captured_fen: int
    told_refunded_fen: int
    booked_captured_fen: int
    booked_refunded_fen: int
    movement_fen: int
    settled_gross_fen: int
    fees_fen: int
    bank_fen: int
    in_transit_fen: int


class Mismatch(msgspec.Struct, frozen=True):
    """An order whose money in the books is not what the payments room says it moved, net, in fen.

    Counted are the months, closed or all open ones together, in which it is not.
    """

    reference: str
    told_fen: int
    booked_fen: int


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether orders, payments and the books say the same. ``is_exact`` is True only at 0 fen off everywhere.

    ``payables_fen`` is Σ movements of payables, freight, reserve and unattributed by sales; it must be the
    movement of 1101. ``bank_difference_fen`` = bank − (settled − fees).
    """

    channels: list[ChannelReconciliation]
    movement_fen: int
    payables_fen: int
    unattributed_fen: int
    payables_difference_fen: int
    told_difference_fen: int
    bank_difference_fen: int
    unbalanced_journals: int
    trial_balance_fen: dict[str, int]
    mismatches: list[Mismatch]
    is_exact: bool


SETTLEMENTS = "('payments.payment_settled', 'orders.channel_settled')"
"""The journals that move 1101 to the bank, as SQL."""

OWN_CASH = "('traceability.intake_paid', 'poverty_alleviation.period_income')"
"""The journals of money that came from no sale but out of the payer's own pocket, as SQL."""

MADE_BY = (
    "CASE WHEN j.reverses_id IS NULL THEN j.source_type"
    " ELSE (SELECT o.source_type FROM ledger_journal o WHERE o.id = j.reverses_id) END"
)
"""What made the journal ``j``, as SQL: of a reversal, what made the one that it takes back."""


MOST_MISMATCHES = 200
ALL_TO_COME = "9999-99"


class MonthsPart(msgspec.Struct, frozen=True, kw_only=True):
    """What some months contribute to the comparison. ``balance_fen`` is the trial balance by book."""

    channels: list[ChannelReconciliation]
    payables_fen: int
    unattributed_fen: int
    unbalanced_journals: int
    balance_fen: dict[str, int]
    mismatches: list[Mismatch]


async def reconciliation() -> Reconciliation:
    """Compare what payments told, what orders posted, and what the bank got. It grows with the open months alone."""
    kept = await rows("SELECT period, part::text AS part FROM reconciled_month ORDER BY period")
    last = kept[-1]["period"] if kept else ""
    closed = [msgspec.json.decode(each["part"], type=MonthsPart) for each in kept]
    return together([*closed, await part_of(last, ALL_TO_COME)])


async def keep_month(period: str) -> None:
    """Keep what the months up to this one came to, in the transaction that closes it; once."""
    last = await scalar("SELECT coalesce(max(period), '') FROM reconciled_month")
    if last < period:
        await rows(
            "INSERT INTO reconciled_month (period, part) VALUES ($1, $2::jsonb) RETURNING 1",
            period,
            msgspec.json.encode(await part_of(last, period)).decode(),
        )


async def part_of(after: str, until: str) -> MonthsPart:
    """What the months after one and up to another contribute; four statements over their rows."""
    sums = await row(_SUMS, after, until)
    assert sums is not None
    return MonthsPart(
        channels=[msgspec.convert(each, ChannelReconciliation) for each in await rows(_CHANNELS, after, until)],
        payables_fen=sums["payables"],
        unattributed_fen=sums["unattributed"],
        unbalanced_journals=await scalar(_UNBALANCED, after, until),
        balance_fen={"cash": sums["cash"], "statistics": sums["statistics"]},
        mismatches=[Mismatch(**each) for each in await rows(_MISMATCHES, after, until)],
    )


def together(parts: Sequence[MonthsPart]) -> Reconciliation:
    """The comparison over all of them."""
    channels = _channels(each for part in parts for each in part.channels)
    mismatches = _mismatches(each for part in parts for each in part.mismatches)
    balances = {book: sum(part.balance_fen[book] for part in parts) for book in ("cash", "statistics")}
    movement = sum(channel.movement_fen for channel in channels)
    told = sum(channel.told_captured_fen - channel.told_refunded_fen for channel in channels)
    bank = sum(channel.bank_fen - channel.settled_gross_fen + channel.fees_fen for channel in channels)
    payables, unattributed, unbalanced = (
        sum(getattr(part, name) for part in parts)
        for name in ("payables_fen", "unattributed_fen", "unbalanced_journals")
    )
    off = [movement - payables, movement - told, bank, unbalanced, *balances.values()]
    return Reconciliation(
        channels=channels,
        movement_fen=movement,
        payables_fen=payables,
        unattributed_fen=unattributed,
        payables_difference_fen=movement - payables,
        told_difference_fen=movement - told,
        bank_difference_fen=bank,
        unbalanced_journals=unbalanced,
        trial_balance_fen=balances,
        mismatches=mismatches[:MOST_MISMATCHES],
        is_exact=not any(off) and not mismatches,
    )


def _channels(found: Iterable[ChannelReconciliation]) -> list[ChannelReconciliation]:
    """Summed by channel, in the order of their names."""
    names = [name for name in ChannelReconciliation.__struct_fields__ if name != "channel"]
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(names, 0))
    for each in found:
        for name in names:
            sums[each.channel][name] += getattr(each, name)
    return [ChannelReconciliation(channel=channel, **of) for channel, of in sorted(sums.items())]


def _mismatches(found: Iterable[Mismatch]) -> list[Mismatch]:
    """Those that other months have not made good, by reference."""
    told: dict[str, int] = defaultdict(int)
    booked: dict[str, int] = defaultdict(int)
    for each in found:
        told[each.reference] += each.told_fen
        booked[each.reference] += each.booked_fen
    return [Mismatch(name, told[name], booked[name]) for name in sorted(told) if told[name] != booked[name]]


_MONTHS = "j.period > $1 AND j.period <= $2"

_SUMS = f"""
SELECT coalesce(-sum(p.amount_fen) FILTER (WHERE a.code BETWEEN '2101' AND '2110'
       AND {MADE_BY} NOT IN {OWN_CASH}), 0)::bigint AS payables,
       coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '2109'), 0)::bigint AS unattributed,
       coalesce(sum(p.amount_fen) FILTER (WHERE a.book = 'cash'), 0)::bigint AS cash,
       coalesce(sum(p.amount_fen) FILTER (WHERE a.book = 'statistics'), 0)::bigint AS statistics
  FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id
 WHERE {_MONTHS}
"""

_UNBALANCED = f"""
SELECT count(*) FROM (SELECT p.journal_id FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id
  JOIN ledger_account a ON a.id = p.account_id WHERE {_MONTHS}
 GROUP BY p.journal_id, a.book HAVING sum(p.amount_fen) <> 0) AS wrong
"""

_CHANNELS = f"""
SELECT channel, sum(told_captured)::bigint AS told_captured_fen, sum(told_refunded)::bigint AS
told_refunded_fen, sum(booked_captured)::bigint AS booked_captured_fen, sum(booked_refunded)::bigint AS
booked_refunded_fen, sum(booked_captured - booked_refunded)::bigint AS movement_fen, sum(settled)::bigint AS
settled_gross_fen, sum(fees)::bigint AS fees_fen, sum(bank)::bigint AS bank_fen, sum(transit)::bigint AS
in_transit_fen FROM ( SELECT channel, CASE WHEN kind = 'captured' THEN amount_fen ELSE 0 END AS
told_captured, CASE WHEN kind = 'refunded' THEN -amount_fen ELSE 0 END AS told_refunded, 0 AS
booked_captured, 0 AS booked_refunded, 0 AS settled, 0 AS fees, 0 AS bank, 0 AS transit FROM channel_money j
WHERE {_MONTHS}
UNION ALL SELECT a.owner, 0, 0, CASE WHEN a.code = '1101' AND {MADE_BY} NOT IN {SETTLEMENTS} AND
p.amount_fen > 0 THEN p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' AND {MADE_BY} NOT IN
{SETTLEMENTS} AND p.amount_fen < 0 THEN -p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' AND
{MADE_BY} IN {SETTLEMENTS} THEN -p.amount_fen ELSE 0 END, CASE WHEN a.code = '5101' THEN p.amount_fen
ELSE 0 END, CASE WHEN a.code = '1102' THEN p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' THEN
p.amount_fen ELSE 0 END FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id JOIN
ledger_journal j ON j.id = p.journal_id WHERE a.code IN ('1101', '1102', '5101') AND {_MONTHS} ) AS moved
GROUP BY channel ORDER BY channel
"""

# Σ by order: what the payments room told against what 1101 moved for the order and its lines.
_MISMATCHES = f"""
SELECT reference, sum(told)::bigint AS told_fen, sum(booked)::bigint AS booked_fen FROM (
    SELECT reference, amount_fen AS told, 0 AS booked FROM channel_money j WHERE {_MONTHS} UNION ALL SELECT
    coalesce(b.order_number, p.subject), 0, p.amount_fen FROM ledger_account a JOIN ledger_posting p ON
    p.account_id = a.id JOIN ledger_journal j ON j.id = p.journal_id LEFT JOIN line_basis b ON b.line =
    p.subject WHERE a.code = '1101' AND {MADE_BY} NOT IN {SETTLEMENTS} AND {_MONTHS} ) AS moved
    GROUP BY reference HAVING sum(told) <> sum(booked) ORDER BY reference LIMIT 10000
"""
