"""Something of every kind, each with an owner: what strangers must not reach, and what odd requests are made about."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from tortoise.context import TortoiseContext

from api_kit.doors import Endpoint
from kit.clock import utc_now
from kit.database import execute
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.doors.house import House, idempotency_key, order_body
from tests.products.shelf import TOWNSHIP

# Routes to things that everybody of the role shares, each with the reason.
SHARED = {
    "miniapp.post_message",  # a live room is open to every viewer
}


@dataclass
class Belongings:
    """Real path arguments by route: the longest pattern that fits a path names them.

    ``private`` are the names that nobody but a role's owner may read; those ``in_no_list`` stand in none of the lists.
    """

    by_pattern: dict[str, dict[str, str]] = field(default_factory=dict)
    private: dict[str, set[str]] = field(
        default_factory=lambda: {role: set() for role in ("consumer", "merchant_clerk", "host", "station_keeper")}
    )
    in_no_list: set[str] = field(default_factory=set)

    def path_of(self, endpoint: Endpoint) -> str:
        """The path of an endpoint about things that exist."""
        names = self.names_in(endpoint)
        return re.sub(r"<(\w+)(?::\w+)?>", lambda part: names[part[1]], endpoint.path)

    def names_in(self, endpoint: Endpoint) -> dict[str, str]:
        """Real values for an endpoint's path arguments; empty when nothing is known for its path."""
        fitting = [pattern for pattern in self.by_pattern if re.match(pattern, endpoint.path)]
        if not fitting or not endpoint.path_arguments:
            return {}
        found = self.by_pattern[max(fitting, key=len)]
        return {name: found[name] for name in endpoint.path_arguments if name in found}


async def give_belongings(house: House) -> Belongings:
    """Let the owners of the house have one of everything, through the doors where a door makes it."""
    found = Belongings()
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
            await _orders(house, http, found)
            await _goods(house, http, found)
            await _rooms(house, http, found)
        await context.close_connections()
    return found


async def _ask(house: House, http: httpx.AsyncClient, role: str, method: str, path: str, body: Any = None) -> Any:
    reply = await http.request(method, path, json=body, headers=house.headers(role, idempotency_key=idempotency_key()))
    assert reply.status_code < 300, (method, path, reply.status_code, reply.text)
    return reply.json() if reply.content else None


async def _orders(house: House, http: httpx.AsyncClient, found: Belongings) -> None:
    await _ask(house, http, "consumer", "POST", "/v1/miniapp/orders", order_body(house.sku, 2))
    (order,) = (await _ask(house, http, "consumer", "GET", "/v1/miniapp/orders"))["orders"]
    number, line = order["number"], order["lines"][0]["line"]
    # The money's way is walked elsewhere; here the order is paid by decree.
    await execute("UPDATE customer_order SET state = 'paid', paid_at = now() WHERE number = $1", number)
    case = await _ask(
        house, http, "consumer", "POST", f"/v1/miniapp/orders/{number}/lines/{line}/after-sales",
        {"quantity": 1, "reason": "示例原因"},
    )  # fmt: skip
    found.by_pattern["/v1/(miniapp|console)/orders/"] = {"number": number, "line": line}
    found.by_pattern["/v1/(miniapp|console)/after-sales/"] = {"number": case["number"]}
    for role in ("consumer", "merchant_clerk"):
        found.private[role] |= {number, case["number"]}


async def _goods(house: House, http: httpx.AsyncClient, found: Belongings) -> None:
    supplier = await _ask(
        house, http, "merchant_clerk", "POST", "/v1/console/suppliers",
        {"name": "示例供货人甲", "kind": "farmer", "township": TOWNSHIP},
    )  # fmt: skip
    kept = await _ask(
        house, http, "station_keeper", "POST", "/v1/console/suppliers",
        {"name": "示例供货人乙", "kind": "farmer", "township": TOWNSHIP},
    )  # fmt: skip
    intake = await _ask(
        house, http, "merchant_clerk", "POST", "/v1/console/intakes",
        {"client_id": "device-0001", "supplier": supplier["supplier"], "merchant": house.merchant,
         "product": house.product, "mass_gram": 1000, "grade": "一级", "unit_price_fen": 800, "mode": "consignment",
         "weighed_at": utc_now().isoformat()},
    )  # fmt: skip
    lot = await _ask(
        house, http, "merchant_clerk", "POST", "/v1/console/lots",
        {"product": house.product, "input_gram": 1000, "intakes": [intake["number"]]},
    )  # fmt: skip
    number = lot["lot"]["number"]
    found.by_pattern["/v1/(miniapp|console)/products/"] = {"code": house.product}
    found.by_pattern["/v1/console/skus/"] = {"code": house.sku}
    found.by_pattern["/v1/console/merchants/"] = {"number": house.merchant}
    found.by_pattern["/v1/console/lots/"] = {"number": number}
    found.private["merchant_clerk"] |= {house.merchant, house.product, number, supplier["supplier"], intake["number"]}
    found.private["station_keeper"] |= {kept["supplier"]}


async def _rooms(house: House, http: httpx.AsyncClient, found: Belongings) -> None:
    session = await _ask(
        house, http, "host", "POST", "/v1/console/live/sessions",
        {"title": "示例直播", "merchant": house.merchant,
         "planned_at": (utc_now() + timedelta(hours=1)).isoformat()},
    )  # fmt: skip
    found.by_pattern["/v1/(miniapp|console)/live/sessions/"] = {"number": session["number"], "code": house.product}
    found.private["host"] |= {session["number"]}
