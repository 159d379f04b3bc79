"""What is wrong in the books is proposed by one person and decided by another (domain reference 2.5, corrections)."""

import asyncio
import itertools
from contextlib import suppress
from datetime import date, timedelta

import asyncpg
import pytest

from kit.database import rows, scalar
from ledger.errors import AlreadyReversed, JournalUnknown, SecondPersonNeeded
from ledger.queries import unbalanced_journals
from poverty_alleviation.corrections.errors import (
    CorrectionChangesNothing,
    CorrectionDecided,
    CorrectionInvalid,
    CorrectionOutdated,
    CorrectionPending,
    CorrectionUnknown,
    LineUnknown,
)
from poverty_alleviation.corrections.models import (
    CORRECTION_TRANSITIONS,
    CorrectionKind,
    CorrectionReason,
    CorrectionState,
)
from poverty_alleviation.corrections.queries import correction_cards, correction_postings
from poverty_alleviation.errors import IncomeUnknown, VoucherUsed
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.month_close import checklist
from poverty_alleviation.payouts import Due, due, payout_cards
from poverty_alleviation.queries import statement
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import NOW, OFFICER, SECOND, County, balances
from tests.poverty_alleviation.test_books_of_sales import SUGAR, announced, named
from tests.poverty_alleviation.test_figures import captured, settled, sold
from tests.poverty_alleviation.test_month_close import DECEMBER, LATER, NOVEMBER, everything_is_delivered, signed
from tests.superuser import as_superuser
from traceability.models import IntakeMode

TODAY, YESTERDAY, BEFORE_THE_CONTRACT = date(2026, 11, 23), date(2026, 11, 22), date(2025, 12, 31)
WRONG = CorrectionReason.WRONG_RECORD


async def propose(county: County, kind: str, target: str, as_of: date | None = None, by: str = OFFICER) -> str:
    return await county.corrections.propose(CorrectionKind(kind), target, as_of, WRONG, "示例更正依据1", by)


async def state_of(correction: str) -> str:
    async with household_rights():
        return str(await scalar("SELECT state FROM correction WHERE number = $1", correction))


async def cancelled_by_mistake(county: County) -> None:
    """H1 was struck from the register a day too early: the packed line divides without it."""
    await county.registry.decide("示例H1", AssistanceStatus.CANCELLED, TODAY, "示例文件9号", OFFICER)
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())


async def test_a_line_is_divided_anew_as_of_a_day_and_stays_so(county: County) -> None:
    """Packed on a day on which H1 was no registered household; as of the day before, the worked vector.

    By hand, before: A as ever 7.50 6.00 4.50; B 2.19 is all H2's; merchant 109.70 − 18.00 − 2.19 − 8.77 = 80.74.
    Fails when the basis is not changed with it: the refund posts its target − posted and undoes it (tried).
    """
    await cancelled_by_mistake(county)
    before = named(county, await balances())
    assert (before["2102", "H1", "earned"], before["2101", "H2", "earned"]) == (-750, -819)
    number = await propose(county, "line", "O1-1", YESTERDAY)
    shown = await correction_postings(number)
    assert named(county, await balances()) == before, "a proposal posts nothing"
    moves = {
        (e.code, e.owner, e.rule != ""): e.amount_fen
        for e in shown.entries
        if e.code == "2102"
    }  # fmt: skip
    assert list(moves.values()) == [750]
    await county.corrections.decide(number, SECOND, "示例核对无误", is_approved=True)
    after = {
        ("1101", "wechat", ""): 10_970,
        ("2101", "H1", "earned"): -872,
        ("2101", "H2", "earned"): -697,
        ("2102", "N1", "earned"): -450,
        ("2104", "live", "earned"): -877,
        ("2103", "M", "earned"): -8_074,
        ("9101", "H1", "earned"): -4_571,
        ("9101", "H2", "earned"): -3_657,
        ("9100", "M", ""): 8_228,
    }
    assert named(county, await balances()) == after
    posted = await correction_postings(number)
    assert sorted(posted.entries, key=repr) == sorted(shown.entries, key=repr), "what was read is what was posted"
    note = await scalar("SELECT note FROM ledger_journal WHERE source_type = 'poverty_alleviation.correction'")
    assert note == f"{number} wrong_record ({OFFICER}; {SECOND})"
    await county.tell(county.packed(), county.earned(), county.refunded(1, 2, 7_314))
    assert named(county, await balances())["2101", "H1", "earned"] == -581
    await county.tell(county.refunded(2, 0, 0))
    assert await balances() == {}


