"""Which rule a delivery paid at the scale stands under: one, and always the same one (decision 0041)."""

from datetime import date

import pytest

from kit.database import rows
from poverty_alleviation.allocation import RuleKind, RuleScope
from poverty_alleviation.mechanisms import Recognition
from tests.poverty_alleviation.conftest import County
from tests.poverty_alleviation.test_books_of_sales import announced
from traceability.models import IntakeMode

EARLY, LATE = date(2026, 1, 1), date(2026, 6, 1)


async def rule(
    county: County,
    scope: RuleScope = RuleScope.ALL_SUPPLIERS,
    product: str | None = None,
    valid_from: date = EARLY,
) -> str:
    """A rule for goods paid at the scale."""
    given = {"recognition": Recognition.INTAKE_PAID, "product": product, "valid_from": valid_from}
    return await county.add_rule(RuleKind.PER_UNIT, 1200, scope, **given)


async def stamped(county: County) -> dict[str, tuple[str, str]]:
    """What H1 (registered) and N1 (not) are paid at the scale: rule and category by name."""
    for name in ("H1", "N1"):
        await county.take_in(name, 10_000, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())
    found = await rows(
        "SELECT a.owner, p.rule, a.category FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE a.code IN ('2101', '2102')"
    )
    names = {county.households["H1"]: "H1", county.suppliers["N1"]: "N1"}
    return {names[each["owner"]]: (each["rule"], each["category"]) for each in found}


async def test_a_rule_that_names_the_product_is_found_and_goes_before_one_that_names_none(county: County) -> None:
    """Fails when the fact does not say its product: tried."""
    await rule(county, valid_from=LATE)
    own = await rule(county, product=county.product)
    await rule(county, product="P-OTHER", valid_from=LATE)
    assert await stamped(county) == {"H1": (own, "production"), "N1": (own, "production")}


async def test_a_rule_for_registered_households_is_never_stamped_on_anybody_else(county: County) -> None:
    """Not even when it names the product; without another rule the delivery has none."""
    own = await rule(county, RuleScope.REGISTERED_ONLY, county.product)
    assert await stamped(county) == {"H1": (own, "production"), "N1": ("", "production")}


async def test_everybody_elses_rule_stays_where_the_households_own_goes_before_it(county: County) -> None:
    general = await rule(county, valid_from=LATE)
    own = await rule(county, RuleScope.REGISTERED_ONLY)
    assert await stamped(county) == {"H1": (own, "production"), "N1": (general, "production")}


@pytest.mark.parametrize("turned", [False, True])
async def test_of_equal_rules_the_one_that_came_into_force_later_holds(county: County, turned: bool) -> None:
    """However they were written: of two from one day the later written one."""
    days = [LATE, EARLY] if turned else [EARLY, LATE]
    by_day = {day: await rule(county, valid_from=day) for day in days}
    assert (await stamped(county))["N1"][0] == by_day[LATE]


async def test_of_two_rules_of_one_day_the_one_written_later_holds(county: County) -> None:
    written = [await rule(county) for _ in range(3)]
    assert (await stamped(county))["N1"][0] == written[-1]
