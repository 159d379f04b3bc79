"""Orders, payments, bank and books compared, to the fen (domain reference 2.5, period close).

What a closed month came to is kept with its second signature and never read from its postings again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import msgspec

from kit.database import Row, one_moment, rows, scalar
from ledger.chart import BANK, CHANNEL_FEES, CLEARING, UNATTRIBUTED, Book
from ledger.periods import period_cards
from poverty_alleviation.movements import MADE_BY, SETTLEMENTS, Kind, Movements, movements


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

    Counted are the months in which it is not.
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
    """Compare what payments told, what orders posted, and what the bank got, as at one moment.

    It grows with the open months alone, and no statement with more than one of them.
    """
    async with one_moment():
        kept = await rows("SELECT period, part::text AS part FROM reconciled_month ORDER BY period")
        last = kept[-1]["period"] if kept else ""
        closed = [msgspec.json.decode(each["part"], type=MonthsPart) for each in kept]
        ends = sorted(card.period for card in await period_cards() if card.period > last)
        spans = pairwise([last, *ends[:-1], ALL_TO_COME])
        return together([*closed, *[await part_of(after, until) for after, until in spans]])


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
    """What the months after one and up to another contribute."""
    moved = await movements(after, until)
    balances = {str(book): 0 for book in Book}
    for kind, each in moved.by_kind.items():
        balances[kind.book] += each.balance_fen
    return MonthsPart(
        channels=_compared(await rows(_TOLD, after, until), moved),
        payables_fen=-_balance(moved, lambda kind: "2101" <= kind.code <= "2110" and not kind.own_cash),
        unattributed_fen=-_balance(moved, lambda kind: kind.code == UNATTRIBUTED),
        unbalanced_journals=moved.unbalanced_journals,
        balance_fen=balances,
        mismatches=[Mismatch(**found) for found in await rows(_MISMATCHES, after, until)],
    )


def _balance(moved: Movements, wanted: Callable[[Kind], bool]) -> int:
    """Debits − credits of the kinds that are wanted."""
    return sum(each.balance_fen for kind, each in moved.by_kind.items() if wanted(kind))


def _compared(told: Sequence[Row], moved: Movements) -> list[ChannelReconciliation]:
    """By channel what was told of it and what the books moved."""
    said = {each["channel"]: each for each in told}
    channels = []
    for channel in sorted(said.keys() | {kind.channel for kind in moved.by_kind if kind.channel}):
        mine = {kind: each for kind, each in moved.by_kind.items() if kind.channel == channel}
        sales = [each for kind, each in mine.items() if kind.code == CLEARING and not kind.settles]
        fen = {code: sum(each.balance_fen for kind, each in mine.items() if kind.code == code)
               for code in (CLEARING, CHANNEL_FEES, BANK)}  # fmt: skip
        movement = sum(each.balance_fen for each in sales)
        channels.append(
            ChannelReconciliation(
                channel=channel,
                told_captured_fen=said[channel]["captured"] if channel in said else 0,
                told_refunded_fen=said[channel]["refunded"] if channel in said else 0,
                booked_captured_fen=sum(each.debit_fen for each in sales),
                booked_refunded_fen=sum(each.credit_fen for each in sales),
                movement_fen=movement,
                settled_gross_fen=movement - fen[CLEARING],
                fees_fen=fen[CHANNEL_FEES],
                bank_fen=fen[BANK],
                in_transit_fen=fen[CLEARING],
            )
        )
    return channels


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

_TOLD = f"""
SELECT channel, coalesce(sum(amount_fen) FILTER (WHERE kind = 'captured'), 0)::bigint AS captured,
       coalesce(-sum(amount_fen) FILTER (WHERE kind = 'refunded'), 0)::bigint AS refunded
  FROM channel_money j WHERE {_MONTHS} GROUP BY 1
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
