"""A mall for tests: the composition of the product on a real database, with a clock that can be set forward.

Money arrives as notices that are signed, sealed and read like WeChat Pay's own; facts are delivered by the
real outbox to the real table of subscriptions.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kit.clock import utc_now
from kit.database import Row, row, rows, scalar
from kit.facts import Fact, fact_type
from kit.outbox import Delivery
from logistics.addresses import AddressBook
from orders.checkout import Checkout
from orders.commissions import Commissions
from orders.fulfilment import Fulfilment
from orders.groups.service import Groups
from orders.life import OrderLife
from orders.parcels import Shipping
from orders.placements import Delivery as Address
from orders.placements import PlacedOrder, PlacedTrade
from orders.quotes import CheckoutLine, Expectation
from orders.shortages import Shortages
from orders.trades import Trades
from orders.vouchers import Vouchers
from payments.jobs import close_expired_payments
from payments.notices import Notices
from payments.refunds import Refunds
from payments.service import Payments
from products.group_offers import GroupOffers
from products.offers import Offers
from products.stock import Stock
from promotions.coupons import Coupons
from referrals.shares import ReferralShares
from server.bootstrap import Bootstrap, bootstrap
from server.dispatcher import drain
from server.settings import Settings, load_settings
from server.subscriptions import reactions
from tests.payments import channel
from tests.products.shelf import approved_merchant, draft_of, listed_product, skus_of
from traceability.lots import PLAIN, LotNotes, Lots
from traceability.models import IntakeMode, SupplierKind
from traceability.service import Intakes, Reach, Suppliers, Weighing

ADDRESS = Address("示例收货人", "19900000001", "533124", "云南省德宏州陇川县章凤镇示例路 1 号")


def environment(directory: Path, database_url: str, **more: str) -> dict[str, str]:
    """A whole environment for one installation whose keys nobody else has."""
    (directory / "merchant.pem").write_bytes(channel.private_pem(channel.rsa_key("merchant")))
    (directory / "wechat_public.pem").write_bytes(channel.public_pem(channel.rsa_key("wechat")))
    return {
        "LONGCHUAN_ENV": "development",
        "LONGCHUAN_STATE_DIR": str(directory),
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"k1:aes-256-gcm:writing:{secrets.token_hex(32)}",
        "FIELD_INDEX_KEY": secrets.token_hex(32),
        "LEDGER_SIGNING_KEY": secrets.token_hex(32),
        "MEDIA_CALLBACK_SECRET": secrets.token_urlsafe(32),
        "WECHAT_APPID": channel.APPID,
        "WECHAT_APPSECRET": secrets.token_hex(16),
        "WECHAT_API_BASE": "http://127.0.0.1:1",
        "WECHAT_PUSH_TOKEN": secrets.token_hex(16),
        "WECHAT_PUSH_AES_KEY": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "WECHAT_PAY_BASES": "http://127.0.0.1:1",
        "WECHAT_PAY_MCHID": channel.MCHID,
        "WECHAT_PAY_CERT_SERIAL": channel.MERCHANT_SERIAL,
        "WECHAT_PAY_APIV3_KEY": channel.apiv3_key(),
        "WECHAT_PAY_PUBLIC_KEY_ID": channel.PUBLIC_KEY_ID,
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(directory / "merchant.pem"),
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(directory / "wechat_public.pem"),
        **more,
    }


def settings_for(directory: Path, database_url: str, **more: str) -> Settings:
    """The settings read from :func:`environment`."""
    return load_settings(environment(directory, database_url, **more))


@dataclass
class Watch:
    """A clock that tests can set forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> Any:
        return utc_now() + self.ahead

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


def _loud(topic: str, handler: str, error: BaseException) -> None:
    raise AssertionError(f"{handler} failed on {topic}") from error


