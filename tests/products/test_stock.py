"""Stock is never oversold, never lost and never given back twice."""

import asyncio
import contextlib
from datetime import timedelta

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from kit.clock import utc_now
from kit.database import execute, row, rows, transaction
from products.errors import (
    PutBackExceeded,
    QuantityInvalid,
    ReservationUnknown,
    SkuUnknown,
    SoldOut,
    StockGone,
)
from products.models import RESERVATION_TRANSITIONS, ReservationState
from products.queries import stock_differences
from products.service import Stock
from tests.products.shelf import approved_merchant, listed_product
from tests.superuser import as_superuser

pytestmark = pytest.mark.asyncio

LATER = utc_now() + timedelta(minutes=30)


async def columns(sku: str) -> tuple[int, int, int]:
    """Available, reserved, sold."""
    found = await row("SELECT available, reserved, sold FROM sku WHERE code = $1", sku)
    assert found is not None
    return found["available"], found["reserved"], found["sold"]


async def reserve(reference: str, quantities: dict[str, int]) -> None:
    async with transaction():
        await Stock().reserve({reference: quantities}, LATER)


async def test_r1_many_buyers_never_oversell_two_skus_in_opposite_order(database: str) -> None:
    """R1: 120 tasks, 40 pieces, half of the buyers name the SKUs the other way round."""
    merchant = await approved_merchant()
    _, (first,) = await listed_product(merchant, stock=40)
    _, (second,) = await listed_product(merchant, stock=40)
    results: list[str] = []

    async def buy(number: int) -> None:
        pair = (first, second) if number % 2 else (second, first)
        try:
            await reserve(f"order-{number}", dict.fromkeys(pair, 1))
        except SoldOut as error:
            results.append(f"sold_out with {error.facts['left']} left")
        else:
            results.append("got")

    await asyncio.gather(*(buy(number) for number in range(120)))
    assert (results.count("got"), results.count("sold_out with 0 left")) == (40, 80)
    assert await columns(first) == await columns(second) == (0, 40, 0)
    assert await stock_differences() == []


async def test_a_refused_second_sku_takes_nothing_of_the_first(database: str) -> None:
    merchant = await approved_merchant()
    _, (plenty,) = await listed_product(merchant, stock=5)
    _, (scarce,) = await listed_product(merchant, stock=1)
    with pytest.raises(SoldOut) as refused:
        await reserve("order-1", {plenty: 2, scarce: 2})
    assert refused.value.facts == {"sku": scarce, "left": 1}
    assert await columns(plenty) == (5, 0, 0)
    assert await rows("SELECT 1 FROM stock_reservation") == []
    assert [m["kind"] for m in await rows("SELECT kind FROM stock_movement")] == ["stocked", "stocked"]


async def test_release_gives_back_once_however_often_it_is_called(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=3)
    await reserve("order-1", {sku: 3})

    async def release() -> None:
        async with transaction():
            await Stock().release("order-1")

    await asyncio.gather(*(release() for _ in range(20)))
    assert await columns(sku) == (3, 0, 0)
    assert await stock_differences() == []


async def test_sell_and_release_race_to_one_end(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=30)
    for number in range(30):
        await reserve(f"order-{number}", {sku: 1})

    async def sell(number: int) -> bool:
        try:
            async with transaction():
                await Stock().sell(f"order-{number}")
        except StockGone:
            return False
        return True

    async def release(number: int) -> None:
        async with transaction():
            await Stock().release(f"order-{number}")

    work = [work(number) for number in range(30) for work in (sell, release)]
    sold = sum(1 for result in await asyncio.gather(*work) if result)
    assert await columns(sku) == (30 - sold, 0, sold)
    assert await stock_differences() == []


async def test_a_sale_is_idempotent_and_a_released_one_is_refused(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=2)
    await reserve("order-1", {sku: 1})
    await reserve("order-2", {sku: 1})
    async with transaction():
        await Stock().sell("order-1")
        await Stock().sell("order-1")
        await Stock().release("order-1")
        await Stock().release("order-2")
    assert await columns(sku) == (1, 0, 1)
    with pytest.raises(StockGone):
        async with transaction():
            await Stock().sell("order-2")
    with pytest.raises(ReservationUnknown):
        async with transaction():
            await Stock().sell("order-3")


