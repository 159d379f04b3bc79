"""The poverty office's figures. Each is a sum over postings, and each can be taken apart into its sources.

Attributed sales (带动销售额) and household income (增收额) stand side by side and are never added:
the first is consumers' money for goods that came from the household, the second is what the
household received (domain reference 2.4). Official attributed sales are EARNED, official
income is PAID, confirmed income is a part of it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

import msgspec

from kit.database import Row, records, row, rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.queries import moved
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.lineage.descent import LineageStep, lineage_of, standing
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards


class Figure(StrEnum):
    """A figure of a household that can be taken apart."""

    ATTRIBUTED_SALES = "attributed_sales"
    PROVISIONAL_SALES = "provisional_sales"
    INCOME_PAID = "income_paid"
    INCOME_CONFIRMED = "income_confirmed"
    INCOME_EARNED = "income_earned"
    INCOME_ACCRUED = "income_accrued"


# The account and the states whose postings make a figure up. The one table that figures and drill-down share.
MADE_OF: dict[Figure, tuple[str, tuple[str, ...]]] = {
    Figure.ATTRIBUTED_SALES: ("9101", ("earned",)),
    Figure.PROVISIONAL_SALES: ("9101", ("accrued",)),
    Figure.INCOME_PAID: ("2101", ("paid", "confirmed")),
    Figure.INCOME_CONFIRMED: ("2101", ("confirmed",)),
    Figure.INCOME_EARNED: ("2101", ("earned",)),
    Figure.INCOME_ACCRUED: ("2101", ("accrued",)),
}


class HouseholdFigures(msgspec.Struct, frozen=True, gc=False):
    """Both measures of one household, in fen.

    ``income_earned_fen`` and ``income_accrued_fen`` are still owed; ``income_paid_fen`` includes what is
    confirmed. ``counted_as``: the household in which it stands at the end of the span, itself or the one it merged
    into, so that both are counted once.
    """

    household: str
    counted_as: str
    township: str
    village: str
    attributed_sales_fen: int
    provisional_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    income_earned_fen: int
    income_accrued_fen: int


class CategoryIncome(msgspec.Struct, frozen=True):
    """Income of one of the four categories, in fen."""

    category: str
    paid_fen: int
    confirmed_fen: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a household's statement says for a span of days (both None: since ever).

    Its figures are its own: what was earned before a split or a merger stays with whom it was posted to, and
    ``lineage`` says where to look.
    """

    since: date | None
    until: date | None
    figures: HouseholdFigures
    income_by_category: list[CategoryIncome]
    lineage: list[LineageStep]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the households asked for; ``households`` counts those with any figure, once each (``counted_as``)."""

    households: int
    attributed_sales_fen: int
    provisional_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    income_earned_fen: int
    income_accrued_fen: int


class SourcePart(msgspec.Struct, frozen=True, kw_only=True):
    """One journal's part of a figure, down to its evidence.

    ``subject_kind`` is ``order_line``, ``intake`` or ``income_line``; the members of the other kinds are None.
    ``period`` and ``seq`` name the sealed journal (``seq`` None: not sealed yet); ``corrects_period`` is the closed
    month in which it happened, if it came too late for that.
    """

    household: str
    amount_fen: int
    occurred_at: datetime
    period: str
    seq: int | None
    hash: str | None
    corrects_period: str | None
    source_type: str
    source_id: str
    note: str
    subject: str
    subject_kind: str
    rule: str
    contribution: str
    category: str
    order: str | None = None
    product: str | None = None
    title: str | None = None
    quantity: int | None = None
    net_fen: int | None = None
    mass_gram: int | None = None
    unit_price_fen: int | None = None
    evidence: str | None = None


class DrillDown(msgspec.Struct, frozen=True, kw_only=True):
    """A figure and the parts that sum to it. ``total_fen`` is of all parts, not of this page alone."""

    household: str
    figure: Figure
    total_fen: int
    parts: list[SourcePart]
    next: str | None
    lineage: list[LineageStep]


def sum_of(figure: Figure) -> str:
    """A figure as SQL over ``p`` (postings) and ``a`` (accounts)."""
    code, states = MADE_OF[figure]
    wanted = ", ".join(f"'{state}'" for state in states)
    return (
        f"coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '{code}' AND a.state IN ({wanted})), 0)::bigint"
        f" AS {figure}_fen"
    )


_SUMS = ", ".join(sum_of(figure) for figure in Figure)
# $1 and $2 are the first day and the first day no longer wanted, in China. The months are named one by one, once for
# the statement: of a range whose ends are parameters the planner expects few rows and looks up each account by itself.
_MONTHS = (
    "{period} = ANY(ARRAY(SELECT to_char(month, 'YYYY-MM') FROM generate_series(coalesce($1::date, '2000-01-01'),"
    " coalesce($2::date, '2100-01-01') - 1, interval '1 month') AS month))"
)
_BY_DAY = (
    "($1::date IS NULL OR j.occurred_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai')"
    " AND ($2::date IS NULL OR j.occurred_at < $2::date::timestamp AT TIME ZONE 'Asia/Shanghai')"
)


def _goes_by_month(since: date | None, until: date | None) -> bool:
    """Whole months go by the month of the books, so that a signed figure never moves; any other span by occurrence."""
    return all(day is None or day.day == 1 for day in (since, until))


def in_span(since: date | None, until: date | None) -> str:
    """Journals ``j`` of a span (see ``_goes_by_month``)."""
    return _MONTHS.format(period="j.period") if _goes_by_month(since, until) else _BY_DAY


def _moved(since: date | None, until: date | None, accounts: str = "") -> str:
    """What moved on each account in a span, or on some (see ``moved``).

    Both days are always named, so that the parameters keep their places.
    """
    if not _goes_by_month(since, until):
        wanted = f" WHERE p.account_id IN ({accounts})" if accounts else ""
        return (
            "SELECT p.account_id, p.amount_fen FROM ledger_posting p"
            f" JOIN ledger_journal j ON j.id = p.journal_id AND {_BY_DAY}{wanted}"
        )
    if since is None and until is None:
        return f"SELECT * FROM ({moved(accounts=accounts)}) AS ever WHERE $1::date IS NULL AND $2::date IS NULL"
    return moved(_MONTHS, accounts)


_WHO = (
    "SELECT h.code AS household, coalesce(s.code, h.code) AS counted_as, h.township, h.village, {said}"
    f" FROM household h LEFT JOIN {standing('$2::date - 1')} AS s ON s.id = h.id LEFT JOIN ("
)
_CODES = "('2101', '9101')"


@household_rights()
async def figures(
    since: date | None = None, until: date | None = None, township: str | None = None
) -> list[HouseholdFigures]:
    """Both measures of every household of a township or of all, by code.

    ``until`` is the first day not wanted. Whole months go by the month of the books, what came late included.
    """
    sums = ", ".join(f"coalesce(v.{figure}_fen, 0) AS {figure}_fen" for figure in Figure)
    found = await records(
        _WHO.format(said=sums)
        + f"SELECT a.owner, {_SUMS} FROM ledger_account a JOIN ({_moved(since, until)}) AS p ON p.account_id = a.id"
        f" WHERE a.code IN {_CODES} GROUP BY 1) AS v ON v.owner = h.code"
        " WHERE $3::text IS NULL OR h.township = $3 ORDER BY h.code",
        since,
        until,
        township,
    )
    return [HouseholdFigures(*each) for each in found]


def totals(of: list[HouseholdFigures]) -> Totals:
    """The sums of some households' figures."""
    members = [name for name in Totals.__struct_fields__ if name.endswith("_fen")]
    sums = {name: sum(getattr(each, name) for each in of) for name in members}
    counted = {each.counted_as for each in of if any(getattr(each, name) for name in members)}
    return Totals(households=len(counted), **sums)


