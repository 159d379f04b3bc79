"""Plots: whose and from when to when, field intakes that name them, and what is more than grows there."""

from datetime import date

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tortoise.exceptions import BaseORMException

from kit.database import execute, scalar
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.traceability.test_lots import ELSEWHERE, KEEPER, NOW, Yard, clock, yard  # noqa: F401 - the fixture
from traceability.errors import ClientIdReused, IntakeInvalid, SupplierUnknown
from traceability.models import SupplierKind
from traceability.plots.errors import CropUnknown, PlotInvalid, PlotOfAnother, PlotUnknown, YieldNormTaken
from traceability.plots.queries import crops, plots, yields_above_norm
from traceability.plots.service import Land, Norm, Plots
from traceability.queries import intake_cards
from traceability.service import Reach, Suppliers

REGISTER = Plots(clock)
HARVEST = date(2026, 11, 22)


def land(yard: Yard, /, **changes: object) -> Land:  # noqa: F811
    usual: dict[str, object] = {"supplier": yard.supplier, "village": VILLAGE, "crop": "lemon"}
    return Land(**(usual | {"area_mu_milli": 2_500, "valid_from": date(2026, 1, 1)} | changes))  # type: ignore[arg-type]


def norm(**changes: object) -> Norm:
    usual: dict[str, object] = {"crop": "lemon", "max_gram_per_mu": 2_000_000, "max_gram_per_tree": None}
    return Norm(**(usual | {"effective_from": date(2020, 1, 1), "source_document": "示例标准1号"} | changes))  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def grove(yard: Yard) -> Yard:  # noqa: F811
    await REGISTER.name_crop("lemon", "柠檬")
    return yard


async def test_a_delivery_names_a_plot_that_is_its_suppliers_on_the_day_of_harvest(grove: Yard) -> None:
    plot = await REGISTER.enter(KEEPER, land(grove, valid_from=HARVEST))
    await Places().enter_site("S-1", "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    told = grove.weighing(
        site="S-1", plot=plot, harvested_on=HARVEST, mass_gram=10_000, gross_gram=10_400, tare_gram=400
    )
    number = await grove.intakes.accept(KEEPER, told)
    assert await grove.intakes.accept(KEEPER, told) == number
    with pytest.raises(ClientIdReused):
        await grove.intakes.accept(KEEPER, replace(told, plot=None))
    with pytest.raises(ClientIdReused):
        await grove.intakes.accept(KEEPER, replace(told, gross_gram=10_500, tare_gram=500))
    card = (await intake_cards([number]))[number]
    assert (card.site, card.plot, card.harvested_on, card.gross_gram, card.tare_gram) == (
        "S-1", plot, HARVEST, 10_400, 400,
    )  # fmt: skip
    await REGISTER.end(KEEPER, plot, HARVEST)
    assert await grove.intakes.accept(KEEPER, replace(told, client_id="phone-0002")) != number
    other = await Suppliers(clock).enter(KEEPER, "示例供货人二", SupplierKind.FARMER, TOWNSHIP)
    for changed in (
        {"harvested_on": date(2026, 11, 21)},
        {"harvested_on": date(2026, 11, 23)},
        {"supplier": other},
        {"plot": "P404"},
    ):
        with pytest.raises(PlotOfAnother):
            await grove.intakes.accept(KEEPER, replace(told, client_id="phone-0003", **changed))


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({"plot": "P1"}, ["harvested_on"]),
        ({"harvested_on": date(2026, 11, 24)}, ["harvested_on"]),
        ({"gross_gram": 10_400}, ["gross_gram"]),
        ({"gross_gram": 10_400, "tare_gram": 399}, ["gross_gram"]),
        ({"gross_gram": 9_900, "tare_gram": -100}, ["gross_gram"]),
        ({"site": "S-404"}, ["site"]),
    ],
)
async def test_what_is_said_of_the_field_agrees(grove: Yard, changes: dict[str, object], members: list[str]) -> None:
    with pytest.raises(IntakeInvalid) as refused:
        await grove.intakes.accept(KEEPER, grove.weighing(**changes))
    assert refused.value.facts["members"] == members


async def test_a_keeper_names_sites_of_the_own_township(grove: Yard) -> None:
    await Places().enter_division("533124201", "户撒乡")
    await Places().enter_site("S-2", "示例站", SiteKind.SERVICE, SiteLevel.STATION, "533124201", SiteState.OPERATING)
    with pytest.raises(IntakeInvalid):
        await grove.intakes.accept(KEEPER, grove.weighing(site="S-2"))
    clerk = Reach(caller="staff:clerk", merchant=grove.merchant)
    await grove.intakes.accept(clerk, grove.weighing(site="S-2"))


