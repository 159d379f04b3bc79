"""Orders, payments, bank and books compared, to the fen (domain reference 2.5, period close)."""

import msgspec

from kit.database import row, rows
from ledger.queries import unbalanced_journals


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
    """An order whose money in the books is not what the payments room says it moved, net, in fen."""

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


async def reconciliation() -> Reconciliation:
    """Compare what payments told, what orders posted, and what the bank got."""
    channels = [msgspec.convert(each, ChannelReconciliation) for each in await rows(_CHANNELS)]
    books = await rows(
        "SELECT a.book, sum(p.amount_fen)::bigint AS balance FROM ledger_posting p"
        " JOIN ledger_account a ON a.id = p.account_id GROUP BY 1"
    )
    sums = await row(
        "SELECT coalesce(-sum(p.amount_fen) FILTER (WHERE a.code BETWEEN '2101' AND '2110'"
        f" AND {MADE_BY} NOT IN {OWN_CASH}), 0)::bigint AS payables,"
        " coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '2109'), 0)::bigint AS unattributed"
        " FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id JOIN ledger_journal j"
        " ON j.id = p.journal_id"
    )
    assert sums is not None
    mismatches = [Mismatch(**each) for each in await rows(_MISMATCHES)]
    movement = sum(channel.movement_fen for channel in channels)
    told = sum(channel.told_captured_fen - channel.told_refunded_fen for channel in channels)
    bank = sum(channel.bank_fen - channel.settled_gross_fen + channel.fees_fen for channel in channels)
    unbalanced = await unbalanced_journals()
    balances = {book["book"]: book["balance"] for book in books}
    off = [movement - sums["payables"], movement - told, bank, unbalanced, *balances.values()]
    return Reconciliation(
        channels=channels,
        movement_fen=movement,
        payables_fen=sums["payables"],
        unattributed_fen=sums["unattributed"],
        payables_difference_fen=movement - sums["payables"],
        told_difference_fen=movement - told,
        bank_difference_fen=bank,
        unbalanced_journals=unbalanced,
        trial_balance_fen=balances,
        mismatches=mismatches,
        is_exact=not any(off) and not mismatches,
    )


_CHANNELS = f"""
SELECT channel, sum(told_captured)::bigint AS told_captured_fen, sum(told_refunded)::bigint AS
told_refunded_fen, sum(booked_captured)::bigint AS booked_captured_fen, sum(booked_refunded)::bigint AS
booked_refunded_fen, sum(booked_captured - booked_refunded)::bigint AS movement_fen, sum(settled)::bigint AS
settled_gross_fen, sum(fees)::bigint AS fees_fen, sum(bank)::bigint AS bank_fen, sum(transit)::bigint AS
in_transit_fen FROM ( SELECT channel, CASE WHEN kind = 'captured' THEN amount_fen ELSE 0 END AS
told_captured, CASE WHEN kind = 'refunded' THEN -amount_fen ELSE 0 END AS told_refunded, 0 AS
booked_captured, 0 AS booked_refunded, 0 AS settled, 0 AS fees, 0 AS bank, 0 AS transit FROM channel_money
UNION ALL SELECT a.owner, 0, 0, CASE WHEN a.code = '1101' AND {MADE_BY} NOT IN {SETTLEMENTS} AND
p.amount_fen > 0 THEN p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' AND {MADE_BY} NOT IN
{SETTLEMENTS} AND p.amount_fen < 0 THEN -p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' AND
{MADE_BY} IN {SETTLEMENTS} THEN -p.amount_fen ELSE 0 END, CASE WHEN a.code = '5101' THEN p.amount_fen
ELSE 0 END, CASE WHEN a.code = '1102' THEN p.amount_fen ELSE 0 END, CASE WHEN a.code = '1101' THEN
p.amount_fen ELSE 0 END FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id JOIN
ledger_journal j ON j.id = p.journal_id WHERE a.code IN ('1101', '1102', '5101') ) AS moved GROUP BY channel
ORDER BY channel
"""

# Σ by order: what the payments room told against what 1101 moved for the order and its lines.
_MISMATCHES = f"""
SELECT reference, sum(told)::bigint AS told_fen, sum(booked)::bigint AS booked_fen FROM (
    SELECT reference, amount_fen AS told, 0 AS booked FROM channel_money UNION ALL SELECT
    coalesce(b.order_number, p.subject), 0, p.amount_fen FROM ledger_account a JOIN ledger_posting p ON
    p.account_id = a.id JOIN ledger_journal j ON j.id = p.journal_id LEFT JOIN line_basis b ON b.line =
    p.subject WHERE a.code = '1101' AND {MADE_BY} NOT IN {SETTLEMENTS} ) AS moved GROUP BY reference
    HAVING sum(told) <> sum(booked) ORDER BY reference LIMIT 200
"""