@household_rights()
async def statement(code: str, since: date | None = None, until: date | None = None) -> Statement:
    """One household's figures with its income by category. Raises :class:`HouseholdUnknown`."""
    found = await rows(
        f"WITH own AS (SELECT id, code, state, category FROM ledger_account WHERE owner = $3 AND code IN {_CODES}) "
        + _WHO.format(said="v.code, v.state, v.category, coalesce(v.fen, 0) AS fen")
        + "SELECT a.code, a.state, a.category, -sum(p.amount_fen)::bigint AS fen"
        f" FROM own a JOIN ({_moved(since, until, 'SELECT id FROM own')}) AS p ON p.account_id = a.id"
        " GROUP BY 1, 2, 3) AS v ON true WHERE h.code = $3 ORDER BY v.category",
        since,
        until,
        code,
    )
    if not found:
        raise HouseholdUnknown(household=code)
    sums = {f"{figure}_fen": _fen(found, *made_of) for figure, made_of in MADE_OF.items()}
    paid, confirmed = MADE_OF[Figure.INCOME_PAID], MADE_OF[Figure.INCOME_CONFIRMED]
    by_category = [(category, list(of)) for category, of in groupby(found, itemgetter("category"))]
    categories = [CategoryIncome(name, _fen(of, *paid), _fen(of, *confirmed)) for name, of in by_category]
    return Statement(
        since=since,
        until=until,
        figures=msgspec.convert(found[0] | sums, HouseholdFigures),
        income_by_category=[each for each in categories if each.paid_fen],
        lineage=await lineage_of(code),
    )


