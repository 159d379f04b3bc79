"""Requests that succeed, for the routes that refuse their smallest body or what the owners already have.

Each room says them in ``tests/<room>/good_requests*.py``: ``@good("console.pack_order")`` stands over a function that
brings things of its own into the right state and answers the request that is then asked.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec

from kit.database import scalar
from orders.placements import PlacedOrder
from server.database import ROOT
from server.settings import load_settings
from tests.doors.belongings import Owner
from tests.doors.house import House, order_body
from tests.orders.mall import Mall


@dataclass(frozen=True)
class GoodRequest:
    """What differs from a request about the belongings: names in the path, the query, the body, who asks.

    ``body`` is sent as it is when it is bytes. ``headers`` come on top of the usual ones; ``token`` is a session's.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    token: str = ""

    def content(self) -> bytes | None:
        """The body as it travels; none when there is nothing to say about it."""
        return self.body if isinstance(self.body, bytes | None) else msgspec.json.encode(self.body)


Making = Callable[[Owner], Awaitable[GoodRequest]]
_MAKINGS: dict[str, Making] = {}


def good(*endpoints: str) -> Callable[[Making], Making]:
    """Make the requests of these endpoints, each time anew."""

    def note(making: Making) -> Making:
        _MAKINGS.update(dict.fromkeys(endpoints, making))
        return making

    return note


@cache
def good_requests() -> Mapping[str, Making]:
    """How the request of an endpoint is made, by its name."""
    for path in sorted((ROOT / "tests").glob("*/good_requests*.py")):
        importlib.import_module(f"tests.{path.parent.name}.{path.stem}")
    return _MAKINGS


def form_with_file(raw: bytes, content_type: str, **texts: str) -> GoodRequest:
    """An upload: the field ``file`` and texts beside it."""
    made = httpx.Request("POST", "http://nowhere", data=texts, files={"file": ("a", raw, content_type)})
    return GoodRequest(body=made.read(), headers={"content-type": made.headers["content-type"]})


_MALLS: dict[str, Mall] = {}


def mall_of(house: House) -> Mall:
    """The services of a house in this process, with its keys, to lead its things from state to state."""
    if house.base not in _MALLS:
        mall = _MALLS[house.base] = Mall(load_settings(house.environment))
        mall.merchant, mall.product, mall.skus = house.merchant, house.product, [house.sku]
    return _MALLS[house.base]


@dataclass(frozen=True)
class Bought:
    """An order of the consumer's, with the reference of its first line."""

    number: str
    line: str
    trade: str
    consumer: str

    @property
    def placed(self) -> PlacedOrder:
        """As much of it as :class:`Mall` looks at."""
        lines = (SimpleNamespace(reference=self.line),)
        return cast(PlacedOrder, SimpleNamespace(number=self.number, trade=self.trade, lines=lines))


async def consumer_of(name: str = "consumer") -> str:
    """The number of a consumer of the house."""
    return str(await scalar("SELECT number FROM consumer_account WHERE openid = $1", f"openid-{name}"))


async def bought(owner: Owner, state: str = "pending_payment", quantity: int = 2, **more: object) -> Bought:
    """A fresh order of the consumer's, led to a state by money and goods."""
    body = order_body(owner.house.sku, quantity, **more)
    placed = await owner.ask("consumer", "POST", "/v1/miniapp/orders", body)
    (order,) = placed["orders"]
    found = Bought(order["number"], order["lines"][0]["line"], placed["trade"], await consumer_of())
    if state != "pending_payment":
        await mall_of(owner.house).bring_to(state, found.placed)
    return found
