"""Wages, dividends, rents and claims are disputed like what was paid for goods, and each has its way to an end."""

from pathlib import Path

import pytest

from poverty_alleviation.confirming.disputes import Disputes, RowName, dispute_card
from poverty_alleviation.confirming.errors import CorrectionNotOfDispute, DisputedRowUnknown, RowDisputed
from poverty_alleviation.confirming.models import DisputedKind, DisputeState
from poverty_alleviation.income.cards import income_sheet
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.queries import statement
from poverty_alleviation.reserves.queries import clawback_cards, clawback_file
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_period_income import (
    LATER,
    PAID_ON,
    agreed,
    approved,
    employed,
    payment,
    sheets,
)
from tests.poverty_alleviation.test_reserves import CLAIM, OWED, claimed, overpaid, propose, sold, standing


async def paid_for_november(county: County) -> list[RowName]:
    """H1's wages of 1,200.00, its dividend of 1,000.00 and its rent of 300.00, as they are named in a dispute."""
    county.now = LATER
    work, desk = await employed(county), sheets(county)
    await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1)
    lease = await agreed(county, "H1", kind=AgreementKind.LEASE, rent_fen=30_000, every_months=3)
    made = (
        await desk.propose_wages(payment(county), [(work, 120_000)], OFFICER),
        await desk.propose_dividends(payment(county), PAID_ON, 100_000, OFFICER),
        await desk.propose_rents(payment(county), [lease], OFFICER),
    )
    for number in made:
        await approved(county, number)
    return [RowName(DisputedKind.PERIOD_INCOME, f"{number}-1") for number in made]


async def confirm(county: County, row: RowName) -> None:
    await county.payouts.confirm("period_income", row.source_id, "visit", "示例走访", county.now, OFFICER)


@pytest.mark.parametrize("place", range(3), ids=["wages", "dividends", "rents"])
async def test_income_of_a_period_is_held_and_then_upheld_or_corrected_by_two(
    county: County, databases: Databases, tmp_path: Path, place: int
) -> None:
    """Fails when confirming does not look at what is held: tried."""
    names = await paid_for_november(county)
    row, *others = names[place], *names[:place], *names[place + 1 :]
    disputes = Disputes(county.clock)
    for household, name in (("示例H2", row), ("示例H1", RowName(DisputedKind.PERIOD_INCOME, "I404-1"))):
        with pytest.raises(DisputedRowUnknown):
            await disputes.open(household, [name], "不是本户的", OFFICER)

    number = await disputes.open("示例H1", [row], "金额不对", OFFICER)
    with pytest.raises(RowDisputed):
        await disputes.open("示例H1", [row], "再说一次", OFFICER)
    for other in others:
        await confirm(county, other)
    with pytest.raises(RowDisputed):
        await confirm(county, row)
    (line,) = (await income_sheet(row.source_id.removesuffix("-1"))).lines
    assert (line.dispute, line.confirmed_at) == (number, None)
    await disputes.answer(number, "与回单一致", OFFICER)
    await disputes.close(number, DisputeState.REJECTED, "农户已核对", None, OFFICER)

    number = await disputes.open("示例H1", [row], "仍然不对", OFFICER)
    await disputes.answer(number, "考勤有误", OFFICER)
    unrelated = await county.correct("period_income", others[0].source_id)
    with pytest.raises(CorrectionNotOfDispute):
        await disputes.close(number, DisputeState.SETTLED, "更正", unrelated, OFFICER)
    correction = await county.correct("period_income", row.source_id)
    await disputes.close(number, DisputeState.SETTLED, "已冲回，重新登记", correction, OFFICER)
    card = await dispute_card(number)
    assert (card.state, card.correction) == (DisputeState.SETTLED, correction)
    assert (card.held_rows[0].kind, card.held_rows[0].released_at is not None) == (DisputedKind.PERIOD_INCOME, True)
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [row], "已冲回", OFFICER)
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [others[1]], "确认之后", OFFICER)
    left = {"wages": 30_000, "dividends": 30_000, "rents": 100_000}
    assert (await statement("示例H1")).figures.income_paid_fen == list(left.values())[place]
    assert await unlike(databases, tmp_path) == []


