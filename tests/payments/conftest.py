"""The payments room on a real database, its door on a real port, and the WeChat sandbox in a process of its
own.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from integrations.wechat_pay.gateway import WeChatPayGateway
from kit.clock import utc_now
from kit.database import rows, transaction
from kit.facts import Fact, fact_type
from payments.bills import Bills
from payments.bundles import PaymentPart
from payments.notices import Notices
from payments.ports import CashierParameters
from payments.refunds import Refunds
from payments.service import Payments
from tests.payments import channel
from tests.payments.sandbox import Sandbox, leave, start_sandbox
from tests.payments.webhooks import end, serve
from tests.servers import free_port


@dataclass
class Watch:
    """A clock that tests can set forward; the gateway keeps real time, as WeChat does."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


def part_of(reference: str, amount_fen: int, **other: str | None) -> PaymentPart:
    """One payment to the shop's merchant."""
    terms = {"payee": "M1", "sub_mchid": channel.SUB_MCHID, "description": "高山云雾茶 250g 🍵", **other}
    return PaymentPart(reference=reference, amount_fen=amount_fen, **terms)  # type: ignore[arg-type]


@dataclass
class Shop:
    """Everything a payment test needs."""

    gateway: WeChatPayGateway
    watch: Watch
    openid: str
    maybe_sandbox: Sandbox | None = None
    notices_url: str = ""
    count: int = 0
    payments: Payments = field(init=False)
    refunds: Refunds = field(init=False)
    bills: Bills = field(init=False)
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        self.payments = Payments(self.gateway, self.watch)
        self.refunds = Refunds(self.gateway, self.watch, spacing=timedelta(seconds=1))
        self.bills = Bills(self.gateway, self.watch)
        self.notices = Notices(self.gateway, self.payments, self.refunds, self.watch)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of a live shop."""
        assert self.maybe_sandbox is not None
        return self.maybe_sandbox

    async def open(self, amount_fen: int = 11970, *, minutes: float = 30, reference: str = "") -> str:
        """Open a payment; answers its reference."""
        self.count += 1
        reference = reference or f"ORDER{self.count}"
        async with transaction():
            await self.payments.open(
                reference,
                self.openid,
                self.watch() + timedelta(minutes=minutes),
                [part_of(reference, amount_fen)],
            )
        return reference

    async def row(self, reference: str) -> dict[str, Any]:
        """The payment's row."""
        return (await rows("SELECT * FROM payment WHERE reference = $1", reference))[0]

    async def facts(self, kind: type[Fact] | None = None) -> list[Any]:
        """The facts that were announced, in order."""
        found = []
        for each in await rows("SELECT topic, payload::text AS payload FROM outbox_message ORDER BY id"):
            known = fact_type(each["topic"])
            assert known is not None
            if kind is None or known is kind:
                found.append(known.read(each["payload"]))
        return found

    def phone(self, parameters: CashierParameters, **more: Any) -> str:
        """What the phone does with the parameters; answers ``errMsg``."""
        answer = self.sandbox.control(
            "POST", "/cashier/pay", openid=self.openid, timeStamp=parameters.time_stamp,
            nonceStr=parameters.nonce_str, package=parameters.package, signType=parameters.sign_type,
            paySign=parameters.pay_sign, **more,
        )  # fmt: skip
        return str(answer["errMsg"])


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for the run."""
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest_asyncio.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    """The room with a gateway that reaches nobody: notices and queries are made by the test."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Shop(WeChatPayGateway(channel.configuration(), http), Watch(), "openid-of-a-consumer")


@pytest_asyncio.fixture
async def live_shop(database: str, sandbox: Sandbox) -> AsyncIterator[Shop]:
    """The room with the sandbox behind it and its notice door on a port of this process."""
    usual = sandbox.control("GET", "/settings")
    sandbox.control("PATCH", "/settings", signing_mode="public_key", refund_seconds=0)
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/webhook/wechat-pay/notices"
    configuration = replace(channel.configuration(bases=(sandbox.base,)), notify_url=url)
    async with httpx.AsyncClient(trust_env=False) as http:
        shop = Shop(WeChatPayGateway(configuration, http), Watch(), sandbox.person(), sandbox, url)
        server = await serve("wechat-pay/notices", {Notices: shop.notices}, port)
        yield shop
        leave(sandbox, usual)
        await end(server)