async def test_what_was_paid_out_stays_with_the_household_and_the_reserve_bears_it(county: County) -> None:
    """As of a day before the contract no rule holds: H1 was paid 8.72 that were never due."""
    await sold(county)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", TODAY, OFFICER)
    await county.correct("line", "O1-1", BEFORE_THE_CONTRACT)
    found = named(county, await balances())
    assert found["2101", "H1", "paid"] == -872
    assert found["2107", "M", ""] == 872
    assert found["2103", "M", "earned"] == -(10_970 - 877)
    assert found["9101", "H1", "earned"] == -4_571
    assert not [key for key in found if key[:2] == ("2101", "H2")]
    assert (await reconciliation()).movement_fen == (await reconciliation()).payables_fen


async def test_a_payout_that_came_back_is_owed_again_as_if_it_had_never_been(county: County) -> None:
    """Paid, confirmed, one jar refunded at the reserve's cost, then the bank returns the money.

    Fails when the lines are not brought to their targets: 8.72 are owed for 5.81 (tried).
    """
    await sold(county)
    number = await county.payouts.record("示例H1", county.merchant, 872, "回单1", TODAY, OFFICER)
    await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)
    await county.tell(county.refunded(1, 2, 7_314))
    assert named(county, await balances())["2107", "M", ""] == 872 - 581
    correction = await county.correct("payout", number)
    found = named(county, await balances())
    assert {key: fen for key, fen in found.items() if key[0] in ("2101", "2107")} == {
        ("2101", "H1", "earned"): -581, ("2101", "H2", "earned"): -465,
    }  # fmt: skip
    shown = (await statement("示例H1")).figures
    assert (shown.income_paid_fen, shown.income_confirmed_fen, shown.income_earned_fen) == (0, 0, 581)
    assert sum(entry.amount_fen for entry in (await correction_postings(correction)).entries) == 0
    assert (await payout_cards("示例H1"))[0].reversed_at is not None
    with pytest.raises(IncomeUnknown):
        await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)
    assert await due(county.merchant) == [
        Due("示例H1", county.merchant, 581, 1),
        Due("示例H2", county.merchant, 465, 1),
    ]
    again = await county.payouts.record("示例H1", county.merchant, 581, "回单1", TODAY, OFFICER)
    assert {c.number: c.reversed_at is None for c in await payout_cards("示例H1")} == {number: False, again: True}
    await sold(county, "O2")
    with pytest.raises(VoucherUsed):
        await county.payouts.record("示例H1", county.merchant, 872, "回单1", TODAY, OFFICER)
    with pytest.raises(AlreadyReversed):
        await propose(county, "payout", number)


async def test_settlements_and_deliveries_are_taken_back_and_everything_still_agrees(county: County) -> None:
    """Fails when a reversal counts as what it is called and not as what it takes back (tried)."""
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    (intake,) = await announced()
    await sold(county)
    await county.tell(intake, captured(county, "O1", 10_970), settled(county, "O1", 10_970, 66))
    await county.payouts.confirm("intake", intake.intake, "signed_slip", "示例收购单1", NOW, OFFICER)
    await county.correct("settlement", "pay-O1:capture")
    (channel,) = (await reconciliation()).channels
    assert (channel.settled_gross_fen, channel.bank_fen, channel.in_transit_fen) == (0, 0, 10_970)
    await county.correct("intake", intake.intake)
    assert not [
        key for key in await balances() if key[0] in ("1401", "1102", "5101") or key[2] in ("paid", "confirmed")
    ]
    assert (await reconciliation()).is_exact
    with pytest.raises(IncomeUnknown):
        await county.payouts.confirm("intake", intake.intake, "signed_slip", "示例收购单1", NOW, OFFICER)
    await county.tell(intake, settled(county, "O1", 10_970, 66))
    assert (await reconciliation()).channels == [channel], "the facts told again change nothing"


