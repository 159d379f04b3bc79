"""Buying together and recommending over HTTP: what the two doors say to a merchant, two buyers and a referrer."""

from datetime import timedelta

import httpx
import pytest

from kit.clock import utc_now
from kit.database import execute, scalar, transaction
from products.service import Stock
from tests.doors.house import House, idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.products.shelf import draft_of, listed_product

pytestmark = pytest.mark.asyncio


async def test_a_group_from_its_offer_to_its_orders(inside: House, http: httpx.AsyncClient) -> None:
    product, (sku,) = await listed_product(inside.merchant, draft_of("一起买的山货"), stock=4)

    async def ask(role: str, method: str, path: str, body: object = None) -> httpx.Response:
        headers = inside.headers(role, idempotency_key=idempotency_key())
        return await http.request(method, path, json=body, headers=headers)

    now = utc_now()
    terms = {"price_fen": 2990, "pieces": 3, "limit_per_buyer": 2, "min_buyers": 2, "form_within_s": 3600,
             "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat()}  # fmt: skip
    published = await ask("merchant_clerk", "POST", f"/v1/console/skus/{sku}/group-offers", terms)
    assert published.status_code == 201, published.text
    offer = published.json()["offer"]
    listed = (await http.get("/v1/miniapp/group-offers", params={"product": product})).json()["offers"]
    assert [(each["offer"], each["price_fen"], each["list_price_fen"]) for each in listed] == [(offer, 2990, 3990)]

    lines = [{"sku": sku, "quantity": 1}]
    quote = await ask(
        "consumer", "POST", "/v1/miniapp/quotes", {"lines": lines, "region": "533124", "group_offer": offer}
    )
    assert quote.json()["amount_fen"] == 2990
    body = {**order_body(sku), "amount_fen": 2990}
    stale = await ask("consumer", "POST", "/v1/miniapp/orders", {**order_body(sku), "group": {"offer": offer}})
    assert check_problem(stale)["code"] == "quote_changed"
    placed = await ask("consumer", "POST", "/v1/miniapp/orders", {**body, "group": {"offer": offer}})
    assert placed.status_code == 201, placed.text
    first = placed.json()["orders"][0]["number"]
    order = (await ask("consumer", "GET", f"/v1/miniapp/orders/{first}")).json()
    group = order["group_number"]
    assert order["group_state"] == "open"
    joined = await ask(
        "consumer_two", "POST", "/v1/miniapp/orders", {**body, "group": {"offer": offer, "group": group}}
    )
    assert joined.status_code == 201, joined.text

    # The money's way is walked elsewhere; here one order is paid by decree.
    await execute("UPDATE customer_order SET state = 'paid', paid_at = now() WHERE number = $1", first)
    shown = (await http.get(f"/v1/miniapp/groups/{group}")).json()
    assert (shown["buyers"], shown["missing_buyers"], shown["missing_pieces"]) == (1, 1, 0)
    page = (await http.get(f"/v1/miniapp/group-offers/{offer}")).json()
    assert [each["number"] for each in page["groups"]] == [group]
    buyers = [await scalar("SELECT consumer FROM customer_order WHERE number = $1", first), first]
    assert not any(name in str(page) + str(shown) for name in buyers)
    packed = await ask("merchant_clerk", "PUT", f"/v1/console/orders/{first}/packing", {"lines": {}})
    assert check_problem(packed)["code"] == "group_not_formed"

    # A sign that says "sold out" of the SKU is no word about what groups have.
    async with transaction():
        await Stock().add(sku, -1, "示例出库")
    assert check_problem(await ask("consumer", "POST", "/v1/miniapp/orders", order_body(sku)))["code"] == "sold_out"
    third = await ask("consumer", "POST", "/v1/miniapp/orders", {**body, "group": {"offer": offer, "group": group}})
    assert third.status_code == 201, third.text
    gone = await ask("consumer_two", "POST", "/v1/miniapp/orders", {**body, "group": {"offer": offer, "group": group}})
    assert check_problem(gone)["code"] == "group_sold_out"
