"""Stock and money under races: the regressions R1, R2, R3, R6, R16 and R17 of the commerce reference."""

import asyncio
import random
from collections.abc import Awaitable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.database import row, rows, scalar, transaction
from kit.errors import DomainError
from kit.outbox import announce
from orders.errors import AmountTooLarge, CartEmpty, NotOnSale, SkuRepeated
from orders.events import OrderClosed, OrderPaid, OrderPlaced
from orders.models import OrderState
from payments.events import PaymentArrivedLate, PaymentClosed, PaymentSucceeded, RefundFailed, RefundSucceeded
from products.drafts import SkuDraft
from products.errors import QuantityInvalid, SkuUnknown, SoldOut
from products.stock import Stock
from tests.orders.mall import CheckoutLine, Mall, facts, replayed, state_of, stock_of, trade
from tests.payments.channel import signed_headers


async def settle(calls: list[Awaitable[object]]) -> list[object]:
    """Run them all at once; refusals are answers, everything else fails the test."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, DomainError):
            raise each
    return list(found)


async def test_r1_sixty_buyers_of_nine_pieces_make_nine_orders(mall: Mall) -> None:
    _, (sku,) = await mall.another_product(stock=9)
    done = await settle([mall.place(lines=[CheckoutLine(sku, 1)], consumer=f"C{n}") for n in range(60)])
    assert sum(isinstance(each, SoldOut) for each in done) == 51
    assert await stock_of(sku) == (0, 9, 0)
    assert await scalar("SELECT count(*) FROM customer_order") == 9
    assert await scalar("SELECT count(*) FROM payment") == 9, "a loser leaves no payment"
    assert await scalar("SELECT count(*) FROM order_event") == 9
    assert len(await facts(OrderPlaced)) == 9, "a loser announces nothing"


async def test_r1_two_skus_in_opposite_order_end_without_a_deadlock(mall: Mall) -> None:
    _, pair = await mall.another_product(
        stock=7,
        skus=[
            SkuDraft(spec="大", price_fen=500, mass_gram=500),
            SkuDraft(spec="小", price_fen=300, mass_gram=250),
        ],
    )
    lines = [CheckoutLine(sku, 1) for sku in pair]
    done = await settle([mall.place(lines=lines if n % 2 else lines[::-1], consumer=f"C{n}") for n in range(40)])
    assert sum(isinstance(each, SoldOut) for each in done) == 33
    assert [await stock_of(sku) for sku in pair] == [(0, 7, 0), (0, 7, 0)]


async def late_money(mall: Mall, quantity: int) -> str:
    """An order that expired before its payer paid; answers its number."""
    order = await mall.place(quantity)
    await mall.expire()
    assert await state_of(order.number) == "closed"
    return order.number


async def test_r2_late_money_revives_the_order_while_the_goods_are_there(mall: Mall) -> None:
    number = await late_money(mall, 3)
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    await mall.pay(number)
    assert await state_of(number) == "paid"
    assert await stock_of(mall.skus[0]) == (97, 0, 3)
    assert [f.order for f in await facts(OrderPaid)] == [number]
    assert await scalar("SELECT count(*) FROM payment_refund") == 0
    assert (await mall.payment(number))["state"] == "succeeded", "the money has been taken over"
    assert await replayed(number) == ["pending_payment", "closed", "paid"]
    found = await row("SELECT closed_at, close_reason FROM customer_order WHERE number = $1", number)
    assert found == {"closed_at": None, "close_reason": None}, "an order that lives does not look closed"
    await mall.fulfilment.pack(mall.merchant, number, {}, "staff:clerk")


async def test_r2_late_money_goes_back_in_full_when_the_goods_are_gone(mall: Mall) -> None:
    number = await late_money(mall, 60)
    await mall.place(50, consumer="C2")
    await mall.pay(number)
    assert await state_of(number) == "closed"
    assert await stock_of(mall.skus[0]) == (50, 50, 0), "no piece moved"
    assert await facts(OrderPaid) == []
    refunds = await rows("SELECT reference, amount_fen FROM payment_refund")
    assert refunds == [{"reference": f"{number}L", "amount_fen": 60 * 3990}]
    await mall.receive_notice(await mall.refund_notice(f"{number}L"))
    assert [f.amount_fen for f in await facts(RefundSucceeded)] == [60 * 3990]
    assert await state_of(number) == "closed"
    assert await scalar("SELECT close_reason FROM customer_order WHERE number = $1", number) == "paid_too_late"


async def test_r2_told_again_after_the_goods_came_back_nobody_sells_what_is_being_refunded(
    mall: Mall,
) -> None:
    number = await late_money(mall, 60)
    other = await mall.place(50, consumer="C2")
    await mall.pay(number)
    await mall.trades.cancel("C2", other.trade)
    await mall.deliver()
    before = await trade()
    (late,) = await facts(PaymentArrivedLate)
    async with transaction():
        await announce(late)
    await mall.deliver()
    assert {**await trade(), "facts": None} == {**before, "facts": None}


async def test_a_payer_who_was_faster_than_the_cancellation_has_a_paid_order(mall: Mall) -> None:
    """The wish to cancel leaves no mark on an order that was paid, not even on its later end."""
    order = await mall.place(2)
    raw = await mall.payment_notice(order.number)
    await asyncio.gather(mall.trades.cancel("C1", order.trade), mall.receive_notice(raw))
    await mall.deliver()
    state = await state_of(order.number)
    assert state == "paid"
    await mall.refund(order, 0, 2)
    assert await scalar("SELECT close_reason FROM customer_order WHERE number = $1", order.number) == "refunded"
    assert await stock_of(mall.skus[0]) == (100, 0, 0)


async def test_captured_money_beats_a_cancellation_that_comes_before_its_fact(mall: Mall) -> None:
    order = await mall.place(2)
    raw = await mall.payment_notice(order.number)
    await mall.notices.receive(signed_headers(raw), raw)
    await mall.trades.cancel("C1", order.trade)
    await mall.deliver()
    found = await row("SELECT state, close_reason, closed_at FROM customer_order WHERE number = $1", order.number)
    assert found == {"state": "paid", "close_reason": None, "closed_at": None}


@pytest.mark.parametrize("state", [s.value for s in OrderState if s is not OrderState.PENDING_PAYMENT])
async def test_r3_what_was_told_before_changes_nothing_in_any_state(mall: Mall, state: str) -> None:
    """Each notice and each fact of the payments room ten times, shuffled, with new ids: R3."""
    order, partly = await mall.place(4), await mall.place(4, consumer="C2")
    notices = [await mall.payment_notice(each.number) for each in (order, partly)] if state != "closed" else []
    await mall.bring_to(state, order)
    if state != "closed":
        await mall.bring_to(state, partly)
        case = await mall.refund(partly, 0, 3)
        notices.append(await mall.refund_notice(case))
    told = await facts(PaymentSucceeded, PaymentClosed, PaymentArrivedLate, RefundSucceeded, RefundFailed)
    assert told
    before = {**await trade(), "facts": None}
    again = (notices + told) * (4 if notices else 10)
    random.Random(state).shuffle(again)
    for each in again:
        if isinstance(each, bytes):
            await mall.receive_notice(each)
        else:
            async with transaction():
                await announce(each)
    await mall.deliver()
    assert {**await trade(), "facts": None} == before
    assert len(await facts(OrderPaid)) == (0 if state == "closed" else 2)


async def test_r3_late_money_told_again_does_not_wake_a_refunded_order(mall: Mall) -> None:
    number = await late_money(mall, 2)
    await mall.pay(number)
    line = await scalar("SELECT reference FROM order_line")
    case = await mall.after_sales.request("C1", number, line, 2, "不想要了")
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    await mall.receive_notice(await mall.refund_notice(case))
    assert await state_of(number) == "closed"
    before = {**await trade(), "facts": None}
    (late,) = await facts(PaymentArrivedLate)
    async with transaction():
        await announce(late)
    await mall.deliver()
    assert {**await trade(), "facts": None} == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantity=st.one_of(st.integers(-(2**31), 0), st.integers(10_001, 2**63), st.sampled_from([True, 1.5, 2.0])))
async def test_r6_no_quantity_but_a_small_whole_number_has_an_effect(mall: Mall, quantity: int) -> None:
    before = await trade()
    with pytest.raises(QuantityInvalid):
        await mall.place(quantity)
    with pytest.raises(QuantityInvalid):
        await mall.place(lines=[CheckoutLine(mall.skus[0], 1), CheckoutLine("NONE", quantity)])
    assert await trade() == before


async def test_carts_that_are_no_order(mall: Mall) -> None:
    _, (dear,) = await mall.another_product(skus=[SkuDraft(spec="贵", price_fen=20_000_000, mass_gram=1)])
    (sku,) = mall.skus
    before = await trade()
    for lines, refusal in (
        ([], CartEmpty),
        ([CheckoutLine(sku, 1), CheckoutLine(sku, 2)], SkuRepeated),
        ([CheckoutLine("K0", 1)], NotOnSale),
        ([CheckoutLine(dear, 6)], AmountTooLarge),
        ([CheckoutLine(sku, 101)], SoldOut),
    ):
        with pytest.raises(refusal):
            await mall.place_trade(lines)
        assert await trade() == before
    with pytest.raises(SkuUnknown):
        await Stock().add("K0", 1, "x")


async def test_r16_fifty_cancellations_at_once_give_the_stock_back_once(mall: Mall) -> None:
    order = await mall.place(10)
    await settle([mall.trades.cancel("C1", order.trade) for _ in range(50)])
    await asyncio.gather(*(mall.delivery.deliver_due() for _ in range(3)))
    await mall.deliver()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    assert await replayed(order.number) == ["pending_payment", "closed"]
    assert [f.reason for f in await facts(OrderClosed)] == ["cancelled"]
    assert len(await facts(PaymentClosed)) == 1
    event = await scalar("SELECT reason FROM order_event ORDER BY id DESC LIMIT 1")
    assert event == "cancelled"


async def test_r17_expiry_gives_back_once_and_the_last_pieces_too(mall: Mall) -> None:
    order = await mall.place(100)
    with pytest.raises(SoldOut):
        await mall.place(1, consumer="C2")
    await mall.expire()
    await mall.expire()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    assert [(f.order, f.reason) for f in await facts(OrderClosed)] == [(order.number, "expired")]
    again = await mall.place(100, consumer="C2")
    await mall.trades.cancel("C2", again.trade)
    await mall.deliver()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    await mall.place(100, consumer="C3")


async def test_r17_an_order_that_was_paid_in_time_outlives_the_expiry(mall: Mall) -> None:
    order = await mall.place(5)
    await mall.pay(order.number)
    await mall.expire()
    assert await state_of(order.number) == "paid"
    assert await stock_of(mall.skus[0]) == (95, 0, 5)
