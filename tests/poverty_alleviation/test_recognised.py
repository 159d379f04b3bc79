"""The dossier of a recognised product: papers and entries of the register, and whom the books say that it carries."""

from datetime import date, timedelta
from typing import Any

import pytest

from poverty_alleviation.allocation import RuleKind, RuleScope
from poverty_alleviation.mechanisms import Mechanism
from poverty_alleviation.office.recognised import RecognitionDossier, recognition_dossier
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.queries import figures
from poverty_alleviation.register.years import YearDraft, Years
from products.errors import MarkUnknown, PriceRangeInvalid
from products.mark_queries import recognitions
from products.marks import Marks, RegisterEntry, Span
from products.recognition.models import RecognitionStep
from products.recognition.service import CasePaper, Recognitions
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.test_roll_ups import busy, third
from tests.products.shelf import case_at
from tests.superuser import as_superuser

SPAN = Span(valid_from=date(2026, 11, 1), valid_until=date(2027, 10, 31))
TODAY = date(2026, 11, 30)


def entry(**changes: Any) -> RegisterEntry:
    said: dict[str, Any] = {
        "list_number": "示例名录 1-1", "category": "示例类别", "spec": "500 克", "capacity": "示例年产 10 吨",
        "value_fen": 50_000_000, "price_from_fen": 3_990, "price_to_fen": 7_980, "compared": "示例同规格市价",
        "document": "示例文件 10 号",
    }  # fmt: skip
    return RegisterEntry(**(said | changes))


async def recognised(county: County, product: str = "") -> str:
    marks = Marks(county.clock)
    code = product or county.product
    case = await case_at(code, clock=county.clock)
    return await marks.recognise(case, f"DEMO-R-{code}", "示例单位", "DEMO-第 1 批", SPAN, OFFICER)


async def dossier(number: str, since: date | None = None, until: date | None = None) -> RecognitionDossier:
    return await recognition_dossier(number, since, until, TODAY)


async def test_the_newest_entry_of_the_register_holds_and_all_of_them_stay(county: County) -> None:
    marks, number = Marks(county.clock), await recognised(county)
    assert (await dossier(number)).recognition.entry is None
    case = (await dossier(number)).recognition.case
    paper = CasePaper(title="示例公示", document="示例 1 号", dated=TODAY)
    await Recognitions(county.clock).add_paper(case, RecognitionStep.PUBLIC_NOTICE, paper, OFFICER)
    await marks.add_entry(number, entry(), OFFICER)
    await marks.add_entry(number, entry(price_to_fen=3_990, list_number="示例名录 2-1"), OFFICER)
    with pytest.raises(PriceRangeInvalid):
        await marks.add_entry(number, entry(price_to_fen=3_989), OFFICER)
    for refused in (marks.add_entry("R404", entry(), OFFICER), dossier("R404")):
        with pytest.raises(MarkUnknown):
            await refused
    found = await dossier(number)
    assert found.recognition.entry is not None
    assert (found.recognition.entry.list_number, found.recognition.entry.price_to_fen) == ("示例名录 2-1", 3_990)
    assert found.recognition.case_state == "noticed"
    assert [each.title for each in found.recognition.papers] == ["示例材料"] * 8 + ["示例公示"]
    assert (await recognitions(county.merchant, None, 9))[0] == [found.recognition]
    assert (found.supplier.number, found.since, found.until) == (
        county.merchant, SPAN.valid_from, TODAY + timedelta(days=1),
    )  # fmt: skip
    for attack in ("UPDATE recognition_entry SET value_fen = 0", "DELETE FROM recognition_entry"):
        with pytest.raises(Exception, match="append-only"):
            await as_superuser(attack)


async def test_whom_it_carries_is_what_the_books_say(county: County) -> None:
    """Each household with a figure of the product has the figures that its own page shows."""
    number = await recognised(county)
    empty = await dossier(number)
    assert (empty.carried, empty.carried_published, empty.households) == (0, 0, [])
    await busy(county)
    of_another: dict[str, Any] = {"product": "P404", "mechanism": Mechanism.OWN_SHOP}
    await county.add_rule(RuleKind.PER_UNIT, 100, RuleScope.REGISTERED_ONLY, **of_another)
    await Years(county.clock).record("示例H1", YearDraft(year=2025, persons=4), "示例文件", OFFICER)
    await Years(county.clock).record("示例H1", YearDraft(year=2026, persons=3), "示例文件", OFFICER)
    found = await dossier(number)
    assert [each.household for each in found.households] == ["示例H1", "示例H2"]
    own = {each.household: each for each in await figures(SPAN.valid_from, date(2026, 12, 1))}
    for each in found.households:
        for name in ("attributed_sales_fen", "income_paid_fen", "income_confirmed_fen"):
            assert getattr(each, name) == getattr(own[each.household], name)
        assert each.attributed_sales_fen > 0
    assert [(each.persons, each.also_carried_by) for each in found.households] == [(3, []), (None, [])]
    assert (found.carried, found.persons, found.carried_published) == (2, 3, None)
    assert (found.contracts, found.mechanisms) == ([county.contract], ["consignment", "return"])
    before = await dossier(number, date(2025, 1, 1), date(2025, 12, 31))
    assert (before.carried, before.contracts) == (0, [])


async def test_a_count_leaves_the_office_when_it_is_large_enough(county: County) -> None:
    """Ten households, or as few as the county may publish; nine are kept back."""
    number = await recognised(county)
    await busy(county)
    for _ in range(7):
        await third(county)
    assert (await dossier(number)).carried_published is None
    await third(county)
    found = await dossier(number)
    assert (found.carried, found.carried_published) == (10, 10)
    await OfficeRules(county.clock).enter_threshold("public_cell_households", 11, date(2026, 1, 1), "示例文件", OFFICER)
    assert (await dossier(number)).carried_published is None
