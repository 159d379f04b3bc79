"""What the books say of one month, and where they do not agree with what the payments room told.

Everything goes by ``journal.period``: what was booked into the month, whenever it happened (domain reference 2.5).
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import msgspec

from kit.clock import CHINA
from kit.database import rows, scalar
from ledger.chart import (
    AFTER_SALES_RESERVE,
    ATTRIBUTED_SALES,
    BANK,
    BOUGHT_AT_SCALE,
    CHANNEL_FEES,
    CLEARING,
    HOST,
    HOUSEHOLD,
    LATE_MONEY,
    LOGISTICS,
    MERCHANT,
    PERIOD_INCOME_PAID,
    PLATFORM_FEE,
    SUPPLIER,
    UNATTRIBUTED,
)
from ledger.queries import moved
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.movements import MADE_BY, SETTLEMENTS, movements
from poverty_alleviation.vault import household_rights

PAYABLES = (HOUSEHOLD, SUPPLIER, MERCHANT, HOST, LOGISTICS, PLATFORM_FEE, AFTER_SALES_RESERVE, UNATTRIBUTED, LATE_MONEY)


class AccountTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one code of a book took in a month, in fen, whosever account and in whatever state."""

    book: str
    code: str
    debit_fen: int
    credit_fen: int


class LateFact(msgspec.Struct, frozen=True, kw_only=True):
    """A journal of this month that belongs to a closed one. ``kind`` is what it was posted from, never whom about;
    ``amount_fen`` its debits in the book of cash."""

    seq: int
    kind: str
    occurred_on: date
    corrects_period: str
    amount_fen: int


class MonthFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One month in fen; debts and income positive.

    ``told_*`` is what the payments room and other channels' files said, ``sales_fen`` and ``refunds_fen`` what 1101
    took and gave back by sales; ``movement_fen`` is their difference, and ``payables_fen`` by code must sum to it.
    ``households`` counts, once each, those with official sales or income. ``corrections`` counts the journals of this
    month by the closed month that they correct.
    """

    told_captured_fen: int
    told_refunded_fen: int
    sales_fen: int
    refunds_fen: int
    movement_fen: int
    payables_fen: dict[str, int]
    payables_total_fen: int
    settled_gross_fen: int
    fees_fen: int
    bank_fen: int
    bought_at_scale_fen: int
    period_income_fen: int
    attributed_sales_fen: int
    provisional_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    income_earned_fen: int
    income_accrued_fen: int
    households: int
    postings: int
    unbalanced_journals: int
    trial_balance_fen: dict[str, int]
    accounts: list[AccountTotal]
    corrections: dict[str, int]


class OrderMatter(msgspec.Struct, frozen=True):
    """An order whose money in the books of the month is not what was told, net, in fen (told − booked)."""

    reference: str
    difference_fen: int


def first_day(period: str) -> date:
    """The first day of a month such as ``2026-11``."""
    return date.fromisoformat(f"{period}-01")


def last_day(period: str) -> date:
    """Its last day."""
    return (first_day(period) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def begins(day: date) -> datetime:
    """The moment at which a day begins in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)


# Those that merged within the month or before are one.
_HOUSEHOLDS = f"""
SELECT count(DISTINCT coalesce(s.code, owner)) FROM (
    SELECT a.owner, a.code FROM ledger_account a JOIN ({moved("{period} = $1")}) AS p ON p.account_id = a.id
     WHERE (a.code = '9101' AND a.state = 'earned') OR (a.code = '2101' AND a.state IN ('paid', 'confirmed'))
     GROUP BY 1, 2 HAVING sum(p.amount_fen) <> 0) AS carried
  LEFT JOIN household h ON h.code = owner LEFT JOIN {standing("$2::date")} AS s ON s.id = h.id
"""