@dataclass
class Mall:
    """Everything a test of orders needs; services share one clock."""

    settings: Settings
    watch: Watch = field(default_factory=Watch)
    built: Bootstrap = field(init=False)
    merchant: str = ""
    product: str = ""
    skus: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.built = built = bootstrap(self.settings)
        self.gateway = built.mall.payments.gateway
        self.stock = Stock(self.watch)
        self.payments = built.mall.payments = Payments(self.gateway, self.watch)
        self.refunds = built.mall.refunds = Refunds(self.gateway, self.watch)
        self.notices = Notices(self.gateway, self.payments, self.refunds, self.watch)
        self.coupons = built.mall.coupons = Coupons(self.watch)
        built.mall.referral_shares = ReferralShares(self.watch)
        built.mall.commissions = Commissions(built.mall.sharing, built.mall.referral_shares)
        self.life = built.mall.order_life = OrderLife(self.stock, self.payments, self.refunds, self.coupons, self.watch)
        self.trades = Trades(self.payments, self.watch)
        self.after_sales = built.mall.after_sales = replace(
            built.mall.after_sales, refunds=self.refunds, stock=self.stock, clock=self.watch
        )
        self.receipts = built.mall.receipts = replace(built.mall.receipts, clock=self.watch)
        found = built.services[Checkout]
        assert isinstance(found, Checkout)
        self.cipher = found.cipher
        self.addresses = AddressBook(self.cipher, self.watch)
        self.checkout = Checkout(self.stock, self.payments, self.coupons, self.addresses, self.cipher, self.watch)
        self.lots = Lots(self.watch)
        self.fulfilment = Fulfilment(self.lots, self.cipher, self.watch)
        self.shipping = built.mall.shipping = Shipping(self.cipher, self.watch)
        self.shortages = built.mall.shortages = Shortages(self.after_sales, self.stock, self.watch)
        self.group_offers = GroupOffers(Offers(self.watch), self.watch)
        self.groups = built.mall.groups = Groups(self.group_offers, self.after_sales, self.payments, self.watch)
        self.vouchers = built.mall.vouchers = Vouchers(self.cipher, self.after_sales, self.watch)
        self.delivery = Delivery(reactions=reactions(built), clock=self.watch, failed=_loud)

    async def open(self, stock: int = 100) -> None:
        """An approved merchant with one product of one SKU on sale."""
        self.merchant = await approved_merchant()
        self.product, self.skus = await listed_product(self.merchant, stock=stock)

    async def another_product(self, stock: int = 100, **changes: Any) -> tuple[str, list[str]]:
        """One more product of the same merchant."""
        return await listed_product(self.merchant, draft_of("另一种商品", **changes), stock=stock)

    async def place(
        self,
        quantity: int = 2,
        *,
        consumer: str = "C1",
        lines: Sequence[CheckoutLine] = (),
        source: str | None = None,
    ) -> PlacedOrder:
        """One order of the first SKU unless told otherwise."""
        trade = await self.place_trade(lines or [CheckoutLine(self.skus[0], quantity, source)], consumer=consumer)
        (order,) = trade.orders
        return order

    async def place_trade(
        self, lines: Sequence[CheckoutLine], *, consumer: str = "C1", coupons: Sequence[str] = ()
    ) -> PlacedTrade:
        """One checkout, however many merchants it has."""
        return await self.checkout.place(consumer, openid_of(consumer), lines, coupons, ADDRESS, Expectation())

    async def deliver(self) -> None:
        """Deliver every fact; a reaction that fails fails the test."""
        await drain(self.delivery)

    async def payment(self, number: str) -> Row:
        """The payment of an order."""
        found = await row("SELECT * FROM payment WHERE reference = $1", number)
        assert found is not None
        return found

    async def payment_notice(self, number: str) -> bytes:
        """The notice that the payer has paid the order's payment; of a combination it tells this part alone."""
        payment = await self.payment(number)
        if payment["combination"]:
            return channel.notice_body(channel.combined_members([payment]))
        paid = channel.Paid(
            number=payment["number"],
            amount_fen=payment["amount_fen"],
            payer_openid=payment["payer_openid"],
            transaction_id=f"42{payment['number']}",
            sub_mchid=payment["sub_mchid"],
        )
        return channel.notice_body(paid.members())

    async def refund_notice(self, case: str, state: str = "SUCCESS") -> bytes:
        """The notice that the refund of a case has come to its end."""
        refund = await row(
            "SELECT r.number, r.amount_fen, p.number AS payment, p.transaction_id, p.sub_mchid,"
            " p.captured_fen FROM payment_refund r JOIN payment p ON p.id = r.payment_id"
            " WHERE r.reference = $1",
            case,
        )
        assert refund is not None, case
        members: dict[str, object] = {
            "sp_mchid": channel.MCHID,
            "sub_mchid": refund["sub_mchid"],
            "out_trade_no": refund["payment"],
            "transaction_id": refund["transaction_id"],
            "out_refund_no": refund["number"],
            "refund_id": f"50{refund['number']}",
            "refund_status": state,
            "success_time": utc_now().isoformat(timespec="seconds"),
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": refund["captured_fen"],
                "refund": refund["amount_fen"],
                "payer_total": refund["captured_fen"],
                "payer_refund": refund["amount_fen"],
            },
        }
        return channel.notice_body(members, event=f"REFUND.{state}")

    async def receive_notice(self, raw: bytes) -> None:
        """WeChat Pay tells it, signed, and what follows from it happens."""
        await self.notices.receive(channel.signed_headers(raw), raw)
        await self.deliver()

    async def pay(self, number: str) -> None:
        """The payer pays."""
        await self.receive_notice(await self.payment_notice(number))

    async def expire(self) -> None:
        """The time to pay passes, and the job that closes payments comes by."""
        self.watch.forward(minutes=31)
        await close_expired_payments(self.payments)
        await self.deliver()

    async def refund(self, order: PlacedOrder, line: int, quantity: int) -> str:
        """A whole after-sales case, from the claim to the money; answers its number."""
        case = await self.after_sales.request(
            await self.consumer(order.number), order.number, order.lines[line].reference, quantity, "少发一件"
        )
        await self.after_sales.approve(self.merchant, case, "staff:clerk")
        await self.receive_notice(await self.refund_notice(case))
        return case

    async def bring_to(self, state: str, order: PlacedOrder) -> None:
        """Lead a fresh order to a state by the services alone."""
        consumer, number = await self.consumer(order.number), order.number
        if state == "closed":
            await self.trades.cancel(consumer, order.trade)
            await self.deliver()
        steps = ["paid", "packed", "shipped", "received"]
        for step in steps[: steps.index(state) + 1] if state in steps else []:
            if step == "paid":
                await self.pay(number)
            elif step == "packed":
                await self.fulfilment.pack(self.merchant, number, {}, "staff:clerk")
            elif step == "shipped":
                await self.fulfilment.ship(self.merchant, number, "SF", "SF0000000001", "staff:clerk")
            else:
                await self.life.receive(consumer, number)
        await self.deliver()
        assert await state_of(number) == state

    async def consumer(self, number: str) -> str:
        """Whose order it is."""
        return str(await scalar("SELECT consumer FROM customer_order WHERE number = $1", number))

    async def sealed_lot(
        self,
        mass_gram: int,
        merchant: str = "",
        product: str = "",
        notes: LotNotes = PLAIN,
        weighed_at: datetime | None = None,
    ) -> str:
        """A sealed lot of one intake, weighed just now unless told otherwise."""
        merchant, product = merchant or self.merchant, product or self.product
        township = await scalar("SELECT township_id FROM product WHERE code = $1", product)
        reach = Reach(caller="staff:keeper", township=township)
        supplier = await Suppliers(self.watch).enter(reach, "示例供货户", SupplierKind.FARMER, township)
        weighing = Weighing(
            client_id=secrets.token_hex(8), supplier=supplier, merchant=merchant, product=product,
            mass_gram=mass_gram, grade="一级", unit_price_fen=1200, mode=IntakeMode.CONSIGNMENT,
            weighed_at=weighed_at or utc_now(),
        )  # fmt: skip
        intake = await Intakes(self.watch).accept(reach, weighing)
        lot = await self.lots.make(merchant, product, mass_gram, [intake], "staff:clerk", notes=notes)
        await self.lots.seal(merchant, lot, "staff:clerk")
        await self.deliver()
        return lot


