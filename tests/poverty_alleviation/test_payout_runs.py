"""A list for the bank takes two persons, pays nobody twice and no stranger unseen, and tells what came back."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from accounts.service import AccessLogs
from kit.database import rows, scalar
from kit.errors import DomainError
from poverty_alleviation.confirming.disputes import Disputes, RowName
from poverty_alleviation.confirming.errors import DisputedRowUnknown
from poverty_alleviation.confirming.models import DisputedKind
from poverty_alleviation.errors import PayoutDiffers, PayoutInRun
from poverty_alleviation.payout_runs.errors import (
    BankResultRefused,
    ExportOver,
    LinesStopped,
    NothingToPay,
    PayoutRunStands,
    PayoutRunUnknown,
    RunNeedsSecondPerson,
)
from poverty_alleviation.payout_runs.models import LINE_TRANSITIONS, RUN_TRANSITIONS, LineState, RunState
from poverty_alleviation.payout_runs.queries import run_cards, run_shown
from poverty_alleviation.payout_runs.results import BankResult, BankResults
from poverty_alleviation.payout_runs.service import EXPORT_WITHIN, PayoutRuns
from poverty_alleviation.payouts import due
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.errors import AccountUnknown
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from tests.accounts.people import throwaway_cipher
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_figures import sold
from tests.poverty_alleviation.test_statements import PRINTER, kept, try_out

TODAY = date(2026, 11, 23)
CIPHER = throwaway_cipher()


def runs_of(county: County) -> PayoutRuns:
    return PayoutRuns(accounts_of(county), AccessLogs(county.clock), county.clock)


def accounts_of(county: County) -> BankAccounts:
    return BankAccounts(CIPHER, AccessLogs(county.clock), county.clock)


def results_of(county: County) -> BankResults:
    return BankResults(county.payouts, county.clock)


async def account(county: County, household: str, number: str = "6200000000000011") -> tuple[str, str]:
    """A son's account; answers the codes of son and account."""
    members = Members(CIPHER, AccessLogs(county.clock), county.clock)
    son = MemberDraft(name=f"示例之子{household}", birth_year=1990, relation=Relation.CHILD)
    member = await members.enter(household, son, date(2020, 1, 1), "示例户口簿", OFFICER)
    draft = AccountDraft(bank="示例银行", number=number, holder_relation=Relation.CHILD, member=member)
    return member, await accounts_of(county).enter(household, draft, date(2020, 1, 1), "示例存折", OFFICER)


async def two_owed(county: County) -> None:
    """H1 is owed 8.72 and H2 6.97, and each has an account of its own."""
    await sold(county)
    await account(county, "示例H1", "6200000000000011")
    await account(county, "示例H2", "6200000000000022")


async def exported(county: County) -> str:
    """A run whose file has gone to the bank."""
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    await runs.export(PRINTER, number)
    return number


def paid(position: int, amount_fen: int, voucher: str = "示例回单1") -> BankResult:
    return BankResult(position=position, amount_fen=amount_fen, is_paid=True, voucher=voucher, paid_on=TODAY)


def failed(position: int, amount_fen: int) -> BankResult:
    return BankResult(position=position, amount_fen=amount_fen, is_paid=False, reason="账户已注销")


