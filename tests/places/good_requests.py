"""Requests about villages that succeed."""

from datetime import date

from places.villages import PoorVillages
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.products.shelf import ANOTHER_VILLAGE, VILLAGE


@good("console.flag_poor_village")
async def flag(owner: Owner) -> GoodRequest:
    body = {"valid_from": "2014-01-01", "document": "示例贫困村名单 2 号"}
    return GoodRequest(names={"village": ANOTHER_VILLAGE}, body=body)


@good("console.end_poor_village")
async def end(owner: Owner) -> GoodRequest:
    await PoorVillages().flag(VILLAGE, date(2014, 1, 1), "示例贫困村名单", "staff:poverty")
    return GoodRequest(names={"village": VILLAGE}, body={"valid_until": "2020-01-01"})
