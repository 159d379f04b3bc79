"""Packing from lots: all of an order or nothing of it, and never more grams than a lot has."""

import asyncio

import pytest

from kit.database import row, scalar, transaction
from kit.errors import DomainError
from orders.errors import LineNotFound, OrderStateConflict
from orders.events import OrderPacked, OrderShipped
from orders.models import OrderState
from products.drafts import SkuDraft
from tests.orders.mall import CheckoutLine, Mall, facts, replayed, state_of, trade
from tests.products.shelf import approved_merchant, listed_product
from traceability.errors import LotNotSealed, LotOfAnotherProduct, LotShort, LotUnknown, PiecesInvalid
from traceability.queries import line_lots


async def paid_order(mall: Mall, quantity: int = 4) -> tuple[str, str, str]:
    """A paid order of two lines; answers its number and its line references."""
    _, (other,) = await mall.another_product(skus=[SkuDraft(spec="袋", price_fen=500, mass_gram=100)])
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], quantity), CheckoutLine(other, 2)])
    await mall.pay(order.number)
    return order.number, order.lines[0].reference, order.lines[1].reference


async def test_packing_binds_lots_to_lines_and_says_which_lines_were_packed(mall: Mall) -> None:
    number, first, second = await paid_order(mall)
    one, two = await mall.sealed_lot(1500), await mall.sealed_lot(500)
    await mall.fulfilment.pack(mall.merchant, number, {first: {one: 3, two: 1}}, "staff:clerk")
    bound = {(part.lot, part.quantity, part.mass_gram) for part in await line_lots([first, second])}
    assert bound == {(one, 3, 1500), (two, 1, 500)}
    (packed,) = await facts(OrderPacked)
    assert (packed.order, packed.lines) == (number, (first, second)), "a line without a lot is packed, unattributed"
    await mall.deliver()
    assert await state_of(number) == "packed"


async def test_wrong_packing_is_refused_and_nothing_is_half_done(mall: Mall) -> None:
    number, first, second = await paid_order(mall)
    fitting, small = await mall.sealed_lot(5000), await mall.sealed_lot(999)
    other_product = await scalar("SELECT product FROM order_line WHERE reference = $1", second)
    of_another_product = await mall.sealed_lot(5000, product=other_product)
    foreigner = await approved_merchant(2, "另一家合作社")
    foreign_product, _ = await listed_product(foreigner)
    foreign = await mall.sealed_lot(5000, merchant=foreigner, product=foreign_product)
    unsealed = await mall.lots.make(mall.merchant, mall.product, 5000, [], "staff:clerk")
    strange = await mall.place(1, consumer="C2")
    before = await trade()
    cases: list[tuple[dict[str, dict[str, int]], type[DomainError]]] = [
        ({first: {fitting: 3}}, OrderStateConflict),
        ({first: {fitting: 5}}, OrderStateConflict),
        ({first: {fitting: 4}, second: {of_another_product: 1}}, OrderStateConflict),
        ({first: {fitting: 4}, f"{number}-9": {fitting: 1}}, LineNotFound),
        ({first: {fitting: 4}, strange.lines[0].reference: {fitting: 1}}, LineNotFound),
        ({first: {fitting: 4}, second: {foreign: 2}}, LotUnknown),
        ({first: {fitting: 4}, second: {fitting: 2}}, LotOfAnotherProduct),
        ({first: {foreign: 4}}, LotUnknown),
        ({first: {"L20261123NOBODY0000": 4}}, LotUnknown),
        ({first: {unsealed: 4}}, LotNotSealed),
        ({first: {small: 4}}, LotShort),
        ({first: {fitting: 2, small: 2}}, LotShort),
        ({first: {fitting: 5, small: -1}}, PiecesInvalid),
        ({first: {fitting: 4, small: 0}}, PiecesInvalid),
    ]
    for chosen, refusal in cases:
        with pytest.raises(refusal):
            await mall.fulfilment.pack(mall.merchant, number, chosen, "staff:clerk")
        assert await trade() == before, chosen
    assert await replayed(number) == ["pending_payment", "paid"]
    await mall.fulfilment.pack(mall.merchant, number, {first: {fitting: 4}}, "staff:clerk")
    other_lot = await mall.sealed_lot(5000)
    before = await trade()
    await mall.fulfilment.pack(mall.merchant, number, {first: {fitting: 4}}, "staff:clerk")
    for chosen in ({}, {first: {other_lot: 4}}, {first: {fitting: 3, other_lot: 1}}):
        with pytest.raises(OrderStateConflict):
            await mall.fulfilment.pack(mall.merchant, number, chosen, "staff:clerk")
    assert await trade() == before, "what is packed is not packed otherwise"