async def test_a_run_is_drafted_approved_by_another_exported_unmasked_and_paid(county: County) -> None:
    """Fails when what a run holds is still due, and when the look is not on record: tried."""
    await two_owed(county)
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    assert await due() == [], "what a run holds nobody else pays"
    with pytest.raises(PayoutInRun):
        await county.payouts.record("示例H1", county.merchant, 872, "回单", TODAY, OFFICER)
    with pytest.raises(NothingToPay):
        await runs.draft(county.merchant, OFFICER)
    with pytest.raises(PayoutRunStands):
        await runs.export(PRINTER, number)
    with pytest.raises(RunNeedsSecondPerson):
        await runs.decide(number, RunState.APPROVED, "", OFFICER)
    await runs.decide(number, RunState.APPROVED, "示例核对", SECOND)
    looks = await scalar("SELECT count(*) FROM access_log")
    lines = await runs.export(PRINTER, number)
    assert [(each.reference, each.name, each.number, each.amount_fen) for each in lines] == [
        (f"{number}-1", "示例之子示例H1", "6200000000000011", 872),
        (f"{number}-2", "示例之子示例H2", "6200000000000022", 697),
    ]
    (look,) = await rows("SELECT subject, fields_read FROM access_log ORDER BY id DESC LIMIT 1")
    assert look["subject"] == f"payout_run:{number}"
    assert await scalar("SELECT count(*) FROM access_log") == looks + 1
    assert (await balances())[("2101", "示例H1", "earned")] == -872, "a list alone pays nobody"
    done = await results_of(county).record(number, [paid(1, 872), failed(2, 697)], OFFICER)
    assert (done.paid, done.failed) == (1, 1)
    found = await balances()
    assert found[("2101", "示例H1", "paid")] == -872
    assert ("2101", "示例H1", "earned") not in found
    assert found[("2101", "示例H2", "earned")] == -697
    assert [(each.household, each.amount_fen) for each in await due()] == [("示例H2", 697)], "due again"
    shown = await run_shown(number)
    assert (shown.run.state, shown.run.paid_fen, shown.run.amount_fen) == (RunState.PAID, 872, 1569)
    assert [(each.state, each.reason) for each in shown.items] == [("paid", ""), ("failed", "账户已注销")]
    assert "6200000000000011" not in repr(shown)
    assert [each.number for each in (await run_cards(RunState.PAID, None, 5))[0]] == [number]
    (payout,) = await kept("SELECT number, bank_voucher FROM payout")
    assert payout == {"number": shown.items[0].payout, "bank_voucher": "示例回单1"}


async def test_a_file_expires_after_a_day_and_three_times(county: County) -> None:
    await two_owed(county)
    number, runs = await exported(county), runs_of(county)
    for _ in range(2):
        assert len(await runs.export(PRINTER, number)) == 2
    with pytest.raises(ExportOver):
        await runs.export(PRINTER, number)
    assert (await run_shown(number)).run.exports == 3
    await results_of(county).record(number, [failed(1, 872), failed(2, 697)], OFFICER)
    again = await runs.draft(county.merchant, OFFICER)
    await runs.decide(again, RunState.APPROVED, "", SECOND)
    county.now += EXPORT_WITHIN + timedelta(seconds=1)
    with pytest.raises(ExportOver):
        await runs.export(PRINTER, again)
    await runs.decide(again, RunState.DISCARDED, "过期", OFFICER)
    assert len(await due()) == 2