async def test_a_closed_month_is_corrected_in_the_open_one(county: County) -> None:
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    (intake,) = await announced()
    await cancelled_by_mistake(county)
    await county.tell(intake, captured(county, "O1", 10_970), settled(county, "O1", 10_970, 66))
    await everything_is_delivered()
    county.now = LATER
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    november = date(2026, 11, 1), date(2026, 12, 1)
    before = (await statement("示例H2", *november)).figures
    await county.correct("line", "O1-1", YESTERDAY)
    await county.correct("intake", intake.intake)
    await county.correct("settlement", "pay-O1:capture")
    assert (await statement("示例H2", *november)).figures == before, "a signed figure moved"
    december = (await statement("示例H2", date(2026, 12, 1), date(2027, 1, 1))).figures
    assert december.income_earned_fen == 697 - 819
    places = await rows("SELECT DISTINCT period, corrects_period FROM ledger_journal WHERE period <> $1", NOVEMBER)
    assert places == [{"period": DECEMBER, "corrects_period": NOVEMBER}]
    found = await checklist(DECEMBER)
    assert found.is_ready, found.matters
    assert found.figures.corrections == {NOVEMBER: 3}
    assert (found.figures.movement_fen, found.figures.settled_gross_fen) == (0, -10_970)


async def test_it_takes_two_accounts(county: County) -> None:
    await cancelled_by_mistake(county)
    number = await propose(county, "line", "O1-1", YESTERDAY)
    before = await balances()
    with pytest.raises(SecondPersonNeeded):
        await county.corrections.decide(number, OFFICER, "", is_approved=True)
    with pytest.raises(asyncpg.PostgresError, match="two_persons"):
        await as_superuser("UPDATE correction SET state = 'approved', decided_by = made_by, decided_at = now()")
    assert await balances() == before
    # Who proposed it may take it back; then it may be proposed anew.
    await county.corrections.decide(number, OFFICER, "撤回", is_approved=False)
    again = await propose(county, "line", "O1-1", YESTERDAY, SECOND)
    for _ in range(2):
        await county.corrections.decide(again, OFFICER, "", is_approved=True)
    with pytest.raises(CorrectionDecided):
        await county.corrections.decide(again, SECOND, "", is_approved=True)
    with pytest.raises(CorrectionUnknown):
        await county.corrections.decide("C404", SECOND, "", is_approved=True)
    assert await scalar("SELECT count(*) FROM ledger_journal WHERE source_type LIKE '%correction'") == 1
    cards, cursor = await correction_cards(None, None, 1)
    assert [c.number for c in cards] == [again]
    assert [c.number for c in (await correction_cards(None, cursor, 1))[0]] == [number]
    assert [c.number for c in (await correction_cards(CorrectionState.REFUSED, None, 9))[0]] == [number]


async def test_what_can_not_be_proposed(county: County) -> None:
    await cancelled_by_mistake(county)
    await county.tell(county.paid("O2"))
    for kind, target, as_of, error in (
        ("line", "O1-1", None, CorrectionInvalid),
        ("line", "O1-1", TODAY + timedelta(days=1), CorrectionInvalid),
        ("payout", "P404", TODAY, CorrectionInvalid),
        ("payout", "P404", None, JournalUnknown),
        ("intake", "O1", None, JournalUnknown),
        ("line", "O9-1", TODAY, LineUnknown),
        ("line", "O2-1", TODAY, LineUnknown),
        ("line", "O1-1", TODAY, CorrectionChangesNothing),
    ):
        with pytest.raises(error):
            await propose(county, kind, target, as_of)
    number = await propose(county, "line", "O1-1", YESTERDAY)
    with pytest.raises(CorrectionPending) as refused:
        await propose(county, "line", "O1-1", BEFORE_THE_CONTRACT)
    assert refused.value.facts == {"correction": number}


