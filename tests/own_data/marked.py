"""A consumer of whom the house knows something in every place, each with a mark of its own."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from accounts.actors import Consumer
from accounts.closures import Closures
from accounts.consents import Consents
from accounts.exports import Exports
from accounts.own_data_models import DocumentKind
from accounts.service import AccessLogs, ConsumerLogin, Sessions
from content.texts import Texts
from county.complaints.models import Complaint, ComplaintState, ComplaintStep, Origin
from county.complaints.pictures import ComplaintPictures, note_pictures
from county.complaints.ports import ComplaintDesk
from kit import idempotency
from kit.clock import utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.outbox import announce
from live.models import FeedMessage, LiveSession, SessionState
from live.reports.models import ReportReason
from live.reports.service import RoomReports, Seen
from live.talk.models import RestrictionKind, RoomRestriction
from logistics.addresses import Address
from messages.events import ServiceEntered
from messages.models import MessageConsent, MessageMoment, MessageState, PushedEvent, SubscribeMessage
from orders.carts import Carts
from orders.cases.models import CaseKind, Cause
from orders.placements import Delivery, PlacedOrder
from orders.quotes import CheckoutLine, Expectation
from promotions.coupons import Coupons
from reviews.service import Said
from server.own_records import parts_of
from tests.accounts.people import SomeoneElsesPhone
from tests.content.paint import paint
from tests.orders.mall import Mall
from tests.payments import channel
from tests.promotions.shop import claimed_coupon

OPENID, UNIONID, PHONE = "openid-mark-7f3a", "unionid-mark-7f3a", "+8619900007731"
BOOK = Address(
    recipient="示例簿记人", phone="19900007732", region="533124", region_name="示例区名标记", street="示例街标记 1 号"
)
DELIVERY = Delivery("示例收件标记", "19900007733", "533124", "示例门牌标记 2 号")
CLAIM, WITHDRAWN_WORDS, REVIEW, CHAT, ANSWER = (
    "示例诉求标记",
    "示例申诉标记",
    "示例评价标记",
    "示例弹幕标记",
    "示例应答标记",
)
COMPLAINED, SAID_AGAIN, COMPLAINED_PHONE = "示例投诉标记", "示例追诉标记", "19900007734"
MESSAGE = "示例通知标记"
REPORTED = "示例举报标记"
ATTRIBUTION = "attribution-mark-7f3a"
STAFF_WORDS = {"示例作废缘由", "示例审核缘由"}
"""What staff has typed about the consumer's things."""
IN_EXPORT = {
    "accounts": (OPENID, UNIONID, PHONE),
    "logistics": (BOOK.recipient, BOOK.phone, BOOK.region_name, BOOK.street),
    "orders": (DELIVERY.recipient, DELIVERY.phone, DELIVERY.address, CLAIM, WITHDRAWN_WORDS),
    "reviews": (REVIEW,),
    "content": (REVIEW,),
    "county": (COMPLAINED, SAID_AGAIN, COMPLAINED_PHONE),
    "live": (CHAT, REPORTED),
    "messages": (MESSAGE,),
}
"""Room -> marks that its part of the export holds."""
MARKS = {mark for marks in IN_EXPORT.values() for mark in marks} | {ANSWER, ATTRIBUTION} | STAFF_WORDS
PUBLISHED = {("review", REVIEW), ("content_text", REVIEW)}
"""What stays: the words of a review, under no name (e-commerce law, article 39)."""


class Showing:
    """WeChat Pay, which has a picture."""

    async def picture(self, url: str) -> bytes:
        return paint("PNG", (40, 30), colour=(50, 9, 9))


