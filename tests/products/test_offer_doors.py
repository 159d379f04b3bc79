"""Flash offers over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from kit.clock import utc_now
from tests.accounts.served import Served, served
from tests.products.shelf import approved_merchant, listed_product
from tests.products.test_product_doors import clerk_of, keyed

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


async def test_a_clerk_opens_and_ends_an_offer_that_everybody_sees(doors: Served) -> None:
    http, merchant = doors.http, await approved_merchant()
    other = await approved_merchant(2, "另一家合作社")
    product, (sku,) = await listed_product(merchant, stock=20)
    clerk, foreign = await clerk_of(doors, merchant, "clerk"), await clerk_of(doors, other, "foreign")
    now = utc_now()
    body = {"price_fen": 1990, "pieces": 8, "limit_per_buyer": 2, "starts_at": now.isoformat(),
            "ends_at": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
    path = f"/v1/console/skus/{sku}/offers"
    refused = await http.post(path, headers=keyed(foreign, "k1"), json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "sku_unknown")
    opened = [await http.post(path, headers=keyed(clerk, "k1"), json=body) for _ in range(2)]
    assert [o.status_code for o in opened] == [201, 201]
    offer = opened[0].json()
    assert opened[1].json() == offer
    assert (offer["left"], offer["list_price_fen"], offer["product"], offer["state"]) == (8, 3990, product, "open")
    again = await http.post(path, headers=keyed(clerk, "k2"), json=body)
    assert (again.status_code, again.json()["code"]) == (409, "offer_taken")
    assert (await http.get("/v1/miniapp/offers")).json() == {"offers": [offer]}
    assert (await http.get("/v1/console/offers", headers=foreign)).json() == {"offers": []}
    number = offer["offer"]
    for method, address in (("GET", f"/v1/console/offers/{number}"), ("PUT", f"/v1/console/offers/{number}/end")):
        assert (await http.request(method, address, headers=foreign)).status_code == 404
    ended = [await http.put(f"/v1/console/offers/{number}/end", headers=clerk) for _ in range(2)]
    assert [(e.status_code, e.json()["state"], e.json()["left"]) for e in ended] == [(200, "ended", 0)] * 2
    assert (await http.get("/v1/miniapp/offers")).json() == {"offers": []}
    added = await http.post(
        f"/v1/console/skus/{sku}/stock", headers=keyed(clerk, "k3"), json={"quantity": 1, "note": "n"}
    )
    assert added.json()["available"] == 21
