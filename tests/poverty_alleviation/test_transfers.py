"""Payouts by transfer against the sandbox with real signatures: paid once, whoever dies at whatever step."""

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from accounts.actors import Consumer
from accounts.service import AccessLogs
from integrations.wechat_pay.transfers import TransferScene, WeChatTransfers
from kit.clock import utc_now
from kit.database import execute, scalar
from payments.errors import NoticeNotAuthentic
from payments.ports import GatewayRefused, OutcomeUnknown
from poverty_alleviation.payout_runs.errors import ExportOver, NothingToPay, PayoutRunStands, RunNeedsSecondPerson
from poverty_alleviation.payout_runs.models import RunState
from poverty_alleviation.payout_runs.queries import run_shown
from poverty_alleviation.payout_runs.results import BankResults, Recorded
from poverty_alleviation.payout_runs.service import EXPORT_WITHIN
from poverty_alleviation.payouts import due
from poverty_alleviation.ports import TransferLimits, TransferNews, TransferResult
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.register.errors import MemberUnknown, WalletPayeeUnknown, WalletRegistered, WalletUnknown
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.register.wallets import Wallets, wallet_cards
from poverty_alleviation.transfers.errors import TransfersNotOffered
from poverty_alleviation.transfers.models import TRANSFER_TRANSITIONS, TransferState
from poverty_alleviation.transfers.service import SENT_WITHIN, Transfers, transfers_of
from tests.payments import channel
from tests.payments.conftest import sandbox
from tests.payments.sandbox import Sandbox
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.test_figures import captured, sold
from tests.poverty_alleviation.test_payout_runs import (
    CIPHER,
    account,
    exported,
    failed,
    paid,
    results_of,
    runs_of,
)
from tests.poverty_alleviation.test_statements import PRINTER, kept, try_out

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


