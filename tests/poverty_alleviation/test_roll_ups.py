"""Sums by place, merchant, product and mechanism: true to their parts, and silent about single households."""

from datetime import date, timedelta

import pytest

from kit.database import rows
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.households import Identity
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.errors import DatedRowExists, LineUnknown, SpanRequired, ThresholdInvalid
from poverty_alleviation.office.evidence import cell_parts, line_trace
from poverty_alleviation.office.net_income import net_income
from poverty_alleviation.office.rollups import (
    MEASURES,
    Audience,
    Dimension,
    MeasureView,
    RollUp,
    roll_up,
    roll_up_for,
)
from poverty_alleviation.office.thresholds import OfficeRules, lines_of, numbers
from poverty_alleviation.queries import Figure, figures, totals
from poverty_alleviation.register.years import YearDraft, Years
from poverty_alleviation.statements.errors import QuarterNotClosed
from tests.poverty_alleviation.conftest import NOW, OFFICER, County, closed_quarter
from tests.poverty_alleviation.test_books_of_sales import SUGAR, announced
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE
from traceability.models import IntakeMode

DAY = date(2026, 11, 24)
QUARTER = "2026-Q4"


async def busy(county: County) -> None:
    """One lot sold for two households, both paid and one confirmed; a delivery of each bought at the scale."""
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    number = await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    await county.payouts.record("示例H2", county.merchant, 697, "回单2", DAY, OFFICER)
    await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)
    await county.sealed_lot({"H1": 9_000, "H2": 4_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())


async def third(county: County, village: str = VILLAGE) -> None:
    """One household more, by its own delivery."""
    name = f"H{len(county.suppliers)}"
    await county.enter_supplier(name)
    code = f"示例{name}"
    await county.registry.enter(Identity(name="示例户主"), TOWNSHIP, village, OFFICER, code)
    await county.registry.decide(code, AssistanceStatus.REGISTERED, date(2020, 1, 1), "示例文件", OFFICER)
    await county.registry.link(code, county.suppliers[name], date(2020, 1, 1), "示例文件", OFFICER)
    await county.sealed_lot({name: 5_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())


@pytest.mark.parametrize("by", list(Dimension))
async def test_every_total_is_the_sum_of_its_cells_and_every_cell_of_its_parts(county: County, by: Dimension) -> None:
    await busy(county)
    await third(county, ANOTHER_VILLAGE)
    table = await roll_up(by)
    header = totals(await figures())
    for figure in MEASURES:
        whole = getattr(table.total, figure).fen
        assert whole == getattr(header, f"{figure}_fen") > 0
        assert whole == sum(getattr(cell, figure).fen for cell in table.cells)
        for cell in table.cells:
            apart = await cell_parts(by, cell.key, figure)
            assert apart.total_fen == getattr(cell, figure).fen == sum(part.amount_fen for part in apart.parts)
    assert table.total.carried == 3
    assert sum(cell.carried or 0 for cell in table.cells) - 3 <= sum(cell.also_elsewhere or 0 for cell in table.cells)


async def test_mechanisms_stand_apart_and_count_a_household_once(county: County) -> None:
    """By hand: H1 7.50 and H2 6.00 a kilogram's part, 1.22 and 0.97 of sales; 108.00 and 48.00 at the scale."""
    await busy(county)
    table = await roll_up(Dimension.MECHANISM)
    assert {cell.key: cell.income_paid.fen for cell in table.cells} == {
        "consignment": 750 + 600, "purchase": 10_800 + 4_800, "return": 122 + 97,
    }  # fmt: skip
    assert [(cell.carried, cell.also_elsewhere) for cell in table.cells] == [(2, 2)] * 3
    assert table.total.carried == 2
    assert {cell.name for cell in table.cells} == {"代销", "收购", "返利"}


async def test_a_gain_needs_a_base(county: County) -> None:
    """By hand: 45 of 60 kg of 80.00 are 60.00; 82.28 − 60.00 = 22.28, which is 37.13 % of it."""
    county.now = NOW - timedelta(days=365)
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3}, "O9")
    await county.tell(county.paid("O9", net_fen=8_000), county.packed("O9"), county.earned("O9"))
    county.now = NOW
    await busy(county)
    first, after = date(2026, 10, 1), date(2027, 1, 1)
    total = (await roll_up(Dimension.TOWNSHIP, first, after)).total
    assert total.attributed_sales == MeasureView(fen=8_228, base_fen=6_000, gain_bp=3_713, note="")
    assert total.income_paid == MeasureView(fen=17_169, base_fen=0, gain_bp=None, note="no_base")
    assert (await roll_up(Dimension.TOWNSHIP)).total.income_paid.note == "no_base"


