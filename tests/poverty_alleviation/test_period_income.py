"""Wages, dividends, rents and returns become income by two persons, to the fen, once, and go back by reversal."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.service import AccessLogs
from kit.database import execute, rows, scalar
from ledger.errors import AlreadyReversed, SecondPersonNeeded
from ledger.service import Journals
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.errors import IncomeUnknown
from poverty_alleviation.income.agreements import AgreementDraft, Agreements, WorkedMonth, agreement_cards
from poverty_alleviation.income.cards import income_sheet
from poverty_alleviation.income.errors import (
    AgreementInvalid,
    AgreementUnknown,
    PaidForBefore,
    PayerUnknown,
    SheetDecided,
    SheetInvalid,
    SheetOutdated,
)
from poverty_alleviation.income.models import SHEET_TRANSITIONS, AgreementKind, IncomeSheetState
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.month_figures import month_figures
from poverty_alleviation.queries import Figure, drill_down, statement
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.register.errors import MemberUnknown
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.vault import household_rights
from tests.accounts.people import throwaway_cipher
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_books_of_sales import SUGAR, named
from tests.superuser import as_superuser

SINCE = date(2026, 8, 15)
PAID_ON = date(2026, 12, 2)
LATER = datetime(2026, 12, 3, 7, 30, tzinfo=UTC)


def agreements(county: County) -> Agreements:
    return Agreements(county.clock)


def sheets(county: County) -> IncomeSheets:
    return IncomeSheets(Journals(county.clock), county.clock)


def payment(county: County, **changes: object) -> Payment:
    said: dict[str, Any] = {
        "payer": county.merchant,
        "period": "2026-11",
        "document": "示例工资表1号",
        "slip": "示例回单1",
        "paid_on": PAID_ON,
        **changes,
    }
    return Payment(**said)


async def agreed(county: County, household: str, by: str = OFFICER, **said: Any) -> str:
    """An agreement with the merchant; answers its number."""
    usual: dict[str, Any] = {"payer": county.merchant, "about": "示例", "document": "示例协议1号", "valid_from": SINCE}
    return await agreements(county).enter(AgreementDraft(household=f"示例{household}", **(usual | said)), by)


async def employed(county: County, household: str = "H1", half_days: int = 20, by: str = OFFICER) -> str:
    """An adult of the household works for the merchant and did so in November; answers the employment's number."""
    members = Members(throwaway_cipher(), AccessLogs(county.clock), county.clock)
    who = MemberDraft(name="示例成员", birth_year=1980, relation=Relation.SPOUSE)
    member = await members.enter(f"示例{household}", who, date(2020, 1, 1), "示例户口簿", OFFICER)
    number = await agreed(county, household, by, kind=AgreementKind.EMPLOYMENT, member=member)
    if half_days:
        worked = WorkedMonth(period="2026-11", half_days=half_days, pieces=0, document="示例考勤表1号")
        await agreements(county).note_work(number, worked, by)
    return number


async def approved(county: County, number: str) -> list[tuple[str, int]]:
    """By the second officer; answers household and fen of each line."""
    await sheets(county).decide(number, SECOND, "示例核对无误", is_approved=True)
    return [(line.household, line.amount_fen) for line in (await income_sheet(number)).lines]


