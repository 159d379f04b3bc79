"""Payouts by transfer against the sandbox with real signatures: paid once, whoever dies at whatever step."""

import asyncio
import json
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from kit.database import scalar
from payments.errors import NoticeNotAuthentic
from poverty_alleviation.payout_runs.errors import PayoutRunStands, RunNeedsSecondPerson
from poverty_alleviation.payout_runs.models import RunState
from poverty_alleviation.payout_runs.queries import run_shown
from poverty_alleviation.payout_runs.results import BankResults, Recorded
from poverty_alleviation.payouts import due
from poverty_alleviation.transfers.models import TransferState
from poverty_alleviation.transfers.service import transfers_of
from tests.payments import channel
from tests.payments.conftest import sandbox
from tests.poverty_alleviation.conftest import OFFICER, SECOND, balances
from tests.poverty_alleviation.test_payout_runs import (
    account,
    exported,
    failed,
    paid,
    results_of,
)
from tests.poverty_alleviation.test_statements import PRINTER, kept
from tests.poverty_alleviation.transfer_desk import SUB_MCHID, Desk, desk

__all__ = ["desk", "sandbox"]


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
