"""What a statement says: a household's figures of a quarter, by category and by product, to the fen."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

import msgspec

from kit.database import rows
from poverty_alleviation.lineage.descent import LineageStep, lineages
from poverty_alleviation.office.net_income import Estimate, estimate
from poverty_alleviation.office.thresholds import DatedNumber, cost_rates, crops_of_products
from poverty_alleviation.queries import CategoryIncome, HouseholdFigures, figures, titles_of
from poverty_alleviation.statements.claims import ClaimStep, village_claims
from poverty_alleviation.statements.quarters import months_of, quarter_span
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards

CATEGORIES = {
    "wage": "工资性收入",
    "production": "生产经营性收入",
    "property": "财产性收入",
    "transfer": "转移性收入",
}
"""The four kinds of income (domain reference 2.2), in the order of the paper."""


class ProductLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product's part of both figures, in fen. Side by side, never added."""

    product: str
    title: str
    attributed_sales_fen: int
    income_paid_fen: int


class StatementText(msgspec.Struct, frozen=True, kw_only=True):
    """What is issued, as JSON: printed are these words and no others. It holds no name and no number of a person.

    ``estimate``: what is counted as cost, by the rates of the quarter's last day; an estimate beside the figures, in
    none of them, and None where nothing came from production. ``claims``: what was claimed of the household and set
    off, in no figure either. ``lineage``: what it came from or became by the end of the quarter, by codes.
    """

    number: str
    household: str
    township: str
    village: str
    quarter: str
    roots: dict[str, str]
    attributed_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    income_by_category: list[CategoryIncome]
    lines: list[ProductLine]
    estimate: Estimate | None
    claims: list[ClaimStep]
    lineage: list[LineageStep]


class Quarter(msgspec.Struct, frozen=True, kw_only=True):
    """A household's quarter before it has a number."""

    figures: HouseholdFigures
    income_by_category: list[CategoryIncome]
    lines: list[ProductLine]
    estimate: Estimate | None
    claims: list[ClaimStep]
    lineage: list[LineageStep]


_PARTS = """
SELECT h.code AS household, a.code, a.category, a.state, p.subject, b.product, b.title,
       -sum(p.amount_fen)::bigint AS amount_fen
  FROM household h
  JOIN ledger_account a ON a.owner = h.code
   AND ((a.code = '9101' AND a.state = 'earned') OR (a.code = '2101' AND a.state IN ('paid', 'confirmed')))
  JOIN ledger_posting p ON p.account_id = a.id
  JOIN ledger_journal j ON j.id = p.journal_id
  LEFT JOIN line_basis b ON b.line = p.subject
 WHERE h.township = $1 AND h.village = $2 AND j.period BETWEEN $3 AND $4
 GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(p.amount_fen) <> 0 ORDER BY 1, 2, 3, 4, 5"""


@household_rights()
async def village_quarter(township: str, village: str, quarter: str) -> dict[str, Quarter]:
    """Every household of a village that the quarter's months say anything official about, by code.

    Raises ``QuarterInvalid``.
    """
    months = months_of(quarter)
    whole = {each.household: each for each in await figures(*quarter_span(quarter), township)}
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for part in await rows(_PARTS, township, village, months[0], months[-1]):
        parts[part["household"]].append(part)
    bought = await intake_cards(
        sorted({part["subject"] for of in parts.values() for part in of if part["product"] is None})
    )
    for of in parts.values():
        for part in of:
            if part["product"] is None and (card := bought.get(part["subject"])) is not None:
                part["product"] = card.product
    titles = await titles_of(sorted({part["product"] for of in parts.values() for part in of if part["product"]}))
    claims = await village_claims(township, village, quarter)
    codes, last = sorted(parts.keys() | claims), quarter_span(quarter)[1] - timedelta(days=1)
    steps = await lineages(codes)
    rates, crop_of, persons = await cost_rates(last), await crops_of_products(), await _persons(codes, last.year)
    return {
        code: Quarter(
            figures=whole[code],
            income_by_category=_categories(parts[code]),
            lines=_lines(parts[code], titles),
            estimate=_estimate(whole[code], parts[code], crop_of, rates, persons.get(code)),
            claims=claims.get(code, []),
            lineage=[step for step in steps.get(code, []) if step.day <= last],
        )
        for code in codes
    }


async def _persons(codes: list[str], year: int) -> dict[str, int]:
    """How many persons the households last were, as recorded for a year up to this one."""
    found = await rows(
        "SELECT DISTINCT ON (h.id) h.code, y.persons FROM household_year y JOIN household h ON h.id = y.household_id"
        " WHERE h.code = ANY($1::text[]) AND y.year <= $2 ORDER BY h.id, y.year DESC, y.id DESC",
        codes,
        year,
    )
    return {each["code"]: each["persons"] for each in found}


def _estimate(
    of: HouseholdFigures,
    parts: list[dict[str, Any]],
    crop_of: dict[str, str],
    rates: dict[str, DatedNumber],
    persons: int | None,
) -> Estimate | None:
    by_crop: dict[str, int] = defaultdict(int)
    for part in parts:
        if part["code"] == "2101" and part["category"] == "production":
            by_crop[crop_of.get(part["product"] or "", "")] += part["amount_fen"]
    return estimate(of.income_paid_fen, by_crop, rates, persons) if by_crop else None


def _categories(parts: list[dict[str, Any]]) -> list[CategoryIncome]:
    sums: dict[str, list[int]] = {category: [0, 0] for category in CATEGORIES}
    for part in parts:
        if part["code"] == "2101":
            sums[part["category"]][0] += part["amount_fen"]
            sums[part["category"]][1] += part["amount_fen"] if part["state"] == "confirmed" else 0
    return [CategoryIncome(category, *both) for category, both in sums.items()]


def _lines(parts: list[dict[str, Any]], titles: dict[str, str]) -> list[ProductLine]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for part in parts:
        sums[part["product"] or ""][0 if part["code"] == "9101" else 1] += part["amount_fen"]
    return [
        ProductLine(
            product=product,
            title=titles.get(product) or product or "其他",
            attributed_sales_fen=sales,
            income_paid_fen=income,
        )
        for product, (sales, income) in sorted(sums.items())
        if sales or income
    ]
