"""What placing an order costs in round trips, and that joining a transaction keeps it whole."""

import pytest

from kit.database import scalar, transaction
from orders.quotes import CheckoutLine
from products.drafts import SkuDraft
from products.errors import SoldOut
from tests.orders.mall import Mall, stock_of
from tests.products.shelf import approved_merchant, listed_product
from tests.statements import counted_statements

PLACED = ("customer_order", "order_line", "order_event", "payment", "outbox_message", "stock_reservation")


async def test_inside_the_doors_transaction_an_order_is_five_statements(mall: Mall) -> None:
    async with transaction():
        with counted_statements() as sent:
            await mall.place(2)
    assert len(sent) == 5, sent  # offers, order, payment, outbox, stock
    assert not any("SAVEPOINT" in statement for statement in sent)


async def test_neither_lines_nor_merchants_add_a_statement(mall: Mall) -> None:
    _, more = await mall.another_product(skus=[SkuDraft(spec=f"{n} 号", price_fen=500, mass_gram=1) for n in range(3)])
    other = await approved_merchant(2, "另一家合作社")
    _, (foreign,) = await listed_product(other)
    async with transaction():
        with counted_statements() as sent:
            await mall.place_trade([CheckoutLine(sku, 1) for sku in (*more, foreign, *mall.skus)])
    assert len(sent) == 5, sent
    assert await scalar("SELECT count(*) FROM customer_order") == 2


async def test_a_refusal_inside_the_doors_transaction_leaves_nothing(mall: Mall) -> None:
    _, skus = await mall.another_product(stock=0)
    with pytest.raises(SoldOut):
        async with transaction():
            await mall.place(lines=[CheckoutLine(mall.skus[0], 1), CheckoutLine(skus[0], 1)])
    assert [await scalar(f"SELECT count(*) FROM {table}") for table in PLACED] == [0] * len(PLACED)
    assert await stock_of(mall.skus[0]) == (100, 0, 0)


async def test_without_a_transaction_an_order_makes_its_own(mall: Mall) -> None:
    with pytest.raises(SoldOut):
        await mall.place(101)
    assert [await scalar(f"SELECT count(*) FROM {table}") for table in PLACED] == [0] * len(PLACED)