async def test_a_late_payment_revives_what_is_still_there_or_changes_nothing(database: str) -> None:
    merchant = await approved_merchant()
    _, (one,) = await listed_product(merchant, stock=1)
    _, (two,) = await listed_product(merchant, stock=5)
    await reserve("late", {one: 1, two: 2})
    async with transaction():
        await Stock().release("late")
    await reserve("faster", {one: 1})
    async with transaction():
        with pytest.raises(SoldOut):
            await Stock().revive("late")
        await Stock().release("faster")  # the transaction is still good after the refusal
    assert await columns(two) == (5, 0, 0)
    async with transaction():
        await Stock().revive("late")
        await Stock().revive("late")
    assert await columns(one) == (0, 0, 1)
    assert await columns(two) == (3, 0, 2)
    assert await stock_differences() == []


async def test_no_more_comes_back_than_was_sold(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=3)
    await reserve("order-1", {sku: 3})
    with pytest.raises(PutBackExceeded):
        async with transaction():
            await Stock().put_back("order-1", sku, 1)  # not sold yet
    async with transaction():
        await Stock().sell("order-1")
        await Stock().put_back("order-1", sku, 2)
    with pytest.raises(PutBackExceeded):
        async with transaction():
            await Stock().put_back("order-1", sku, 2)
    assert await columns(sku) == (2, 0, 1)
    assert await stock_differences() == []


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 2**31, 2**63, True])
async def test_r6_odd_quantities_are_refused(database: str, quantity: int) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=3)
    with pytest.raises(QuantityInvalid):
        await reserve("order-1", {sku: quantity})
    assert await columns(sku) == (3, 0, 0)


async def test_unknown_skus_and_write_offs_below_zero_are_refused(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=3)
    with pytest.raises(SkuUnknown):
        await reserve("order-1", {"NONE": 1})
    with pytest.raises(SkuUnknown):
        await Stock().add("NONE", 1, "入库")
    with pytest.raises(SoldOut):
        await Stock().add(sku, -4, "盘亏")
    assert await Stock().add(sku, -2, "盘亏") == 1
    assert await stock_differences() == []


async def test_moves_outside_a_transaction_are_a_programming_error(database: str) -> None:
    with pytest.raises(RuntimeError):
        await Stock().reserve({"order-1": {"ANY": 1}}, LATER)


@pytest.mark.parametrize(
    "tampering",
    ["UPDATE stock_movement SET quantity = 9", "DELETE FROM stock_movement", "TRUNCATE stock_movement"],
)
async def test_the_history_of_stock_only_grows(database: str, tampering: str) -> None:
    await listed_product(await approved_merchant(), stock=3)
    with pytest.raises(OperationalError, match=r"append-only|permission denied|must be owner"):
        await execute(tampering)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):  # by a role that has every right
        await as_superuser(tampering)


async def test_every_reservation_state_meets_every_move_as_the_table_says(database: str) -> None:
    """Generated: no move leaves the table, and each of its steps is taken by one."""
    leads = {
        ("held", "sell"): "sold", ("held", "release"): "released", ("held", "revive"): "sold",
        ("released", "revive"): "sold",
    }  # fmt: skip
    _, (sku,) = await listed_product(await approved_merchant(), stock=100)
    for state in ReservationState:
        for move in ("sell", "release", "revive", "put_back"):
            reference = f"{state}-{move}"
            await reserve(reference, {sku: 1})
            async with transaction():
                if state is not ReservationState.HELD:
                    await (Stock().sell if state is ReservationState.SOLD else Stock().release)(reference)
            with contextlib.suppress(StockGone, PutBackExceeded):
                async with transaction():
                    await (
                        Stock().put_back(reference, sku, 1) if move == "put_back" else getattr(Stock(), move)(reference)
                    )
            (found,) = await rows("SELECT state FROM stock_reservation WHERE reference = $1", reference)
            assert found["state"] == leads.get((state.value, move), state.value), (state, move)
            assert await stock_differences() == []
    steps = {(state, after) for (state, _), after in leads.items()}
    assert steps == {(state.value, to.value) for state, after in RESERVATION_TRANSITIONS.items() for to in after}
