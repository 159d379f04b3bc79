"""R1: stock is never oversold, however many ask at once and in whatever order (commerce reference 2)."""

import asyncio
from collections.abc import Awaitable

from kit.database import scalar
from kit.errors import DomainError
from orders.events import OrderPlaced
from orders.quotes import CheckoutLine
from products.drafts import SkuDraft
from products.errors import SoldOut
from products.queries import stock_differences
from tests.orders.mall import Mall, facts, stock_of
from tests.products.shelf import approved_merchant, listed_product


async def settle(calls: list[Awaitable[object]]) -> list[object]:
    """Run them all at once; refusals are answers, everything else fails the test."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, DomainError):
            raise each
    return list(found)


async def test_r01_two_hundred_buyers_of_nine_pieces_make_nine_orders(mall: Mall) -> None:
    """Fails when ``s.available >= l.quantity`` is taken out of the reservation: tried."""
    _, (sku,) = await mall.another_product(stock=9)
    done = await settle([mall.place(lines=[CheckoutLine(sku, 1)], consumer=f"C{n}") for n in range(200)])
    refused = [each for each in done if isinstance(each, SoldOut)]
    assert len(refused) == 191
    assert {(each.facts["sku"], each.facts["left"]) for each in refused} == {(sku, 0)}
    assert await stock_of(sku) == (0, 9, 0)
    for table in ("trade", "customer_order", "payment", "order_event"):
        assert await scalar(f"SELECT count(*) FROM {table}") == 9, "a loser leaves nothing"
    assert len(await facts(OrderPlaced)) == 9, "a loser announces nothing"
    assert await stock_differences() == []


async def test_r01_lines_in_opposite_order_end_without_a_deadlock(mall: Mall) -> None:
    """Two merchants and three SKUs, named forwards and backwards. Fails when the order of the locks is taken out of the
    reservation (``ORDER BY s.code COLLATE "C"`` as ``ORDER BY random()``): tried; PostgreSQL ends a deadlock.
    """
    _, pair = await mall.another_product(
        stock=7,
        skus=[SkuDraft(spec="大", price_fen=500, mass_gram=500), SkuDraft(spec="小", price_fen=300, mass_gram=250)],
    )
    other = await approved_merchant(2, "另一家合作社")
    _, (foreign,) = await listed_product(other, stock=7)
    lines = [CheckoutLine(sku, 1) for sku in (*pair, foreign)]
    done = await settle([mall.place_trade(lines if n % 2 else lines[::-1], consumer=f"C{n}") for n in range(60)])
    assert sum(isinstance(each, SoldOut) for each in done) == 53
    assert [await stock_of(sku) for sku in (*pair, foreign)] == [(0, 7, 0)] * 3
