"""What WeChat is told of shipping: against the sandbox with real tokens, and every one of its answers mapped."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from integrations.wechat.background import BackgroundClient
from integrations.wechat.shipping import WeChatShipping
from kit.clock import utc_now
from kit.database import execute, row, rows, scalar
from logistics.errors import ReportUnknown
from logistics.models import REPORT_TRANSITIONS, ParcelState, ReportKind, ReportState
from logistics.parcels import Parcels
from logistics.ports import Answer, ShippingNews, WeChatSilent
from logistics.report_answers import AGAIN_AFTER, KNOWN, MAX_ATTEMPTS, Verdict, pause_after, verdict_on
from logistics.reports import (
    AFTER_PAYMENT,
    LEASE,
    PaymentOfGoods,
    Reporter,
    ShippingReports,
    reports_for_a_person,
)
from orders.placements import PlacedOrder
from tests.integrations.redis_server import ThrowAwayRedis
from tests.logistics.test_parcels import CLERK, packed, said
from tests.orders.mall import Mall
from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.sandbox_process import APP_SECRET, APPID, SandboxProcess

DOCUMENTED = """
10060001 10060002 10060003 10060004 10060005 10060006 10060007 10060008 10060009 10060011 10060012 10060013 10060014
10060019 10060020 10060023 10060024 10060025 10060026 10060028 10060029 10060030 10060031 10060032 10060035
268485194 268485195 268485196 268485197 268485216 268485224 268485226 268485227 268485228 268485253
268546000 268546001 268546002 44990
"""
"""Wechat reference 2.7, the list of errors."""


class Desk:
    """WeChat by hand: answers what it is told to, and remembers what it was told."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.heard: list[ShippingNews | str] = []
        self.combined: list[tuple[str, list[str]]] = []

    async def tell_shipped(self, news: ShippingNews) -> Answer:
        self.heard.append(news)
        return self._next()

    async def tell_combined(self, combination: str, parts: Sequence[ShippingNews]) -> Answer:
        self.combined.append((combination, [each.transaction_id for each in parts]))
        return self._next()

    async def tell_presale(self, transaction_id: str, promised_at: Any) -> Answer:
        self.heard.append(f"{transaction_id}|{promised_at}")
        return self._next()

    async def tell_arrived(self, transaction_id: str, arrived_at: Any) -> Answer:
        self.heard.append(transaction_id)
        return self._next()

    def _next(self) -> Answer:
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, "ok" if answer == 0 else f"refused rid: {answer}")


async def report(kind: str = "shipping") -> Any:
    return await row("SELECT * FROM shipping_report WHERE kind = $1", kind)


async def shipped(mall: Mall, quantity: int = 2) -> PlacedOrder:
    order = await packed(mall, quantity)
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", CLERK)
    return order


def test_every_documented_answer_has_a_verdict_and_only_success_is_success() -> None:
    documented = {int(code) for code in re.findall(r"\d+", DOCUMENTED)}
    assert documented <= KNOWN
    verdicts = {code: verdict_on(code, 1, is_first_word=True) for code in KNOWN}
    assert {code for code, each in verdicts.items() if each is Verdict.TOLD} == {0, 10060002, 10060023, 10060030}
    assert verdict_on(10060002, 1, is_first_word=False) is Verdict.FOR_A_PERSON
    for code in (10060003, 10060004, 10060014, 10060031):
        assert verdicts[code] is Verdict.FOR_A_PERSON
    for code in (-1, 10060001, 10060012, 10060019, 10060028, 44990):
        assert verdicts[code] is Verdict.AGAIN
        assert verdict_on(code, MAX_ATTEMPTS, is_first_word=True) is Verdict.FOR_A_PERSON
    assert verdict_on(99999999, 1, is_first_word=True) is Verdict.AGAIN, "a code that nobody documented"
    assert [pause_after(n) for n in range(1, 8)] == [*AGAIN_AFTER, AGAIN_AFTER[-1]]