async def guarded(
    county: County, by: Dimension, township: str | None = None, audience: Audience = Audience.COUNTY
) -> RollUp:
    """What others read of the quarter when it is over and signed."""
    async with closed_quarter(county) as day:
        return await roll_up_for(audience, by, QUARTER, day, township)


async def test_others_read_no_small_cell(county: County) -> None:
    """Two households are too few; a third in another village is alone there, so neither village is told."""
    await busy(county)
    for by in Dimension:
        kept = await guarded(county, by)
        assert {getattr(kept.total, figure).fen for figure in MEASURES} == {None}, by
        assert kept.total.carried is None
    await third(county, ANOTHER_VILLAGE)
    places = await guarded(county, Dimension.TOWNSHIP)
    assert (places.total.carried, places.total.income_paid.fen) == (3, 23_169)
    assert places.total.income_confirmed.fen is None, "of one household alone"
    villages = await guarded(county, Dimension.VILLAGE, TOWNSHIP)
    assert villages.cells == [], "not even which villages they are"
    assert (await guarded(county, Dimension.TOWNSHIP, audience=Audience.PUBLIC)).total.income_paid.fen is None
    await third(county)
    assert (await guarded(county, Dimension.VILLAGE)).cells == [], "three in the one would tell the other's one"
    for _ in range(2):
        await third(county, ANOTHER_VILLAGE)
    shown = await guarded(county, Dimension.VILLAGE)
    assert [(cell.key, cell.carried, cell.income_paid.fen) for cell in shown.cells] == [
        (VILLAGE, 3, 23_169), (ANOTHER_VILLAGE, 3, 18_000),
    ]  # fmt: skip
    with pytest.raises(SpanRequired):
        await guarded(county, Dimension.MERCHANT, TOWNSHIP)


async def test_what_is_paid_minus_what_is_confirmed_tells_no_household(county: County) -> None:
    """Fails when the difference of both measures is not judged like a measure: tried.

    Six households have confirmed everything but the 6.97 of H2, so both sums are safe and H2's is what is between.
    """
    await busy(county)
    for _ in range(4):
        await third(county)
    for each in await rows("SELECT intake FROM income_claim WHERE recognition = 'intake_paid' ORDER BY intake"):
        await county.payouts.confirm("intake", each["intake"], "visit", "示例走访", NOW, OFFICER)
    own = (await roll_up(Dimension.COUNTY)).total
    assert (own.income_paid.fen, own.income_confirmed.fen) == (17_169 + 24_000, 17_169 + 24_000 - 697)
    for by in (Dimension.COUNTY, Dimension.VILLAGE):
        told = await guarded(county, by)
        assert told.total.income_paid.fen == 17_169 + 24_000
        assert [each.income_confirmed.note for each in (told.total, *told.cells)] == ["withheld"] * 2


