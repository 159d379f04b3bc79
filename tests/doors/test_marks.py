"""What an order bears of the phone from which it was placed."""

import httpx
import pytest

from kit.database import scalar
from tests.doors.house import House, idempotency_key, order_body
from tests.products.shelf import listed_product

pytestmark = pytest.mark.asyncio


async def test_orders_from_one_phone_bear_one_mark_whoever_places_them(inside: House, http: httpx.AsyncClient) -> None:
    _, (sku,) = await listed_product(inside.merchant, stock=3)

    async def mark(role: str, phone: str) -> bytes:
        headers = inside.headers(role, idempotency_key=idempotency_key()) | {"user-agent": phone}
        placed = await http.post("/v1/miniapp/orders", json=order_body(sku, 1), headers=headers)
        number = placed.json()["orders"][0]["number"]
        return bytes(await scalar("SELECT device_mark FROM customer_order WHERE number = $1", number))

    one, two = await mark("consumer", "MicroMessenger 8.0.50"), await mark("consumer_two", "MicroMessenger 8.0.50")
    assert one == two != await mark("consumer", "MicroMessenger 8.0.51")