async def test_one_order_is_packed_once_and_one_lot_is_never_overdrawn(mall: Mall) -> None:
    """Twenty clerks, ten orders, a lot for six of them."""
    lot = await mall.sealed_lot(6 * 500)
    placed = []
    for n in range(10):
        order = await mall.place(1, consumer=f"C{n}")
        await mall.pay(order.number)
        placed.append(order)
    done = await asyncio.gather(
        *(
            mall.fulfilment.pack(mall.merchant, o.number, {o.lines[0].reference: {lot: 1}}, "staff:clerk")
            for o in placed * 2
        ),
        return_exceptions=True,
    )
    assert all(d is None or isinstance(d, LotShort | OrderStateConflict) for d in done), done
    first, again = done[:10], done[10:]
    assert sum(d is None for d in first) == 6
    assert [d is None for d in first] == [d is None for d in again], "the same packing again is no news"
    left = await row("SELECT input_gram, bound_gram FROM lot WHERE number = $1", lot)
    assert left == {"input_gram": 3000, "bound_gram": 3000}
    assert await scalar("SELECT count(*) FROM customer_order WHERE state = 'packed'") == 6


async def test_an_open_case_holds_the_parcel_back_until_it_is_decided(mall: Mall) -> None:
    number, first, _ = await paid_order(mall)
    case = await mall.after_sales.request("C1", number, first, 1, "少买一件")
    for decide in (None, "approve"):
        if decide:
            await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
        with pytest.raises(OrderStateConflict):
            await mall.fulfilment.pack(mall.merchant, number, {}, "staff:clerk")
    await mall.receive_notice(await mall.refund_notice(case))
    lot = await mall.sealed_lot(5000)
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.pack(mall.merchant, number, {first: {lot: 4}}, "staff:clerk")
    await mall.fulfilment.pack(mall.merchant, number, {first: {lot: 3}}, "staff:clerk")


async def test_a_refused_case_lets_the_parcel_go(mall: Mall) -> None:
    number, first, _ = await paid_order(mall)
    case = await mall.after_sales.request("C1", number, first, 1, "少买一件")
    await mall.after_sales.refuse(mall.merchant, case, "已备货", "staff:clerk")
    await mall.fulfilment.pack(mall.merchant, number, {}, "staff:clerk")


async def test_shipping_again_with_the_same_waybill_changes_nothing(mall: Mall) -> None:
    order = await mall.place(1)
    await mall.bring_to(OrderState.SHIPPED, order)
    before = await trade()
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", "staff:clerk")
    assert await trade() == before
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000002", "staff:clerk")
    (shipped,) = await facts(OrderShipped)
    assert (shipped.carrier, shipped.waybill) == ("SF", "SF0000000001")


async def test_an_order_takes_all_its_lots_in_the_order_of_their_numbers(mall: Mall) -> None:
    """Two orders with the same lots on crossed lines must not wait for each other in a circle."""
    product, (sku,) = await mall.another_product()
    early, late = sorted([await mall.sealed_lot(5000), await mall.sealed_lot(5000, product=product)])
    of_first = early if await scalar("SELECT product FROM lot WHERE number = $1", early) == mall.product else late
    of_other = late if of_first == early else early
    skus = [mall.skus[0], sku] if of_first == late else [sku, mall.skus[0]]
    order = await mall.place(lines=[CheckoutLine(sku, 1) for sku in skus])
    await mall.pay(order.number)
    chosen = {line.reference: {of_first if line.sku == mall.skus[0] else of_other: 1} for line in order.lines}
    assert list(chosen.values()) == [{late: 1}, {early: 1}]
    held = asyncio.Event()

    async def pack() -> None:
        await held.wait()
        await mall.fulfilment.pack(mall.merchant, order.number, chosen, "staff:clerk")

    packing = asyncio.create_task(pack())
    async with transaction():
        await row("SELECT 1 FROM lot WHERE number = $1 FOR UPDATE", early)
        held.set()
        await asyncio.sleep(0.3)
        assert await row("SELECT 1 FROM lot WHERE number = $1 FOR UPDATE NOWAIT", late), "nobody holds the late lot"
    await packing
    assert await state_of(order.number) == "packed"