async def test_four_ways_by_hand(county: County, databases: Databases, tmp_path: Path) -> None:
    """November, paid on 2 December.

    Wage: 20 half days, 1,200.00 to H1. Dividend: 1,000.00 over 7, 5 and 1 shares: 538.4615, 384.6154, 76.9231 ->
    538.46, 384.62 (largest remainder), 76.92; H2 has left the register on 1 December, so its part stands on 2102 under
    the agreement. Rent: 300.00 a quarter since August to N1, due in November. Return: 3 % of the sales attributed in
    November (worked vector: H1 45.71, H2 36.57 = 82.28) = 2.4684 -> 2.46 by sales: 1.3666 and 1.0934 -> 1.37 and 1.09,
    transfer income as the rule says; H2's again on 2102.
    """
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    rule = await county.add_rule(
        RuleKind.MARGIN_RETURN, 300, RuleScope.REGISTERED_ONLY, IncomeCategory.TRANSFER, Recognition.PERIOD_PAID,
        mechanism=Mechanism.RETURN,
    )  # fmt: skip
    await county.register("N1", since=date(2026, 11, 25))
    county.now = LATER
    await county.registry.decide("示例H2", AssistanceStatus.EXITED_STABLE, date(2026, 12, 1), "示例文件7号", OFFICER)
    before = named(county, await balances())
    work = await employed(county)
    shares = {
        name: await agreed(county, name, kind=AgreementKind.SHARE, shares=n)
        for name, n in (("H1", 7), ("H2", 5), ("N1", 1))
    }
    lease = await agreed(county, "N1", kind=AgreementKind.LEASE, rent_fen=30_000, every_months=3)
    desk = sheets(county)
    made = [
        await desk.propose_wages(payment(county), [(work, 120_000)], OFFICER),
        await desk.propose_dividends(payment(county), date(2026, 11, 30), 100_000, OFFICER),
        await desk.propose_rents(payment(county), [lease], OFFICER),
        await desk.propose_returns(payment(county), rule, OFFICER),
    ]
    assert named(county, await balances()) == before, "nothing is in the books before it is approved"
    assert [await approved(county, number) for number in made] == [
        [("示例H1", 120_000)],
        [("示例H1", 53_846), ("示例H2", 38_462), ("示例N1", 7_692)],
        [("示例N1", 30_000)],
        [("示例H1", 137), ("示例H2", 109)],
    ]
    assert named(county, await balances()) == before | {
        ("1402", "M", ""): 120_000,
        ("1403", "M", ""): 100_000,
        ("1404", "M", ""): 30_000,
        ("1405", "M", ""): 246,
        ("2101", "H1", "paid"): -(120_000 + 53_846 + 137),
        ("2101", "N1", "paid"): -(7_692 + 30_000),
        ("2102", shares["H2"], "paid"): -38_462,
        ("2102", rule, "paid"): -109,
    }
    income = {each.category: each.paid_fen for each in (await statement("示例H1")).income_by_category}
    assert income == {"wage": 120_000, "property": 53_846, "transfer": 137}
    month = await month_figures("2026-12")
    assert (month.period_income_fen, month.income_paid_fen) == (250_246, 120_000 + 53_846 + 137 + 37_692)
    assert month.payables_total_fen == month.movement_fen == 0, "the payers' own cash is no sale"
    found = await reconciliation()
    assert found.payables_difference_fen == 0
    await county.payouts.confirm("period_income", f"{made[1]}-3", "visit", "示例走访1", LATER, OFFICER)
    await county.correct("period_income", f"{made[1]}-3")
    assert await unlike(databases, tmp_path) == []


async def test_a_figure_leads_to_the_sheet(county: County) -> None:
    county.now = LATER
    number = await sheets(county).propose_wages(payment(county), [(await employed(county), 120_000)], OFFICER)
    await approved(county, number)
    (part,) = (await drill_down("示例H1", Figure.INCOME_PAID)).parts
    assert (part.subject, part.subject_kind, part.evidence, part.category, part.note) == (
        f"{number}-1", "income_line", "示例工资表1号", "wage", "示例回单1",
    )  # fmt: skip


async def test_nobody_approves_what_the_same_account_put_down(county: County) -> None:
    """The sheet, the agreement and the attendance; by account, in the service and in the table."""
    county.now = LATER
    desk = sheets(county)
    own = await desk.propose_wages(payment(county), [(await employed(county, by=SECOND), 120_000)], OFFICER)
    for account in (OFFICER, SECOND):
        with pytest.raises(SecondPersonNeeded):
            await desk.decide(own, account, "", is_approved=True)
    forged = "UPDATE income_sheet SET state = 'approved', decided_by = made_by, decided_at = now() WHERE number = $1"
    with pytest.raises(BaseORMException):
        await household_rights()(execute)(forged, own)
    assert await balances() == {}
    await desk.decide(own, "staff:third", "", is_approved=True)
    await desk.decide(own, "staff:third", "", is_approved=True)
    with pytest.raises(SheetDecided):
        await desk.decide(own, SECOND, "", is_approved=True)
    assert await scalar("SELECT count(*) FROM ledger_journal") == 1


@pytest.mark.parametrize("state", list(IncomeSheetState))
async def test_every_decision_in_every_state_of_a_sheet_goes_where_the_table_says(
    county: County, state: IncomeSheetState
) -> None:
    county.now = LATER
    work, desk = await employed(county), sheets(county)
    for to in (IncomeSheetState.APPROVED, IncomeSheetState.REFUSED):
        number = await desk.propose_wages(payment(county), [(work, 100)], OFFICER)
        if state is not IncomeSheetState.PROPOSED:
            await desk.decide(number, SECOND, "", is_approved=state is IncomeSheetState.APPROVED)
        if to in SHEET_TRANSITIONS[state]:
            await desk.decide(number, "staff:third", "", is_approved=to is IncomeSheetState.APPROVED)
            assert (await income_sheet(number)).state is to
        else:
            with pytest.raises(SheetDecided):
                await desk.decide(number, "staff:third", "", is_approved=to is IncomeSheetState.APPROVED)
            assert (await income_sheet(number)).state is state
        if (await income_sheet(number)).state is IncomeSheetState.APPROVED:
            await county.correct("period_income", f"{number}-1")