@dataclass
class Marked:
    """The consumer, and the services of own data on the mall's clock."""

    mall: Mall
    consumer: Consumer = field(init=False)
    order: PlacedOrder = field(init=False)

    def __post_init__(self) -> None:
        watch = self.mall.watch
        self.parts = parts_of(self.mall.cipher, self.mall.addresses)
        self.login = ConsumerLogin(
            SomeoneElsesPhone(lambda _: UNIONID), self.mall.cipher, Sessions(watch), channel.APPID, watch
        )
        self.closures = Closures(self.parts, timedelta(days=7), watch)
        self.exports = Exports(self.parts, AccessLogs(watch), 3, watch)
        self.logins = 0

    async def log_in(self, openid: str = OPENID) -> Consumer:
        """Log in, and be resolved as at a door."""
        self.logins += 1
        opened, _ = await self.login.log_in(f"login-{openid}#{self.logins}")
        actor = await self.login.sessions.resolve(opened.token)
        assert isinstance(actor, Consumer)
        return actor

    async def live_through_everything(self) -> None:
        """Leave a mark in every room; the order is received and its case is over, but it is not earned."""
        me = self.consumer = await self.log_in()
        await self.login.bind_phone(me, f"phone-{PHONE}")
        await self.mall.addresses.add(me.number, BOOK)
        await Consents(self.mall.watch).switch(me.number, DocumentKind.MARKETING, on=True)
        await Carts(self.mall.watch).add(me.number, self.mall.skus[0], 1, ATTRIBUTION)
        _, (sku,) = await self.mall.another_product()
        trade = await self.mall.checkout.place(
            me.number, me.openid, [CheckoutLine(sku, 2)], [], DELIVERY, Expectation()
        )
        (self.order,) = trade.orders
        await self.mall.bring_to("received", self.order)
        await self._complain()
        await self._complain_at_wechat_pay()
        await self._write_and_show()
        await claimed_coupon(me.number)
        taken_away, decided = sorted(STAFF_WORDS)
        await Coupons(self.mall.watch).void(None, await claimed_coupon(me.number), taken_away)
        await Texts(self.mall.watch).decide(
            str(await scalar("SELECT number FROM content_text WHERE subject LIKE 'review:%'")), True, "staff:o", decided
        )
        await self._leave_traces()

    async def _complain(self) -> None:
        me, after_sales, line = self.consumer, self.mall.after_sales, self.order.lines[0].reference
        shown = await self._picture("after_sales", 10)
        case = await after_sales.request(
            me.number, self.order.number, line, 1, CLAIM, kind=CaseKind.REFUND_ONLY, cause=Cause.DAMAGED,
            pictures=[shown],
        )  # fmt: skip
        await after_sales.refuse(self.mall.merchant, case, "示例拒绝", "staff:clerk")
        await after_sales.escalate(me.number, case, WITHDRAWN_WORDS)
        await after_sales.withdraw(me.number, case)

    async def _complain_at_wechat_pay(self) -> None:
        """Without a word and without a phone number, but with a picture."""
        now = self.mall.watch()
        complaint = await Complaint.create(
            number="CPW1", origin=Origin.WECHAT_PAY, external_id="example", order_number=self.order.number,
            problem="其他", detail="", state=ComplaintState.CLOSED, complained_at=now, closed_at=now,
        )  # fmt: skip
        async with transaction():
            await note_pictures(complaint.id, ["https://example.invalid/1"], now)
        assert (
            await ComplaintPictures(
                cast("ComplaintDesk", Showing()), self.mall.built.pictures, self.mall.watch
            ).fetch_due()
            == 1
        )

    async def _write_and_show(self) -> None:
        me = self.consumer
        await self._picture("review", 30)
        said = Said(REVIEW, (await self._picture("review", 20),))
        await self.mall.built.mall.reviews.write(me.number, me.openid, self.order.lines[0].reference, 5, said, False)

    async def _picture(self, purpose: str, shade: int) -> str:
        raw = paint("PNG", (40, 30), colour=(shade, shade, 9))
        return (await self.mall.built.pictures.take(raw, self.consumer.caller, purpose, self.consumer.openid)).number

    async def _leave_traces(self) -> None:
        me, now = self.consumer, utc_now()
        session = await LiveSession.create(
            number="L1", title="示例场次", host="staff:1", merchant=self.mall.merchant, state=SessionState.LIVE,
            planned_at=now, stream="s1", epoch="e1", created_at=now,
        )  # fmt: skip
        await FeedMessage.create(
            session=session, offset=1, kind="chat", payload={"name": "示例昵称", "text": CHAT}, author=me.caller,
            client_key="k1", created_at=now,  # pragma: allowlist secret
        )  # fmt: skip
        async with transaction():
            await Texts().hold("chat:L1:1", CHAT, me.openid)
        await RoomRestriction.create(
            session=session, author=me.caller, viewer="0" * 26, kind=RestrictionKind.BAN, noted_at=now
        )
        await RoomReports().report(me.number, session.number, ReportReason.OTHER, REPORTED, Seen())
        await PushedEvent.create(
            key="k", sender=me.openid, kind="event", event="user_enter", subject=me.openid, members={}, received_at=now
        )
        await MessageConsent.create(openid=me.openid, template="t", left=1)
        await SubscribeMessage.create(
            moment=MessageMoment.ORDER_SHIPPED, reference="r", openid=me.openid, contents={"order": MESSAGE},
            state=MessageState.WAITING, next_attempt_at=now, noted_at=now,
        )  # fmt: skip
        number, phone = "ZMARK1", COMPLAINED_PHONE
        complaint = await Complaint.create(
            number=number, origin=Origin.MINIAPP, consumer=me.number, order_number=self.order.number, problem="other",
            detail=COMPLAINED, phone_cipher=self.mall.cipher.encrypt(phone, f"complaint|phone|{number}"),
            state=ComplaintState.CLOSED, complained_at=now, closed_at=now,
        )  # fmt: skip
        await ComplaintStep.create(complaint=complaint, kind="buyer", at=now, by=me.caller, text=SAID_AGAIN)
        async with transaction():
            await announce(ServiceEntered(openid=me.openid, kind="text", path="", order=""))
            claimed = await idempotency.claim(me.caller, "/v1/x", "key", b"{}")
            await idempotency.settle(claimed, 201, ANSWER.encode())

    async def end_the_order(self) -> None:
        """Tell WeChat what it is owed, by decree, and let the after-sales window pass."""
        await execute("UPDATE shipping_report SET state = 'sent', told = wanted")
        self.mall.watch.forward(days=400)
        await self.mall.life.earn_due()
        await self.mall.deliver()