async def test_a_disputed_claim_is_not_approved_and_not_set_off(
    county: County, databases: Databases, tmp_path: Path
) -> None:
    """Fails when deciding, or when setting off, does not look at what is held: tried both."""
    lot = await overpaid(county)
    number, disputes = await propose(county), Disputes(county.clock)
    row = RowName(DisputedKind.CLAWBACK, number)
    for household, name in (("示例H2", row), ("示例H1", RowName(DisputedKind.CLAWBACK, "K404"))):
        with pytest.raises(DisputedRowUnknown):
            await disputes.open(household, [name], "与本户无关", OFFICER)
    first = await disputes.open("示例H1", [row], "没有掺假", OFFICER)
    with pytest.raises(RowDisputed):
        await county.clawbacks.decide(number, SECOND, "", is_approved=True)
    assert (await clawback_file(number)).clawback.dispute == first
    await disputes.answer(first, "复检结果相同", OFFICER)
    await disputes.close(first, DisputeState.REJECTED, "维持", None, OFFICER)
    await county.clawbacks.decide(number, SECOND, "", is_approved=True)

    await sold(county, "O2", lot)
    second = await disputes.open("示例H1", [row], "复检的不是本户的货", OFFICER)
    with pytest.raises(RowDisputed) as refused:
        await county.clawbacks.offset(number, OFFICER)
    assert refused.value.facts == {"dispute": second}
    assert await standing(county, CLAIM, OWED) == [200, -872]
    await disputes.answer(second, "封样编号相符", OFFICER)
    await disputes.close(second, DisputeState.REJECTED, "维持", None, OFFICER)
    assert await county.clawbacks.offset(number, OFFICER) == 174
    assert (await clawback_cards(None, "示例H1", None, 10))[0][0].dispute is None
    assert await unlike(databases, tmp_path) == []


async def test_a_claim_that_was_set_off_is_disputed_and_taken_back_by_two(
    county: County, databases: Databases, tmp_path: Path
) -> None:
    """By hand: 1.74 of 2.00 were set off; the correction makes them due again, so 8.72 are."""
    lot = await overpaid(county)
    number, disputes = await claimed(county), Disputes(county.clock)
    row = RowName(DisputedKind.CLAWBACK, number)
    await sold(county, "O2", lot)
    await county.clawbacks.offset(number, OFFICER)
    dispute = await disputes.open("示例H1", [row, RowName(DisputedKind.LINE, "O2-1")], "没有掺假", OFFICER)
    assert [(each.kind, each.amount_fen) for each in (await dispute_card(dispute)).held_rows] == [
        (DisputedKind.CLAWBACK, 200), (DisputedKind.LINE, 698),
    ]  # fmt: skip
    await disputes.answer(dispute, "检测样品混淆", OFFICER)
    correction = await county.correct("clawback", number)
    await disputes.close(dispute, DisputeState.SETTLED, "追偿撤销，已抵扣的退回", correction, OFFICER)
    assert await standing(county, CLAIM, OWED) == [0, -872]
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [row], "已撤销", OFFICER)
    refused = await propose(county, 1)
    await county.clawbacks.decide(refused, OFFICER, "", is_approved=False)
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [RowName(DisputedKind.CLAWBACK, refused)], "未批准", OFFICER)
    assert await unlike(databases, tmp_path) == []


async def test_what_is_proposed_may_be_given_up_while_it_is_disputed(county: County) -> None:
    await overpaid(county)
    number, disputes = await propose(county), Disputes(county.clock)
    dispute = await disputes.open("示例H1", [RowName(DisputedKind.CLAWBACK, number)], "没有掺假", OFFICER)
    await county.clawbacks.decide(number, OFFICER, "依据不足", is_approved=False)
    await disputes.answer(dispute, "追偿已撤回", OFFICER)
    await disputes.close(dispute, DisputeState.SETTLED, "追偿已撤回", None, OFFICER)
    assert (await dispute_card(dispute)).state is DisputeState.SETTLED