async def test_a_month_is_paid_once_for_one_agreement(county: County) -> None:
    """Also by eight at once (fails without the lock of payer and month: tried); a refusal frees it."""
    county.now = LATER
    work, desk = await employed(county), sheets(county)
    acts = (desk.propose_wages(payment(county), [(work, fen)], OFFICER) for fen in range(100, 108))
    answers = await asyncio.gather(*acts, return_exceptions=True)
    (number,) = [each for each in answers if isinstance(each, str)]
    assert [type(each) for each in answers if isinstance(each, Exception)] == [PaidForBefore] * 7
    await desk.decide(number, OFFICER, "示例撤回", is_approved=False)
    number = await desk.propose_wages(payment(county), [(work, 300)], OFFICER)
    decisions = (desk.decide(number, who, "", is_approved=True) for who in (SECOND, "staff:third"))
    assert [type(each) for each in await asyncio.gather(*decisions, return_exceptions=True) if each] == [SheetDecided]
    with pytest.raises(PaidForBefore):
        await desk.propose_wages(payment(county), [(work, 300)], OFFICER)
    assert named(county, await balances()) == {("1402", "M", ""): 300, ("2101", "H1", "paid"): -300}


async def test_what_was_paid_is_confirmed_by_the_household_and_taken_back_by_a_correction(county: County) -> None:
    """One line of a sheet, its confirmation with it; then it may be paid again."""
    county.now = LATER
    for name in ("H1", "H2"):
        await agreed(county, name, kind=AgreementKind.SHARE, shares=1)
    desk = sheets(county)
    number = await desk.propose_dividends(payment(county), PAID_ON, 201, OFFICER)
    assert await approved(county, number) == [("示例H1", 101), ("示例H2", 100)]
    for _ in range(2):
        await county.payouts.confirm("period_income", f"{number}-1", "visit", "示例走访1", LATER, OFFICER)
    assert (await statement("示例H1")).figures.income_confirmed_fen == 101
    assert (await statement("示例H2")).figures.income_confirmed_fen == 0
    county.now += timedelta(days=40)
    await county.correct("period_income", f"{number}-1")
    assert named(county, await balances()) == {("1403", "M", ""): 100, ("2101", "H2", "paid"): -100}
    first, second = (await income_sheet(number)).lines
    assert (first.reversed_at, second.reversed_at) == (county.now, None)
    assert (
        await scalar("SELECT DISTINCT corrects_period FROM ledger_journal WHERE reverses_id IS NOT NULL") == "2026-12"
    )
    with pytest.raises(IncomeUnknown):
        await county.payouts.confirm("period_income", f"{number}-1", "visit", "示例走访2", LATER, OFFICER)
    with pytest.raises(AlreadyReversed):
        await county.correct("period_income", f"{number}-1")


async def test_what_is_approved_is_what_follows_from_the_papers_then(county: County) -> None:
    """An agreement that ended, and a refund in the month of a return, after the sheet was written."""
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    rule = await county.add_rule(
        RuleKind.MARGIN_RETURN, 300, RuleScope.REGISTERED_ONLY, recognition=Recognition.PERIOD_PAID,
        mechanism=Mechanism.RETURN,
    )  # fmt: skip
    refund = county.refunded(1, 2, 7_314)
    county.now = LATER
    share = await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1)
    await agreed(county, "H2", kind=AgreementKind.SHARE, shares=1)
    desk = sheets(county)
    dividend = await desk.propose_dividends(payment(county), PAID_ON, 201, OFFICER)
    back = await desk.propose_returns(payment(county), rule, OFFICER)
    await agreements(county).end(share, PAID_ON, OFFICER)
    await county.tell(refund)
    for number in (dividend, back):
        with pytest.raises(SheetOutdated):
            await desk.decide(number, SECOND, "", is_approved=True)
        await desk.decide(number, SECOND, "示例过期", is_approved=False)
    with pytest.raises(AgreementUnknown):
        await agreements(county).end(share, PAID_ON, OFFICER)


