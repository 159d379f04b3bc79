"""Coupons over HTTP: from a clerk's draft to a consumer's cart, and the county's view of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from kit.clock import utc_now
from kit.database import transaction
from promotions.coupons import Coupons, PricedLine
from tests.accounts.served import Served, served
from tests.products.shelf import approved_merchant, listed_product
from tests.products.test_product_doors import clerk_of, keyed, officer
from tests.promotions.shop import hold, judge_title

pytestmark = pytest.mark.asyncio

CONSOLE, MINIAPP = "/v1/console/coupon-campaigns", "/v1/miniapp"


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


def terms(**changes: Any) -> dict[str, Any]:
    now = utc_now()
    week = timedelta(days=7)
    return {
        "title": "示例满减券", "threshold_fen": 5_000, "off_fen": 1_000, "quantity": 10, "budget_fen": 10_000,
        "claim_from": (now - week).isoformat(), "claim_until": (now + week).isoformat(),
        "use_from": (now - week).isoformat(), "use_until": (now + week).isoformat(), **changes,
    }  # fmt: skip


async def test_a_merchants_coupon_from_draft_to_cart_to_result(doors: Served) -> None:
    http = doors.http
    merchant, other = await approved_merchant(), await approved_merchant(2, "另一家合作社")
    _, (sku,) = await listed_product(merchant)
    clerk, foreign, county = (
        await clerk_of(doors, merchant, "clerk"),
        await clerk_of(doors, other, "foreign"),
        await officer(doors),
    )
    asked = terms()
    drafted = [await http.post(CONSOLE, headers=keyed(clerk, "k1"), json=asked) for _ in range(2)]
    assert [d.status_code for d in drafted] == [201, 201]
    campaign = drafted[0].json()
    number = campaign["terms"]["campaign"]
    assert drafted[1].json() == campaign
    assert (campaign["state"], campaign["merchant_bears_bp"], campaign["terms"]["merchant"]) == (
        "draft",
        10_000,
        merchant,
    )
    assert (await http.get(f"{CONSOLE}/{number}", headers=foreign)).status_code == 404
    running = {"state": "running"}
    assert (await http.put(f"{CONSOLE}/{number}/state", headers=foreign, json=running)).status_code == 404
    assert (await http.put(f"{CONSOLE}/{number}/state", headers=county, json=running)).status_code == 404
    for passed, code in ((None, "campaign_title_held"), (False, "campaign_title_held"), (True, None)):
        if passed is not None:
            await judge_title(number, passed=passed)
        started = await http.put(f"{CONSOLE}/{number}/state", headers=clerk, json=running)
        assert started.json().get("code") == code, "fails when a merchant starts what nobody has read: tried"
    assert started.json()["state"] == "running"

    buyer = await doors.consumer("buyer")
    offered = (await http.get(f"{MINIAPP}/coupon-campaigns", headers=buyer)).json()["campaigns"]
    assert [(o["terms"]["campaign"], o["left"], o["mine"]) for o in offered] == [(number, 10, 0)]
    claims = [
        await http.post(f"{MINIAPP}/coupon-campaigns/{number}/coupons", headers=keyed(buyer, key))
        for key in ("c1", "c1", "c2")
    ]
    assert [c.status_code for c in claims] == [201, 201, 409]
    coupon = claims[0].json()["number"]
    assert (claims[1].json()["number"], claims[2].json()["code"]) == (coupon, "coupon_limit_reached")
    for quantity, off, obstacle in ((1, 0, "nothing_off"), (2, 1_000, None)):
        cart = {"lines": [{"sku": sku, "quantity": quantity}]}
        found = (await http.post(f"{MINIAPP}/coupon-matches", headers=buyer, json=cart)).json()["coupons"]
        assert [(c["number"], c["discount_fen"], c["obstacle"]) for c in found] == [(coupon, off, obstacle)]
    stranger = await doors.consumer("stranger")
    assert (await http.get(f"{MINIAPP}/coupons", headers=stranger)).json()["coupons"] == []

    owner = (await http.get(f"{MINIAPP}/me", headers=buyer)).json()["number"]
    async with transaction():
        await hold(owner, [coupon], "T1", [PricedLine("T1-1", merchant, "P", 7_980)])
        await Coupons().spend("T1", ["T1-1", "T1-2"])
    mine = (await http.get(f"{MINIAPP}/coupons", headers=buyer, params={"state": "spent"})).json()["coupons"]
    assert [(c["number"], c["reference"]) for c in mine] == [(coupon, "T1")]
    for header in (clerk, county):
        result = (await http.get(f"{CONSOLE}/{number}", headers=header)).json()["result"]
        assert result == {
            "campaign": number, "claimed": 1, "held": 0, "spent": 1, "discount_fen": 1_000, "merchant_fen": 1_000,
            "county_fen": 0, "paid_fen": 6_980,
        }  # fmt: skip
    assert (await http.get(CONSOLE, headers=foreign)).json()["campaigns"] == []


async def test_the_countys_campaign_names_its_paper_and_its_coupons_are_its_own_to_void(doors: Served) -> None:
    http, merchant = doors.http, await approved_merchant()
    clerk, county, buyer = await clerk_of(doors, merchant, "clerk"), await officer(doors), await doors.consumer("buyer")
    without = await http.post(CONSOLE, headers=keyed(county, "k1"), json=terms())
    assert (without.status_code, without.json()["member"]) == (422, "source_document")
    paper = terms(source_document="示例文件 4 号", merchant_bears_bp=3_000)
    made = await http.post(CONSOLE, headers=keyed(county, "k2"), json=paper)
    number = made.json()["terms"]["campaign"]
    assert (made.json()["terms"]["merchant"], made.json()["merchant_bears_bp"]) == (None, 3_000)
    await http.put(f"{CONSOLE}/{number}/state", headers=county, json={"state": "running"})
    claimed = await http.post(f"{MINIAPP}/coupon-campaigns/{number}/coupons", headers=keyed(buyer, "c1"))
    void = f"/v1/console/coupons/{claimed.json()['number']}/void"
    assert (await http.put(void, headers=clerk, json={"reason": "示例"})).status_code == 404
    assert (await http.put(void, headers=county, json={"reason": "示例"})).status_code == 204
    states = [c["state"] for c in (await http.get(f"{MINIAPP}/coupons", headers=buyer)).json()["coupons"]]
    assert states == ["void"]
    back = await http.put(f"{CONSOLE}/{number}/state", headers=county, json={"state": "draft"})
    assert back.status_code == 422
