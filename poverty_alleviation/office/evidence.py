"""From any cell of a roll-up down to journals, and from an order line to its lots, shares and papers."""

from datetime import date, datetime
from typing import Any

import msgspec

from kit.database import row, rows
from kit.paging import MAX_PAGE
from poverty_alleviation.allocation import AppliedRule, LotUse
from poverty_alleviation.office.errors import LineUnknown
from poverty_alleviation.office.rollups import MECHANISM, MECHANISM_JOINS, OF_GOODS, Dimension
from poverty_alleviation.queries import Figure, SourcePart, parts_where
from poverty_alleviation.vault import household_rights
from traceability.queries import intake_cards

# Wages, dividends and rents are of no goods: the cell without a key.
_OF_NO_GOODS = "($7 = '' AND b.line IS NULL AND NOT EXISTS (SELECT 1 FROM income_claim g WHERE g.intake = p.subject))"
_WHERE = {
    Dimension.COUNTY: "$7 = ''",
    Dimension.TOWNSHIP: "h.township = $7",
    Dimension.VILLAGE: "h.village = $7",
    Dimension.MERCHANT: f"(b.merchant = $7 OR p.subject = ANY($8) OR {_OF_NO_GOODS})",
    Dimension.PRODUCT: f"(b.product = $7 OR p.subject = ANY($8) OR {_OF_NO_GOODS})",
    Dimension.MECHANISM: f"{MECHANISM} = $7",
}


class CellParts(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a cell and the parts that sum to it. ``total_fen`` is of all parts, not of this page alone."""

    by: Dimension
    key: str
    figure: Figure
    total_fen: int
    parts: list[SourcePart]
    next: str | None


class TracedShare(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery's part of a lot, with its paper; ``household`` is whom it counted for when the line was packed."""

    intake: str
    supplier: str
    household: str | None
    mass_gram: int
    paid_at_scale: bool
    weighed_at: datetime | None
    evidence: str


class TracedLot(msgspec.Struct, frozen=True, kw_only=True):
    """What a line took from a lot, and the shares of the lot's whole input."""

    lot: str
    quantity: int
    mass_gram: int
    shares: list[TracedShare]


class LineTrace(msgspec.Struct, frozen=True, kw_only=True):
    """An order line as the books divided it: lots, shares, papers and rules, frozen when it was packed."""

    line: str
    order: str
    merchant: str
    product: str
    title: str
    quantity: int
    net_fen: int
    remaining_quantity: int
    remaining_net_fen: int
    paid_at: datetime
    packed_at: datetime | None
    earned_at: datetime | None
    lots: list[TracedLot]
    rules: list[AppliedRule]


async def cell_parts(
    by: Dimension,
    key: str,
    figure: Figure,
    since: date | None = None,
    until: date | None = None,
    cursor: str | None = None,
    limit: int = MAX_PAGE,
) -> CellParts:
    """What a cell's figure is made of, journal by journal."""
    wanted: list[object] = [key]
    if by in OF_GOODS:
        wanted.append(await _bought_intakes(by, key))
    joins = MECHANISM_JOINS if by is Dimension.MECHANISM else ""
    total, parts, following = await parts_where(figure, _WHERE[by], wanted, since, until, cursor, limit, joins)
    return CellParts(by=by, key=key, figure=figure, total_fen=total, parts=parts, next=following)


async def _bought_intakes(by: Dimension, key: str) -> list[str]:
    """The deliveries bought at the scale that belong to a merchant's or a product's cell."""
    found = await rows("SELECT intake FROM income_claim WHERE recognition = 'intake_paid' ORDER BY intake")
    cards = await intake_cards([each["intake"] for each in found])
    return [
        card.number for card in cards.values() if (card.merchant if by is Dimension.MERCHANT else card.product) == key
    ]


@household_rights()
async def line_trace(line: str) -> LineTrace:
    """Everything that a line's division was computed from. Raises :class:`LineUnknown`."""
    found = await row(
        'SELECT line, order_number AS "order", merchant, product, title, quantity, net_fen, remaining_quantity,'
        " remaining_net_fen, paid_at, packed_at, earned_at, lots::text AS lots, rules::text AS rules"
        " FROM line_basis WHERE line = $1",
        line,
    )
    if found is None:
        raise LineUnknown(line=line[:40])
    lots = msgspec.json.decode(found.pop("lots"), type=tuple[LotUse, ...])
    rules = msgspec.json.decode(found.pop("rules"), type=list[AppliedRule])
    cards: dict[str, Any] = await intake_cards(sorted({share.intake for lot in lots for share in lot.shares}))
    return LineTrace(
        **found,
        rules=rules,
        lots=[
            TracedLot(
                lot=lot.lot,
                quantity=lot.quantity,
                mass_gram=lot.mass_gram,
                shares=[
                    TracedShare(
                        intake=share.intake,
                        supplier=share.party,
                        household=share.household,
                        mass_gram=share.mass_gram,
                        paid_at_scale=share.paid_at_scale,
                        weighed_at=cards[share.intake].weighed_at if share.intake in cards else None,
                        evidence=cards[share.intake].evidence if share.intake in cards else "",
                    )
                    for share in lot.shares
                ],
            )
            for lot in lots
        ],
    )