def test_the_table_of_reports_ends_with_wechat_or_a_person() -> None:
    assert set(REPORT_TRANSITIONS) == set(ReportState)
    assert REPORT_TRANSITIONS[ReportState.SENDING] == {
        ReportState.PENDING, ReportState.SENT, ReportState.FOR_A_PERSON,
    }  # fmt: skip


@pytest.mark.parametrize("state", list(ReportState))
async def test_every_state_meets_news_and_a_persons_word_as_the_table_says(mall: Mall, state: ReportState) -> None:
    order = await shipped(mall)
    reports = ShippingReports(mall.watch)
    goods = PaymentOfGoods(transaction_id="42", payer_openid="o", paid_at=mall.watch())

    async def be(where: ReportState) -> None:
        await execute("UPDATE shipping_report SET state = $1, claimed_until = $2", where.value, mall.watch() + LEASE)

    await be(state)
    await reports.note(order.number, mall.merchant, goods, is_complete=True)
    expected = state if state is ReportState.SENDING else ReportState.PENDING
    assert (await report())["state"] == expected, "news during a call waits for its end"
    assert expected in {state, *REPORT_TRANSITIONS[state]}
    for decide, target in ((reports.try_again, ReportState.PENDING), (reports.dismiss, ReportState.DISMISSED)):
        await be(state)
        if state is ReportState.FOR_A_PERSON:
            with pytest.raises(ReportUnknown):
                await decide(order.number, ReportKind.SHIPPING, "staff:x", "M2")
            await decide(order.number, ReportKind.SHIPPING, "staff:x", mall.merchant)
            assert (await report())["state"] == target
            assert target in REPORT_TRANSITIONS[state]
        else:
            with pytest.raises(ReportUnknown):
                await decide(order.number, ReportKind.SHIPPING, "staff:x")
            assert (await report())["state"] == state


async def test_a_report_waits_for_wechat_to_know_the_payment(mall: Mall) -> None:
    await shipped(mall)
    desk = Desk()
    reporter = Reporter(desk, mall.watch)
    assert await reporter.tell_due() == 0
    mall.watch.forward(seconds=AFTER_PAYMENT.total_seconds() - 5)
    assert await reporter.tell_due() == 0
    mall.watch.forward(seconds=6)
    assert await reporter.tell_due() == 1
    (news,) = desk.heard
    assert isinstance(news, ShippingNews)
    assert (news.is_split, news.is_complete, len(news.parcels)) == (False, True, 1)
    assert news.parcels[0].goods == "古法红糖×2"
    assert news.parcels[0].phone_tail == "0001"
    assert (await report())["state"] == "sent"
    assert await reporter.tell_due() == 0


async def test_parts_are_told_as_parts_and_the_last_one_says_so(mall: Mall) -> None:
    order = await packed(mall, 4)
    line, desk = order.lines[0].reference, Desk()
    reporter = Reporter(desk, mall.watch)
    mall.watch.forward(minutes=5)
    for n in (1, 2):
        made = await mall.shipping.make(mall.merchant, {order.number: {line: n}}, "SF", f"SF000000000{n}", CLERK)
        await mall.shipping.hand_over(mall.merchant, made, CLERK)
        await reporter.tell_due()
    await mall.refund(order, 0, 1)
    await mall.deliver()
    await reporter.tell_due()
    told = [(n.is_split, n.is_complete, len(n.parcels)) for n in desk.heard if isinstance(n, ShippingNews)]
    assert told == [(True, False, 1), (True, False, 2), (True, True, 2)]
    found = await report()
    assert (found["state"], found["wanted"], found["told"]) == ("sent", 3, 3)


