"""The loads: what is asked, and which goal it has to meet against which yardstick."""

import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from scripts.benchmarks.county import Shelf
from scripts.benchmarks.load import get, post

DELIVERY = {
    "recipient": "示例收货人",
    "phone": "13800001234",
    "address": "云南省德宏州陇川县章凤镇示例路 8 号",
}
LINES = 3


@dataclass(frozen=True)
class Load:
    """``following`` gives the bytes of each next request; ``goal`` is the wanted ratio to ``yardstick``."""

    name: str
    title: str
    following: Callable[[], bytes]
    yardstick: str = ""
    goal: float = 0.0
    static: str = ""


def static_load(name: str, size: int) -> Load:
    """The same number of bytes out of memory, answered by the same process."""
    return Load(name, f"static body of {size:,} B", _always([get(f"/yardstick/static/{size}")]))


def measured_loads(shelf: Shelf) -> list[Load]:
    """The hot routes and the two yardsticks that touch the database."""
    pages = [get(f"/v1/miniapp/products/{code}") for code in shelf.products]
    single = [[[sku, 1]] for sku in shelf.skus]
    baskets = [[[sku, 1] for sku in skus[i : i + LINES]]
               for skus in shelf.skus_by_merchant for i in range(0, len(skus) - LINES + 1, LINES)]  # fmt: skip
    orders = "/v1/miniapp/orders"
    return [
        Load("query", "yardstick: one query of 20 rows", _always([get("/yardstick/query")])),
        Load("list", "list of 20 products", _always([get("/v1/miniapp/products")]), "query", 0.6, "static list"),
        Load("detail", "product detail", _always(pages), "query", 0.6, "static detail"),
        Load("insert", "yardstick: one-statement order", _orders("/yardstick/order", single, shelf.tokens)),
        Load("order", "order, 1 line of 1,000 SKUs", _orders(orders, single, shelf.tokens), "insert", 0.15, "static order"),
        Load("basket", f"order, {LINES} lines", _orders(orders, baskets, shelf.tokens), "insert", 0.15, "static order"),
        Load("hot", "order, 1 line of one hot SKU", _orders(orders, single[:1], shelf.tokens), "insert", 0.15, "static order"),
    ]  # fmt: skip


def _always(requests: list[bytes]) -> Callable[[], bytes]:
    return itertools.cycle(requests).__next__


def _orders(
    path: str, baskets: Sequence[Sequence[Sequence[object]]], tokens: list[str]
) -> Callable[[], bytes]:
    """Orders in turn by SKU and by consumer, each with a key that was never used."""
    marker = uuid.uuid4().hex
    prepared = []
    for i in range(max(len(baskets), len(tokens))):
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in baskets[i % len(baskets)]]
        body = msgspec.json.encode({"lines": lines, "delivery": DELIVERY})
        headers = {"Authorization": f"Bearer {tokens[i % len(tokens)]}", "Idempotency-Key": marker}
        before, after = post(path, body, headers).split(marker.encode())
        prepared.append((before, after))
    turn = itertools.cycle(prepared)

    def following() -> bytes:
        before, after = next(turn)
        return before + uuid.uuid4().hex.encode() + after

    return following
