"""Who decides of a household's change, on which day, and what a change cannot be."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from kit.database import rows, scalar
from kit.errors import DomainError
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.households import Identity
from poverty_alleviation.lineage.errors import (
    ChangeDecided,
    ChangeInvalid,
    ChangeMonthClosed,
    ChangeOverlaps,
    ChangePending,
    ChangeUnknown,
)
from poverty_alleviation.lineage.models import CHANGE_TRANSITIONS, ChangeKind, ChangeState
from poverty_alleviation.lineage.queries import change_card, change_cards
from poverty_alleviation.queries import figures, statement, totals
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import Relation
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import NOW, OFFICER, SECOND, County
from tests.poverty_alleviation.families import DAY, HEADS, PAPER, SINCE, SON, carried_out, changes, draft, family, split
from tests.poverty_alleviation.test_month_close import NOVEMBER, a_month, signed
from tests.poverty_alleviation.test_register import members
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import as_superuser


async def test_a_line_packed_before_the_approval_is_corrected_as_of_its_day(county: County) -> None:
    """The paper comes late: O1 was packed on the split's day and posted to the old household; a correction moves it."""
    await county.enter_supplier("SON")
    await county.registry.link("示例H1", "S-SON", SINCE, "示例文件3号", OFFICER)
    lot = await county.sealed_lot({"SON": 10_000})
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    county.now = NOW + timedelta(days=1)
    _, new = await split(county, suppliers=["S-SON"])
    before = totals(await figures())
    assert (await statement(new)).figures.attributed_sales_fen == 0
    await county.correct("line", "O1-1", DAY)
    assert (await statement("示例H1")).figures.attributed_sales_fen == 0
    assert (await statement(new)).figures.attributed_sales_fen == 10_970
    assert totals(await figures()) == before


async def test_the_day_of_a_change_lies_in_no_closed_month(county: County) -> None:
    who = await family(county)
    await a_month(county)
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    moving = {who["son"]: Relation.HEAD}
    with pytest.raises(ChangeMonthClosed) as refused:
        await changes(county).propose(draft(ChangeKind.SPLIT, moving), OFFICER)
    assert refused.value.facts == {"period": NOVEMBER}
    await carried_out(county, draft(ChangeKind.SPLIT, moving, day=date(2026, 12, 1)))


@pytest.mark.parametrize(
    ("kind", "who", "said", "reason"),
    [
        ("split", {"son": "head"}, {"day": date(2026, 11, 24)}, "day"),
        ("split", {"son": "head"}, {"into": "示例H2"}, "into"),
        ("merge", {"head": "other", "wife": "other", "son": "other", "child": None}, {}, "into"),
        ("merge", {"head": "other", "wife": "other", "son": "other", "child": None}, {"into": "示例H1"}, "into"),
        ("head", {"son": "head", "wife": "parent", "head": "parent"}, {"into": "示例H2"}, "into"),
        ("head", {"son": "head", "wife": "parent", "head": "parent"}, {"status": "registered"}, "status"),
        ("head", {"son": "head", "wife": "parent", "head": "parent"}, {"suppliers": ["S-H1"]}, "goods"),
        ("split", {}, {}, "members"),
        ("split", {"nobody": "head"}, {}, "members"),
        ("split", {"head": "spouse", "son": "head"}, {}, "members"),
        ("merge", {"head": "other", "wife": "other", "son": "other"}, {"into": "示例H2"}, "members"),
        ("head", {"son": "head", "head": "parent"}, {}, "members"),
        ("head", {"son": "head", "wife": "parent", "head": "parent", "child": None}, {}, "members"),
        ("split", {"son": "head", "wife": None}, {}, "relation"),
        ("split", {"son": "head", "child": "child"}, {}, "relation"),
        ("head", {"son": "head", "wife": None, "head": "parent"}, {}, "relation"),
        ("merge", {"head": "other", "wife": "other", "son": "other", "child": "other"}, {"into": "示例H2"}, "relation"),
        ("split", {"son": "child"}, {}, "head"),
        ("split", {"son": "head", "wife": "head"}, {}, "head"),
        ("merge", {"head": "head", "wife": "other", "son": "other", "child": None}, {"into": "示例H2"}, "head"),
        ("head", {"son": "child", "wife": "spouse", "head": "head"}, {}, "head"),
    ],
)
async def test_what_a_change_cannot_be_is_refused(
    county: County, kind: str, who: dict[str, str | None], said: dict[str, Any], reason: str
) -> None:
    family_of = await family(county)
    named_ones = {family_of.get(name, name): Relation(to) if to else None for name, to in who.items()}
    with pytest.raises(ChangeInvalid) as refused:
        await changes(county).propose(draft(ChangeKind(kind), named_ones, **said), OFFICER)
    assert refused.value.facts == {"reason": reason}
    assert await change_cards(None, None, 10) == ([], None)


