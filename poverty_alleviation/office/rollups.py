"""Sums over households by place, merchant, product or mechanism, beside the same months of the year before.

Attributed sales and household income stand side by side and are never added (domain reference 2.4).
Households are counted once each (domain reference 8, point 4). Every total is the sum of its cells.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from kit.database import rows
from merchants.queries import merchant_names
from places.queries import division_names
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.mechanisms import Mechanism
from poverty_alleviation.office.errors import SpanRequired
from poverty_alleviation.office.suppression import Limits, Withheld, merged, withheld
from poverty_alleviation.office.thresholds import limits
from poverty_alleviation.queries import Figure, in_span, sum_of, titles_of
from poverty_alleviation.statements.quarters import closed_months, is_closed, quarter_span
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards

MEASURES = (Figure.ATTRIBUTED_SALES, Figure.INCOME_PAID, Figure.INCOME_CONFIRMED)
"""The official figures."""


class Dimension(StrEnum):
    """What sums are made by."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    MERCHANT = "merchant"
    PRODUCT = "product"
    MECHANISM = "mechanism"


class Audience(StrEnum):
    """For whom: the office reads everything, whoever else nothing about fewer than a few households."""

    OFFICE = "office"
    COUNTY = "county"
    PUBLIC = "public"


class MeasureView(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of a cell in fen, beside the same months of the year before.

    ``fen`` None: kept back. ``gain_bp`` is (this − base) ÷ base in basis points; without it ``note`` says why:
    ``no_base`` (there was nothing, which is neither 0 nor endless growth) or ``withheld``.
    """

    fen: int | None
    base_fen: int | None
    gain_bp: int | None
    note: str


class RollUpCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell. ``carried`` counts households with an official figure, once each (带动户数); ``also_elsewhere`` those
    of them that other cells count too."""

    key: str
    name: str
    carried: int | None
    also_elsewhere: int | None
    attributed_sales: MeasureView
    income_paid: MeasureView
    income_confirmed: MeasureView


class RollUp(msgspec.Struct, frozen=True, kw_only=True):
    """A table and its total. The cells of a measure sum to the total; ``carried`` of the total counts nobody twice."""

    by: Dimension
    audience: Audience
    since: date | None
    until: date | None
    total: RollUpCell
    cells: list[RollUpCell]


Cells = dict[str, dict[str, int]]
"""Fen of one measure by cell and household."""

# The way that the rule names (domain reference 2.4); sales and what no rule names go by how it was delivered.
MECHANISM = (
    "coalesce(r.mechanism, CASE WHEN c.recognition = 'intake_paid' THEN 'purchase' WHEN b.line IS NOT NULL"
    " THEN 'consignment' ELSE 'other' END)"
)
MECHANISM_JOINS = (
    " LEFT JOIN benefit_rule r ON r.code || '-' || r.version = p.rule LEFT JOIN income_claim c ON c.intake ="
    " CASE WHEN b.line IS NULL THEN p.subject ELSE split_part(p.contribution, '/', 2) END"
)
MECHANISM_NAMES: dict[str, str] = {
    Mechanism.PURCHASE: "收购",
    Mechanism.CONSIGNMENT: "代销",
    Mechanism.OWN_SHOP: "自营",
    Mechanism.WORK: "务工",
    Mechanism.DIVIDEND: "入股分红",
    Mechanism.LEASE: "租金",
    Mechanism.RETURN: "返利",
    Mechanism.SERVICE: "服务",
    "other": "其他",
}

_KEYS = {
    Dimension.COUNTY: "''",
    Dimension.TOWNSHIP: "h.township",
    Dimension.VILLAGE: "h.village",
    Dimension.MERCHANT: "b.merchant",
    Dimension.PRODUCT: "b.product",
    Dimension.MECHANISM: MECHANISM,
}
OF_GOODS = (Dimension.MERCHANT, Dimension.PRODUCT)
_OF_PLACES = (Dimension.COUNTY, Dimension.TOWNSHIP, Dimension.VILLAGE)
_SUMS = ", ".join(sum_of(figure) for figure in MEASURES)


def _atoms(by: Dimension, since: date | None, until: date | None) -> str:
    intake = "CASE WHEN b.line IS NULL THEN p.subject END" if by in OF_GOODS else "NULL::text"
    return (
        f"SELECT coalesce(s.code, h.code) AS household, {_KEYS[by]} AS key, {intake} AS intake, {_SUMS}"
        f" FROM household h LEFT JOIN {standing('$2::date - 1')} AS s ON s.id = h.id"
        " JOIN ledger_account a ON a.owner = h.code AND ((a.code = '9101' AND a.state = 'earned')"
        " OR (a.code = '2101' AND a.state IN ('paid', 'confirmed'))) JOIN ledger_posting p ON p.account_id = a.id"
        f" JOIN ledger_journal j ON j.id = p.journal_id AND {in_span(since, until)}"
        " LEFT JOIN line_basis b ON b.line = p.subject"
        f"{MECHANISM_JOINS if by is Dimension.MECHANISM else ''}"
        " WHERE ($3::text IS NULL OR h.township = $3) GROUP BY 1, 2, 3"
    )


@household_rights()
async def cells_of(by: Dimension, since: date | None, until: date | None, township: str | None) -> dict[Figure, Cells]:
    """Every official figure by cell and household, in one statement, and one more where goods were bought.

    A household that merged within the span or before counts as the one in which it stands at its end; its sums stay in
    the place where it lived.
    """
    found = await rows(_atoms(by, since, until), since, until, township)
    bought = await intake_cards(sorted({each["intake"] for each in found if each["intake"]})) if found else {}
    sums: dict[Figure, Cells] = {figure: {} for figure in MEASURES}
    for each in found:
        key = each["key"]
        if each["intake"]:
            card = bought.get(each["intake"])
            key = (card.merchant if by is Dimension.MERCHANT else card.product) if card else None
        for figure in MEASURES:
            cell = sums[figure].setdefault(key or "", {})
            cell[each["household"]] = cell.get(each["household"], 0) + each[f"{figure}_fen"]
    return sums


async def roll_up(
    by: Dimension,
    since: date | None = None,
    until: date | None = None,
    township: str | None = None,
) -> RollUp:
    """The office's own table, nothing kept back. ``until`` is the first day not wanted."""
    sums = await cells_of(by, since, until, township)
    earlier = None
    if since is not None and until is not None:
        earlier = await cells_of(by, _year_before(since), _year_before(until), township)
    return await _table(by, Audience.OFFICE, since, until, sums, earlier, {}, {})


async def roll_up_for(
    audience: Audience, by: Dimension, quarter: str, day: date, township: str | None = None
) -> RollUp:
    """A quarter as others may read it on ``day``: small cells left out, and what would tell them by subtraction.

    Whole quarters alone, and a township's villages alone, so that no difference of two tables is a small cell; closed
    months alone, or what a table says tomorrow minus what it says today is one payout. Raises ``QuarterInvalid``,
    ``QuarterNotClosed``, :class:`SpanRequired`.
    """
    since, until = quarter_span(quarter)
    if township is not None and by is not Dimension.VILLAGE:
        raise SpanRequired()
    await closed_months(quarter, day)
    held = await limits(day, public=audience is Audience.PUBLIC)
    sums, hidden = await _guarded(by, since, until, township, held)
    earlier, hidden_then = await _guarded(by, _year_before(since), _year_before(until), township, held)
    if not await is_closed(f"{since.year - 1}{quarter[4:]}", day):
        hidden_then = dict.fromkeys(hidden_then, Withheld(frozenset(carried_by_cell(sums)), total=True))
    table = await _table(by, audience, since, until, sums, earlier, hidden, hidden_then)
    # That a village stands in the table at all would tell that somebody there is carried.
    return msgspec.structs.replace(table, cells=[cell for cell in table.cells if cell.carried])


Hidden = Mapping[Figure | None, Withheld]
"""What is kept back of each measure; None is the count of households."""


async def _guarded(
    by: Dimension, since: date, until: date, township: str | None, held: Limits
) -> tuple[dict[Figure, Cells], dict[Figure | None, Withheld]]:
    sums = await cells_of(by, since, until, township)
    tables = _guarded_tables(sums)
    if by is Dimension.VILLAGE:
        # A township that is kept back keeps its villages back, or they would tell it.
        above = _guarded_tables(await cells_of(Dimension.TOWNSHIP, since, until, None))
        places = {name: withheld(cells, held) for name, cells in above.items()}
        found = {name: _villages(cells, places[name], township, held) for name, cells in tables.items()}
    else:
        found = {name: withheld(cells, held) for name, cells in tables.items()}
    hidden: dict[Figure | None, Withheld] = {figure: found[figure] for figure in (*MEASURES, None)}
    confirmed, owing = found[Figure.INCOME_CONFIRMED], found[UNCONFIRMED]
    hidden[Figure.INCOME_CONFIRMED] = Withheld(confirmed.cells | owing.cells, confirmed.total or owing.total)
    return sums, hidden


def _villages(cells: Cells, places: Withheld, township: str | None, held: Limits) -> Withheld:
    hidden: set[str] = set()
    for place in {key[:9] for key in cells}:
        of = {key: amounts for key, amounts in cells.items() if key[:9] == place}
        found = withheld(of, held)
        hidden |= set(of) if places.total or place in places.cells or found.total else found.cells
    return Withheld(frozenset(hidden), places.total if township is None else places.total or township in places.cells)


UNCONFIRMED = "income_unconfirmed"
"""No measure, but what income paid minus income confirmed tells, so it is judged like one."""


def _guarded_tables(sums: dict[Figure, Cells]) -> dict[Figure | str | None, Cells]:
    confirmed = sums[Figure.INCOME_CONFIRMED]
    unconfirmed = {
        key: {household: fen - confirmed[key][household] for household, fen in cell.items()}
        for key, cell in sums[Figure.INCOME_PAID].items()
    }
    tables: dict[Figure | str | None, Cells] = dict(sums.items())
    return tables | {None: carried_by_cell(sums), UNCONFIRMED: unconfirmed}


def carried_by_cell(sums: dict[Figure, Cells]) -> Cells:
    """Each household with an official figure, counted as one."""
    keys = {key for cells in sums.values() for key in cells}
    return {
        key: {
            household: 1
            for cells in sums.values()
            for household, fen in cells.get(key, {}).items()
            if fen
        }
        for key in keys
    }  # fmt: skip


async def _table(
    by: Dimension,
    audience: Audience,
    since: date | None,
    until: date | None,
    sums: dict[Figure, Cells],
    earlier: dict[Figure, Cells] | None,
    hidden: Hidden,
    hidden_then: Hidden,
) -> RollUp:
    carried = carried_by_cell(sums)
    keys = sorted(carried)
    names = await _names(by, keys)
    nothing = Withheld(frozenset(), total=False)

    def view(figure: Figure, key: str | None) -> MeasureView:
        now, then = hidden.get(figure, nothing), hidden_then.get(figure, nothing)
        shown = not (now.total if key is None else key in now.cells)
        base_shown = not (then.total if key is None else key in then.cells)
        fen = _sum(sums[figure], key)
        base = _sum(earlier[figure], key) if earlier is not None else 0
        if not shown or not base_shown:
            return MeasureView(fen=fen if shown else None, base_fen=None, gain_bp=None, note="withheld")
        if base <= 0:
            return MeasureView(fen=fen, base_fen=base, gain_bp=None, note="no_base")
        return MeasureView(fen=fen, base_fen=base, gain_bp=((fen - base) * 10_000) // base, note="")

    def cell(key: str | None) -> RollUpCell:
        counted = hidden.get(None, nothing)
        shown = not (counted.total if key is None else key in counted.cells)
        ours = set(carried[key]) if key is not None else set(merged(carried.values()))
        others = {one for other, of in carried.items() if other != key for one in of} if key is not None else set()
        return RollUpCell(
            key=key or "",
            name="合计" if key is None else names.get(key, key),
            carried=len(ours) if shown else None,
            also_elsewhere=len(ours & others) if audience is Audience.OFFICE else None,
            **{str(figure): view(figure, key) for figure in MEASURES},
        )

    return RollUp(
        by=by, audience=audience, since=since, until=until, total=cell(None), cells=[cell(key) for key in keys]
    )


def _sum(cells: Cells, key: str | None) -> int:
    wanted = cells.values() if key is None else [cells.get(key, {})]
    return sum(fen for cell in wanted for fen in cell.values())


async def _names(by: Dimension, keys: list[str]) -> dict[str, str]:
    if by in _OF_PLACES:
        return await division_names(keys)
    if by is Dimension.MERCHANT:
        return {"": MECHANISM_NAMES["other"], **await merchant_names(keys)}
    if by is Dimension.PRODUCT:
        return {"": MECHANISM_NAMES["other"], **await titles_of(keys)}
    return MECHANISM_NAMES


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
