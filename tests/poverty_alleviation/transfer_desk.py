"""A desk that pays households by WeChat transfer, against the sandbox."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest_asyncio

from accounts.actors import Consumer
from accounts.service import AccessLogs
from integrations.wechat_pay.transfers import TransferScene, WeChatTransfers
from kit.database import scalar
from poverty_alleviation.payout_runs.models import RunState
from poverty_alleviation.ports import TransferLimits
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.register.wallets import Wallets
from poverty_alleviation.transfers.service import Transfers, transfers_of
from tests.payments import channel
from tests.payments.conftest import sandbox
from tests.payments.sandbox import Sandbox
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.test_figures import captured, sold
from tests.poverty_alleviation.test_payout_runs import (
    CIPHER,
    results_of,
    runs_of,
)
from tests.poverty_alleviation.test_statements import PRINTER, kept

__all__ = ["sandbox"]


SCENE = TransferScene("1009", (("采购商品名称", "农产品"),), TransferLimits(10, 2_000_000), 30)


SUB_MCHID = "1900000001"


_SERIAL = itertools.count(1)


@dataclass
class Desk:
    """H1 is owed 8.72 and H2 6.97; the sons of both have WeChat. The sandbox keeps real time."""

    county: County
    sandbox: Sandbox
    http: httpx.AsyncClient
    people: dict[str, Consumer] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    transfers: Transfers = field(init=False)

    def __post_init__(self) -> None:
        logs = AccessLogs(self.county.clock)
        self.transfers = Transfers(
            self.channel(), runs_of(self.county), results_of(self.county), Wallets(CIPHER, self.county.clock), logs,
            self.county.clock,
        )  # fmt: skip

    def channel(self, mode: str = "partner", **changes: Any) -> WeChatTransfers:
        configuration = channel.configuration(mode=mode, bases=(self.sandbox.base,))
        return WeChatTransfers(configuration, replace(SCENE, **changes), "https://mall.example/transfers", self.http)

    async def person(self, real_name: str) -> Consumer:
        """Somebody with WeChat and an account as a buyer."""
        serial = next(_SERIAL)
        openid, number = f"openid-transfer-{serial:04}", f"C20261123{serial:09}"
        self.sandbox.control("POST", "/people", openid=openid, real_name=real_name)
        found = await scalar(
            "INSERT INTO consumer_account (number, appid, openid, created_at, last_login_at)"
            " VALUES ($1, $2, $3, now(), now()) RETURNING id",
            number,
            channel.APPID,
            openid,
        )
        return Consumer(caller=f"consumer:{number}", id=found, number=number, openid=openid)

    async def agree(self, household: str, real_name: str | None = None) -> None:
        """The household's son agrees to be paid by WeChat."""
        name = f"示例之子{household}"
        members = Members(CIPHER, AccessLogs(self.county.clock), self.county.clock)
        son = MemberDraft(name=name, birth_year=1990, relation=Relation.CHILD)
        member = await members.enter(household, son, date(2020, 1, 1), "示例户口簿", OFFICER)
        self.people[household] = await self.person(real_name or name)
        number = self.people[household].number
        code = await self.transfers.wallets.enter(household, member, number, "示例同意书", OFFICER)
        self.codes[household] = member, code

    async def sent(self, *households: str) -> str:
        """A run for those who agree, approved and sent."""
        for each in households:
            if each not in self.people:
                await self.agree(each)
        number = await self.transfers.draft(self.county.merchant, OFFICER)
        await self.transfers.runs.decide(number, RunState.APPROVED, "", SECOND)
        await self.transfers.send(PRINTER, number)
        return number

    def at_wechat(self) -> list[dict[str, Any]]:
        """The transfers that the sandbox has for these people."""
        ours = {each.openid for each in self.people.values()}
        found = self.sandbox.control("GET", "/transfers")["transfers"]
        return [each for each in found if each["openid"] in ours]

    async def answer(self, household: str, *, agrees: bool = True) -> None:
        """The phone shows what waits, and its owner agrees or lets it lapse."""
        (waiting,) = await self.transfers.waiting_for(self.people[household])
        told = {"mch_id": waiting.mchid, "app_id": waiting.appid, "package": waiting.package, "agrees": agrees}
        self.sandbox.control("POST", "/transfers/confirm", sub_mch_id=waiting.sub_mchid, **told)

    async def on(self, **span: float) -> int:
        """Time goes by and the job comes."""
        self.county.now += timedelta(**span)
        return await self.transfers.work_due()

    async def states(self, run: str) -> list[str]:
        return [str(each.state) for each in await transfers_of(run)]

    async def is_paid_once(self, run: str) -> None:
        """H1 agrees; everything is what one payout of 8.72 makes it, here and there."""
        await self.on(minutes=2)
        await self.answer("示例H1")
        await self.on(minutes=6)
        assert await self.states(run) == ["paid"]
        assert [each["state"] for each in self.at_wechat()] == ["SUCCESS"]
        assert len(await kept("SELECT 1 FROM payout")) == 1
        assert (await balances())[("2101", "示例H1", "paid")] == -872
        assert (await reconciliation()).is_exact
        assert await self.on(days=1) == 0


@pytest_asyncio.fixture
async def desk(county: County, sandbox: Sandbox) -> AsyncIterator[Desk]:
    sandbox.control("DELETE", "/faults")
    sandbox.control("PATCH", "/settings", signing_mode="public_key")
    sandbox.control("POST", "/sub-merchants", sub_mchid=SUB_MCHID, name="示例合作社")
    await sold(county)
    await county.tell(captured(county, "O1", 10_970))
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Desk(county, sandbox, http)
    sandbox.control("DELETE", "/faults")