@household_rights()
async def month_figures(period: str) -> MonthFigures:
    """The figures of a month. In the vault, which says who has merged."""
    found = await movements(f"{first_day(period) - timedelta(days=1):%Y-%m}", period)
    told = await rows(
        "SELECT kind, sum(amount_fen)::bigint AS fen FROM channel_money WHERE period = $1 GROUP BY 1", period
    )
    corrected = await rows(
        "SELECT corrects_period, count(*) AS journals FROM ledger_journal"
        " WHERE period = $1 AND corrects_period IS NOT NULL GROUP BY 1 ORDER BY 1",
        period,
    )
    by_kind: dict[str, int] = defaultdict(int, {each["kind"]: each["fen"] for each in told})
    payables = dict.fromkeys(PAYABLES, 0)
    balances = {"cash": 0, "statistics": 0}
    standing: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for kind, each in found.by_kind.items():
        totals[kind.book, kind.code][0] += each.debit_fen
        totals[kind.book, kind.code][1] += each.credit_fen
        balances[kind.book] += each.balance_fen
        standing[kind.code, kind.state] -= each.balance_fen
        if kind.code in payables and not kind.own_cash:
            payables[kind.code] -= each.balance_fen
    clearing = {kind: each for kind, each in found.by_kind.items() if kind.code == CLEARING}
    sales = [each for kind, each in clearing.items() if not kind.settles]
    sales_fen, refunds_fen = sum(each.debit_fen for each in sales), sum(each.credit_fen for each in sales)
    by_code = {code: sum(fen for (of, _), fen in standing.items() if of == code) for code, _ in standing}
    return MonthFigures(
        told_captured_fen=by_kind["captured"],
        told_refunded_fen=-by_kind["refunded"],
        sales_fen=sales_fen,
        refunds_fen=refunds_fen,
        movement_fen=sales_fen - refunds_fen,
        payables_fen=payables,
        payables_total_fen=sum(payables.values()),
        settled_gross_fen=-sum(each.balance_fen for kind, each in clearing.items() if kind.settles),
        fees_fen=-by_code.get(CHANNEL_FEES, 0),
        bank_fen=-by_code.get(BANK, 0),
        bought_at_scale_fen=-by_code.get(BOUGHT_AT_SCALE, 0),
        period_income_fen=-sum(by_code.get(code, 0) for code in PERIOD_INCOME_PAID),
        attributed_sales_fen=standing[ATTRIBUTED_SALES, "earned"],
        provisional_sales_fen=standing[ATTRIBUTED_SALES, "accrued"],
        income_paid_fen=standing[HOUSEHOLD, "paid"] + standing[HOUSEHOLD, "confirmed"],
        income_confirmed_fen=standing[HOUSEHOLD, "confirmed"],
        income_earned_fen=standing[HOUSEHOLD, "earned"],
        income_accrued_fen=standing[HOUSEHOLD, "accrued"],
        households=int(await scalar(_HOUSEHOLDS, period, last_day(period))),
        postings=sum(each.postings for each in found.by_kind.values()),
        unbalanced_journals=found.unbalanced_journals,
        trial_balance_fen=balances,
        accounts=[
            AccountTotal(book=book, code=code, debit_fen=debit, credit_fen=credit)
            for (book, code), (debit, credit) in sorted(totals.items())
        ],
        corrections={each["corrects_period"]: each["journals"] for each in corrected},
    )


_LATE = """
SELECT j.seq, j.source_type AS kind, (j.occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS occurred_on,
       j.corrects_period, COALESCE((SELECT sum(p.amount_fen) FROM ledger_posting p JOIN ledger_account a
         ON a.id = p.account_id AND a.book = 'cash' WHERE p.journal_id = j.id AND p.amount_fen > 0), 0)::bigint
       AS amount_fen
  FROM ledger_journal j WHERE j.period = $1 AND j.corrects_period IS NOT NULL AND j.seq IS NOT NULL
 ORDER BY j.seq LIMIT $2
"""


async def late_facts(period: str, limit: int) -> list[LateFact]:
    """What a sealed month has of closed ones, by number, ``limit`` at most."""
    return [msgspec.convert(each, LateFact) for each in await rows(_LATE, period, limit)]


# Σ by order of one month: what was told against what 1101 moved for the order and its lines.
_ORDERS = f"""
SELECT reference, sum(fen)::bigint AS difference_fen FROM (
    SELECT reference, amount_fen AS fen FROM channel_money WHERE period = $1
    UNION ALL SELECT COALESCE(b.order_number, p.subject), -p.amount_fen FROM ledger_journal j
      JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id AND a.code = '1101'
      LEFT JOIN line_basis b ON b.line = p.subject WHERE j.period = $1 AND {MADE_BY} NOT IN {SETTLEMENTS}) AS moved
 GROUP BY reference HAVING sum(fen) <> 0 ORDER BY reference LIMIT $2
"""


async def order_matters(period: str, limit: int) -> list[OrderMatter]:
    """The orders of a month that do not agree."""
    return [msgspec.convert(each, OrderMatter) for each in await rows(_ORDERS, period, limit)]
