"""Receipt by the buyer, by WeChat, by delivery and by time: once, and never over an open case."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import requests

from integrations.wechat.receipts import WeChatOrderStates
from kit.database import row, scalar, transaction
from kit.outbox import announce
from messages.events import TradeSettled
from orders.cases.models import CaseKind
from orders.errors import OrderNotFound, OrderStateConflict, ReceiptNotExtendable, RemindedAlready
from orders.events import OrderEarned, OrderReceived, ShipmentReminded
from orders.jobs import ask_wechat_about_receipts, pass_after_sales_windows, pass_case_deadlines, receive_of_itself
from orders.ports import ReceiptUnknown
from tests.orders.cases import CLERK, claim, order_of
from tests.orders.mall import Mall, facts, replayed, state_of


async def test_a_shipped_order_that_nobody_confirms_is_received_and_then_earned(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    mall.watch.forward(days=9, hours=23)
    assert await receive_of_itself(mall.receipts) == 0
    mall.watch.forward(hours=2)
    done = await asyncio.gather(*(receive_of_itself(mall.receipts) for _ in range(8)))
    assert sum(done) == 1
    assert (await replayed(order.number))[-1] == "received"
    assert len(await facts(OrderReceived)) == 1
    mall.watch.forward(days=7)
    assert await pass_after_sales_windows(mall.life) == 1
    assert len(await facts(OrderEarned)) == 1


async def test_an_open_case_holds_receipt_back_until_it_ends(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    case = await claim(mall, order, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=1)
    await mall.after_sales.refuse(mall.merchant, case, "运输中", CLERK)
    mall.watch.forward(days=11)
    assert await receive_of_itself(mall.receipts) == 0
    assert await pass_case_deadlines(mall.after_sales) == 1, "the refusal stands after three days"
    assert await receive_of_itself(mall.receipts) == 1


async def test_a_case_that_nobody_decides_no_longer_keeps_an_order_unearned(mall: Mall) -> None:
    order = await order_of(mall, "received")
    await claim(mall, order, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=8)
    assert await pass_after_sales_windows(mall.life) == 0
    assert await pass_case_deadlines(mall.after_sales) == 1
    await mall.receive_notice(await mall.refund_notice(str(await scalar("SELECT number FROM after_sales_case"))))
    assert await pass_after_sales_windows(mall.life) == 1


async def test_receipt_is_extended_once(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    was = await scalar("SELECT receive_by FROM customer_order")
    assert await mall.receipts.extend("C1", order.number) == was + timedelta(days=3)
    with pytest.raises(ReceiptNotExtendable):
        await mall.receipts.extend("C1", order.number)
    with pytest.raises(OrderNotFound):
        await mall.receipts.extend("C2", order.number)
    mall.watch.forward(days=12)
    assert await receive_of_itself(mall.receipts) == 0
    mall.watch.forward(days=1, minutes=1)
    assert await receive_of_itself(mall.receipts) == 1
    with pytest.raises(ReceiptNotExtendable):
        await mall.receipts.extend("C1", (await order_of(mall, "paid")).number)


async def test_delivery_brings_receipt_nearer_and_is_noted_once(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    at = mall.watch()
    await mall.receipts.note_delivery(order.number, at)
    await mall.receipts.note_delivery(order.number, at + timedelta(days=1))
    found = await row("SELECT delivered_at, receive_by FROM customer_order")
    assert found == {"delivered_at": at, "receive_by": at + timedelta(days=7)}
    early = await order_of(mall, "paid")
    await mall.receipts.note_delivery(early.number, at)
    assert await scalar("SELECT delivered_at FROM customer_order WHERE number = $1", early.number) is None


async def test_every_way_to_receive_ends_in_one_receipt(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    mall.watch.forward(days=11)
    await asyncio.gather(
        mall.life.receive("C1", order.number),
        mall.receipts.confirm_elsewhere(order.number, "wechat", mall.watch()),
        receive_of_itself(mall.receipts),
        mall.life.receive("C1", order.number),
    )
    assert await state_of(order.number) == "received"
    assert len(await facts(OrderReceived)) == 1
    paid = await order_of(mall, "paid")
    await mall.receipts.confirm_elsewhere(paid.number, "wechat", mall.watch())
    assert await state_of(paid.number) == "paid"


async def test_the_merchant_is_reminded_once_a_day(mall: Mall) -> None:
    order = await order_of(mall, "paid")
    await mall.receipts.remind("C1", order.number)
    mall.watch.forward(hours=23)
    with pytest.raises(RemindedAlready):
        await mall.receipts.remind("C1", order.number)
    mall.watch.forward(hours=1)
    done = await asyncio.gather(*(mall.receipts.remind("C1", order.number) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in done].count(RemindedAlready) == 4
    assert len(await facts(ShipmentReminded)) == 2
    with pytest.raises(OrderStateConflict):
        await mall.receipts.remind("C1", (await order_of(mall, "shipped")).number)


@dataclass
class Told:
    """What WeChat would say of an order, for tests: the transactions that it holds for received."""

    received: set[str] = field(default_factory=set)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)

    async def is_received(self, transaction_id: str) -> bool:
        self.asked.append(transaction_id)
        if self.is_silent:
            raise ReceiptUnknown("test")
        return transaction_id in self.received


async def test_what_the_phone_says_is_asked_at_wechat_until_it_is_true(mall: Mall) -> None:
    wechat = Told(is_silent=True)
    receipts = replace(mall.receipts, wechat=wechat)
    order = await order_of(mall, "shipped")
    transaction_id = (await mall.payment(order.number))["transaction_id"]
    with pytest.raises(OrderNotFound):
        await receipts.expect_at_wechat("C2", order.number)
    assert await ask_wechat_about_receipts(receipts) == 0
    assert wechat.asked == []
    await receipts.expect_at_wechat("C1", order.number)
    assert await ask_wechat_about_receipts(receipts) == 0
    assert await ask_wechat_about_receipts(receipts) == 0, "the next question waits"
    wechat.is_silent = False
    mall.watch.forward(seconds=10)
    assert await ask_wechat_about_receipts(receipts) == 0, "not received there"
    assert await state_of(order.number) == "shipped"
    wechat.received.add(transaction_id)
    mall.watch.forward(seconds=60)
    done = await asyncio.gather(*(ask_wechat_about_receipts(receipts) for _ in range(5)))
    assert sum(done) == 1
    assert wechat.asked == [transaction_id] * 3
    assert len(await facts(OrderReceived)) == 1


async def test_nobody_is_asked_for_ever(mall: Mall) -> None:
    wechat = Told()
    receipts = replace(mall.receipts, wechat=wechat)
    await receipts.expect_at_wechat("C1", (await order_of(mall, "shipped")).number)
    for _ in range(8):
        await ask_wechat_about_receipts(receipts)
        mall.watch.forward(hours=1)
    assert len(wechat.asked) == 5


async def test_a_settlement_that_wechat_only_estimates_leads_to_the_question_and_to_receipt(mall: Mall) -> None:
    order = await order_of(mall, "shipped")
    payment = await mall.payment(order.number)
    wechat = Told({payment["transaction_id"]})
    receipts = replace(mall.receipts, wechat=wechat)
    for number in (payment["number"], "NOBODY"):
        async with transaction():
            await announce(
                TradeSettled(
                    number=number, transaction_id=payment["transaction_id"], confirm_receive_method=1,
                    estimated_settlement_time=1, settlement_time=0,
                )
            )  # fmt: skip
    await mall.deliver()
    assert await ask_wechat_about_receipts(receipts) == 1
    assert await state_of(order.number) == "received"


class Client:
    """Stands for wechatpy's client: answers what it was given."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def post(self, url: str, data: dict[str, str]) -> object:
        assert (url.rsplit("/", 1)[1], data) == ("get_order", {"transaction_id": "42"})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(("state", "received"), [(1, False), (2, False), (3, True), (4, True), (5, False), (6, True)])
async def test_order_states_of_wechat(state: int, received: bool) -> None:
    states = WeChatOrderStates(Client({"errcode": 0, "order": {"order_state": state}}))  # type: ignore[arg-type]
    assert await states.is_received("42") is received


@pytest.mark.parametrize("answer", [{}, {"order": None}, {"order": {"order_state": "x"}}, requests.Timeout()])
async def test_an_answer_that_says_nothing_is_no_receipt(answer: object) -> None:
    with pytest.raises(ReceiptUnknown):
        await WeChatOrderStates(Client(answer)).is_received("42")  # type: ignore[arg-type]
