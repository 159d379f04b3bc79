"""A small mall on a running system, people who buy in every way there is, and what must be true when they are done.

Everybody acts over HTTP with keys and repeats what broke, as the mini-program does; only the people, the goods and the
judgement at the end come straight from the database.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from tortoise.context import TortoiseContext

from accounts.models import ConsumerAccount, RoleGrant, StaffAccount
from accounts.roles import SCOPE_OF_ROLE, Role
from accounts.service import Sessions
from kit.clock import CHINA, utc_now
from kit.database import row, rows, scalar
from kit.numbers import public_number
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.reconciliation import reconciliation
from products.calendars import calendar_differences
from products.drafts import SkuDraft
from products.group_offers import GroupOffers, GroupPromise
from products.marks import Marks
from products.offers import Offers, OfferTerms
from products.queries import stock_differences
from products.quotas import quota_differences
from products.service import SalePolicies
from products.terms import AfterSalesTerms
from promotions.coupons import Coupons
from promotions.queries import campaign_result
from scripts.local_stack.stack import LocalStack
from scripts.purchase_story.cast import Client, Refused
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.products.shelf import TOWNSHIP, approved_merchant, draft_of, listed_product, open_county
from tests.products.test_mark_quotas import SPAN
from tests.promotions.shop import running_campaign

DELIVERY = {"recipient": "示例收货人", "phone": "19900000001", "region": "533124", "address": "章凤镇示例路 1 号"}
FETCHED = {"site": "S-STORY", "recipient": "示例取件人", "phone": "19900000001"}
PRICE_FEN, FLASH_FEN, GROUP_FEN = 3990, 1990, 2990
FLASH_PIECES, QUOTA_PIECES = 5, 4
ATTEMPTS = 40
"""A request is repeated for a minute and more: a database that was killed may need that on a busy machine."""
PATIENT = AfterSalesTerms(cancel_s=3, decide_s=3)
"""Who is silent for three seconds has agreed."""


@dataclass
class Person:
    """A consumer with a phone; ``placed`` are the trades that were acknowledged."""

    openid: str
    number: str
    api: Client
    coupons: list[str] = field(default_factory=list)
    placed: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Shop:
    """Two merchants, goods of every kind, and their people."""

    system: LocalStack
    http: httpx.AsyncClient
    people: list[Person] = field(default_factory=list)
    merchants: list[str] = field(default_factory=list)
    skus: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    campaigns: list[str] = field(default_factory=list)
    clerk: Client = field(init=False)
    keeper: Client = field(init=False)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def wechat(self) -> Client:
        return Client(self.http, self.system.environment["WECHAT_API_BASE"] + "/sandbox", attempts=ATTEMPTS)

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        """The system's own database, connected to this test as well."""
        async with TortoiseContext() as context:
            await context.init(
                config=tortoise_config(DatabaseSettings(url=self.system.environment["DATABASE_URL"], pool_max=4))
            )
            yield
            await context.close_connections()

    # Before

    async def open(self, people: int) -> None:
        """Goods, offers, coupons and people."""
        async with self.inside():
            await open_county()
            await SalePolicies().enter("patient", 1800, 7 * 86_400, "seven_days", "示例文件 3 号", PATIENT)
            await Places().enter_site(
                "S-STORY", "示例自提站", SiteKind.LOGISTICS, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING
            )
            for serial in (1, 2):
                self.merchants.append(await approved_merchant(serial, f"示例商户 {serial}"))
                payee = await scalar("SELECT sub_mchid FROM merchant WHERE number = $1", self.merchants[-1])
                await self.wechat.post("/sub-merchants", {"sub_mchid": payee, "name": f"示例商户 {serial}"})
            for name, merchant, stock in (
                ("plain", 0, 200), ("other", 1, 200), ("flash", 0, FLASH_PIECES), ("group", 0, 40),
                ("branded", 0, 60), ("channel", 0, 60),
            ):  # fmt: skip
                draft = draft_of(
                    f"示例{name}", [SkuDraft(spec="份", price_fen=PRICE_FEN, mass_gram=500)], sale_policy="patient"
                )
                code, (self.skus[name],) = await listed_product(self.merchants[merchant], draft, stock=stock)
                if name == "branded":
                    await Marks().enter_brand("longchuan", "示例品牌")
                    await Marks().authorise("longchuan", code, "DEMO-B-1", SPAN, "staff:o", quota_pieces=QUOTA_PIECES)
            await self._open_offers()
            self.campaigns = [
                await running_campaign(self.merchants[1], threshold_fen=2_000, off_fen=333, quantity=1_000),
                await running_campaign(threshold_fen=5_000, off_fen=1_001, merchant_bears_bp=3_000, quantity=1_000),
            ]
            self.clerk = await self.staff("clerk", Role.MERCHANT_CLERK, self.merchants[0])
            self.keeper = await self.staff("keeper", Role.STATION_KEEPER, TOWNSHIP)
            for each in (await self.wechat.post("/people", {"count": people}))["people"]:
                self.people.append(await self._person(each["openid"]))

    async def _open_offers(self) -> None:
        now = utc_now()
        span = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
        self.offers["flash"] = await Offers().open(
            self.skus["flash"],
            OfferTerms(price_fen=FLASH_FEN, pieces=FLASH_PIECES, limit_per_buyer=1, **span),
            "staff:c",
        )
        terms = OfferTerms(price_fen=GROUP_FEN, pieces=20, limit_per_buyer=None, **span)
        promise = GroupPromise(min_buyers=3, min_pieces=1, form_within_s=3_000)
        groups = GroupOffers(Offers())
        self.offers["group"] = await groups.publish(self.skus["group"], terms, promise, "staff:c", self.merchants[0])

    async def _person(self, openid: str) -> Person:
        now = utc_now()
        account = await ConsumerAccount.create(
            number=public_number(now, "C"), appid=self.system.environment["WECHAT_APPID"], openid=openid,
            created_at=now, last_login_at=now,
        )  # fmt: skip
        token = (await Sessions().open_for_consumer(account.id)).token
        person = Person(openid, account.number, Client(self.http, self._door("miniapp"), token, attempts=ATTEMPTS))
        person.coupons = [await Coupons().claim(person.number, campaign) for campaign in self.campaigns]
        return person

    async def staff(self, login: str, role: Role, scope: str = "") -> Client:
        """An employee at the console."""
        now = utc_now()
        account = await StaffAccount.create(
            number=public_number(now, "U"), login=login, name="示例职员", password_hash="!", password_set_at=now,
            created_at=now, created_by="staff:test",
        )  # fmt: skip
        grant = await RoleGrant.create(
            staff_id=account.id, role=role, scope_kind=SCOPE_OF_ROLE[role], scope=scope, granted_at=now,
            granted_by="staff:test",
        )  # fmt: skip
        return Client(
            self.http, self._door("console"), (await Sessions().open_for_grant(grant.id)).token, attempts=ATTEMPTS
        )

    def _door(self, name: str) -> str:
        return f"{self.system.environment['PUBLIC_BASE_URL']}/v1/{name}"

    # Acts

    async def place(self, person: Person, lines: dict[str, int], **more: Any) -> dict[str, Any]:
        """A checkout at the price that was shown; the trade is acknowledged once, however often it is asked for."""
        wanted = [{"sku": self.skus[name], "quantity": pieces} for name, pieces in lines.items()]
        coupons = more.pop("coupons", [])
        to = {"pickup": more["pickup"]["site"]} if "pickup" in more else {"region": DELIVERY["region"]}
        group = {"group_offer": more["group"]["offer"]} if "group" in more else {}
        asked = {"lines": wanted, "coupons": coupons, **to, **group}
        quote = await person.api.post("/quotes", asked)
        where = {} if "pickup" in more else {"delivery": DELIVERY}
        body = {"lines": wanted, "coupons": coupons, "quote": quote["digest"], **where, **more}
        trade: dict[str, Any] = await person.api.post("/orders", body)
        person.placed.append(trade)
        return trade

    async def pay(self, person: Person, trade: dict[str, Any]) -> None:
        """The cashier, until every order of the trade is paid."""
        parameters = await person.api.post(f"/trades/{trade['trade']}/payment")
        await self.wechat.post("/cashier/pay", {"openid": person.openid, **parameters})
        for order in trade["orders"]:
            await self.until(person, order["number"], "paid")

    async def until(self, person: Person, order: str, *states: str) -> dict[str, Any]:
        """Wait until an order is in one of some states."""
        for _ in range(400):
            found: dict[str, Any] = await person.api.get(f"/orders/{order}")
            if found["state"] in states:
                return found
            await asyncio.sleep(0.2)
        raise AssertionError((order, found["state"], states))

    # Ways

    async def buys_at_two_and_gives_one_part_up(self, person: Person) -> None:
        """A combined payment under two coupons; the first merchant is silent, so its part comes back."""
        trade = await self.place(person, {"plain": 1, "other": 2}, coupons=person.coupons)
        await self.pay(person, trade)
        first, second = (order["number"] for order in trade["orders"])
        await person.api.post(f"/orders/{first}/refund-request", {"reason": "示例原因"})
        await self.until(person, first, "closed")
        assert (await person.api.get(f"/orders/{second}"))["state"] == "paid"

    async def thinks_better_of_it(self, person: Person) -> None:
        """Placed under coupons and given up at the cashier."""
        trade = await self.place(person, {"plain": 2, "other": 1}, coupons=person.coupons)
        await person.api.post(f"/trades/{trade['trade']}/payment")
        await person.api.post(f"/trades/{trade['trade']}/cancellation")
        for order in trade["orders"]:
            await self.until(person, order["number"], "closed")

    async def buys_a_flash_piece(self, person: Person) -> None:
        """One of the few pieces at a price of their own, or the word that there is none."""
        await self.pay(person, await self.place(person, {"flash": 1}))

    async def buys_branded(self, person: Person) -> None:
        """Under the year's quota, as long as it lasts."""
        await self.pay(person, await self.place(person, {"branded": 1}))

    async def fetches(self, person: Person) -> None:
        """Packed, brought to the station, fetched with the code."""
        trade = await self.place(person, {"plain": 1}, pickup=FETCHED)
        await self.pay(person, trade)
        (order,) = (each["number"] for each in trade["orders"])
        await self.clerk.put(f"/orders/{order}/packing", {"lines": {}})
        await self.clerk.put(f"/pickups/{order}/arrival")
        code = (await person.api.get(f"/orders/{order}/pickup"))["code"]
        await self.keeper.post("/pickups/redemption", {"order": order, "code": code})
        await self.until(person, order, "received")

    async def joins(self, person: Person, group: str | None = None) -> str:
        """In a group, or opening one; answers its number."""
        wish = {"offer": self.offers["group"], **({"group": group} if group else {})}
        trade = await self.place(person, {"group": 1}, group=wish)
        await self.pay(person, trade)
        return str((await person.api.get(f"/orders/{trade['orders'][0]['number']}"))["group_number"])

    async def imports(self, externals: list[str]) -> None:
        """A file of another channel, handed in twice at once under two keys."""
        moment = (utc_now() - timedelta(hours=1)).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        titles = "外部订单号,规格编码,件数,商品实收,运费,优惠,付款时间,收货人,收货电话,收货地址"
        told = [f"{n},{self.skus['channel']},2,79.80,,,{moment},示例收货人,19900000001,示例路 1 号" for n in externals]
        raw = "\n".join([titles, *told]).encode()

        await asyncio.gather(*(self._hand_in(raw) for _ in range(2)))

    async def _hand_in(self, raw: bytes) -> None:
        headers = {"authorization": f"Bearer {self.clerk.token}", "idempotency-key": secrets.token_hex(16)}
        # A key that was claimed when the database died is its claimer's for a while.
        for _ in range(300):
            with suppress(httpx.TransportError):
                path = f"{self.clerk.base}/channel-imports/douyin/orders"
                answer = await self.http.post(path, content=raw, headers=headers)
                if answer.status_code == 201:
                    return
                assert answer.status_code in (409, 502, 503), answer.text
            await asyncio.sleep(0.5)
        raise AssertionError("the file was never taken in")

    async def tolerates(self, way: Awaitable[object], *codes: str) -> None:
        """A way that may end with a refusal of these codes, which are counted."""
        try:
            await way
        except Refused as refusal:
            if refusal.code not in codes:
                raise
            self.refused[refusal.code] += 1

    # After

    async def comes_to_rest(self, seconds: float) -> None:
        """Until nothing is on its way any more."""
        left: dict[str, Any] | None = None
        for _ in range(int(seconds / 0.5)):
            left = await row(_UNDER_WAY)
            if left is not None and not any(left.values()):
                return
            await asyncio.sleep(0.5)
        raise AssertionError(left)

    async def check(self) -> None:
        """Books to the fen, stock, coupons: nothing stranded, nothing twice, nothing that was acknowledged lost."""
        assert await stock_differences() == []
        assert await calendar_differences() == []
        assert await quota_differences() == []
        told = await reconciliation()
        assert told.is_exact, told
        for person in self.people:
            kept = await rows("SELECT number FROM trade WHERE consumer = $1", person.number)
            assert sorted(each["number"] for each in kept) == sorted(each["trade"] for each in person.placed)
        assert await rows(_MONEY_OFF) == []
        assert await rows(_REFUNDED_TWICE) == []
        assert await rows("SELECT number FROM coupon WHERE state = 'held'") == []
        assert await rows(_COUPONS_OFF) == []
        for campaign in self.campaigns:
            result = await campaign_result(campaign, None, every=True)
            assert result.discount_fen == result.merchant_fen + result.county_fen
            paid = await scalar(_DISCOUNT_OF_PAID, campaign)
            assert result.discount_fen == paid, campaign

    async def captured_at_wechat(self) -> tuple[int, int]:
        """What WeChat has taken for us, and what we say it has."""
        orders = (await self.wechat.get("/orders"))["orders"]
        theirs = sum(each["amount"]["total"] for each in orders if each["trade_state"] in ("SUCCESS", "REFUND"))
        ours = await scalar("SELECT COALESCE(sum(captured_fen), 0)::bigint FROM payment")
        return theirs, int(ours)


