"""A delivery paid at the scale that was booked for the wrong household is booked anew, by two persons."""

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from kit.database import rows
from ledger.errors import AlreadyReversed, SecondPersonNeeded
from poverty_alleviation.allocation import RuleKind, RuleScope
from poverty_alleviation.corrections.errors import CorrectionChangesNothing, CorrectionInvalid
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason
from poverty_alleviation.corrections.queries import correction_postings
from poverty_alleviation.errors import ConfirmedBefore, IncomeUnknown
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.month_close import checklist
from poverty_alleviation.office.detectors import proofs_twice
from poverty_alleviation.queries import statement
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.vault import household_rights
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import NOW, OFFICER, SECOND, County, balances
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_books_of_sales import announced, named
from tests.poverty_alleviation.test_month_close import DECEMBER, LATER, NOVEMBER, everything_is_delivered, signed
from tests.superuser import as_superuser
from traceability.events import IntakePaid
from traceability.models import IntakeMode

TODAY, YESTERDAY, UNREGISTERED = date(2026, 11, 23), date(2026, 11, 22), date(2019, 12, 31)
GOODS = ("1401", "M", "")


@pytest_asyncio.fixture
async def delivery(county: County) -> IntakePaid:
    """10 kg for 120.00, paid yesterday to the supplier that stood for H1 then and has stood for H2 since today."""
    await county.add_rule(
        RuleKind.PER_UNIT, 1200, RuleScope.REGISTERED_ONLY, recognition=Recognition.INTAKE_PAID, valid_from=YESTERDAY
    )
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    (found,) = await announced()
    assert isinstance(found, IntakePaid)
    await county.tell(found)
    supplier = county.suppliers["H1"]
    await county.registry.unlink("示例H1", supplier, TODAY)
    await county.registry.link("示例H2", supplier, TODAY, "示例文件10号", OFFICER)
    return found


async def standing(county: County) -> dict[tuple[str, str, str], int]:
    return named(county, await balances())


async def confirm(county: County, delivery: IntakePaid, paper: str) -> None:
    await county.payouts.confirm("intake", delivery.intake, "signed_slip", paper, NOW, OFFICER)


async def propose(county: County, delivery: IntakePaid, as_of: date | None = TODAY) -> str:
    return await county.corrections.propose(
        CorrectionKind.INTAKE, delivery.intake, as_of, CorrectionReason.WRONG_HOUSEHOLD, "示例更正依据1", OFFICER
    )


async def test_it_leaves_the_one_household_and_is_the_others_to_the_fen(
    county: County, delivery: IntakePaid, databases: Databases, tmp_path: Path
) -> None:
    """By hand: H1 has confirmed 120.00, which are H2's. Whoever reads a proposal reads what is posted.

    Fails when a confirmation is looked up without its step: one paper of two households' (tried).
    """
    await confirm(county, delivery, "示例收购单1")
    before = await standing(county)
    assert before == {GOODS: 12_000, ("2101", "H1", "confirmed"): -12_000}
    number = await propose(county, delivery)
    shown = await correction_postings(number)
    assert await standing(county) == before, "a proposal posts nothing"
    with pytest.raises(SecondPersonNeeded):
        await county.corrections.decide(number, OFFICER, "", is_approved=True)
    await county.corrections.decide(number, SECOND, "示例核对无误", is_approved=True)
    assert await standing(county) == {GOODS: 12_000, ("2101", "H2", "paid"): -12_000}
    posted = await correction_postings(number)
    assert sorted(posted.entries, key=repr) == sorted(shown.entries, key=repr)
    assert [entry.amount_fen for entry in posted.entries if entry.owner == "示例H2"] == [-12_000]
    steps = await rows("SELECT source_type, step, note FROM ledger_journal ORDER BY id")
    assert [(each["source_type"], each["step"]) for each in steps] == [
        ("traceability.intake_paid", 0), ("poverty_alleviation.confirmation", 0),
        ("ledger.reversal", 0), ("ledger.reversal", 0), ("traceability.intake_paid", 1),
    ]  # fmt: skip
    assert steps[-1]["note"] == f"{number} wrong_household ({OFFICER}; {SECOND})"
    # It is H2's to confirm, once, by its own paper; and no paper of two households'.
    await confirm(county, delivery, "示例收购单2")
    await confirm(county, delivery, "示例收购单2")
    with pytest.raises(ConfirmedBefore):
        await confirm(county, delivery, "示例收购单3")
    assert await standing(county) == {GOODS: 12_000, ("2101", "H2", "confirmed"): -12_000}
    async with household_rights():
        assert await proofs_twice(TODAY, {"same_proof_households": 2}) == []
    shown_of = {code: (await statement(code)).figures.income_confirmed_fen for code in ("示例H1", "示例H2")}
    assert shown_of == {"示例H1": 0, "示例H2": 12_000}
    await county.tell(delivery)
    assert (await standing(county))["2101", "H2", "confirmed"] == -12_000, "the fact told again changes nothing"
    assert (await reconciliation()).is_exact
    assert await unlike(databases, tmp_path) == []