async def test_a_third_persons_account_stops_the_line_and_who_decides_does_not_approve(county: County) -> None:
    """Fails when the member's span is not looked at: tried. A household without an account is stopped as well."""
    await sold(county)
    member, card = await account(county, "示例H1")
    _, foreign = await account(county, "示例H2", "6200000000000022")
    members = Members(CIPHER, AccessLogs(county.clock), county.clock)
    await members.end("示例H1", member, TODAY, OFFICER)
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    lines = (await run_shown(number)).items
    assert [(each.state, each.reason, each.is_own_account) for each in lines] == [
        ("stopped", "third_person", False), ("ready", "", True),
    ]  # fmt: skip
    with pytest.raises(LinesStopped):
        await runs.decide(number, RunState.APPROVED, "", SECOND)
    for wrong in (foreign, "NOACCOUNT"):
        with pytest.raises(AccountUnknown):
            await runs.decide_line(number, 1, wrong, "不是本户的账户", "staff:third")
    await runs.decide_line(number, 1, card, "儿子已分户，农户书面同意", "staff:third")
    for one in (OFFICER, "staff:third"):
        with pytest.raises(RunNeedsSecondPerson):
            await runs.decide(number, RunState.APPROVED, "", one)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    line = (await run_shown(number)).items[0]
    assert (line.state, line.is_own_account, line.decided_by) == ("ready", False, "staff:third")
    for attack in (
        "UPDATE payout_run SET decided_by = drafted_by WHERE number = $1",
        "UPDATE payout_line SET decided_by = NULL WHERE reason <> $1 AND position = 1",
        "UPDATE payout_line SET amount_fen = 1 WHERE reason <> $1",
        "DELETE FROM payout_part WHERE rule <> $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, number)


async def test_whoever_is_entered_without_a_relation_is_a_third_person(county: County) -> None:
    """``other`` names no relative: the account of anybody would be the household's own by one clerk's word."""
    await sold(county)
    await account(county, "示例H1")
    accounts = accounts_of(county)
    for serial, relation in enumerate((Relation.OTHER, Relation.SIBLING)):
        card = AccountDraft(
            bank="示例银行", number=f"62000000000003{serial}1", holder_relation=relation, holder_name="示例某人"
        )
        await accounts.enter("示例H2", card, date(2020, 1, 1), "示例授权书", OFFICER)
        assert await accounts.is_own_account("示例H2", card.number, TODAY) == (relation is Relation.SIBLING)
        number = await runs_of(county).draft(county.merchant, OFFICER)
        line = (await run_shown(number)).items[1]
        assert (line.state, line.reason) == (
            ("ready", "") if relation is Relation.SIBLING else ("stopped", "third_person")
        )
        await runs_of(county).decide(number, RunState.DISCARDED, "", OFFICER)


async def test_without_an_account_nobody_is_paid_until_one_is_entered(county: County) -> None:
    await sold(county)
    await account(county, "示例H1")
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    assert [each.reason for each in (await run_shown(number)).items] == ["", "no_account"]
    _, card = await account(county, "示例H2", "6200000000000022")
    await runs.decide_line(number, 2, card, "已登记账户", OFFICER)
    assert (await run_shown(number)).items[1].is_own_account, "found out anew"


async def test_what_changed_or_is_disputed_after_the_draft_is_left_out_of_the_file(county: County) -> None:
    """Fails when the file is what was drafted: tried."""
    await two_owed(county)
    runs, disputes = runs_of(county), Disputes(county.clock)
    number = await runs.draft(county.merchant, OFFICER)
    line = RowName(DisputedKind.LINE, "O1-1")
    dispute = await disputes.open("示例H1", [line], "重量不对", OFFICER)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    assert [each.amount_fen for each in await runs.export(PRINTER, number)] == [697]
    assert [(each.state, each.reason) for each in (await run_shown(number)).items] == [
        ("dropped", "changed"), ("ready", ""),
    ]  # fmt: skip
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H2", [line], "银行正在付款", OFFICER)
    assert await due() == []
    await results_of(county).record(number, [paid(2, 697)], OFFICER)
    assert await due() == [], "still disputed"
    assert (await kept("SELECT state FROM income_dispute WHERE number = $1", dispute))[0]["state"] == "open"


async def test_a_refund_while_the_bank_pays_is_borne_by_the_reserve(
    county: County, databases: Databases, tmp_path: Path
) -> None:
    """Fails when the lines are not brought to their targets after the payout: tried."""
    await two_owed(county)
    number = await exported(county)
    await county.tell(county.refunded(1, 0, 0, amount_fen=10_970, quantity=3))
    await results_of(county).record(number, [paid(1, 872), paid(2, 697)], OFFICER)
    found = await balances()
    assert {key: fen for key, fen in found.items() if key[0] == "2101"} == {
        ("2101", "示例H1", "paid"): -872, ("2101", "示例H2", "paid"): -697,
    }  # fmt: skip
    assert found[("2107", county.merchant, "")] == 872 + 697
    assert (await reconciliation()).is_exact
    assert await unlike(databases, tmp_path) == []


async def test_a_file_of_the_bank_is_recorded_whole_and_once(county: County) -> None:
    await two_owed(county)
    number, results = await exported(county), results_of(county)
    wrong: list[list[BankResult]] = [
        [paid(1, 872), paid(2, 696)],
        [paid(1, 872), paid(3, 697)],
        [paid(1, 872), paid(1, 872)],
        [paid(1, 872, "")],
        *[
            [BankResult(position=1, amount_fen=872, is_paid=True, voucher="v", paid_on=TODAY + timedelta(days=days))]
            for days in (2, -1, -365)
        ],
    ]
    for each in wrong:
        with pytest.raises(BankResultRefused):
            await results.record(number, each, OFFICER)
    assert await kept("SELECT 1 FROM payout") == []
    both = [paid(1, 872), failed(2, 697)]
    said = await asyncio.gather(*[results.record(number, both, OFFICER) for _ in range(4)])
    assert sorted((each.paid, each.failed) for each in said) == [(0, 0)] * 3 + [(1, 1)]
    assert len(await kept("SELECT 1 FROM payout")) == 1
    for other in (paid(1, 872, "另一回单"), failed(1, 872), paid(2, 697)):
        with pytest.raises(BankResultRefused):
            await results.record(number, [other], OFFICER)
    with pytest.raises(PayoutRunUnknown):
        await results.record("R404", both, OFFICER)
    again = await exported(county)
    await results.record(again, [paid(1, 697)], OFFICER)
    assert (await balances())[("2101", "示例H2", "paid")] == -697


async def test_a_single_payout_of_what_stands_in_a_run_is_told_so(county: County) -> None:
    """Fails when it is refused as another amount: tried."""
    await two_owed(county)
    number = await exported(county)
    for amount in (872, 5):
        with pytest.raises(PayoutInRun) as refused:
            await county.payouts.record("示例H1", county.merchant, amount, "回单", TODAY, OFFICER)
        assert refused.value.facts == {"run": number, "in_run_fen": 872, "earned_fen": 0, "amount_fen": amount}
    await sold(county, "O2")
    with pytest.raises(PayoutInRun):
        await county.payouts.record("示例H1", county.merchant, 2 * 872, "回单", TODAY, OFFICER)
    with pytest.raises(PayoutDiffers):
        await county.payouts.record("示例H1", county.merchant, 873, "回单", TODAY, OFFICER)
    await results_of(county).record(number, [failed(1, 872), paid(2, 697)], OFFICER)
    with pytest.raises(PayoutDiffers):
        await county.payouts.record("示例H1", county.merchant, 5, "回单", TODAY, OFFICER)


async def test_many_who_draft_at_once_make_one_list(county: County) -> None:
    """Fails without the locks of the lines: tried."""
    await two_owed(county)
    runs = runs_of(county)

    async def draft() -> str:
        try:
            return await runs.draft(county.merchant, OFFICER)
        except NothingToPay:
            return ""

    made = [number for number in await asyncio.gather(*[draft() for _ in range(5)]) if number]
    assert len(made) == 1


async def test_a_payout_of_a_run_can_be_taken_back_and_is_due_again(county: County) -> None:
    await two_owed(county)
    number = await exported(county)
    await results_of(county).record(number, [paid(1, 872), paid(2, 697)], OFFICER)
    payout = (await run_shown(number)).items[0].payout
    await county.correct("payout", str(payout))
    assert [(each.household, each.amount_fen) for each in await due()] == [("示例H1", 872)]
    await county.payouts.record("示例H1", county.merchant, 872, "示例回单1", TODAY, OFFICER)


async def test_every_pair_of_states_of_a_run_moves_as_the_table_says(county: County) -> None:
    await two_owed(county)
    runs, results = runs_of(county), results_of(county)
    both = [failed(1, 872), failed(2, 697)]
    acts: dict[RunState, Callable[[str], Any]] = {
        RunState.APPROVED: lambda number: runs.decide(number, RunState.APPROVED, "", SECOND),
        RunState.DISCARDED: lambda number: runs.decide(number, RunState.DISCARDED, "", SECOND),
        RunState.EXPORTED: lambda number: runs.export(PRINTER, number),
        RunState.PAID: lambda number: results.record(number, both, OFFICER),
        RunState.DRAFTED: lambda number: runs.decide(number, RunState.DRAFTED, "", SECOND),
    }
    ways: dict[RunState, tuple[RunState, ...]] = {
        RunState.DRAFTED: (), RunState.APPROVED: (RunState.APPROVED,), RunState.DISCARDED: (RunState.DISCARDED,),
        RunState.EXPORTED: (RunState.APPROVED, RunState.EXPORTED),
        RunState.PAID: (RunState.APPROVED, RunState.EXPORTED, RunState.PAID),
    }  # fmt: skip
    # The file again, and the bank's word again, are no steps.
    repeats = {(RunState.EXPORTED, RunState.EXPORTED), (RunState.PAID, RunState.PAID)}
    for state, way in ways.items():
        for to, act in acts.items():
            number = await runs.draft(county.merchant, OFFICER)
            for step in way:
                await acts[step](number)
            moves = to in RUN_TRANSITIONS[state]
            if moves or (state, to) in repeats:
                await act(number)
            else:
                with pytest.raises(PayoutRunStands):
                    await act(number)
            assert (await run_shown(number)).run.state == (to if moves else state)
            for step in (RunState.DISCARDED, RunState.PAID):  # so that everything is due again
                if step in RUN_TRANSITIONS[(await run_shown(number)).run.state]:
                    await acts[step](number)


async def test_every_pair_of_states_of_a_line_moves_as_the_table_says(county: County) -> None:
    """A line is stopped and made ready while its run is a draft, paid or failed once the file is out."""
    await two_owed(county)
    _, card = await account(county, "示例H1", "6200000000000033")
    runs, results = runs_of(county), results_of(county)

    async def leave(to: LineState, number: str) -> None:
        if to in (LineState.READY, LineState.DROPPED):
            await runs.decide_line(number, 1, card if to is LineState.READY else None, "示例决定", OFFICER)
        elif to is not LineState.STOPPED:
            await results.record(number, [paid(1, 872, number) if to is LineState.PAID else failed(1, 872)], SECOND)

    for state in LineState:
        for to in LineState:
            if to is LineState.STOPPED or state is LineState.PAID:
                continue
            number = await runs.draft(county.merchant, OFFICER)
            if state is LineState.STOPPED:
                await _stop(number)
            if state is LineState.DROPPED:
                await leave(LineState.DROPPED, number)
            banks = to in (LineState.PAID, LineState.FAILED) or state is LineState.FAILED
            if banks and state is not LineState.STOPPED:
                await runs.decide(number, RunState.APPROVED, "", SECOND)
                await runs.export(PRINTER, number)
            if state is LineState.FAILED:
                await leave(LineState.FAILED, number)
            before = (await run_shown(number)).items[0].state
            assert before == state
            if to in LINE_TRANSITIONS[state]:
                await leave(to, number)
                assert (await run_shown(number)).items[0].state == to
            elif (state, to) != (LineState.FAILED, LineState.FAILED):
                with pytest.raises(DomainError):
                    await leave(to, number)
                assert (await run_shown(number)).items[0].state == state
            if to is LineState.PAID and to in LINE_TRANSITIONS[state]:
                for beyond in (LineState.READY, LineState.FAILED, LineState.DROPPED):
                    with pytest.raises(DomainError):
                        await leave(beyond, number)
                await county.correct("payout", str((await run_shown(number)).items[0].payout))
            await _end(county, number)


async def _stop(number: str) -> None:
    """As if its account were a third person's."""
    await try_out(
        "UPDATE payout_line SET state = 'stopped', is_own_account = false WHERE position = 1 AND run_id ="
        " (SELECT id FROM payout_run WHERE number = $1)",
        number,
    )


async def _end(county: County, number: str) -> None:
    """So that everything is due again."""
    shown = await run_shown(number)
    if RunState.DISCARDED in RUN_TRANSITIONS[shown.run.state]:
        await runs_of(county).decide(number, RunState.DISCARDED, "", SECOND)
        return
    left = [failed(each.position, each.amount_fen) for each in shown.items if each.state is LineState.READY]
    await results_of(county).record(number, left, OFFICER)