async def test_a_sheet_that_does_not_follow_from_papers_is_refused(county: County) -> None:
    county.now = LATER
    work, idle = await employed(county), await employed(county, "H2", half_days=0)
    lease = await agreed(county, "H1", kind=AgreementKind.LEASE, rent_fen=100, every_months=3)
    desk = sheets(county)

    async def refused(reason: str, act: Any) -> None:
        with pytest.raises(SheetInvalid) as told:
            await act
        assert told.value.facts["reason"] == reason

    await refused("attendance", desk.propose_wages(payment(county), [(work, 1), (idle, 1)], OFFICER))
    await refused("attendance", desk.propose_wages(payment(county, period="2026-10"), [(work, 1)], OFFICER))
    await refused("agreement", desk.propose_wages(payment(county, period="2026-07"), [(work, 1)], OFFICER))
    await refused("agreement", desk.propose_wages(payment(county, payer="S1"), [(work, 1)], OFFICER))
    await refused("agreement", desk.propose_wages(payment(county), [(work, 1), (work, 2)], OFFICER))
    await refused("agreement", desk.propose_wages(payment(county), [(lease, 1)], OFFICER))
    await refused("lines", desk.propose_wages(payment(county), [(work, 0)], OFFICER))
    for day in (date(2026, 10, 31), date(2026, 12, 4)):
        await refused("paid_on", desk.propose_wages(payment(county, paid_on=day), [(work, 1)], OFFICER))
    await refused("due", desk.propose_rents(payment(county, period="2026-10"), [lease], OFFICER))
    await refused("agreement", desk.propose_dividends(payment(county), PAID_ON, 100, OFFICER))
    await refused("as_of", desk.propose_dividends(payment(county), date(2026, 12, 3), 100, OFFICER))
    await refused("rule", desk.propose_returns(payment(county), "R-1", OFFICER))
    await refused("period", desk.propose_returns(payment(county, period="2026-12"), "R-1", OFFICER))
    per_kg = await scalar("SELECT code || '-1' FROM benefit_rule WHERE kind = 'per_unit'")
    await refused("rule", desk.propose_returns(payment(county), per_kg, OFFICER))


async def test_an_agreement_says_what_its_kind_says_and_names_who_there_is(county: County) -> None:
    for said, refusal in (
        ({"kind": AgreementKind.SHARE}, AgreementInvalid),
        ({"kind": AgreementKind.SHARE, "shares": 1, "rent_fen": 1}, AgreementInvalid),
        ({"kind": AgreementKind.LEASE, "rent_fen": 1}, AgreementInvalid),
        ({"kind": AgreementKind.SHARE, "shares": 1, "valid_until": SINCE}, AgreementInvalid),
        ({"kind": AgreementKind.SHARE, "shares": 1, "payer": "S9"}, PayerUnknown),
        ({"kind": AgreementKind.EMPLOYMENT, "member": "NOBODY"}, MemberUnknown),
    ):
        with pytest.raises(refusal):
            await agreed(county, "H1", **said)
    number = await employed(county)
    newer = WorkedMonth(period="2026-11", half_days=4, pieces=7, document="示例考勤表2号")
    await agreements(county).note_work(number, newer, OFFICER)
    (card,) = await agreement_cards("示例H1", None)
    assert (card.number, card.worked) == (number, [newer])
    assert await agreement_cards("示例H2", None) == []
    for period in ("2026-07", "2099-13"):
        with pytest.raises((AgreementUnknown, BaseORMException)):
            await agreements(county).note_work(
                number, WorkedMonth(period=period, half_days=1, pieces=0, document="示例"), OFFICER
            )


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE household_agreement SET shares = 9",
        "DELETE FROM household_agreement",
        "UPDATE attendance SET half_days = 9",
        "UPDATE income_sheet SET slip = 'x'",
        "UPDATE income_line SET amount_fen = 9",
        "DELETE FROM income_line",
    ],
)
async def test_what_was_written_stays(county: County, attack: str) -> None:
    county.now = LATER
    await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1)
    await sheets(county).propose_wages(payment(county), [(await employed(county), 100)], OFFICER)
    table = attack.split()[1] if attack.startswith("UPDATE") else attack.split()[2]
    async with household_rights():
        before = await rows(f"SELECT * FROM {table} ORDER BY id")
    assert before
    with pytest.raises(BaseORMException):
        async with household_rights():
            await execute(attack)
    with pytest.raises(Exception, match=r"append-only|only be (ended|decided)"):
        await as_superuser(attack)
