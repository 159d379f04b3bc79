"""Flash offers over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
import pytest_asyncio

from console_api.groups import endpoints as of_merchants
from kit.clock import utc_now
from miniapp_api.groups import endpoints as of_buyers
from orders.after_sales import AfterSales
from orders.groups.service import Groups
from payments.service import Payments
from products.group_offers import GroupOffers
from products.offers import Offers
from tests.accounts.served import Served, served
from tests.products.shelf import approved_merchant, listed_product
from tests.products.test_product_doors import clerk_of, keyed, officer

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    offers = GroupOffers(Offers())
    # Ending an offer gives nothing back; what follows from it is tried in tests/orders/test_groups.py.
    groups = Groups(offers, cast(AfterSales, None), cast(Payments, None))
    async with served(offers, groups, also=(of_merchants, of_buyers)) as client:
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


async def test_a_group_offer_is_published_once_and_ended_with_a_reason_by_its_merchant_or_the_county(
    doors: Served,
) -> None:
    http, merchant = doors.http, await approved_merchant()
    other = await approved_merchant(2, "另一家合作社")
    _, (sku,) = await listed_product(merchant, stock=20)
    clerk, foreign = await clerk_of(doors, merchant, "clerk"), await clerk_of(doors, other, "foreign")
    county = await officer(doors)
    now = utc_now()
    body = {"price_fen": 1990, "pieces": 8, "min_buyers": 3, "min_pieces": 4, "form_within_s": 3600,
            "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat()}  # fmt: skip
    path = f"/v1/console/skus/{sku}/group-offers"
    assert (await http.post(path, headers=keyed(foreign, "k1"), json=body)).status_code == 404
    wrong = await http.post(path, headers=keyed(clerk, "k0"), json={**body, "sites": ["NOWHERE"]})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "site_not_open")
    published = [await http.post(path, headers=keyed(clerk, "k1"), json=body) for _ in range(2)]
    assert [each.status_code for each in published] == [201, 201]
    offer = published[0].json()
    assert (offer["left"], offer["min_buyers"], offer["sites"]) == (8, 3, [])
    assert (await http.get("/v1/miniapp/group-offers")).json() == {"offers": [offer], "next_cursor": None}
    assert (await http.get("/v1/miniapp/offers")).json() == {"offers": []}
    number = offer["offer"]
    shown = await http.get(f"/v1/miniapp/group-offers/{number}")
    assert shown.json() == {"offer": offer, "groups": [], "next_cursor": None}
    assert (await http.get("/v1/miniapp/groups/G0")).json()["code"] == "group_unknown"
    # It is no flash offer, and nobody else's.
    assert (await http.put(f"/v1/console/offers/{number}/end", headers=clerk)).status_code == 404
    end = f"/v1/console/group-offers/{number}/end"
    assert (await http.put(end, headers=foreign, json={"reason": "不是自己的"})).status_code == 404
    assert (await http.get("/v1/console/group-offers", headers=foreign)).json() == {"offers": [], "next_cursor": None}
    ended = [await http.put(end, headers=county, json={"reason": reason}) for reason in ("标价有误", "再次")]
    assert [(e.json()["offer"]["state"], e.json()["offer"]["end_reason"]) for e in ended] == [("ended", "标价有误")] * 2
    assert (await http.get("/v1/miniapp/group-offers")).json()["offers"] == []
    assert [each["state"] for each in (await http.get("/v1/console/group-offers", headers=clerk)).json()["offers"]] == [
        "ended"
    ]
