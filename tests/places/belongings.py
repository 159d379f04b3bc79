"""Villages: everybody's."""

from datetime import date

from places.villages import PoorVillages
from tests.doors.belongings import Owner
from tests.products.shelf import VILLAGE


async def give(owner: Owner) -> None:
    """A village that counts as a poor one."""
    await PoorVillages().flag(VILLAGE, date(2014, 1, 1), "示例贫困村名单", "staff:poverty")
    owner.found.by_pattern["/v1/console/villages/"] = {"village": VILLAGE}