async def test_every_answer_ends_where_its_verdict_says(mall: Mall) -> None:
    """Silence, refusals, success: the row after each, and the person's list."""
    order = await shipped(mall)
    mall.watch.forward(minutes=5)
    desk = Desk(WeChatSilent("timeout"), 10060001, 45009, 10060004)
    reporter = Reporter(desk, mall.watch)
    for attempt, pause in enumerate(AGAIN_AFTER[:3], 1):
        assert await reporter.tell_due() == 1
        found = await report()
        assert (found["state"], found["attempts"], found["due_at"] - mall.watch() < pause) == ("pending", attempt, True)
        assert await reporter.tell_due() == 0, "not before its pause is over"
        mall.watch.forward(seconds=pause.total_seconds() + 1)
    assert await reporter.tell_due() == 1
    assert (await report())["state"] == "for_a_person"
    mall.watch.forward(days=1)
    assert await reporter.tell_due() == 0
    (waiting,) = await reports_for_a_person(mall.merchant)
    assert (waiting.reference, waiting.code, waiting.message) == (order.number, 10060004, "refused rid: 10060004")
    assert await reports_for_a_person("M2") == []
    assert len(await reports_for_a_person(None)) == 1


async def test_two_workers_tell_each_report_once_and_a_killed_ones_is_told_again(mall: Mall) -> None:
    for _ in range(6):
        await shipped(mall)
    mall.watch.forward(minutes=5)

    class SlowDesk(Desk):
        async def tell_shipped(self, news: ShippingNews) -> Answer:
            await asyncio.sleep(0.05)
            return await super().tell_shipped(news)

    desk = SlowDesk()
    reporter = Reporter(desk, mall.watch)
    await asyncio.gather(*(reporter.tell_due(limit=2) for _ in range(3)))
    assert len({n.transaction_id for n in desk.heard if isinstance(n, ShippingNews)}) == len(desk.heard) == 6
    await shipped(mall)
    mall.watch.forward(minutes=5)
    assert len(await reporter._claim(5)) == 1, "by a worker that is killed now"
    assert await reporter.tell_due() == 0
    mall.watch.forward(seconds=LEASE.total_seconds() + 1)
    assert await reporter.tell_due() == 1


async def test_what_happens_during_a_call_is_told_after_it(mall: Mall) -> None:
    order = await packed(mall, 2)
    line = order.lines[0].reference
    mall.watch.forward(minutes=5)

    class Interrupted(Desk):
        async def tell_shipped(self, news: ShippingNews) -> Answer:
            if not self.heard:
                await mall.fulfilment.ship(mall.merchant, order.number, "YTO", "YT0000000002", CLERK)
            return await super().tell_shipped(news)

    desk = Interrupted()
    reporter = Reporter(desk, mall.watch)
    made = await mall.shipping.make(mall.merchant, {order.number: {line: 1}}, "SF", "SF0000000001", CLERK)
    await mall.shipping.hand_over(mall.merchant, made, CLERK)
    assert await reporter.tell_due() == 1
    found = await report()
    assert (found["state"], found["wanted"], found["told"]) == ("pending", 2, 1)
    assert await reporter.tell_due() == 1
    told = [(n.is_complete, [p.carrier for p in n.parcels]) for n in desk.heard if isinstance(n, ShippingNews)]
    assert told == [(False, ["SF"]), (True, ["SF", "YTO"])]
    assert (await report())["state"] == "sent"


async def test_arrival_is_told_once_and_only_of_what_was_wholly_shipped(mall: Mall) -> None:
    order = await packed(mall, 2)
    line = order.lines[0].reference
    made = await mall.shipping.make(mall.merchant, {order.number: {line: 1}}, "SF", "SF0000000001", CLERK)
    await mall.shipping.hand_over(mall.merchant, made, CLERK)
    await Parcels().record(int(await scalar("SELECT id FROM parcel")), said(ParcelState.SIGNED), "carrier")
    await mall.deliver()
    assert await report("receipt") is None, "a part is not yet shipped"
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000002", CLERK)
    last = int(await scalar("SELECT max(id) FROM parcel"))
    await Parcels().record(last, said(ParcelState.SIGNED), "carrier")
    await mall.deliver()
    mall.watch.forward(minutes=5)
    desk = Desk(0, 10060028, 10060030)
    for _ in range(3):
        await Reporter(desk, mall.watch).tell_due()
        mall.watch.forward(minutes=5)
    assert (await report("receipt"))["state"] == "sent"
    assert sum(isinstance(each, str) for each in desk.heard) == 2


