"""R3: whatever is told again, in any state and order, changes nothing (commerce reference 2).

Fails when the answer ``REPEATED`` is taken out of the confirmation: tried.
"""

import random

import pytest

from kit.database import scalar, transaction
from kit.outbox import announce
from orders.events import OrderPaid
from orders.models import OrderState
from payments.events import PaymentArrivedLate, PaymentClosed, PaymentSucceeded, RefundFailed, RefundSucceeded
from tests.orders.mall import Mall, facts, state_of, trade
from tests.regressions.test_r02_late_money import late_money


@pytest.mark.parametrize("state", [s.value for s in OrderState if s is not OrderState.PENDING_PAYMENT])
async def test_r03_what_was_told_before_changes_nothing_in_any_state(mall: Mall, state: str) -> None:
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


async def test_r03_late_money_told_again_does_not_wake_a_refunded_order(mall: Mall) -> None:
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