async def secrets_of(consumer: str) -> set[str]:
    """The ciphertexts that stand for a consumer now, in hex."""
    account = await row("SELECT phone_cipher, phone_index FROM consumer_account WHERE number = $1", consumer)
    assert account is not None
    found = [*account.values()]
    for table, owner in (("delivery_address", "owner"), ("customer_order", "consumer")):
        for each in await rows(f"SELECT to_jsonb(t)::text AS r FROM {table} t WHERE {owner} = $1", consumer):
            members = json.loads(each["r"])
            names = ("recipient", "phone", "street") if table == "delivery_address" else ("delivery",)
            found += [bytes.fromhex(members[name].removeprefix("\\x")) for name in names]
    found += [
        each["phone_cipher"] for each in await rows("SELECT phone_cipher FROM complaint WHERE phone_cipher IS NOT NULL")
    ]
    found += [each["body"] for each in await rows("SELECT body FROM payment_notice")]
    return {bytes(secret).hex() for secret in found}


async def where_it_stands(marks: set[str]) -> set[tuple[str, str]]:
    """(table, mark) for every table of the database in whose rows a mark, or its bytes in hex, still stands."""
    found = set()
    for table in await rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        name = table["tablename"]
        standing = await rows(
            "SELECT m.mark FROM unnest($1::text[], $2::text[]) AS m(mark, digits) WHERE EXISTS (SELECT 1"
            f' FROM "{name}" t WHERE position(m.mark IN t::text) > 0 OR position(m.digits IN t::text) > 0)',
            list(marks),
            [mark.encode().hex() for mark in marks],
        )
        found |= {(name, each["mark"]) for each in standing}
    return found