async def test_plots_lie_in_villages_of_suppliers_in_reach_and_end_once(grove: Yard) -> None:
    with pytest.raises(SupplierUnknown):
        await REGISTER.enter(ELSEWHERE, land(grove))
    with pytest.raises(CropUnknown):
        await REGISTER.enter(KEEPER, land(grove, crop="mango"))
    for wrong in ({"village": "533124101999"}, {"village": TOWNSHIP}, {"area_mu_milli": 0}, {"trees": 0}):
        with pytest.raises(PlotInvalid):
            await REGISTER.enter(KEEPER, land(grove, **wrong))
    clerk, other = (Reach(caller="staff:clerk", merchant=each) for each in (grove.merchant, grove.other))
    plot = await REGISTER.enter(clerk, land(grove, trees=60))
    await grove.intakes.accept(KEEPER, grove.weighing(plot=plot, harvested_on=HARVEST))
    for stranger in (other, ELSEWHERE):
        with pytest.raises(PlotUnknown):
            await REGISTER.end(stranger, plot, HARVEST)
    for day in (date(2025, 12, 31), date(2026, 11, 21)):
        with pytest.raises(PlotInvalid):
            await REGISTER.end(clerk, plot, day)
    await REGISTER.end(clerk, plot, HARVEST)
    with pytest.raises(PlotInvalid):
        await REGISTER.end(clerk, plot, HARVEST)
    second = await REGISTER.enter(KEEPER, land(grove, village=ANOTHER_VILLAGE))
    page, following = await plots(TOWNSHIP, None, None, None, 1)
    rest, end = await plots(TOWNSHIP, None, grove.supplier, following, 1)
    assert [(p.number, p.village_name, p.crop_name, p.valid_until) for p in (*page, *rest)] == [
        (plot, "章凤村", "柠檬", HARVEST),
        (second, "芒弄村", "柠檬", None),
    ]
    assert end is None
    assert await plots(None, grove.other, None, None, 9) == ([], None)
    assert len((await plots(None, grove.merchant, None, None, 9))[0]) == 2, "it has bought from the supplier"


async def test_more_than_grows_on_a_plot_is_told(grove: Yard) -> None:
    """By hand: 2.5 mu at 2,000 kg are 5,000 kg a year. 5,000 kg of a year's harvest are plausible, a gram more is not;
    60 trees at 50 kg would be 3,000 kg, which is less. The harvest of another year is counted with that year.
    """
    plot = await REGISTER.enter(KEEPER, land(grove, valid_from=date(2025, 1, 1), trees=60))
    unnamed = await REGISTER.enter(KEEPER, land(grove))
    for serial, (gram, day) in enumerate(((4_000_000, HARVEST), (1_000_000, HARVEST), (9_000_000, date(2025, 6, 1)))):
        told = grove.weighing(f"phone-10{serial:02}", mass_gram=gram, plot=plot, harvested_on=day)
        await grove.intakes.accept(KEEPER, told)
    assert await yields_above_norm(2026) == [], "no norm, nothing to compare with"
    await REGISTER.set_norm(norm(), "staff:county")
    assert [(y.plot, y.mass_gram, y.plausible_gram) for y in await yields_above_norm(2025)] == [
        (plot, 9_000_000, 5_000_000)
    ]
    assert await yields_above_norm(2026) == []
    await grove.intakes.accept(KEEPER, grove.weighing("phone-2000", mass_gram=1, plot=plot, harvested_on=HARVEST))
    (told_of,) = await yields_above_norm(2026)
    assert (told_of.supplier, told_of.village, told_of.intakes, told_of.mass_gram, told_of.source_document) == (
        grove.supplier, VILLAGE, 3, 5_000_001, "示例标准1号",
    )  # fmt: skip
    later = norm(effective_from=date(2026, 6, 1), max_gram_per_mu=9_000_000, source_document="示例标准2号")
    await REGISTER.set_norm(later, "staff:county")
    assert await yields_above_norm(2026) == []
    assert len(await yields_above_norm(2025)) == 1, "a later norm judges no earlier year"
    by_tree = replace(later, effective_from=date(2026, 7, 1), max_gram_per_tree=50_000)
    await REGISTER.set_norm(by_tree, "staff:county")
    assert [(y.plot, y.plausible_gram) for y in await yields_above_norm(2026)] == [(plot, 3_000_000)]
    assert unnamed not in {y.plot for y in await yields_above_norm(2026)}
    with pytest.raises(YieldNormTaken):
        await REGISTER.set_norm(by_tree, "staff:county")
    with pytest.raises(CropUnknown):
        await REGISTER.set_norm(norm(crop="mango"), "staff:county")
    (lemon,) = await crops(date(2026, 6, 30))
    assert (lemon.name, lemon.source_document, lemon.max_gram_per_tree) == ("柠檬", "示例标准2号", None)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE plot SET area_mu_milli = 9",
        "UPDATE plot SET valid_until = '2099-01-01', ended_at = now(), ended_by = 'x', village = '533124101902'",
        "DELETE FROM plot",
        "UPDATE yield_norm SET max_gram_per_mu = 9",
        "DELETE FROM yield_norm",
    ],
)
async def test_plots_and_norms_stay_as_they_were_entered(grove: Yard, attack: str) -> None:
    await REGISTER.enter(KEEPER, land(grove))
    await REGISTER.set_norm(norm(), "staff:county")
    with pytest.raises(BaseORMException):
        await execute(attack)


async def test_an_ended_plot_stays_ended(grove: Yard) -> None:
    await REGISTER.end(KEEPER, await REGISTER.enter(KEEPER, land(grove)), HARVEST)
    with pytest.raises(BaseORMException):
        await execute("UPDATE plot SET valid_until = NULL, ended_at = NULL, ended_by = NULL")
    assert await scalar("SELECT valid_until FROM plot") == HARVEST
    assert NOW.date() > HARVEST