_UNDER_WAY = """
SELECT (SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL) AS facts,
       (SELECT count(*) FROM customer_order WHERE state = 'pending_payment') AS unpaid,
       (SELECT count(*) FROM payment WHERE state IN ('pending', 'closing')) AS payments,
       (SELECT count(*) FROM payment_refund WHERE state NOT IN ('succeeded', 'closed')) AS refunds,
       (SELECT count(*) FROM after_sales_case WHERE state NOT IN ('refunded', 'completed', 'closed')) AS cases,
       (SELECT count(*) FROM buying_group WHERE state IN ('open', 'failed')) AS groups,
       (SELECT count(*) FROM stock_reservation WHERE state = 'held') AS pieces"""

# An order whose payment, refunds and lines do not say the same: captured, given back, and what is left of the lines.
_MONEY_OFF = """
SELECT o.number, p.captured_fen, r.fen AS refunded, l.fen AS on_lines, o.amount_fen
  FROM customer_order o JOIN payment p ON p.reference = o.number
  LEFT JOIN LATERAL (SELECT COALESCE(sum(amount_fen), 0)::bigint AS fen FROM payment_refund
       WHERE payment_id = p.id AND state = 'succeeded') r ON true
  LEFT JOIN LATERAL (SELECT sum(refunded_fen + refunded_freight_fen)::bigint AS fen FROM order_line
       WHERE order_id = o.id) l ON true
 WHERE CASE WHEN o.paid_at IS NULL THEN COALESCE(p.captured_fen, 0) <> r.fen
            ELSE p.captured_fen <> o.amount_fen OR r.fen <> l.fen END"""
_REFUNDED_TWICE = """
SELECT c.number, count(*) AS times FROM after_sales_case c JOIN payment_refund r ON r.reference = c.number
       OR r.reference LIKE c.number || '-%' WHERE r.state = 'succeeded' GROUP BY c.number HAVING count(*) > 1"""
# Spent exactly when a line that it made cheaper was paid, and its trade's group did not come to nothing.
_COUPONS_OFF = """
SELECT c.number, c.state FROM coupon c WHERE (c.state = 'spent') <> EXISTS (
       SELECT 1 FROM coupon_share s JOIN order_line l ON l.reference = s.line JOIN customer_order o ON o.id = l.order_id
        WHERE s.coupon_id = c.id AND o.paid_at IS NOT NULL AND o.group_id IS NULL)"""
_DISCOUNT_OF_PAID = """
SELECT COALESCE(sum(s.discount_fen), 0)::bigint FROM coupon_share s JOIN coupon c ON c.id = s.coupon_id
  JOIN coupon_campaign g ON g.id = c.campaign_id JOIN order_line l ON l.reference = s.line
  JOIN customer_order o ON o.id = l.order_id WHERE g.number = $1 AND o.paid_at IS NOT NULL"""
