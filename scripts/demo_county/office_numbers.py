"""What the poverty office reckons with: cost rates of kinds of crops, which kind a product is of, market prices.

All of it is made up or taken from the form of another prefecture, and says so until the county enters its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from poverty_alleviation.office.thresholds import OfficeRules
from scripts.demo_county.goods import BY, Good

SINCE = date(2020, 1, 1)
# Kinds of crops with the part of income that counts as cost, in basis points (domain reference 2.2).
COST_RATES = {"grain": 4_000, "tobacco": 4_500, "livestock": 4_000, "fruit": 1_500, "cash_crop": 4_000}
RATE_SOURCE = "示例：参照楚雄州收入明白卡口径，本州标准未到，未经核实"
PRICE_SOURCE = "示例行情：数值为演示所设，未经核实"
COCOON_SOURCE = "示例行情：参照 2020—2021 年公开报道的鲜茧价，未经核实"
# By category: the kind of crop, and what its raw goods cost in fen per kilogram. Of crafts there are none.
_OF_CATEGORY = {
    "rice": ("grain", 700),
    "sugar": ("cash_crop", 900),
    "silk": ("cash_crop", 4_000),
    "fungi-shoots": ("cash_crop", 1_000),
    "tea-coffee": ("fruit", 1_000),
    "nuts-dried": ("fruit", 1_000),
    "fruit": ("fruit", 900),
    "cured-meat": ("livestock", 2_600),
}
_OF_TITLE = {"王子树蜂蜜 500 g": ("livestock", 5_000), "过手米线礼盒": ("grain", 600)}


async def reckon(product: str, category: str, title: str = "") -> None:
    """Say which kind of crop a product is of and what its raw goods cost, if it is of one."""
    if known := _OF_TITLE.get(title) or _OF_CATEGORY.get(category):
        crop, fen_per_kg = known
        source = COCOON_SOURCE if category == "silk" else PRICE_SOURCE
        await OfficeRules().enter_crop(product, crop, BY)
        await OfficeRules().enter_market_price(product, fen_per_kg, SINCE, source, BY)


async def enter_office_numbers(goods: Sequence[Good], products: Mapping[str, str]) -> None:
    """The rates of all kinds, and what is to be known of the demo county's products, by their titles."""
    for crop, basis_points in COST_RATES.items():
        await OfficeRules().enter_cost_rate(crop, basis_points, SINCE, RATE_SOURCE, BY)
    for good in goods:
        await reckon(products[good.title], good.category, good.title)
