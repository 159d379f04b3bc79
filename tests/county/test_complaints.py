"""Complaints: a clock that is dated, an owner, steps that stay, and words that reach WeChat Pay once."""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from tortoise.exceptions import OperationalError

from accounts.roles import Role
from accounts.staff import GrantedRole
from content.pictures import Pictures
from content.texts import Texts
from county.complaints.channel import ComplaintChannel
from county.complaints.errors import (
    ClockTaken,
    ComplaintNotMovable,
    ComplaintsFull,
    ComplaintUnknown,
    EntryInvalid,
    NoProduct,
    SubjectInvalid,
)
from county.complaints.models import (
    COMPLAINT_TRANSITIONS,
    UTTERANCE_TRANSITIONS,
    ComplaintState,
    Origin,
    UtteranceState,
)
from county.complaints.queries import Reader, complaint, complaints
from county.complaints.service import MAX_OPEN_EACH, Complaints, Subject
from county.complaints.service_entry import GOOD_FOR, ServiceEntries
from integrations.object_storage.folder import FolderStorage
from integrations.wechat_pay.complaints import WeChatPayComplaints
from kit.clock import utc_now
from kit.database import execute, row, rows, scalar
from payments.errors import NoticeNotAuthentic, OwnerUnknown
from payments.models import PaymentState
from payments.ports import GatewayError, GatewayRefused
from products.service import Catalogue
from tests.accounts.people import MovingClock, staff_member, throwaway_cipher
from tests.orders.mall import Mall
from tests.payments import channel
from tests.payments.conftest import Shop
from tests.payments.test_live_payments import is_in, pay, until

BY = "staff:officer"


def desk(clock: MovingClock | None = None) -> Complaints:
    return Complaints(throwaway_cipher(), Catalogue(), clock or utc_now)


def unused_pictures() -> Pictures:
    """Of replies that have none."""
    return Pictures(FolderStorage(Path("/nowhere")), "https://example.invalid")


async def clocked(complaints: Complaints, origin: Origin = Origin.MINIAPP) -> None:
    await complaints.enter_clock(origin, date(2020, 1, 1), 24, 72, "示例文件 5 号", BY)


async def test_a_consumer_complains_about_the_own_order_and_the_merchant_answers(mall: Mall) -> None:
    await clocked(desk())
    order = await mall.place(1)
    number = await desk().complain("C1", Subject(order=order.number), "quality", "收到的红糖受潮结块")
    own, merchants = Reader(consumer="C1"), Reader(merchant=mall.merchant)
    found = await complaint(number, merchants, utc_now())
    assert (found.merchant, found.order, found.product) == (mall.merchant, order.number, mall.product)
    assert found.reply_due_at is not None
    assert found.close_due_at is not None
    assert found.close_due_at - found.reply_due_at == timedelta(hours=48)
    for stranger in (Reader(consumer="C2"), Reader(merchant="M2")):
        with pytest.raises(ComplaintUnknown):
            await complaint(number, stranger, utc_now())
    with pytest.raises(ComplaintUnknown):
        await desk().reply(number, Reader(merchant="M2"), "抱歉", "staff:clerk")
    await desk().report(number, "经核查，仓库受潮", BY)
    await desk().reply(number, merchants, "抱歉，已为您补发", "staff:clerk")
    officer = await staff_member("officer")
    host = await staff_member("host", GrantedRole(Role.HOST))
    with pytest.raises(OwnerUnknown):
        await desk().assign(number, host.number, BY)
    await desk().assign(number, officer.number, BY)
    await desk().close(number, "双方已和解", BY)
    with pytest.raises(ComplaintNotMovable):
        await desk().reply(number, merchants, "再次回复", "staff:clerk")
    held = (await complaint(number, own, utc_now())).steps[1]
    assert (held.kind, held.text, held.is_held) == ("replied", "", True), "fails when the text is shown at once: tried"
    step = (await complaint(number, merchants, utc_now())).steps[2]
    assert (step.text, step.is_held) == ("抱歉，已为您补发", True)
    text = await scalar("SELECT number FROM content_text WHERE subject LIKE 'complaint:%'")
    await Texts().decide(text, True, BY, "示例")
    told = await complaint(number, own, utc_now())
    assert [(step.kind, step.by, step.text) for step in told.steps] == [
        ("received", "", "收到的红糖受潮结块"), ("replied", "", "抱歉，已为您补发"), ("closed", "", "双方已和解"),
    ]  # fmt: skip
    assert (told.state, told.owner) == ("closed", None)
    seen = await complaint(number, merchants, utc_now())
    assert seen.steps[0].by == "consumer", "who the buyer is, is not the merchant's to know"
    assert [step.kind for step in seen.steps] == ["received", "reported", "replied", "assigned", "closed"]


