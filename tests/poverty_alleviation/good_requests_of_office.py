"""Requests about roll-ups, alarms and the office's numbers that succeed."""

import secrets
from datetime import date, timedelta

from kit.database import scalar
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import AT, earned
from tests.traceability.good_requests import delivery

SOURCE = {"source": "示例文件 11 号"}


def some_day() -> str:
    """A day that nothing holds from yet."""
    return (date(2000, 1, 1) + timedelta(days=secrets.randbelow(9_000))).isoformat()


async def an_alarm(owner: Owner) -> str:
    """One delivery that was entered twice, found; answers the alarm's number."""
    body = await delivery(owner, "merchant_clerk")
    for client_id in (secrets.token_hex(8), secrets.token_hex(8)):
        await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", body | {"client_id": client_id})
    await owner.ask("poverty_officer", "POST", f"{AT}/alarm-looks")
    found = await owner.ask("poverty_officer", "GET", f"{AT}/alarms?state=new&limit=1")
    return str(found["alarms"][0]["number"])


@good("console.show_roll_up")
async def roll_up(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"by": "merchant", "since": "2026-10-01", "until": "2027-01-01"})


@good("console.take_roll_up_apart")
async def apart(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"by": "merchant", "key": owner.house.merchant, "figure": "income_paid"})


@good("console.show_guarded_roll_up")
async def guarded(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"by": "village", "quarter": "2021-Q2"})


@good("console.trace_order_line")
async def trace(owner: Owner) -> GoodRequest:
    await earned(owner)
    return GoodRequest(names={"line": str(await scalar("SELECT line FROM line_basis ORDER BY id DESC LIMIT 1"))})


@good("console.show_net_income")
async def net(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"year": "2026"})


@good("console.enter_threshold")
async def threshold(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"name": "empty_lot_days", "value": 3, "valid_from": some_day()} | SOURCE)


@good("console.enter_poverty_line")
async def line(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"year": 2020, "area": "CN", "kind": "national", "fen": 400_000} | SOURCE)


@good("console.enter_cost_rate")
async def cost_rate(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"crop": "fruit", "basis_points": 1_500, "valid_from": some_day()} | SOURCE)


@good("console.enter_product_crop")
async def product_crop(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"product": owner.house.product, "crop": "fruit"})


@good("console.enter_market_price")
async def market_price(owner: Owner) -> GoodRequest:
    price = {"product": owner.house.product, "fen_per_kg": 10**6, "valid_from": some_day()}
    return GoodRequest(body=price | SOURCE)


@good("console.show_alarm")
async def show_alarm(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await an_alarm(owner)})


@good("console.take_alarm_step")
async def alarm_step(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await an_alarm(owner)}, body={"state": "assigned", "note": "请核对"})


@good("console.look_for_alarms")
async def look(owner: Owner) -> GoodRequest:
    return GoodRequest()