async def test_a_proposal_is_outdated_when_the_line_has_got_its_lots_meanwhile(county: County) -> None:
    await county.tell(county.paid(), county.packed())
    number = await propose(county, "line", "O1-1", BEFORE_THE_CONTRACT)
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.assigned())
    before = await balances()
    assert (await correction_postings(number)).obstacle == "correction_outdated"
    with pytest.raises(CorrectionOutdated):
        await county.corrections.decide(number, SECOND, "", is_approved=True)
    assert await balances() == before
    assert await state_of(number) == "proposed"
    await county.corrections.decide(number, SECOND, "情况已变", is_approved=False)


async def test_many_decide_while_a_refund_and_a_confirmation_come(county: County) -> None:
    """Fails when a confirmation does not wait for who takes its payout back: a confirmed income of nothing (tried)."""
    for i in range(4):
        await sold(county, f"O{i}")
    number = await county.payouts.record("示例H1", county.merchant, 4 * 872, "回单1", TODAY, OFFICER)
    correction = await propose(county, "payout", number)

    async def confirm() -> None:
        with suppress(IncomeUnknown):
            await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)

    await asyncio.gather(
        *(county.corrections.decide(correction, SECOND, "", is_approved=True) for _ in range(5)),
        *(county.tell(county.refunded(1, 2, 7_314, order=f"O{i}")) for i in range(4)),
        *(confirm() for _ in range(3)),
    )
    found = named(county, await balances())
    assert {key: fen for key, fen in found.items() if key[0] in ("2101", "2107")} == {
        ("2101", "H1", "earned"): -4 * 581, ("2101", "H2", "earned"): -4 * 465,
    }  # fmt: skip
    assert await unbalanced_journals() == 0


async def test_every_pair_of_states_of_a_correction_moves_as_the_table_says(county: County) -> None:
    """By the service, and by the database's own guard. Fails when the guard lets everything through: tried."""
    for number, (source, target) in enumerate(itertools.product(CorrectionState, CorrectionState)):
        order = f"O{number}"
        await county.tell(county.paid(order), settled(county, order, 10_970, 66))
        correction = await propose(county, "settlement", f"pay-{order}:capture")
        if source is not CorrectionState.PROPOSED:
            approved = source is CorrectionState.APPROVED
            await county.corrections.decide(correction, SECOND, "", is_approved=approved)
        before = await balances()
        if target in CORRECTION_TRANSITIONS[source]:
            approved = target is CorrectionState.APPROVED
            await county.corrections.decide(correction, SECOND, "", is_approved=approved)
            assert await state_of(correction) == target
            assert (await balances() != before) == approved
            continue
        if target is not CorrectionState.PROPOSED:
            approved = target is CorrectionState.APPROVED
            with pytest.raises(CorrectionDecided):
                await county.corrections.decide(correction, "staff:third", "", is_approved=approved)
        with pytest.raises(asyncpg.PostgresError, match="only be decided, once"):
            await as_superuser(f"UPDATE correction SET state = '{target}' WHERE number = '{correction}'")
        assert await balances() == before


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE correction SET made_by = 'staff:other'",
        "UPDATE correction SET evidence = 'x', state = 'refused', decided_by = 'x', decided_at = now()",
        "UPDATE correction SET rules = '[]', state = 'refused', decided_by = 'x', decided_at = now()",
        "UPDATE correction SET state = 'approved', decided_at = now()",
        "DELETE FROM correction",
        "TRUNCATE correction",
        "INSERT INTO correction (number, state, kind, target, reason, evidence, made_by, made_at, decided_by,"
        " decided_at, decision_note)"
        " VALUES ('C1', 'approved', 'payout', 'P', 'wrong_record', 'x', 'a', now(), 'b', now(), '')",
    ],
)
async def test_the_database_keeps_what_was_proposed(county: County, attack: str) -> None:
    await cancelled_by_mistake(county)
    await propose(county, "line", "O1-1", YESTERDAY)
    with pytest.raises(asyncpg.PostgresError):
        await as_superuser(attack)
    async with household_rights():
        found = await scalar("SELECT count(*) FROM correction WHERE state = 'proposed' AND made_by = $1", OFFICER)
    assert found == 1
