"""The dossier of a recognised product: what the register says of it, and the households that it carries by the books.

Nobody types who is carried. The register's entry names prices and quantities alone (domain reference 2.4).
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from kit.database import rows
from merchants.queries import merchant
from poverty_alleviation.contract_cards import ContractCard, contract_cards
from poverty_alleviation.office.rollups import Dimension, carried_by_cell, cells_of
from poverty_alleviation.office.suppression import withheld
from poverty_alleviation.office.thresholds import limits
from poverty_alleviation.queries import Figure
from poverty_alleviation.vault import household_rights
from products.mark_queries import RecognitionRecord, recognition


class DossierSupplier(msgspec.Struct, frozen=True, kw_only=True):
    """The market entity that the recognition is for; ``licence_number`` is its unified social credit code."""

    number: str
    name: str
    licence_number: str
    township: str
    township_name: str


class CarriedHousehold(msgspec.Struct, frozen=True, kw_only=True):
    """What the books say of a household and the product, in fen; sales and income are never added.

    ``persons`` is the newest year's word, None without one; ``also_carried_by`` are the other products that count it.
    """

    household: str
    attributed_sales_fen: int
    income_paid_fen: int
    income_confirmed_fen: int
    persons: int | None
    also_carried_by: list[str]


class RecognitionDossier(msgspec.Struct, frozen=True, kw_only=True):
    """A recognition with its papers, its supplier, and whom it carries from ``since`` to the day before ``until``.

    ``carried_published`` is the count as it may leave the office: None while it is small or could be subtracted.
    ``mechanisms`` and ``contracts`` are the supplier's with a rule for the product in those days.
    """

    recognition: RecognitionRecord
    supplier: DossierSupplier
    since: date
    until: date
    carried: int
    carried_published: int | None
    persons: int
    households: list[CarriedHousehold]
    mechanisms: list[str]
    contracts: list[str]


async def recognition_dossier(number: str, since: date | None, until: date | None, today: date) -> RecognitionDossier:
    """The dossier for a span; without one for the days on which the recognition has held so far.

    Income of no goods (wages, dividends, rents) carries nobody for a product. Raises MarkUnknown.
    """
    found = await recognition(number)
    since = since or found.valid_from
    until = until or max(min(found.valid_until, today) + timedelta(days=1), since)
    sums = await cells_of(Dimension.PRODUCT, since, until, None)
    cells = carried_by_cell(sums)
    ours = sorted(cells.get(found.product, {}))
    hidden = withheld(cells, await limits(today, public=True))
    is_shown = not hidden.total and found.product not in hidden.cells
    persons = await _persons(ours)
    promised = _promised(await contract_cards(merchant=found.merchant), found.product, since, until)
    return RecognitionDossier(
        recognition=found,
        supplier=msgspec.convert(await merchant(found.merchant), DossierSupplier, from_attributes=True),
        since=since,
        until=until,
        carried=len(ours),
        carried_published=len(ours) if is_shown else None,
        persons=sum(persons.values()),
        households=[
            CarriedHousehold(
                household=household,
                attributed_sales_fen=sums[Figure.ATTRIBUTED_SALES].get(found.product, {}).get(household, 0),
                income_paid_fen=sums[Figure.INCOME_PAID].get(found.product, {}).get(household, 0),
                income_confirmed_fen=sums[Figure.INCOME_CONFIRMED].get(found.product, {}).get(household, 0),
                persons=persons.get(household),
                also_carried_by=sorted(
                    product for product, of in cells.items() if product not in ("", found.product) and household in of
                ),
            )
            for household in ours
        ],
        mechanisms=sorted({mechanism for ways in promised.values() for mechanism in ways}),
        contracts=list(promised),
    )


def _promised(contracts: Sequence[ContractCard], product: str, since: date, until: date) -> dict[str, set[str]]:
    """The mechanisms of approved rules for a product, by contract that holds on a day of the span."""
    ways = {
        each.number: {
            str(rule.mechanism) for rule in each.rules if rule.state == "approved" and rule.product in (None, product)
        }
        for each in contracts
        if each.state in ("approved", "ended")
        and each.valid_from < until
        and (each.valid_until is None or each.valid_until > since)
    }
    return {number: of for number, of in ways.items() if of}


@household_rights()
async def _persons(households: Sequence[str]) -> dict[str, int]:
    found = await rows(
        "SELECT DISTINCT ON (h.code) h.code, y.persons FROM household_year y JOIN household h ON h.id = y.household_id"
        " WHERE h.code = ANY($1) ORDER BY h.code, y.year DESC, y.id DESC",
        list(households),
    )
    return {each["code"]: each["persons"] for each in found}