async def test_only_one_thing_that_exists_and_is_the_own_can_be_complained_about(mall: Mall) -> None:
    order = await mall.place(1)
    for consumer, subject in (
        ("C2", Subject(order=order.number)),
        ("C1", Subject()),
        ("C1", Subject(order=order.number, product=mall.product)),
        ("C1", Subject(product="PNOBODY")),
        ("C1", Subject(merchant="MNOBODY")),
    ):
        with pytest.raises(SubjectInvalid):
            await desk().complain(consumer, subject, "other", "虚假宣传")
    for subject in (Subject(product=mall.product), Subject(merchant=mall.merchant)):
        await desk().complain("C1", subject, "other", "虚假宣传")
    assert await scalar("SELECT count(*) FROM complaint WHERE merchant = $1", mall.merchant) == 2


async def test_open_complaints_of_one_person_are_limited(mall: Mall) -> None:
    for _ in range(MAX_OPEN_EACH):
        await desk().complain("C1", Subject(merchant=mall.merchant), "other", "虚假宣传")
    with pytest.raises(ComplaintsFull):
        await desk().complain("C1", Subject(merchant=mall.merchant), "other", "虚假宣传")
    await desk().complain("C2", Subject(merchant=mall.merchant), "other", "虚假宣传")


async def test_a_product_is_taken_down_because_of_a_complaint(mall: Mall) -> None:
    number = await desk().complain("C1", Subject(product=mall.product), "false_claim", "产地不实")
    about_merchant = await desk().complain("C1", Subject(merchant=mall.merchant), "other", "服务差")
    with pytest.raises(NoProduct):
        await desk().take_down(about_merchant, None, "产地不实", BY)
    with pytest.raises(NoProduct):
        await desk().take_down(number, "PANOTHER", "产地不实", BY)
    await desk().take_down(number, None, "产地标识不实，整改后重新送审", BY)
    found = await row("SELECT state, delisted_reason FROM product WHERE code = $1", mall.product)
    assert found == {"state": "delisted", "delisted_reason": "产地标识不实，整改后重新送审"}
    steps = (await complaint(number, Reader(merchant=mall.merchant), utc_now())).steps
    assert [step.kind for step in steps] == ["received", "taken_down"]


async def test_what_missed_its_clock_is_listed_and_a_clock_is_dated(mall: Mall) -> None:
    clock = MovingClock(utc_now())
    complaints_desk = desk(clock)
    subject = Subject(merchant=mall.merchant)
    unclocked = await complaints_desk.complain("C1", subject, "other", "没有时限")
    await clocked(complaints_desk)
    with pytest.raises(ClockTaken):
        await clocked(complaints_desk)
    answered = await complaints_desk.complain("C1", subject, "other", "按时回复")
    silent = await complaints_desk.complain("C1", subject, "other", "没有回复")
    await complaints_desk.reply(answered, Reader(), "已收到", BY)

    async def overdue() -> list[str]:
        return [each.number for each in (await complaints(Reader(), None, True, clock(), None, 20))[0]]

    assert await overdue() == []
    clock.forward(timedelta(hours=24, seconds=1))
    assert await overdue() == [silent]
    clock.forward(timedelta(hours=48))
    assert await overdue() == [answered, silent]
    await complaints_desk.close(answered, "已解决", BY)
    assert await overdue() == [silent]
    everything, _ = await complaints(Reader(), None, False, clock(), None, 20)
    assert [each.number for each in everything] == [unclocked, answered, silent]


async def test_every_pair_of_states_moves_as_the_table_says(mall: Mall) -> None:
    number = await desk().complain("C1", Subject(merchant=mall.merchant), "other", "虚假宣传")
    found = await scalar("SELECT id FROM complaint WHERE number = $1", number)
    for source, target in itertools.product(ComplaintState, ComplaintState):
        await execute("UPDATE complaint SET state = $1", source.value)
        if target in COMPLAINT_TRANSITIONS[source]:
            await desk().move(found, target, "test", BY, "")
            assert await scalar("SELECT state FROM complaint") == target
        else:
            with pytest.raises(ComplaintNotMovable):
                await desk().move(found, target, "test", BY, "")
            assert await scalar("SELECT state FROM complaint") == source
    for change in ("UPDATE complaint_step SET text = ''", "DELETE FROM complaint"):
        with pytest.raises(OperationalError):
            await execute(change)


@dataclass
class Line:
    """A line to WeChat Pay that answers as it is told."""

    outcome: Exception | None = None

    async def reply(self, complaint_id: str, mchid: str, text: str, pictures: Sequence[str]) -> None:
        if self.outcome is not None:
            raise self.outcome

    async def history(self, complaint_id: str) -> list[object]:
        return []

    def worded(self, text: str) -> str:
        return text