def openid_of(consumer: str) -> str:
    """The WeChat identity of a test's consumer."""
    return f"openid-{consumer}"


async def state_of(number: str) -> str:
    """Where the order is."""
    return str(await scalar("SELECT state FROM customer_order WHERE number = $1", number))


async def replayed(number: str) -> list[str]:
    """The states that the order's events tell, oldest first."""
    found = await rows(
        "SELECT e.state FROM order_event e JOIN customer_order o ON o.id = e.order_id"
        " WHERE o.number = $1 ORDER BY e.id",
        number,
    )
    return [event["state"] for event in found]


async def stock_of(sku: str) -> tuple[int, int, int]:
    """Pieces available, reserved and sold."""
    found = await row("SELECT available, reserved, sold FROM sku WHERE code = $1", sku)
    assert found is not None
    return found["available"], found["reserved"], found["sold"]


async def facts(*kinds: type[Fact]) -> list[Any]:
    """The facts of some kinds that were announced, in order."""
    found = []
    for each in await rows("SELECT topic, payload::text AS payload FROM outbox_message ORDER BY id"):
        kind = fact_type(each["topic"])
        assert kind is not None, each["topic"]
        if kind in kinds:
            found.append(kind.read(each["payload"]))
    return found


_TRADE = ("customer_order", "order_line", "order_event", "after_sales_case",
          "after_sales_item", "after_sales_event", "payment", "payment_refund",
          "sku", "stock_reservation", "stock_movement", "line_lot", "lot")  # fmt: skip


async def trade() -> Mapping[str, list[Row]]:
    """Every row that an order touches, to show that something changed nothing."""
    found = {}
    for table in _TRADE:
        found[table] = await rows(f"SELECT to_jsonb(t)::text AS r FROM {table} t ORDER BY id")
    found["facts"] = await rows("SELECT topic, payload::text FROM outbox_message ORDER BY id")
    return found


__all__ = [
    "ADDRESS",
    "CheckoutLine",
    "Mall",
    "Watch",
    "facts",
    "replayed",
    "skus_of",
    "state_of",
    "stock_of",
    "trade",
]