async def test_others_read_only_what_can_no_longer_move(county: County) -> None:
    """Fails when open months are told: tried. A sum of this evening minus the one of this morning is one payout."""
    await busy(county)
    await third(county)
    with pytest.raises(QuarterNotClosed):
        await roll_up_for(Audience.COUNTY, Dimension.COUNTY, QUARTER, DAY)
    with pytest.raises(QuarterNotClosed):
        await roll_up_for(Audience.COUNTY, Dimension.COUNTY, QUARTER, date(2027, 1, 5))
    async with closed_quarter(county) as day:
        assert (await roll_up_for(Audience.COUNTY, Dimension.COUNTY, QUARTER, day)).total.carried == 3
    county.now = NOW - timedelta(days=365)
    await third(county)
    total = (await guarded(county, Dimension.COUNTY)).total
    assert (total.income_paid.base_fen, total.income_paid.note) == (None, "withheld"), "last year's month is open"


async def test_a_line_leads_to_its_lots_shares_and_papers(county: County) -> None:
    await busy(county)
    found = await line_trace("O1-1")
    (lot,) = found.lots
    assert [(share.household, share.mass_gram) for share in lot.shares] == [
        ("示例H1", 25_000), ("示例H2", 20_000), (None, 15_000),
    ]  # fmt: skip
    assert {rule.kind for rule in found.rules} == {"per_unit", "pct_net"}
    with pytest.raises(LineUnknown):
        await line_trace("O404-1")


async def test_net_income_stands_beside_the_line_and_decides_nothing(county: County) -> None:
    """By hand: 8.72 + 108.00 received; production 7.50 + 108.00 at 40 % cost 46.20; 70.52 for two persons."""
    await busy(county)
    rules, first = OfficeRules(county.clock), date(2026, 1, 1)
    shown = await net_income("示例H1", 2026)
    assert (shown.received_fen, shown.cost_fen, shown.uncosted_fen) == (11_672, 0, 11_550)
    assert (shown.persons, shown.per_person_fen, shown.lines) == (None, None, [])
    await rules.enter_usual_lines(OFFICER)
    await rules.enter_crop(county.product, "cash_crop", OFFICER)
    await rules.enter_cost_rate("cash_crop", 4_000, first, "示例明白卡", OFFICER)
    year = YearDraft(year=2025, persons=2)
    await Years(county.clock).record("示例H1", year, "示例名册", OFFICER)
    shown = await net_income("示例H1", 2026)
    assert (shown.cost_fen, shown.uncosted_fen, shown.net_fen) == (4_620, 0, 7_052)
    assert (shown.persons, shown.per_person_fen, shown.is_supporting_figure) == (2, 3_526, True)
    assert [(line.year, line.kind, line.fen, line.is_verified) for line in shown.lines] == [
        (2023, "monitoring", 805_000, False)
    ]
    assert len(await lines_of(None)) == 16
    assert {each.source for each in await lines_of(2020)} == {"domain reference 2.3, unverified"}
    with pytest.raises(HouseholdUnknown):
        await net_income("示例H9", 2026)


async def test_numbers_are_dated_and_small_cells_are_only_guarded_better(county: County) -> None:
    rules, first = OfficeRules(county.clock), date(2026, 1, 1)
    for name, value in (("cell_households", 2), ("cell_dominance_bp", 8_001), ("public_cell_households", 9), ("x", 5)):
        with pytest.raises(ThresholdInvalid):
            await rules.enter_threshold(name, value, first, "示例文件", OFFICER)
    await rules.enter_threshold("cell_households", 5, first, "示例文件 9 号", OFFICER)
    with pytest.raises(DatedRowExists):
        await rules.enter_threshold("cell_households", 6, first, "示例文件 9 号", OFFICER)
    before, after = [(await numbers(day)).thresholds[0] for day in (date(2025, 12, 31), DAY)]
    assert (before.name, before.value, before.valid_from) == ("cell_households", 3, None)
    assert (after.value, after.valid_from, after.source) == (5, first, "示例文件 9 号")
    assert (await cell_parts(Dimension.COUNTY, "", Figure.INCOME_PAID)).total_fen == 0