async def test_every_word_for_wechat_meets_every_answer_as_the_table_says(mall: Mall) -> None:
    """Generated: in each state each answer, and its absence; every step of the table is taken by one."""
    number = await desk().complain("C1", Subject(merchant=mall.merchant), "other", "虚假宣传")
    found = await scalar("SELECT id FROM complaint WHERE number = $1", number)
    await execute(
        "UPDATE complaint SET origin = 'wechat_pay', external_id = 'W1', external_mchid = '1900000001', consumer = NULL"
    )
    answers: dict[str, Exception | None] = {
        "arrived": None, "refused": GatewayRefused("PARAM_ERROR", "示例", status=400),
        "not now": GatewayRefused("FREQUENCY_LIMITED", "示例", status=429), "nothing": GatewayError("示例"),
    }  # fmt: skip
    ends = {"arrived": "sent", "refused": "failed", "not now": "sending", "nothing": "sending"}
    taken = set()
    for state in UtteranceState:
        for event, outcome in answers.items():
            ended = state in (UtteranceState.SENT, UtteranceState.FAILED)
            message = await scalar(
                "INSERT INTO complaint_message (complaint_id, is_completion, text, by, state, attempts,"
                " next_attempt_at, created_at) VALUES ($1, false, '示例回复', $2, $3, 0, $4, now()) RETURNING id",
                found, BY, state.value, None if ended else utc_now() - timedelta(minutes=1),
            )  # fmt: skip
            await ComplaintChannel(Line(outcome), desk(), unused_pictures()).send_due()  # type: ignore[arg-type]
            after = str(await scalar("SELECT state FROM complaint_message WHERE id = $1", message))
            assert after == (state.value if ended else ends[event]), (state, event)
            if not ended:
                taken |= {(state.value, "sending"), ("sending", after)}
    assert taken == {(state.value, to.value) for state, after in UTTERANCE_TRANSITIONS.items() for to in after}


def test_an_entry_carries_its_order_and_cannot_be_made_up() -> None:
    clock = MovingClock(utc_now())
    entries = ServiceEntries("s" * 32, clock)
    entry, until = entries.sign("20261126ORDER", "C1")
    assert (entries.read(entry).order, entries.read(entry).consumer) == ("20261126ORDER", "C1")
    body, _, mac = entry.partition(".")
    for forged in (f"{body[:-2]}5d.{mac[::-1]}", f"{body}00.{mac}", "00." + "0" * 64, entry[:-1], "x"):
        with pytest.raises(EntryInvalid):
            entries.read(forged)
    with pytest.raises(EntryInvalid):
        ServiceEntries("t" * 32, clock).read(entry)
    clock.forward(until - clock() + timedelta(seconds=1))
    assert timedelta(hours=24) == GOOD_FOR
    with pytest.raises(EntryInvalid):
        entries.read(entry)


# With the sandbox: real signatures both ways.


@pytest_asyncio.fixture
async def wired(live_shop: Shop) -> AsyncIterator[tuple[Shop, ComplaintChannel]]:
    adapter = WeChatPayComplaints(live_shop.gateway.configuration, live_shop.gateway.http)
    yield live_shop, ComplaintChannel(adapter, desk(), unused_pictures())


async def paid(shop: Shop) -> tuple[str, str]:
    """A paid order; answers its reference and the channel's number."""
    reference = await shop.open(11970)
    await pay(shop, reference)
    await until(lambda: is_in(shop, reference, PaymentState.SUCCEEDED))
    return reference, (await shop.row(reference))["number"]


async def number_of(reference: str) -> str:
    return str(await scalar("SELECT number FROM complaint WHERE order_number = $1", reference))


async def test_a_complaint_at_wechat_is_taken_over_answered_and_completed(wired: tuple[Shop, ComplaintChannel]) -> None:
    shop, chan = wired
    reference, payment = await paid(shop)
    told = shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="没有收到货", phone="19900000007")
    assert await chan.fetch() >= 1
    assert await chan.fetch() == 0
    number = await number_of(reference)
    found = await complaint(number, Reader(merchant="M1"), utc_now())
    assert (found.detail, found.amount_fen, found.state) == ("没有收到货", 11970, "received")
    assert found.reply_due_at == datetime.fromisoformat(told["at"]).replace(microsecond=0) + timedelta(hours=24)
    sealed = await scalar("SELECT phone_cipher FROM complaint WHERE number = $1", number)
    assert b"19900000007" not in bytes(sealed)
    assert throwaway_cipher().decrypt(bytes(sealed), f"complaint|phone|{number}") == "19900000007"
    await chan.complaints.reply(number, Reader(merchant="M1"), "今天为您补发 🍵", "staff:clerk")
    assert (await complaint(number, Reader(), utc_now())).state == "received", "until it has arrived"
    assert await chan.send_due() == 1
    assert (await complaint(number, Reader(), utc_now())).state == "answered"
    await chan.complaints.close(number, "已补发", BY)
    assert await chan.send_due() == 1
    closed = await complaint(number, Reader(), utc_now())
    assert (closed.state, closed.unsent) == ("closed", None)
    assert [step.kind for step in closed.steps] == ["received", "replied", "closed"]
    history = await chan.desk.history(told["complaint_id"])
    assert [step.kind for step in history] == [
        "MERCHANT_CONFIRM_COMPLETE", "MERCHANT_RESPONSE", "USER_CREATE_COMPLAINT",
    ]  # fmt: skip
    shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="还是没有收到")
    assert await chan.fetch() == 1
    again = await complaint(number, Reader(), utc_now())
    assert (again.state, again.steps[-1].kind, again.steps[-1].text) == ("received", "again", "还是没有收到")


