"""From a fact about an order to a message on a phone: once, with a consent, and never twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from redis import Redis as BlockingRedis

from accounts.consents import Consents
from accounts.models import ConsumerAccount
from accounts.own_data_models import DocumentKind
from integrations.wechat.background import BackgroundClient
from integrations.wechat.subscribe import LIMITS, WeChatSubscribeSender, fit
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from kit.money import yuan
from kit.numbers import public_number
from messages.errors import TemplateFieldsInvalid
from messages.events import SubscriptionAnswered
from messages.models import MESSAGE_TRANSITIONS, MessageMoment, MessageState
from messages.outgoing import Outgoing, TemplateRecord
from messages.ports import NotSentNow, NotWanted, SendRefused
from orders.cases.money import is_late_money, late_refund_reference, refund_reference
from orders.events import LineRefunded
from orders.pickups import Pickups
from orders.quotes import Expectation
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from scripts.wechat_sandbox.content_checks import check_value
from tests.integrations.conftest import wechat
from tests.orders.mall import CheckoutLine, Mall, facts, openid_of, settings_for
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox
from tests.products.shelf import TOWNSHIP
from tests.statements import counted_statements

__all__ = ["wechat"]
FIELDS = {"character_string1": "number", "thing2": "goods", "thing3": "carrier", "character_string4": "waybill"}
TEMPLATE = "T-shipped"


@dataclass
class Phone:
    """Plays WeChat where a failure has to be certain; what has arrived is in ``heard``."""

    heard: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    failing: Exception | None = None

    async def send(self, openid: str, template: str, page: str, values: Mapping[str, str]) -> None:
        await asyncio.sleep(0)
        if self.failing is not None:
            raise self.failing
        self.heard.append((openid, template, page, dict(values)))


@dataclass
class Post:
    """A mall whose messages go to a phone in the test."""

    mall: Mall
    phone: Phone

    @property
    def outgoing(self) -> Outgoing:
        return self.mall.built.outgoing

    async def consent(self, times: int = 1, template: str = TEMPLATE) -> None:
        answer = SubscriptionAnswered(openid=openid_of("C1"), template=template, accepted=True, is_popup=True)
        for _ in range(times):
            await self.outgoing.record_answer(answer)

    async def left(self) -> int:
        return int(await scalar('SELECT COALESCE(sum("left"), 0)::int FROM message_consent'))

    async def ship(self) -> str:
        order = await self.mall.place(2)
        await self.mall.bring_to("shipped", order)
        await self.mall.deliver()
        return order.number

    async def state(self, reference: str) -> str:
        return str(await scalar("SELECT state FROM subscribe_message WHERE reference = $1", reference))


async def coupons_ending(post: Post, count: int) -> None:
    """So many claimed coupons of the one consumer that end at one moment."""
    now = post.mall.watch()
    await execute(
        "WITH campaign AS (INSERT INTO coupon_campaign (number, title, threshold_fen, off_fen, off_bp, cap_fen,"
        " quantity, claimed, per_person, claim_from, claim_until, use_from, use_until, merchant_bears_bp, budget_fen,"
        " source_document, state, created_at, created_by, moved_at, moved_by) VALUES ('G1', '满减', 2000, 500, 0, 500,"
        " 5000, 5000, 1, $1, $2, $1, $2, 0, 2500000, '文件', 'running', $1, 'staff:U1', $1, 'staff:U1') RETURNING id)"
        " INSERT INTO coupon (number, campaign_id, owner, ordinal, state, use_until, claimed_at)"
        " SELECT 'K' || n, campaign.id, 'C1', n, 'claimed', $2, $1 FROM campaign, generate_series(1, $3::int) n",
        now,
        now + timedelta(hours=20),
        count,
    )


@pytest_asyncio.fixture
async def post(database: str, tmp_path: Path) -> AsyncIterator[Post]:
    mall = Mall(settings_for(tmp_path, database))
    await mall.open(stock=1000)
    phone = Phone()
    object.__setattr__(mall.built.outgoing, "sender", phone)
    for service in (mall.built.outgoing, mall.built.mall.notifications):
        object.__setattr__(service, "clock", mall.watch)
    await ConsumerAccount.create(
        number="C1", appid=APPID, openid=openid_of("C1"), created_at=utc_now(), last_login_at=utc_now()
    )
    shipped = TemplateRecord(MessageMoment.ORDER_SHIPPED, TEMPLATE, "pages/order/show?order={reference}", FIELDS, True)
    await mall.built.outgoing.set_template(shipped, "staff:U1")
    yield Post(mall, phone)
    await mall.built.stop()


async def test_a_shipped_order_is_told_once_to_who_agreed(post: Post) -> None:
    await post.consent()
    number = await post.ship()
    assert sum(await asyncio.gather(*(post.outgoing.send_due() for _ in range(4)))) == 1
    ((openid, template, page, values),) = post.phone.heard
    assert (openid, template, page) == (openid_of("C1"), TEMPLATE, f"pages/order/show?order={number}")
    assert values["character_string1"] == number
    assert set(values) == set(FIELDS)
    assert (await post.state(number), await post.left()) == ("sent", 0)
    await post.mall.built.mall.notifications.shipped(number, "YTO", "YT1", utc_now())
    assert await post.outgoing.send_due() == 0, "a fact that is delivered again is the same message"


async def test_a_parcel_at_a_station_is_told_and_told_again_without_its_code(post: Post) -> None:
    await Places().enter_site("S1", "示例自提站", SiteKind.LOGISTICS, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    mall = post.mall
    told = {"character_string1": "number", "thing2": "place", "time3": "at"}
    for moment, template in ((MessageMoment.PICKUP_READY, "T-ready"), (MessageMoment.PICKUP_REMINDED, "T-waits")):
        await post.outgoing.set_template(TemplateRecord(moment, template, "pages/pickup", told, True), "staff:U1")
        await post.consent(template=template)
    placed = await mall.checkout.place(
        "C1", openid_of("C1"), [CheckoutLine(mall.skus[0], 1)], (),
        await mall.checkout.fetching("S1", "示例收货人", "19900000001"), Expectation(),
    )  # fmt: skip
    (order,) = placed.orders
    await mall.bring_to("packed", order)
    pickups = Pickups(mall.cipher, mall.watch)
    await pickups.arrive(("merchant", mall.merchant), order.number, "staff:clerk")
    mall.watch.forward(days=30)
    await pickups.remind_due()
    await mall.deliver()
    while await post.outgoing.send_due():
        pass
    assert [template for _, template, _, _ in post.phone.heard] == ["T-ready", "T-waits"]
    for _, _, _, values in post.phone.heard:
        assert (values["character_string1"], values["thing2"]) == (order.number, "示例自提站")


async def test_without_a_consent_or_a_template_nothing_is_sent(post: Post) -> None:
    number = await post.ship()
    await post.outgoing.send_due()
    await post.consent()
    await execute("UPDATE message_template SET active = false")
    other = await post.ship()
    await post.outgoing.send_due()
    assert (await post.state(number), await post.state(other)) == ("unwanted", "unwanted")
    assert (post.phone.heard, await post.left()) == ([], 1)


async def test_one_accept_is_one_message_and_turning_off_is_none(post: Post) -> None:
    await post.consent(2)
    for _ in range(3):
        await post.ship()
    while await post.outgoing.send_due():
        pass
    assert len(post.phone.heard) == 2
    await post.consent(3)
    off = SubscriptionAnswered(openid=openid_of("C1"), template=TEMPLATE, accepted=False, is_popup=False)
    popup = SubscriptionAnswered(openid=openid_of("C1"), template=TEMPLATE, accepted=False, is_popup=True)
    await post.outgoing.record_answer(popup)
    assert await post.left() == 3, "a no to one question takes nothing back"
    await post.outgoing.record_answer(off)
    assert await post.left() == 0
    await post.consent(200)
    assert await post.left() == 100


@pytest.mark.parametrize(
    ("failure", "state", "left"),
    [(NotWanted(), "unwanted", 0), (SendRefused(40037), "refused", 2), (NotSentNow(), "waiting", 3)],
)
async def test_what_wechat_says_decides(post: Post, failure: Exception, state: str, left: int) -> None:
    await post.consent(3)
    number = await post.ship()
    post.phone.failing = failure
    await post.outgoing.send_due()
    assert (await post.state(number), await post.left()) == (state, left)


async def test_an_outage_is_tried_again_and_an_unknown_outcome_is_not(post: Post) -> None:
    await post.consent(5)
    number = await post.ship()
    post.phone.failing = NotSentNow()
    for _ in range(5):
        assert await post.outgoing.send_due() == 1
        assert await post.outgoing.send_due() == 0
        post.mall.watch.forward(minutes=3)
    assert await post.state(number) == "unknown"
    lost = await post.ship()
    post.phone.failing = RuntimeError("the worker dies in the call")
    with pytest.raises(RuntimeError):
        await post.outgoing.send_due()
    post.phone.failing = None
    assert (await post.state(lost), await post.outgoing.send_due()) == ("sending", 0)
    assert await post.outgoing.give_up() == 0
    post.mall.watch.forward(minutes=6)
    assert await post.outgoing.give_up() == 1
    assert await post.outgoing.send_due() == 0
    assert (await post.state(lost), post.phone.heard) == ("unknown", [])


async def test_refunds_orders_that_close_soon_and_coupons_that_end(post: Post) -> None:
    order = await post.mall.place(1)
    assert await post.mall.built.mall.notifications.note_expiring_orders() == 0
    expires_at = await scalar("SELECT expires_at FROM customer_order WHERE number = $1", order.number)
    post.mall.watch.ahead = expires_at - utc_now() - (expires_at - expires_at)
    post.mall.watch.forward(minutes=-5)
    assert await post.mall.built.mall.notifications.note_expiring_orders() == 1
    assert await post.mall.built.mall.notifications.note_expiring_orders() == 1
    paid = await post.mall.place(1)
    await post.mall.bring_to("received", paid)
    await post.mall.refund(paid, 0, 1)
    await post.mall.deliver()
    told = await rows("SELECT moment, reference, contents::text AS c FROM subscribe_message ORDER BY id")
    moments = [t["moment"] for t in told]
    assert moments.count("order_expiring") == 1
    assert moments.count("refund_arrived") == 1
    assert all(name in ("order_expiring", "refund_arrived", "order_shipped") for name in moments)


async def test_a_refund_of_several_lines_is_told_once_with_all_its_money(post: Post) -> None:
    """Fails when the message is made of the first line's refund: tried."""
    _, (other,) = await post.mall.another_product()
    order = await post.mall.place(lines=[CheckoutLine(post.mall.skus[0], 1), CheckoutLine(other, 2)])
    await post.mall.pay(order.number)
    case = await post.mall.after_sales.cancel("C1", order.number, "不想要了")
    await post.mall.after_sales.approve(post.mall.merchant, case, "staff:clerk")
    await post.mall.receive_notice(await post.mall.refund_notice(case))
    assert len(await facts(LineRefunded)) == 2
    told = await rows("SELECT reference, contents->>'amount' AS amount FROM subscribe_message"
                      " WHERE moment = 'refund_arrived'")  # fmt: skip
    assert told == [{"reference": case, "amount": yuan(order.amount_fen)}]


