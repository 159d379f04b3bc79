"""The loads: what is asked, and which goal it has to meet against which yardstick."""

import itertools
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from scripts.benchmarks.county import Shelf
from scripts.benchmarks.load import get, post

DELIVERY = {
    "recipient": "示例收货人",
    "phone": "13800001234",
    "region": "533124",
    "address": "云南省德宏州陇川县章凤镇示例路 8 号",
}
LINES = 3
LIST = get("/v1/miniapp/products")
READ_GOAL, ORDER_GOAL = 2.0, 0.15

Cart = Sequence[tuple[str, int]]


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
    single: list[Cart] = [[(sku, 1)] for sku in shelf.skus]
    baskets: list[Cart] = [
        [(sku, 1) for sku in skus[i : i + LINES]]
        for skus in shelf.skus_by_merchant
        for i in range(0, len(skus) - LINES + 1, LINES)
    ]

    def order(name: str, title: str, carts: Sequence[Cart]) -> Load:
        requests = order_requests("/v1/miniapp/orders", carts, shelf)
        return Load(name, f"order, {title}", requests, "insert", ORDER_GOAL, "static order")

    return [
        Load("query", "yardstick: one query of 20 rows", _always([get("/yardstick/query")])),
        Load("list", "list of 20 products", _always([LIST]), "query", READ_GOAL, "static list"),
        Load("detail", "product detail, as visited", _visits(pages), "query", READ_GOAL, "static detail"),
        Load("each", "product detail, each in turn", _always(pages), "query", 0.0, "static detail"),
        Load("insert", "yardstick: one-statement order", order_requests("/yardstick/order", single, shelf)),
        order("order", "1 line of 1,000 SKUs", single),
        order("basket", f"{LINES} lines", baskets),
        order("hot", "1 line of one hot SKU", single[:1]),
    ]


def _always(requests: list[bytes]) -> Callable[[], bytes]:
    return itertools.cycle(requests).__next__


def _visits(pages: list[bytes]) -> Callable[[], bytes]:
    """Pages as people visit them: the second half as often as the first, the third a third as often (Zipf's law)."""
    dice = random.Random(20261126)
    order = dice.choices(pages, [1 / rank for rank in range(1, len(pages) + 1)], k=100_000)
    return _always(order)


def order_requests(path: str, carts: Sequence[Cart], shelf: Shelf) -> Callable[[], bytes]:
    """Orders in turn by SKU and by consumer, each with a key that was never used."""
    marker = uuid.uuid4().hex
    prepared = []
    for i in range(max(len(carts), len(shelf.tokens))):
        cart = carts[i % len(carts)]
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in cart]
        amount_fen = sum(shelf.prices_fen[sku] * quantity for sku, quantity in cart)
        body = msgspec.json.encode({"lines": lines, "delivery": DELIVERY, "amount_fen": amount_fen})
        headers = {"Authorization": f"Bearer {shelf.tokens[i % len(shelf.tokens)]}", "Idempotency-Key": marker}
        before, after = post(path, body, headers).split(marker.encode())
        prepared.append((before, after))
    turn = itertools.cycle(prepared)

    def following() -> bytes:
        before, after = next(turn)
        return before + uuid.uuid4().hex.encode() + after

    return following
