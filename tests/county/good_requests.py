"""Requests about complaints that succeed."""

from kit.database import scalar
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of


@good("miniapp.complain")
async def complain(owner: Owner) -> GoodRequest:
    order = await bought(owner, "received")
    return GoodRequest(body={"problem": "quality", "detail": "收到的红糖受潮结块", "order": order.number})


async def officer() -> str:
    """The staff number of the house's county officer."""
    return str(await scalar("SELECT number FROM staff_account WHERE login = 'county_officer'"))


@good("console.assign_complaint")
async def assign(owner: Owner) -> GoodRequest:
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    return GoodRequest(names={"number": number}, body={"owner": await officer()})


@good("console.take_down_product")
async def take_down(owner: Owner) -> GoodRequest:
    product, _ = await mall_of(owner.house).another_product()
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "product": product}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    return GoodRequest(names={"number": number}, body={"reason": "示例原因"})


@good("console.read_service_entry")
async def entry(owner: Owner) -> GoodRequest:
    order = (await bought(owner)).number
    opened = await owner.ask("consumer", "GET", f"/v1/miniapp/orders/{order}/service-entry")
    return GoodRequest(query={"entry": opened["entry"]})
