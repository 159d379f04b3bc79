"""What a household has left for each person, beside the line of the year: a supporting figure, never a decision.

Net income per person = (received − costs) ÷ persons (domain reference 2.2). The system never says that a household has
left poverty or must be monitored: that is a document of the poverty office (domain reference 2.3).
"""

from collections import defaultdict
from datetime import date

import msgspec

from kit.database import row, rows
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.office.thresholds import LineCard, cost_rates, crops_of_products, lines_of
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards


class CropCost(msgspec.Struct, frozen=True, kw_only=True):
    """Production income from one kind of crop, and what is counted as its cost, in fen. ``crop`` '' : no kind said."""

    crop: str
    received_fen: int
    rate_bp: int | None
    cost_fen: int


class NetIncome(msgspec.Struct, frozen=True, kw_only=True):
    """A household's year as far as this house knows it, in fen.

    ``uncosted_fen`` is production income without a rate, counted whole. ``per_person_fen`` is None while nobody has
    recorded how many persons there are. ``lines`` are those of the latest year that has any, up to this one.
    """

    household: str
    year: int
    received_fen: int
    cost_fen: int
    uncosted_fen: int
    net_fen: int
    persons: int | None
    per_person_fen: int | None
    crops: list[CropCost]
    lines: list[LineCard]
    is_supporting_figure: bool = True


_RECEIVED = """
SELECT a.category, b.product, CASE WHEN b.line IS NULL THEN p.subject END AS intake,
       -sum(p.amount_fen)::bigint AS fen
  FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id
  JOIN ledger_journal j ON j.id = p.journal_id AND j.period BETWEEN $2 AND $3
  LEFT JOIN line_basis b ON b.line = p.subject
 WHERE a.owner = $1 AND a.code = '2101' AND a.state IN ('paid', 'confirmed')
 GROUP BY 1, 2, 3 HAVING sum(p.amount_fen) <> 0"""


@household_rights()
async def net_income(code: str, year: int) -> NetIncome:
    """The supporting figure of a year, by the rates of its last day. Raises :class:`HouseholdUnknown`."""
    found = await row(
        "SELECT (SELECT y.persons FROM household_year y WHERE y.household_id = h.id AND y.year <= $2"
        " ORDER BY y.year DESC, y.id DESC LIMIT 1) AS persons FROM household h WHERE h.code = $1",
        code,
        year,
    )
    if found is None:
        raise HouseholdUnknown(household=code)
    received = await rows(_RECEIVED, code, f"{year}-01", f"{year}-12")
    bought = await intake_cards([each["intake"] for each in received if each["intake"]])
    crop_of, rates = await crops_of_products(), await cost_rates(date(year, 12, 31))
    by_crop: dict[str, int] = defaultdict(int)
    for each in received:
        if each["category"] == "production":
            card = bought.get(each["intake"])
            by_crop[crop_of.get(card.product if card else each["product"], "")] += each["fen"]
    crops = [
        CropCost(crop=crop, received_fen=fen, rate_bp=rates.get(crop), cost_fen=fen * rates.get(crop, 0) // 10_000)
        for crop, fen in sorted(by_crop.items())
    ]
    whole, cost = sum(each["fen"] for each in received), sum(each.cost_fen for each in crops)
    persons = found["persons"]
    return NetIncome(
        household=code,
        year=year,
        received_fen=whole,
        cost_fen=cost,
        uncosted_fen=sum(each.received_fen for each in crops if each.rate_bp is None),
        net_fen=whole - cost,
        persons=persons,
        per_person_fen=(whole - cost) // persons if persons else None,
        crops=crops,
        lines=await lines_of(year),
    )