async def test_a_run_is_sent_agreed_to_and_paid_without_a_word_of_why(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Fails when the sending is not on record, and when a person may record what WeChat pays: tried."""
    caplog.set_level(logging.INFO)
    await desk.agree("示例H1")
    transfers, runs = desk.transfers, desk.transfers.runs
    number = await transfers.draft(desk.county.merchant, OFFICER)
    assert [(each.household, each.amount_fen) for each in await due()] == [("示例H2", 697)], "who has not agreed waits"
    with pytest.raises(PayoutRunStands):
        await transfers.send(PRINTER, number)
    with pytest.raises(RunNeedsSecondPerson):
        await runs.decide(number, RunState.APPROVED, "", OFFICER)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    with pytest.raises(PayoutRunStands):
        await runs.export(PRINTER, number)
    looks = await scalar("SELECT count(*) FROM access_log")
    assert await transfers.send(PRINTER, number) == 1
    assert await scalar("SELECT count(*) FROM access_log") == looks + 1
    with pytest.raises(PayoutRunStands):
        await transfers.send(PRINTER, number)
    assert await desk.on() == 0
    (sent,) = desk.at_wechat()
    assert (sent["amount"], sent["name"], sent["remark"]) == (872, "示例之子示例H1", "货款")
    assert sent["sub_mchid"] == SUB_MCHID, "the merchant whose goods they were pays"
    said = json.loads(sent["fingerprint"])
    del said["user_name"]  # sealed on the way
    for word in ("示例H1", "户主", "扶贫", "贫困", "帮扶", "脱贫", number, *desk.codes["示例H1"]):
        assert word not in json.dumps(said, ensure_ascii=False)
        assert word not in sent["package"] + sent["transfer_bill_no"]
    for result in (paid(1, 872), failed(1, 872)):
        with pytest.raises(PayoutRunStands):
            await results_of(desk.county).record(number, [result], OFFICER)
    assert (await balances())[("2101", "示例H1", "earned")] == -872, "what is not agreed to pays nobody"
    assert await transfers.waiting_for(await desk.person("别人")) == []
    await desk.answer("示例H1")
    (card,) = await transfers_of(number)
    raw = channel.notice_body({"out_bill_no": card.number, "state": "SUCCESS"}, event="MCHTRANSFER.BILL.FINISHED")
    with pytest.raises(NoticeNotAuthentic):
        await transfers.receive(channel.signed_headers(raw, key="somebody"), raw)
    assert await desk.on(seconds=1) == 0, "a forged notice brings nothing"
    await transfers.receive(channel.signed_headers(raw), raw)
    assert await desk.on() == 1
    await transfers.receive(channel.signed_headers(raw), raw)
    assert await desk.on() == 0
    assert (await balances())[("2101", "示例H1", "paid")] == -872
    (payout,) = await kept("SELECT bank_voucher, recorded_by FROM payout")
    assert payout == {"bank_voucher": sent["transfer_bill_no"], "recorded_by": "system:transfers"}
    shown = await run_shown(number)
    assert (shown.run.state, shown.run.paid_fen, shown.run.way) == (RunState.PAID, 872, "wechat")
    assert await transfers.waiting_for(desk.people["示例H1"]) == []
    for secret in ("示例H1", "示例之子", desk.people["示例H1"].openid, desk.people["示例H1"].number):
        assert secret not in caplog.text


async def test_who_dies_after_the_claim_has_sent_nothing_and_the_next_one_does(desk: Desk) -> None:
    run = await desk.sent("示例H1")
    assert await desk.transfers.claim() is not None
    assert await desk.states(run) == ["asked"]
    assert await desk.transfers.claim() is None, "claimed is claimed"
    await desk.is_paid_once(run)


async def test_who_dies_after_the_call_has_paid_once_and_the_next_one_finds_it(desk: Desk) -> None:
    """Fails when a claim is sent again under another number: tried."""
    run = await desk.sent("示例H1")
    claimed = await desk.transfers.claim()
    assert claimed is not None
    order = await desk.transfers._order(claimed)
    assert order is not None
    await desk.transfers.channel.transfer(order)
    assert len(desk.at_wechat()) == 1
    await desk.is_paid_once(run)


@dataclass(frozen=True)
class Dying(BankResults):
    """Whose process dies before the commit."""

    async def record(self, number: str, results: Any, by: str, way: Any = None) -> Recorded:
        await super().record(number, results, by, way)
        raise KeyboardInterrupt


async def test_who_dies_while_recording_leaves_nothing_and_the_next_one_records_it_once(desk: Desk) -> None:
    """Fails when the end of a transfer is written beside the payout and not with it: tried."""
    run = await desk.sent("示例H1")
    await desk.on()
    await desk.answer("示例H1")
    desk.county.now += timedelta(minutes=6)
    results = Dying(desk.county.payouts, desk.county.clock)
    with pytest.raises(KeyboardInterrupt):
        await replace(desk.transfers, results=results).work_due()
    assert await desk.states(run) == ["accepted"]
    assert await kept("SELECT 1 FROM payout") == []
    assert await desk.on(minutes=2) == 1
    assert await desk.states(run) == ["paid"]
    assert len(await kept("SELECT 1 FROM payout")) == 1


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("hang", {"seconds": 0, "when": "after"}),
        ("hang", {"seconds": 0, "when": "before"}),
        ("answer", {"status": 500, "when": "after"}),
        ("answer", {"status": 500, "when": "before"}),
        ("bad_reply", {"flavour": "other_key"}),
        ("answer", {"status": 429, "code": "FREQUENCY_LIMITED", "when": "before"}),
        ("answer", {"status": 403, "code": "NOT_ENOUGH", "when": "before"}),
    ],
)
async def test_an_answer_that_nobody_hears_is_asked_for_and_never_sent_anew(
    desk: Desk, kind: str, members: dict[str, Any]
) -> None:
    run = await desk.sent("示例H1")
    desk.sandbox.fault("transfer.create", kind, **members)
    assert await desk.on() == 0
    assert await desk.states(run) == ["asked"]
    await desk.on(minutes=11)
    await desk.is_paid_once(run)


async def test_many_workers_at_once_send_each_line_once(desk: Desk) -> None:
    run = await desk.sent("示例H1", "示例H2")
    await asyncio.gather(*(desk.transfers.work_due() for _ in range(8)))
    assert sorted(each["amount"] for each in desk.at_wechat()) == [697, 872]
    assert await desk.states(run) == ["accepted", "accepted"]
    assert len(desk.sandbox.requests("transfer.create")) >= 2


async def test_a_refused_transfer_is_due_again_after_a_quiet_time_and_is_paid_by_the_bank(desk: Desk) -> None:
    """Fails when a refusal ends it at once: tried. What was given up is never sent again."""
    run = await desk.sent("示例H1")
    desk.sandbox.fault("transfer.create", "answer", status=403, code="NO_AUTH", message="无权限", times=None)
    assert await desk.on() == 0
    (card,) = await transfers_of(run)
    assert (card.state, card.refusal) == (TransferState.ASKED, "NO_AUTH")
    assert await desk.on(minutes=9) == 0
    assert ("2101", "示例H1", "earned") in await balances()
    assert "示例H1" not in [each.household for each in await due()], "it may still be paid"
    assert await desk.on(minutes=2) == 1
    (line,) = (await run_shown(run)).items
    assert (line.state, line.reason) == ("failed", "微信转账：NO_AUTH")
    desk.sandbox.control("DELETE", "/faults")
    assert "示例H1" in [each.household for each in await due()]
    await account(desk.county, "示例H1")
    await account(desk.county, "示例H2", "6200000000000022")
    bank = await exported(desk.county)
    await results_of(desk.county).record(bank, [paid(1, 872), failed(2, 697)], OFFICER)
    assert await desk.on(days=1) == 0
    assert desk.at_wechat() == []
    assert (await balances())[("2101", "示例H1", "paid")] == -872


async def test_a_worker_that_slept_over_its_claim_sends_nothing(desk: Desk) -> None:
    """Fails when the age of the claim is not looked at: tried. Meanwhile the bank may have paid."""
    run = await desk.sent("示例H1")
    slow = await desk.transfers.claim()
    assert slow is not None
    desk.sandbox.fault("transfer.create", "answer", status=403, code="NO_AUTH", times=1)
    await desk.on(minutes=2)
    assert await desk.on(minutes=11) == 1
    assert await desk.states(run) == ["failed"]
    assert not await desk.transfers.work(slow)
    assert desk.at_wechat() == []


async def test_who_does_not_agree_is_paid_otherwise_under_another_number(desk: Desk) -> None:
    run = await desk.sent("示例H1")
    await desk.on()
    await desk.answer("示例H1", agrees=False)
    assert await desk.on(minutes=6) == 1
    (line,) = (await run_shown(run)).items
    assert (line.state, line.reason) == ("failed", "微信转账：OVERDUE_CLOSE")
    assert "示例H1" in [each.household for each in await due()]
    again = await desk.sent()
    await desk.on()
    (first,), (second,) = await transfers_of(run), await transfers_of(again)
    assert first.number != second.number
    await desk.answer("示例H1")
    assert await desk.on(minutes=6) == 1
    assert (await balances())[("2101", "示例H1", "paid")] == -872


async def test_wechat_refuses_an_account_of_another_name(desk: Desk) -> None:
    """Fails when the name is not sent with every sum that may have one: tried."""
    await desk.agree("示例H1", real_name="示例他人")
    run = await desk.sent()
    assert await desk.on() == 1
    (line,) = (await run_shown(run)).items
    assert (line.state, line.reason) == ("failed", "微信转账：NAME_NOT_CORRECT")


async def test_sums_beyond_the_limits_stay_due(desk: Desk) -> None:
    for each in ("示例H1", "示例H2"):
        await desk.agree(each)
    small = replace(desk.transfers, channel=desk.channel(limits=TransferLimits(10, 700)))
    number = await small.draft(desk.county.merchant, OFFICER)
    assert [each.household for each in (await run_shown(number)).items] == ["示例H2"]
    assert [each.household for each in await due()] == ["示例H1"]
    with pytest.raises(NothingToPay):
        await small.draft(desk.county.merchant, OFFICER)


async def test_nothing_is_offered_without_a_scene_or_an_account_of_the_merchant(desk: Desk) -> None:
    await desk.agree("示例H1")
    off = replace(desk.transfers, channel=desk.channel(scene=""))
    with pytest.raises(TransfersNotOffered):
        await off.draft(desk.county.merchant, OFFICER)
    run = await desk.sent()
    assert await off.work_due() == 0
    assert desk.at_wechat() == [], "what was planned waits"
    await desk.is_paid_once(run)
    await execute("UPDATE merchant SET sub_mchid = NULL WHERE number = $1", desk.county.merchant)
    with pytest.raises(TransfersNotOffered):
        await desk.transfers.draft(desk.county.merchant, OFFICER)


async def test_in_direct_mode_the_one_account_pays(desk: Desk) -> None:
    await execute("UPDATE merchant SET sub_mchid = NULL WHERE number = $1", desk.county.merchant)
    desk.transfers = replace(desk.transfers, channel=desk.channel("direct"))
    run = await desk.sent("示例H1")
    await desk.on()
    assert [each["sub_mchid"] for each in desk.at_wechat()] == [""]
    await desk.is_paid_once(run)


async def test_an_approval_is_good_for_a_day_and_what_changed_is_left_out(desk: Desk) -> None:
    await desk.agree("示例H1")
    await desk.agree("示例H2")
    transfers = desk.transfers
    number = await transfers.draft(desk.county.merchant, OFFICER)
    await transfers.runs.decide(number, RunState.APPROVED, "", SECOND)
    before = desk.county.now
    desk.county.now += EXPORT_WITHIN + timedelta(seconds=1)
    with pytest.raises(ExportOver):
        await transfers.send(PRINTER, number)
    desk.county.now = before
    await transfers.wallets.end("示例H2", desk.codes["示例H2"][1], OFFICER)
    assert await transfers.send(PRINTER, number) == 1
    assert [(each.state, each.reason) for each in (await run_shown(number)).items] == [
        ("ready", ""), ("dropped", "account"),
    ]  # fmt: skip
    assert [each.household for each in await due()] == ["示例H2"]


async def test_whose_account_as_a_buyer_is_closed_is_paid_otherwise(desk: Desk) -> None:
    run = await desk.sent("示例H1")
    await execute("UPDATE consumer_account SET closed_at = now() WHERE number = $1", desk.people["示例H1"].number)
    assert await desk.on() == 0
    assert await desk.on(minutes=11) == 1
    assert (await run_shown(run)).items[0].reason == "微信转账：PAYEE_GONE"
    assert desk.at_wechat() == []


async def test_what_could_not_be_sent_for_days_is_given_up_unsent(desk: Desk) -> None:
    run = await desk.sent("示例H1")
    desk.sandbox.fault("transfer.create", "answer", status=403, code="NOT_ENOUGH", times=None)
    assert await desk.on() == 0
    desk.county.now += SENT_WITHIN
    desk.sandbox.control("DELETE", "/faults")
    assert await desk.on(seconds=1) == 0
    assert await desk.on(minutes=11) == 1
    assert (await run_shown(run)).items[0].reason == "微信转账：TOO_LATE"
    assert desk.at_wechat() == []


async def test_a_wallet_is_one_adult_members_and_serves_one_household(desk: Desk) -> None:
    await desk.agree("示例H1")
    wallets, consumer = desk.transfers.wallets, desk.people["示例H1"].number
    member, code = desk.codes["示例H1"]
    other = await desk.person("示例甲")
    await desk.agree("示例H2")
    theirs, _ = desk.codes["示例H2"]
    with pytest.raises(WalletRegistered):
        await wallets.enter("示例H1", member, other.number, "示例同意书", OFFICER)
    await wallets.end("示例H2", desk.codes["示例H2"][1], OFFICER)
    with pytest.raises(WalletRegistered):
        await wallets.enter("示例H2", theirs, consumer, "示例同意书", OFFICER)
    with pytest.raises(WalletPayeeUnknown):
        await wallets.enter("示例H2", theirs, "CNOBODY", "示例同意书", OFFICER)
    with pytest.raises(MemberUnknown):
        await wallets.enter("示例H2", member, other.number, "示例同意书", OFFICER)
    with pytest.raises(WalletUnknown):
        await wallets.end("示例H2", code, OFFICER)
    assert [each.ended_at is None for each in await wallet_cards("示例H2")] == [False]
    (row,) = await kept("SELECT payee_cipher, payee_index FROM household_wallet WHERE code = $1", code)
    assert consumer.encode() not in bytes(row["payee_cipher"]) + bytes(row["payee_index"])
    for attack in (
        "UPDATE household_wallet SET member = 'X' WHERE code = $1",
        "UPDATE household_wallet SET document = 'X', ended_at = now(), ended_by = 'x' WHERE code = $1",
        "DELETE FROM household_wallet WHERE code = $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, code)


async def test_a_transfer_keeps_its_number_and_sum_and_stays_when_it_is_over(desk: Desk) -> None:
    run = await desk.sent("示例H1")
    (card,) = await transfers_of(run)
    attacks = [
        "UPDATE payout_transfer SET number = 'W1' WHERE number = $1",
        "UPDATE payout_transfer SET amount_fen = 1 WHERE number = $1",
        "UPDATE payout_transfer SET payer = '1900000002' WHERE number = $1",
        "DELETE FROM payout_transfer WHERE number = $1",
    ]
    await desk.is_paid_once(run)
    attacks.append("UPDATE payout_transfer SET state = 'planned', finished_at = NULL WHERE number = $1")
    for attack in attacks:
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, card.number)


@dataclass
class Telling:
    """A channel that says what a test wants."""

    says: TransferNews | type[Exception] | None = None
    limits: TransferLimits = SCENE.limits

    def is_offered(self, payer: str) -> bool:
        return True

    async def transfer(self, order: Any) -> TransferResult:
        if self.says is None:
            raise GatewayRefused("NO_AUTH", "", status=403)
        return self._said(order.number)

    async def query(self, number: str, payer: str) -> TransferResult | None:
        return None if self.says is None else self._said(number)

    def _said(self, number: str) -> TransferResult:
        if not isinstance(self.says, TransferNews):
            raise OutcomeUnknown("nobody knows")
        return TransferResult(number, f"B{number}", self.says, 872, package="p", moved_at=utc_now())


WORDS: Mapping[TransferNews | type[Exception] | None, TransferState | None] = {
    TransferNews.PENDING: TransferState.ACCEPTED,
    TransferNews.UNCONFIRMED: TransferState.ACCEPTED,
    TransferNews.SUCCEEDED: TransferState.PAID,
    TransferNews.FAILED: TransferState.FAILED,
    OutcomeUnknown: None,
    None: None,
}
"""What the channel says, and where that leads; None where it leads nowhere."""


async def test_every_state_of_a_transfer_meets_every_word_of_the_channel_as_the_table_says(desk: Desk) -> None:
    """Planned is claimed and so asked, whatever is said then; what is over is claimed no more."""
    await desk.agree("示例H1")
    telling = Telling()
    desk.transfers = replace(desk.transfers, channel=telling)  # type: ignore[arg-type]
    ways: dict[TransferState, list[TransferNews | type[Exception]]] = {
        TransferState.PLANNED: [], TransferState.ASKED: [OutcomeUnknown],
        TransferState.ACCEPTED: [TransferNews.PENDING],
        TransferState.PAID: [TransferNews.SUCCEEDED], TransferState.FAILED: [TransferNews.FAILED],
    }  # fmt: skip
    for state, way in ways.items():
        for word, leads in WORDS.items():
            run = await desk.sent()
            for step in way:
                telling.says = step
                await desk.on(minutes=2)
            assert await desk.states(run) == [state]
            telling.says = word
            await desk.on(minutes=2)
            begun = TransferState.ASKED if state is TransferState.PLANNED else state
            expected = leads if leads in TRANSFER_TRANSITIONS[begun] else begun
            assert await desk.states(run) == [expected], (state, word)
            await _give_back(desk, run, telling)


async def _give_back(desk: Desk, run: str, telling: Telling) -> None:
    """So that H1 is owed again."""
    if (await desk.states(run))[0] != TransferState.PAID:
        telling.says = TransferNews.FAILED
        await desk.on(minutes=11)
        return
    (line,) = (await run_shown(run)).items
    await desk.county.correct("payout", str(line.payout))