async def test_late_money_that_has_gone_back_leads_to_its_order(post: Post) -> None:
    """It has no case. Fails when it is told as a case's refund: tried; the page was that of a case ``<order>L``."""
    mall = post.mall
    told = {"character_string1": "number", "amount2": "amount"}
    for moment in (MessageMoment.REFUND_ARRIVED, MessageMoment.LATE_MONEY_RETURNED):
        page = f"pages/{moment.value}?number={{reference}}"
        await post.outgoing.set_template(TemplateRecord(moment, "T-refund", page, told, True), "staff:U1")
    await post.consent(template="T-refund")
    late = await mall.place(600)
    await mall.expire()
    await mall.place(500, consumer="C2")
    await mall.pay(late.number)
    for attempt, status in ((1, "CLOSED"), (2, "SUCCESS")):
        refund = late_refund_reference(late.number, attempt)
        await mall.receive_notice(await mall.refund_notice(refund, status))
        if status == "CLOSED":
            await mall.built.mall.order_life.give_back_again(late.number)
    await mall.deliver()
    await post.outgoing.send_due()
    ((_, _, page, values),) = post.phone.heard
    assert page == f"pages/late_money_returned?number={late.number}"
    assert values == {"character_string1": late.number, "amount2": yuan(late.amount_fen)}