async def test_it_may_go_on_to_nobodys_household_and_be_taken_back_whole(
    county: County, delivery: IntakePaid, databases: Databases, tmp_path: Path
) -> None:
    """Before anybody was registered it is the supplier's, by no rule, as production."""
    first = await county.correct("intake", delivery.intake, TODAY)
    rules = (
        "SELECT DISTINCT p.rule FROM ledger_posting p JOIN ledger_journal j ON j.id = p.journal_id WHERE j.step = {}"
    )
    assert [bool(each["rule"]) for each in await rows(rules.format(1) + " AND p.amount_fen < 0")] == [True]
    second = await county.correct("intake", delivery.intake, UNREGISTERED)
    assert await standing(county) == {GOODS: 12_000, ("2102", "H1", "paid"): -12_000}
    assert [each["rule"] for each in await rows(rules.format(2))] == [""]
    with pytest.raises(IncomeUnknown):
        await confirm(county, delivery, "示例收购单1")
    with pytest.raises(CorrectionChangesNothing):
        await propose(county, delivery, UNREGISTERED)
    with pytest.raises(CorrectionInvalid):
        await propose(county, delivery, TODAY + timedelta(days=1))
    third = await county.correct("intake", delivery.intake)
    assert await standing(county) == {}
    for as_of in (None, TODAY):
        with pytest.raises(AlreadyReversed):
            await propose(county, delivery, as_of)
    # Each correction shows its own journals and no other's.
    owners = [
        [
            (entry.owner, entry.amount_fen)
            for entry in (await correction_postings(number)).entries
            if entry.code[:2] == "21"
        ]
        for number in (first, second, third)
    ]
    supplier = county.suppliers["H1"]
    assert owners == [
        [("示例H1", 12_000), ("示例H2", -12_000)], [("示例H2", 12_000), (supplier, -12_000)], [(supplier, 12_000)],
    ]  # fmt: skip
    assert (await reconciliation()).is_exact
    assert await unlike(databases, tmp_path) == []


async def test_a_signed_month_keeps_its_figures(county: County, delivery: IntakePaid) -> None:
    """What left H1 and came to H2 stands in the open month and names the one that it corrects."""
    await everything_is_delivered()
    county.now = LATER
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    november, december = (date(2026, 11, 1), date(2026, 12, 1)), (date(2026, 12, 1), date(2027, 1, 1))
    await county.correct("intake", delivery.intake, TODAY)
    found = [
        [(await statement(code, *month)).figures.income_paid_fen for month in (november, december)]
        for code in ("示例H1", "示例H2")
    ]
    assert found == [[12_000, -12_000], [0, 12_000]]
    places = await rows("SELECT DISTINCT period, corrects_period FROM ledger_journal WHERE period <> $1", NOVEMBER)
    assert places == [{"period": DECEMBER, "corrects_period": NOVEMBER}]
    month = await checklist(DECEMBER)
    assert (month.is_ready, month.figures.bought_at_scale_fen, month.figures.corrections) == (True, 0, {NOVEMBER: 2})


async def test_a_confirmation_waits_for_whoever_books_it_anew(
    county: County, delivery: IntakePaid, databases: Databases, tmp_path: Path
) -> None:
    """Whichever comes first, nobody's confirmed income is left without what it confirms."""
    number = await propose(county, delivery)

    async def says_yes(paper: str) -> None:
        with suppress(ConfirmedBefore):
            await confirm(county, delivery, paper)

    await asyncio.gather(
        *(county.corrections.decide(number, SECOND, "", is_approved=True) for _ in range(3)),
        *(says_yes(f"示例收购单{place % 2}") for place in range(4)),
    )
    found = await standing(county)
    assert found.pop(GOODS) == 12_000
    assert found in ({("2101", "H2", state): -12_000} for state in ("paid", "confirmed"))
    assert await unlike(databases, tmp_path) == []


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE correction SET income = NULL",
        "UPDATE correction SET income = '{}', state = 'refused', decided_by = 'x', decided_at = now()",
        "INSERT INTO correction (number, state, kind, target, as_of, basis_was, reason, evidence, made_by, made_at,"
        " decision_note) VALUES ('C1', 'proposed', 'intake', 'I', now(), 'x', 'wrong_record', 'x', 'a', now(), '')",
        "INSERT INTO correction (number, state, kind, target, as_of, basis_was, reason, evidence, made_by, made_at,"
        " decision_note) VALUES ('C1', 'proposed', 'payout', 'P', now(), 'x', 'wrong_record', 'x', 'a', now(), '')",
    ],
)
async def test_the_database_keeps_whose_income_was_proposed(county: County, delivery: IntakePaid, attack: str) -> None:
    await propose(county, delivery)
    with pytest.raises(asyncpg.PostgresError):
        await as_superuser(attack)