async def test_what_began_too_late_or_is_not_there_is_refused(county: County) -> None:
    who = await family(county)
    moving = {who["son"]: Relation.HEAD}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("supplier_link", {"suppliers": ["S-H2"]}),
        ("household_agreement", {"agreements": ["A404"]}),
        ("benefit_contract", {"contracts": ["B404"]}),
        ("household_member", {"day": date(2020, 1, 1)}),
    ]
    for about, said in cases:
        with pytest.raises(ChangeOverlaps) as refused:
            await changes(county).propose(draft(ChangeKind.SPLIT, moving, **said), OFFICER)
        assert refused.value.facts["about"] == about
    await members(county).end("示例H1", who["wife"], date(2026, 12, 1), OFFICER)
    with pytest.raises(ChangeOverlaps):
        await changes(county).propose(draft(ChangeKind.SPLIT, moving), OFFICER)


async def test_a_household_whose_paper_only_its_own_row_has_keeps_its_head(county: County) -> None:
    code = await county.registry.enter(Identity(name="示例户主", id_number=HEADS["H1"]), TOWNSHIP, VILLAGE, OFFICER)
    head = MemberDraft(name="示例户主", birth_year=1960, relation=Relation.HEAD)
    old = await members(county).enter(code, head, SINCE, PAPER, OFFICER)
    son = await members(county).enter(code, SON, SINCE, PAPER, OFFICER)
    new = {son: Relation.HEAD, old: Relation.PARENT}
    with pytest.raises(ChangeInvalid) as refused:
        await changes(county).propose(draft(ChangeKind.HEAD, new, household=code), OFFICER)
    assert refused.value.facts == {"reason": "head_paper"}


async def test_a_trial_leaves_nothing_and_a_change_that_is_outdated_is_not_carried_out(county: County) -> None:
    who = await family(county)
    before = await _register()
    number = await changes(county).propose(draft(ChangeKind.SPLIT, {who["son"]: Relation.HEAD}), OFFICER)
    assert await _register() == before
    with pytest.raises(ChangePending) as refused:
        await changes(county).propose(draft(ChangeKind.SPLIT, {who["wife"]: Relation.HEAD}), OFFICER)
    assert refused.value.facts == {"change": number}
    await members(county).end("示例H1", who["son"], DAY, OFFICER)
    before = await _register()
    with pytest.raises(DomainError):
        await changes(county).decide(number, SECOND, "", is_approved=True)
    assert await _register() == before
    assert (await change_card(number)).state is ChangeState.PROPOSED
    await changes(county).decide(number, OFFICER, "示例撤回", is_approved=False)


@household_rights()
async def _register() -> list[dict[str, Any]]:
    tables = ("household", "household_member", "household_status", "supplier_link", "household_agreement")
    return [each for table in tables for each in await rows(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY id")]


@pytest.mark.parametrize("state", ChangeState)
@pytest.mark.parametrize("is_approved", [True, False])
async def test_every_decision_in_every_state_of_a_change_goes_where_the_table_says(
    county: County, state: ChangeState, is_approved: bool
) -> None:
    who = await family(county)
    number = await changes(county).propose(draft(ChangeKind.SPLIT, {who["son"]: Relation.HEAD}), OFFICER)
    if state is not ChangeState.PROPOSED:
        await changes(county).decide(number, SECOND, "", is_approved=state is ChangeState.APPROVED)
    to = ChangeState.APPROVED if is_approved else ChangeState.REFUSED
    if to in CHANGE_TRANSITIONS[state]:
        await changes(county).decide(number, SECOND, "", is_approved=is_approved)
        assert (await change_card(number)).state is to
    elif to is state:
        await changes(county).decide(number, SECOND, "", is_approved=is_approved)
        with pytest.raises(ChangeDecided):
            await changes(county).decide(number, "staff:third", "", is_approved=is_approved)
    else:
        with pytest.raises(ChangeDecided):
            await changes(county).decide(number, SECOND, "", is_approved=is_approved)


async def test_a_change_takes_two_persons_and_stays_as_it_was_written(county: County) -> None:
    """Fails without the service's question and without the CHECK: tried."""
    who = await family(county)
    number = await changes(county).propose(draft(ChangeKind.SPLIT, {who["son"]: Relation.HEAD}), OFFICER)
    with pytest.raises(SecondPersonNeeded):
        await changes(county).decide(number, OFFICER, "", is_approved=True)
    table = "household.household_change"
    decided = "state = 'approved', decided_by = made_by, decided_at = now()"
    with pytest.raises(asyncpg.CheckViolationError, match="two_persons"):
        await as_superuser(f"UPDATE {table} SET {decided}")
    for change in ("day = '2020-01-01'", "plan = '{}'", f"{decided}, document = 'x'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only be decided"):
            await as_superuser(f"UPDATE {table} SET {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_superuser(f"DELETE FROM {table}")
    with pytest.raises(ChangeUnknown):
        await changes(county).decide("H404", SECOND, "", is_approved=True)
    await changes(county).decide(number, SECOND, "", is_approved=True)
    async with household_rights():
        assert await scalar("SELECT count(*) FROM household") == 3
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="merge once"):
        await as_superuser("UPDATE household.household SET village = '533124101902'")
