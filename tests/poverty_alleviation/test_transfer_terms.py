"""What may be sent by WeChat transfer, to whom and for how long, and where each word of the channel leads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from kit.clock import utc_now
from kit.database import execute
from payments.ports import GatewayRefused, OutcomeUnknown
from poverty_alleviation.payout_runs.errors import ExportOver, NothingToPay
from poverty_alleviation.payout_runs.models import RunState
from poverty_alleviation.payout_runs.queries import run_shown
from poverty_alleviation.payout_runs.service import EXPORT_WITHIN
from poverty_alleviation.payouts import due
from poverty_alleviation.ports import TransferLimits, TransferNews, TransferResult
from poverty_alleviation.register.errors import MemberUnknown, WalletPayeeUnknown, WalletRegistered, WalletUnknown
from poverty_alleviation.register.wallets import wallet_cards
from poverty_alleviation.transfers.errors import TransfersNotOffered
from poverty_alleviation.transfers.models import TRANSFER_TRANSITIONS, TransferState
from poverty_alleviation.transfers.service import SENT_WITHIN, transfers_of
from tests.payments.conftest import sandbox
from tests.poverty_alleviation.conftest import OFFICER, SECOND
from tests.poverty_alleviation.test_statements import PRINTER, kept, try_out
from tests.poverty_alleviation.transfer_desk import SCENE, Desk, desk

__all__ = ["desk", "sandbox"]


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