def _fen(of: Sequence[Row], code: str, states: Sequence[str]) -> int:
    return sum(each["fen"] for each in of if each["code"] == code and each["state"] in states)


def _parts(where: str, joins: str, since: date | None, until: date | None) -> str:
    return f"""
WITH part AS (
    SELECT min(p.id) AS id, a.owner AS household, -sum(p.amount_fen)::bigint AS amount_fen, j.occurred_at, j.period,
           j.seq, j.hash, j.corrects_period, j.source_type, j.source_id, j.note, p.subject, p.rule, p.contribution,
           a.category
      FROM ledger_account a
      JOIN household h ON h.code = a.owner
      JOIN ledger_posting p ON p.account_id = a.id
      JOIN ledger_journal j ON j.id = p.journal_id AND {in_span(since, until)}
      LEFT JOIN line_basis b ON b.line = p.subject{joins}
     WHERE a.code = $3 AND a.state = ANY($4) AND {where}
     GROUP BY a.owner, j.id, p.subject, p.rule, p.contribution, a.category HAVING sum(p.amount_fen) <> 0)
SELECT part.*, (SELECT coalesce(sum(amount_fen), 0)::bigint FROM part) AS total_fen,
       CASE WHEN b.line IS NOT NULL THEN 'order_line' WHEN s.id IS NOT NULL THEN 'income_line' ELSE 'intake' END
       AS subject_kind, s.document AS evidence,
       b.order_number AS "order", b.product, b.title, b.quantity, b.net_fen
  FROM part LEFT JOIN line_basis b ON b.line = part.subject LEFT JOIN (income_line i JOIN income_sheet s
       ON s.id = i.sheet_id) ON i.number = part.subject WHERE part.id > $5 ORDER BY part.id LIMIT $6"""


@household_rights()
async def parts_where(
    figure: Figure,
    where: str,
    wanted: Sequence[object],
    since: date | None,
    until: date | None,
    cursor: str | None,
    limit: int,
    joins: str = "",
) -> tuple[int, list[SourcePart], str | None]:
    """The parts of a figure for which ``where`` holds: their sum, a page of them, and where the next one begins.

    ``where`` is SQL over ``a`` (accounts), ``h`` (households), ``b`` (lines), ``p`` (postings) and what ``joins`` adds;
    ``wanted`` are its parameters from $7 on.
    """
    account, states = MADE_OF[figure]
    limit = min(limit, MAX_PAGE)
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    found = await rows(
        _parts(where, joins, since, until), since, until, account, list(states), after, limit + 1, *wanted
    )
    page = found[:limit]
    intakes = await intake_cards([part["subject"] for part in page if part["subject_kind"] == "intake"])
    for part in page:
        if intake := intakes.get(part["subject"]):
            part |= {
                "product": intake.product,
                "mass_gram": intake.mass_gram,
                "unit_price_fen": intake.unit_price_fen,
                "evidence": intake.evidence,
            }
    return (
        page[0]["total_fen"] if page else 0,
        [msgspec.convert(part, SourcePart) for part in page],
        write_cursor(page[-1]["id"]) if len(found) > limit else None,
    )


@household_rights()
async def drill_down(
    code: str,
    figure: Figure,
    since: date | None = None,
    until: date | None = None,
    cursor: str | None = None,
    limit: int = MAX_PAGE,
) -> DrillDown:
    """The parts of a figure by journal, subject, rule and contribution. Raises :class:`HouseholdUnknown`."""
    if await row("SELECT 1 FROM household WHERE code = $1", code) is None:
        raise HouseholdUnknown(household=code)
    total, parts, following = await parts_where(figure, "a.owner = $7", [code], since, until, cursor, limit)
    return DrillDown(
        household=code,
        figure=figure,
        total_fen=total,
        parts=parts,
        next=following,
        lineage=await lineage_of(code),
    )


async def titles_of(products: Sequence[str]) -> dict[str, str]:
    """The title under which each product was first sold; one that never was is missing."""
    found = await rows(
        "SELECT DISTINCT ON (product) product, title FROM line_basis WHERE product = ANY($1) ORDER BY product, id",
        list(products),
    )
    return {each["product"]: each["title"] for each in found}
