"""The cart: limits, one line for each SKU, and what has become of its goods."""

import asyncio

import pytest

from kit.database import execute, scalar
from orders.carts import Carts
from orders.errors import CartFull, CartLineTooLarge, NotOnSale
from orders.quotes import CheckoutLine
from products.errors import DatesInvalid, DayNotFree, QuantityInvalid
from products.service import Catalogue
from tests.orders.lodging import book, in_days, open_lodging, stay
from tests.orders.mall import Mall
from tests.products.shelf import approved_merchant, listed_product
from tests.statements import counted_statements


async def test_lines_say_what_has_become_of_their_goods(mall: Mall) -> None:
    carts = Carts(mall.watch)
    other = await approved_merchant(2, "另一家合作社")
    _, (gone,) = await listed_product(other, stock=3)
    _, (few,) = await mall.another_product(stock=2)
    _, (dear,) = await mall.another_product()
    off, (delisted,) = await mall.another_product()
    for sku, pieces in ((mall.skus[0], 2), (gone, 1), (few, 2), (dear, 1), (delisted, 1)):
        await carts.add("C1", sku, pieces, "token" if sku == dear else None)
    await mall.place(lines=[CheckoutLine(gone, 3)], consumer="C2")
    await mall.place(lines=[CheckoutLine(few, 1)], consumer="C2")
    await execute("UPDATE sku SET price_fen = price_fen + 1 WHERE code = $1", dear)
    await Catalogue().delist(off, "下架", "staff:test")
    with counted_statements() as sent:
        cart = await carts.read("C1")
    assert len(sent) == 2, sent
    states = {line.sku: line.state for group in cart.groups for line in group.lines}
    assert states == {
        mall.skus[0]: "ok", gone: "sold_out", few: "fewer_left", dear: "price_changed", delisted: "delisted",
    }  # fmt: skip
    assert {group.merchant: len(group.lines) for group in cart.groups} == {mall.merchant: 4, other: 1}
    assert cart.selected_fen == 2 * 3990 + 3991
    assert next(li for g in cart.groups for li in g.lines if li.sku == dear).attribution == "token"
    await carts.put("C1", dear, 2, selected=False)
    seen = next(li for g in (await carts.read("C1")).groups for li in g.lines if li.sku == dear)
    assert (seen.state, seen.quantity, seen.selected, seen.attribution) == ("ok", 2, False, "token")
    assert (await carts.read("C2")).groups == []


async def test_a_booked_line_carries_its_days_and_says_what_is_left_of_each(mall: Mall) -> None:
    """Fails when the cart looks at the SKU's own stock, which a booked service has none of: tried."""
    carts, sku = Carts(mall.watch), await open_lodging(mall)
    first, nights = in_days(mall, 5), (in_days(mall, 5), in_days(mall, 7))
    for odd, refusal in (((None, None), DatesInvalid), ((first, None), DatesInvalid), ((first, first), DatesInvalid),
                         ((in_days(mall, -1), first), DatesInvalid),
                         ((first, in_days(mall, 40)), DatesInvalid)):  # fmt: skip
        with pytest.raises(refusal):
            await carts.add("C1", sku, 1, None, odd)
    with pytest.raises(DatesInvalid):
        await carts.add("C1", mall.skus[0], 1, None, nights)
    await carts.add("C1", sku, 1, None, nights)
    await carts.add("C1", sku, 1, None, nights)
    with counted_statements() as sent:
        cart = await carts.read("C1")
    assert len(sent) == 3, sent
    (line,) = cart.groups[0].lines
    assert (line.state, line.quantity, line.available, line.unit_price_fen) == ("ok", 2, 2, 33600)
    assert (line.check_in, line.check_out) == nights
    assert [(day.day, day.left) for day in line.days] == [(first, 2), (in_days(mall, 6), 2)]
    assert cart.selected_fen == 2 * 33600

    async def state() -> tuple[str, int, int]:
        (group,) = (await carts.read("C1")).groups
        return group.lines[0].state, group.lines[0].available, len(group.lines[0].days)

    await book(mall, stay(mall, sku, begins_in=6, nights=1), "C2")
    assert await state() == ("fewer_left", 1, 2)
    await book(mall, stay(mall, sku, begins_in=6, nights=1), "C3")
    assert await state() == ("day_not_free", 0, 2)
    with pytest.raises(DayNotFree):
        await carts.put("C1", sku, 1, True, nights)
    await carts.remove("C1", sku)
    await carts.add("C1", sku, 1, None, (in_days(mall, 8), in_days(mall, 10)))
    assert await state() == ("ok", 2, 2), "other days, and one room"
    mall.watch.forward(days=9)
    assert await state() == ("day_not_free", 0, 1), "the first night is over"