async def test_a_reply_whose_answer_was_lost_is_not_said_twice(wired: tuple[Shop, ComplaintChannel]) -> None:
    """Fails when the negotiation history is not asked before a second attempt, or for our words not WeChat's: tried."""
    shop, chan = wired
    reference, payment = await paid(shop)
    told = shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="没有收到货")
    await chan.fetch()
    number = await number_of(reference)
    await chan.complaints.reply(number, Reader(), "今天为您补发 🍵\n谢谢", BY)
    shop.sandbox.fault("complaint.respond", "answer", status=500, when="after")
    assert await chan.send_due() == 0
    assert (await complaint(number, Reader(), utc_now())).unsent == "sending"
    assert await chan.send_due() == 0, "claimed for a minute"
    later = replace(chan, clock=lambda: utc_now() + timedelta(minutes=2))
    assert await later.send_due() == 1
    said = [step for step in await chan.desk.history(told["complaint_id"]) if step.kind == "MERCHANT_RESPONSE"]
    assert len(said) == 1
    assert (await complaint(number, Reader(), utc_now())).state == "answered"


async def test_a_message_is_claimed_when_its_turn_comes(wired: tuple[Shop, ComplaintChannel]) -> None:
    """However long the calls before it take. Fails when all that is due is claimed at once: tried."""
    shop, chan = wired
    for _ in range(2):
        reference, payment = await paid(shop)
        shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="没有收到货")
        await chan.fetch()
        await chan.complaints.reply(await number_of(reference), Reader(), "今天为您补发", BY)
    told: list[list[str]] = []

    @dataclass(frozen=True)
    class Slow(WeChatPayComplaints):
        async def reply(self, complaint_id: str, mchid: str, text: str, pictures: Sequence[str]) -> None:
            found = await rows("SELECT state FROM complaint_message ORDER BY id")
            told.append([each["state"] for each in found])

    assert isinstance(chan.desk, WeChatPayComplaints)
    slow = Slow(chan.desk.configuration, chan.desk.http)
    assert await replace(chan, desk=slow).send_due() == 2
    assert told == [["sending", "waiting"], ["sent", "sending"]]


async def test_a_word_that_wechat_refuses_is_seen_and_not_repeated(wired: tuple[Shop, ComplaintChannel]) -> None:
    shop, chan = wired
    reference, payment = await paid(shop)
    shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="没有收到货")
    await chan.fetch()
    number = await number_of(reference)
    await execute("UPDATE complaint SET external_mchid = '1900000999'")
    await chan.complaints.reply(number, Reader(), "今天为您补发", BY)
    assert await chan.send_due() == 0
    found = await complaint(number, Reader(), utc_now())
    assert (found.state, found.unsent, found.steps[-1].kind, found.steps[-1].text) == (
        "received", "failed", "not_sent", "NO_AUTH",
    )  # fmt: skip
    assert await chan.send_due() == 0


async def test_a_notice_brings_the_complaint_and_a_forged_one_nothing(wired: tuple[Shop, ComplaintChannel]) -> None:
    shop, chan = wired
    reference, payment = await paid(shop)
    told = shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="没有收到货")
    resource = {"complaint_id": told["complaint_id"], "action_type": "CREATE_COMPLAINT"}
    raw = channel.notice_body(resource, event="COMPLAINT.CREATE")
    with pytest.raises(NoticeNotAuthentic):
        await chan.receive(channel.signed_headers(raw, key="somebody"), raw)
    assert await rows("SELECT 1 FROM complaint") == []
    assert await chan.receive(channel.signed_headers(raw), raw)
    assert not await chan.receive(channel.signed_headers(raw), raw)
    assert await number_of(reference) != "None"
    other = channel.notice_body({"out_trade_no": payment}, event="TRANSACTION.SUCCESS")
    assert not await chan.receive(channel.signed_headers(other), other)