def test_no_public_number_is_taken_for_a_refund_of_late_money() -> None:
    for prefix in ("", "R", "T", "L"):
        number = public_number(utc_now(), prefix)
        assert not number.endswith("L")
        assert not is_late_money(number, number)
        assert not is_late_money(number, refund_reference(number, 2))
        assert is_late_money(number, late_refund_reference(number, 1))
        assert is_late_money(number, late_refund_reference(number, 12))


async def test_every_coupon_that_ends_within_a_day_is_told_of_however_many_there_are(post: Post) -> None:
    """Fails when the sweep reads the first five hundred again and again: tried."""
    await coupons_ending(post, 1001)
    await Consents(post.mall.watch).switch("C1", DocumentKind.MARKETING, on=True)
    notifications = post.mall.built.mall.notifications
    with counted_statements() as sent:
        assert await notifications.note_ending_coupons() == 1001
    assert len(sent) <= 13
    assert await notifications.note_ending_coupons() == 1001
    assert await scalar("SELECT count(*) FROM subscribe_message WHERE moment = 'coupon_expiring'") == 1001


async def test_a_coupon_that_ends_is_told_once_to_who_wants_marketing(post: Post) -> None:
    """Fails when the switch is not asked: tried."""
    notifications, consents = post.mall.built.mall.notifications, Consents(post.mall.watch)
    ending = TemplateRecord(
        MessageMoment.COUPON_EXPIRING, "T-COUPON", "pages/coupon/list", {"thing1": "goods", "time2": "at"}, True
    )
    await post.outgoing.set_template(ending, "staff:U1")
    await post.consent(3, "T-COUPON")
    await coupons_ending(post, 1)
    for switch in (None, True, False):
        if switch is not None:
            await consents.switch("C1", DocumentKind.MARKETING, on=switch)
        await execute("DELETE FROM subscribe_message")
        assert await notifications.note_ending_coupons() == 1
        assert await notifications.note_ending_coupons() == 1
        waiting = await rows("SELECT reference, openid FROM subscribe_message WHERE moment = 'coupon_expiring'")
        assert waiting == ([{"reference": "K1", "openid": openid_of("C1")}] if switch else []), switch
        if switch:
            assert await post.outgoing.send_due() == 1
    ((openid, template, page, values),) = post.phone.heard
    assert (openid, template, page) == (openid_of("C1"), "T-COUPON", "pages/coupon/list")
    assert values["thing1"] == "满减"
    assert set(values) == {"thing1", "time2"}


