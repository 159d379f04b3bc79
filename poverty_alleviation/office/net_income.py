"""What a household has left for each person: estimated by rates, a supporting figure, never a decision.

Net income per person = (received − costs) ÷ persons (domain reference 2.2). The system never says that a household has
left poverty or must be monitored: that is a document of the poverty office (domain reference 2.3).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import msgspec

from kit.database import row, rows
from poverty_alleviation.allocation import BASIS_POINTS
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.office.thresholds import DatedNumber, LineCard, cost_rates, crops_of_products, lines_of
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards


class CropCost(msgspec.Struct, frozen=True, kw_only=True):
    """Production income from one kind of crop, and what is counted as its cost, in fen. ``crop`` '' : no kind said.

    The rate, in basis points, with the document that it was taken from; None while there is none.
    """

    crop: str
    received_fen: int
    rate_bp: int | None
    source: str | None
    cost_fen: int


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of income by the rates, in fen: estimated, in no total and no income.

    ``uncosted_fen`` is production income without a rate, counted whole. ``per_person_fen`` is None while nobody has
    recorded how many persons there are.
    """

    cost_fen: int
    uncosted_fen: int
    net_fen: int
    persons: int | None
    per_person_fen: int | None
    crops: list[CropCost]


class NetIncome(Estimate, frozen=True, kw_only=True):
    """A household's year as far as this house knows it, in fen.

    ``lines`` are those of the latest year that has any, up to this one.
    """

    household: str
    year: int
    received_fen: int
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
    whole = sum(each["fen"] for each in received)
    estimated = estimate(whole, by_crop, rates, found["persons"])
    return NetIncome(
        household=code,
        year=year,
        received_fen=whole,
        lines=await lines_of(year),
        **msgspec.structs.asdict(estimated),
    )


def estimate(
    received_fen: int, by_crop: Mapping[str, int], rates: Mapping[str, DatedNumber], persons: int | None
) -> Estimate:
    """What is left of what was received, ``by_crop`` of it from production (domain reference 2.2)."""
    crops = [_cost(crop, fen, rates.get(crop)) for crop, fen in sorted(by_crop.items())]
    cost_fen = sum(each.cost_fen for each in crops)
    return Estimate(
        cost_fen=cost_fen,
        uncosted_fen=sum(each.received_fen for each in crops if each.rate_bp is None),
        net_fen=received_fen - cost_fen,
        persons=persons,
        per_person_fen=(received_fen - cost_fen) // persons if persons else None,
        crops=crops,
    )


def _cost(crop: str, fen: int, rate: DatedNumber | None) -> CropCost:
    if rate is None:
        return CropCost(crop=crop, received_fen=fen, rate_bp=None, source=None, cost_fen=0)
    cost_fen = fen * rate.value // BASIS_POINTS
    return CropCost(crop=crop, received_fen=fen, rate_bp=rate.value, source=rate.source, cost_fen=cost_fen)