async def test_two_stays_in_one_room_are_two_lines_and_are_bought_one_by_one(mall: Mall) -> None:
    """Fails when a purchase takes out every line of its SKU, or days of one stay count for another: tried."""
    carts, sku = Carts(mall.watch), await open_lodging(mall)
    stays = [(in_days(mall, begins), in_days(mall, begins + nights)) for begins, nights in ((5, 2), (6, 1), (12, 3))]
    for days in stays:
        await carts.add("C1", sku, 1, None, days)
    await carts.add("C1", sku, 1, None, stays[0])
    with counted_statements() as sent:
        cart = await carts.read("C1")
    assert len(sent) == 3, sent
    lines = {(line.check_in, line.check_out): line for group in cart.groups for line in group.lines}
    assert {days: (line.quantity, len(line.days), line.state) for days, line in lines.items()} == {
        stays[0]: (2, 2, "ok"), stays[1]: (1, 1, "ok"), stays[2]: (1, 3, "ok"),
    }  # fmt: skip
    assert cart.selected_fen == sum(sum(day.price_fen for day in li.days) * li.quantity for li in lines.values())

    async def left() -> list[tuple[object, object]]:
        return [(li.check_in, li.check_out) for group in (await carts.read("C1")).groups for li in group.lines]

    await book(mall, stay(mall, sku, begins_in=6, nights=1), "C1")
    assert await left() == [stays[0], stays[2]], "the one that was bought is out"
    await mall.place(1)
    await carts.put("C1", sku, 1, False, stays[2])
    assert await left() == [stays[0], stays[2]]
    await carts.remove("C1", sku, stays[0])
    assert await left() == [stays[2]]
    await carts.remove("C1", sku)
    assert await left() == []


async def test_selection_removal_and_the_order_that_takes_its_lines_out(mall: Mall) -> None:
    carts = Carts(mall.watch)
    _, (second,) = await mall.another_product()
    for sku in (mall.skus[0], second):
        await carts.add("C1", sku, 1, None)
        await carts.add("C2", sku, 1, None)
    await carts.select("C1", [second], False)
    assert (await carts.read("C1")).selected_fen == 3990
    await carts.select("C1", None, True)
    assert (await carts.read("C1")).selected_fen == 7980
    await mall.place(1)
    assert [li.sku for g in (await carts.read("C1")).groups for li in g.lines] == [second]
    await carts.remove("C1", second)
    await carts.remove("C1", second)
    assert (await carts.read("C1")).groups == []
    assert await scalar("SELECT count(*) FROM cart_line WHERE consumer = 'C2'") == 2, "another's cart stays"


async def test_limits_hold_for_many_hands_at_once(mall: Mall) -> None:
    carts = Carts(mall.watch)
    (sku,) = mall.skus
    await asyncio.gather(*(carts.add("C1", sku, 100, None) for _ in range(9)))
    assert await scalar("SELECT quantity FROM cart_line") == 900
    with pytest.raises(CartLineTooLarge):
        await carts.add("C1", sku, 100, None)
    await carts.put("C1", sku, 999, selected=True)
    for odd in (0, -1, 2**63, True):
        with pytest.raises(QuantityInvalid):
            await carts.add("C1", sku, odd, None)
    with pytest.raises(NotOnSale):
        await carts.add("C1", "K20261123NOBODY0000", 1, None)
    await execute(
        "INSERT INTO cart_line (consumer, sku, quantity, selected, seen_price_fen, put_at)"
        " SELECT 'C1', 'X' || n, 1, true, 1, now() FROM generate_series(1, 98) AS n"
    )
    _, more = await mall.another_product()
    _, further = await mall.another_product()
    found = await asyncio.gather(*(carts.add("C1", one, 1, None) for one in (*more, *further)), return_exceptions=True)
    assert [type(each) for each in found if each is not None] == [CartFull]
    assert await scalar("SELECT count(*) FROM cart_line WHERE consumer = 'C1'") == 100