async def test_a_template_names_wechats_fields_and_our_values(post: Post) -> None:
    for fields in ({"thing1": "household"}, {"thing": "goods"}, {"thing1'": "goods"}, {}):
        wrong = TemplateRecord(MessageMoment.ORDER_SHIPPED, "T", "pages/a", fields, True)
        with pytest.raises(TemplateFieldsInvalid):
            await post.outgoing.set_template(wrong, "staff:U1")


async def test_every_message_state_meets_every_event_as_the_table_says(post: Post) -> None:
    """Generated: what a worker does with each outcome, in each state; every step of the table is taken by one."""
    wanted: dict[str, tuple[Exception | None, int]] = {
        "sent": (None, 1), "no consent": (None, 0), "turned off": (NotWanted(), 1), "refused": (SendRefused(40037), 1),
        "not now": (NotSentNow(), 1), "dies": (KeyError("the worker dies in the call"), 1),
        "nobody comes back": (None, 0),
    }  # fmt: skip
    leads = {
        ("waiting", "sent"): "sent", ("waiting", "no consent"): "unwanted", ("waiting", "turned off"): "unwanted",
        ("waiting", "refused"): "refused", ("waiting", "not now"): "waiting", ("waiting", "dies"): "sending",
        ("sending", "nobody comes back"): "unknown",
    }  # fmt: skip
    number = await post.ship()
    taken = set()
    for state in MessageState:
        for event, (failure, consents) in wanted.items():
            await execute("DELETE FROM message_consent")
            await execute(
                "UPDATE subscribe_message SET state = $1, attempts = 0, next_attempt_at = $2",
                state.value,
                post.mall.watch() - timedelta(minutes=1),
            )
            await post.consent(consents)
            post.phone.failing = failure
            if event == "nobody comes back":
                await post.outgoing.give_up()
            else:
                with contextlib.suppress(KeyError):
                    await post.outgoing.send_due()
            after = await post.state(number)
            assert after == leads.get((state.value, event), state.value), (state, event)
            if state is MessageState.WAITING and event != "no consent":
                taken |= {("waiting", "sending"), ("sending", after)} - {("sending", "sending")}
            elif after != state:
                taken.add((state.value, after))
    assert taken == {(before.value, to.value) for before, after in MESSAGE_TRANSITIONS.items() for to in after}


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("value", ["", "短", "很长的商品名称" * 9, "YT123", "119.70", "a\n b", "1" * 90, "顺丰 SF"])
def test_every_value_fits_wechats_limits(kind: str, value: str) -> None:
    if kind == "number" and not value.replace(".", "").isdigit():
        return
    check_value(f"{kind}1", fit(f"{kind}1", value))


async def test_wechat_takes_what_we_send(wechat: Sandbox) -> None:
    wechat.control("DELETE", "/faults")
    openid = wechat.person()
    client = BackgroundClient(
        APPID, APP_SECRET, base=wechat.base, redis=BlockingRedis.from_url("redis://127.0.0.1:1/0")
    )
    sender = WeChatSubscribeSender(client, "trial")
    values = {"thing1": "示例商品" * 10, "character_string2": "20261126ABC", "phrase3": "已发货"}
    with pytest.raises(NotWanted):
        await sender.send(openid, "T1", "pages/order/show", values)
    wechat.control("POST", "/subscriptions", openid=openid, template_id="T1", count=1)
    await sender.send(openid, "T1", "pages/order/show", values)
    (arrived,) = wechat.control("GET", f"/messages?openid={openid}")["messages"]
    assert arrived["values"]["phrase3"] == "已发货"
    with pytest.raises(SendRefused) as refused:
        await sender.send(openid, "T1", "/wrong", values)
    assert refused.value.errcode == 41030
    wechat.fault("message.subscribe", "answer", code="-1", message="busy")
    with pytest.raises(NotSentNow):
        await sender.send(openid, "T1", "pages/order/show", values)
