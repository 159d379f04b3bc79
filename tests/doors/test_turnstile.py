"""The turnstile in front of the checkout, over HTTP: early refusals, kept answers, and pieces that come back."""

import asyncio
import time

import httpx
import pytest

from kit.database import scalar, transaction
from products.service import Stock
from tests.doors.house import House, idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.products.shelf import listed_product

pytestmark = pytest.mark.asyncio


async def test_what_was_sold_out_is_refused_early_but_never_hidden_from_who_has_it(
    inside: House, http: httpx.AsyncClient
) -> None:
    """Fails when the turnstile does not look up keys, and when a sign is renewed by reading: tried."""
    _, (sku,) = await listed_product(inside.merchant, stock=2)

    async def order(key: str, role: str = "consumer") -> httpx.Response:
        return await http.post(
            "/v1/miniapp/orders", json=order_body(sku, 1), headers=inside.headers(role, idempotency_key=key)
        )

    first, second = idempotency_key(), idempotency_key()
    placed = [await order(first), await order(second)]
    assert [p.status_code for p in placed] == [201, 201]
    refused = [await order(idempotency_key()) for _ in range(2)]  # by the database, then by the sign
    for each in refused:
        problem = check_problem(each)
        assert (each.status_code, problem["code"], problem["sku"], problem["left"]) == (409, "sold_out", sku, 0)
    again = await order(first)
    assert (again.status_code, again.content) == (201, placed[0].content)
    assert again.headers["idempotency-replayed"] == "true"
    # Nobody is asked who it is while the sign hangs; what has no key or no sense goes to the route itself.
    assert (await order(idempotency_key(), "anonymous")).status_code == 409
    no_key = await http.post("/v1/miniapp/orders", json=order_body(sku, 1), headers=inside.headers("consumer"))
    assert check_problem(no_key)["code"] == "idempotency_key_missing"
    odd = await http.post(
        "/v1/miniapp/orders",
        content=b'{"lines": 1}',
        headers=inside.headers("consumer", content_type="application/json", idempotency_key=idempotency_key()),
    )
    assert odd.status_code == 422

    number = await scalar("SELECT reference FROM stock_reservation r JOIN sku s ON s.id = r.sku_id"
                          " WHERE s.code = $1 ORDER BY r.id LIMIT 1", sku)  # fmt: skip
    async with transaction():
        await Stock().release(number)
    began = time.monotonic()
    bought = await order(idempotency_key())
    while bought.status_code == 409:
        assert time.monotonic() - began < 60, "the sign never falls"
        await asyncio.sleep(0.02)
        bought = await order(idempotency_key())
    assert bought.status_code == 201