# WeChat's own behaviour, played by the sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    running = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    heard = Listener()
    heard.start()
    yield heard
    heard.stop()


@pytest.fixture(scope="module")
def wechat(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeChatShipping]:
    server = ThrowAwayRedis(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    yield WeChatShipping(BackgroundClient(APPID, APP_SECRET, base=sandbox.url, redis=Redis.from_url(server.url)))
    server.stop()


async def test_the_sandbox_takes_a_whole_life(
    mall: Mall, sandbox: SandboxProcess, listener: Listener, wechat: WeChatShipping
) -> None:
    """Too early, shipped, the same again, a corrected waybill, one too many; then the reminder, once."""
    number, openid = sandbox.buy(listener.url)
    transaction_id = sandbox.query(number).json()["transaction_id"]
    order = await shipped(mall)
    await execute("UPDATE shipping_report SET transaction_id = $1, payer_openid = $2", transaction_id, openid)
    sandbox.control("PATCH", "/settings", {"clock_scale": 1.0})
    mall.watch.forward(minutes=5)
    reporter = Reporter(wechat, mall.watch)

    async def tell() -> tuple[str, int]:
        assert await reporter.tell_due() == 1
        found = await report()
        mall.watch.forward(hours=2)
        return found["state"], found["last_code"]

    assert await tell() == ("pending", 10060001)
    sandbox.control("PATCH", "/settings", {"clock_scale": 0.001})
    await asyncio.sleep(0.1)
    assert await tell() == ("sent", 0)
    await execute("UPDATE shipping_report SET state = 'pending'")
    assert await tell() == ("sent", 10060023), "an answer that was lost changes nothing"
    parcel = str(await scalar("SELECT number FROM parcel"))
    for waybill, outcome in (("SF0000000002", ("sent", 0)), ("SF0000000003", ("for_a_person", 10060003))):
        await mall.shipping.correct(mall.merchant, parcel, "SF", waybill, CLERK)
        assert await tell() == outcome
    assert order.number in str(await reports_for_a_person(None))
    arrived = utc_now() - timedelta(hours=1)
    assert (await wechat.tell_arrived(transaction_id, arrived)).code == 0
    assert (await wechat.tell_arrived(transaction_id, arrived)).code == 10060030
    assert (await wechat.tell_arrived("42nobody", arrived)).code == 10060001
    for days, code in ((20, 0), (20, 0), (14, 268546002), (331, 268546002)):
        assert (await wechat.tell_presale(transaction_id, utc_now() + timedelta(days=days))).code == code
    assert (await wechat.tell_presale("42nobody", utc_now() + timedelta(days=20))).code == 268546001


async def test_silence_and_refused_tokens_are_told_apart(
    mall: Mall, sandbox: SandboxProcess, wechat: WeChatShipping
) -> None:
    gone = WeChatShipping(
        BackgroundClient(APPID, APP_SECRET, base="http://127.0.0.1:9", redis=Redis.from_url("redis://127.0.0.1:9/0"))
    )
    with pytest.raises(WeChatSilent):
        await gone.tell_arrived("42", utc_now())
    await shipped(mall)
    mall.watch.forward(minutes=5)
    assert await Reporter(gone, mall.watch).tell_due() == 1
    found = await report()
    assert (found["state"], found["last_code"]) == ("pending", -2)
    assert APP_SECRET not in str(await rows("SELECT * FROM shipping_report"))
