"""A fund in lines: budgets and payments take two persons, a line is not overdrawn, and what the bank says stays."""

import asyncio
import contextvars
import itertools
from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from county.funds.errors import (
    FundBankPaymentInvalid,
    FundChangeInvalid,
    FundLineExceeded,
    FundLineExists,
    FundLineUnknown,
    FundPaymentNotReversible,
    FundRecordDecided,
    FundRecordUnknown,
    FundReferenceTaken,
    FundTotalExceeded,
    FundUnknown,
)
from county.funds.models import FUND_TRANSITIONS, FundState
from county.funds.queries import OverLine, bank_payment_cards, change_card, funds, over_lines, payment_cards
from county.funds.service import BankPayment, Funds, Imported, LineDraft, PaymentDraft
from kit.database import execute, scalar, transaction
from ledger.errors import SecondPersonNeeded

ONE, TWO = "staff:one", "staff:two"
PAID_ON = date(2026, 11, 20)


def clock() -> datetime:
    return datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


class Treasury:
    """A fund of 1,000.00 with two lines of 600.00 and 300.00."""

    def __init__(self) -> None:
        self.funds = Funds(clock)
        self.fund = self.roads = self.school = ""

    async def open(self) -> None:
        self.fund = await self.funds.enter("示例专项资金", 100_000, "示例下达文件 1 号", ONE)
        self.roads, self.school = [await self.funds.add_line(self.fund, draft(name), ONE) for name in ("物流", "培训")]
        await self.change({self.roads: 60_000, self.school: 30_000})

    async def change(self, moves: dict[str, int]) -> str:
        number = await self.funds.propose_change(self.fund, moves, "示例安排表", ONE)
        await self.funds.decide_change(number, TWO, "示例核对", is_approved=True)
        return number

    async def propose(self, amount_fen: int) -> str:
        said = PaymentDraft(
            payee="示例承办企业",
            amount_fen=amount_fen,
            purpose="示例进度款",
            clause="示例办法第五条",
            evidence="示例验收单",
        )
        return await self.funds.propose_payment(self.roads, said, ONE)

    async def pay(self, amount_fen: int) -> str:
        number = await self.propose(amount_fen)
        await self.funds.decide_payment(number, TWO, "示例核对", is_approved=True)
        return number

    async def reverse(self, payment: str) -> str:
        number = await self.funds.propose_reversal(payment, "示例撤回依据", ONE)
        await self.funds.decide_payment(number, TWO, "示例核对", is_approved=True)
        return number

    async def bank(self, reference: str, amount_fen: int, payment: str | None = None, line: str = "") -> Imported:
        told = BankPayment(
            reference=reference, line=line or self.roads, payee="示例承办企业", amount_fen=amount_fen, paid_on=PAID_ON,
            payment=payment,
        )  # fmt: skip
        return await self.funds.import_bank_payments([told], ONE)

    async def money(self) -> list[tuple[int, int, int]]:
        """Budget, paid and left of each line."""
        (card,) = await funds()
        return [(each.budget_fen, each.paid_fen, each.left_fen) for each in card.lines]


def draft(name: str) -> LineDraft:
    return LineDraft(name=name, scope="示例支持范围", standard="示例支持标准", procedure="示例拨付程序")


@pytest_asyncio.fixture
async def treasury(database: str) -> Treasury:
    built = Treasury()
    await built.open()
    return built


async def test_budgets_follow_approved_changes_and_never_pass_the_fund(treasury: Treasury) -> None:
    assert await treasury.money() == [(60_000, 0, 60_000), (30_000, 0, 30_000)]
    (card,) = await funds()
    assert (card.total_fen, card.unarranged_fen) == (100_000, 10_000)
    more = await treasury.funds.propose_change(treasury.fund, {treasury.roads: 10_001}, "示例追加", ONE)
    with pytest.raises(FundTotalExceeded) as refused:
        await treasury.funds.decide_change(more, TWO, "", is_approved=True)
    assert refused.value.facts == {"left_fen": 10_000}
    assert (await change_card(more)).state is FundState.PROPOSED, "all of it is taken back"
    await treasury.change({treasury.roads: -20_000, treasury.school: 30_000})
    assert await treasury.money() == [(40_000, 0, 40_000), (60_000, 0, 60_000)]
    with pytest.raises(FundLineExceeded):
        await treasury.change({treasury.roads: -40_001})
    kept = "SELECT bool_and(l.budget_fen = (SELECT sum(m.delta_fen) FROM fund_move m JOIN fund_change c"
    assert await scalar(
        f"{kept} ON c.id = m.change_id WHERE m.line_id = l.id AND c.state = 'approved')) FROM fund_line l"
    )


async def test_a_payment_over_the_line_is_refused_until_two_have_changed_the_line(treasury: Treasury) -> None:
    """Fails when the line is not asked what it has left: tried."""
    await treasury.pay(50_000)
    with pytest.raises(FundLineExceeded) as refused:
        await treasury.propose(10_001)
    assert refused.value.facts == {"left_fen": 10_000}
    await treasury.change({treasury.school: -1, treasury.roads: 1})
    await treasury.pay(10_001)
    assert await treasury.money() == [(60_001, 60_001, 0), (29_999, 0, 29_999)]
    assert await over_lines() == []
    with pytest.raises(FundLineExceeded):
        await treasury.change({treasury.roads: -1, treasury.school: 1})


async def test_of_two_payments_that_fit_one_by_one_the_second_is_refused(treasury: Treasury) -> None:
    """Fails when the line is not held, or not asked again at the approval: tried."""
    first, second = await treasury.propose(40_000), await treasury.propose(40_000)
    elsewhere = contextvars.copy_context()
    async with transaction():
        await treasury.funds.decide_payment(first, TWO, "", is_approved=True)
        later = treasury.funds.decide_payment(second, TWO, "", is_approved=True)
        waiting = asyncio.create_task(later, context=elsewhere)
        await asyncio.sleep(0.3)
        assert not waiting.done()
    with pytest.raises(FundLineExceeded):
        await waiting
    assert (await treasury.money())[0] == (60_000, 40_000, 20_000)


async def test_who_proposes_may_only_take_it_back(treasury: Treasury) -> None:
    payment = await treasury.propose(1)
    change = await treasury.funds.propose_change(treasury.fund, {treasury.roads: 1}, "示例追加", ONE)
    for decide, number in ((treasury.funds.decide_payment, payment), (treasury.funds.decide_change, change)):
        with pytest.raises(SecondPersonNeeded):
            await decide(number, ONE, "", is_approved=True)
        await decide(number, ONE, "示例撤回", is_approved=False)
        await decide(number, ONE, "示例撤回", is_approved=False)
        with pytest.raises(FundRecordDecided):
            await decide(number, TWO, "", is_approved=True)
        with pytest.raises(FundRecordUnknown):
            await decide("NOBODY", TWO, "", is_approved=True)
    assert await treasury.money() == [(60_000, 0, 60_000), (30_000, 0, 30_000)]


async def test_every_decision_in_every_state_goes_where_the_table_says(treasury: Treasury) -> None:
    for state, target in itertools.product(FundState, (FundState.APPROVED, FundState.REFUSED)):
        payment = await treasury.propose(1)
        change = await treasury.funds.propose_change(treasury.fund, {treasury.roads: 1}, "示例追加", ONE)
        for decide, number in ((treasury.funds.decide_payment, payment), (treasury.funds.decide_change, change)):
            if state is not FundState.PROPOSED:
                await decide(number, TWO, "", is_approved=state is FundState.APPROVED)
            if target in FUND_TRANSITIONS[state]:
                await decide(number, "staff:three", "", is_approved=target is FundState.APPROVED)
            else:
                with pytest.raises(FundRecordDecided):
                    await decide(number, "staff:three", "", is_approved=target is FundState.APPROVED)


async def test_an_approved_payment_is_taken_back_once_by_two(treasury: Treasury) -> None:
    payment = await treasury.pay(60_000)
    back = await treasury.reverse(payment)
    assert (await treasury.money())[0] == (60_000, 0, 60_000)
    for number in (payment, back, await treasury.propose(1)):
        with pytest.raises(FundPaymentNotReversible):
            await treasury.reverse(number)
    with pytest.raises(FundBankPaymentInvalid):
        await treasury.bank("1", 60_000, payment)
    cards, following = await payment_cards(treasury.roads, None, 2)
    assert [(card.number, card.reverses, card.amount_fen) for card in cards][1] == (back, payment, -60_000)
    assert [card.number for card in (await payment_cards(treasury.roads, following, 2))[0]] == [payment]


async def test_what_the_bank_carried_out_counts_once_and_is_not_taken_back(treasury: Treasury) -> None:
    payment = await treasury.pay(50_000)
    assert await treasury.bank("1", 50_000, payment) == Imported(entered=1, known=0)
    assert await treasury.bank("1", 50_000, payment) == Imported(entered=0, known=1)
    assert (await treasury.money())[0] == (60_000, 50_000, 10_000)
    with pytest.raises(FundPaymentNotReversible):
        await treasury.reverse(payment)
    with pytest.raises(FundReferenceTaken):
        await treasury.bank("1", 50_001, payment)
    with pytest.raises(FundBankPaymentInvalid):
        await treasury.bank("2", 1, payment)
    with pytest.raises(FundBankPaymentInvalid):
        await treasury.bank("2", 0)
    with pytest.raises(FundLineUnknown):
        await treasury.bank("2", 1, line="NOBODY")
    (card,), _ = await bank_payment_cards(treasury.roads, None, 10)
    assert (card.reference, card.payment, card.amount_fen, card.paid_on) == ("1", payment, 50_000, PAID_ON)
    assert [each.bank_reference for each in (await payment_cards(treasury.roads, None, 1))[0]] == ["1"]


async def test_a_payment_of_the_banks_is_a_fact_over_the_line_too(treasury: Treasury) -> None:
    await treasury.pay(60_000)
    await treasury.bank("1", 2)
    assert (await treasury.money())[0] == (60_000, 60_002, -2)
    assert await over_lines() == [OverLine(line=treasury.roads, budget_fen=60_000, paid_fen=60_002)]
    await treasury.change({treasury.roads: 1})
    assert len(await over_lines()) == 1, "more may be given although it is not enough"
    await treasury.bank("2", -1)
    assert (await treasury.money())[0] == (60_001, 60_001, 0)
    assert await over_lines() == []


async def test_a_list_of_the_banks_comes_in_whole_or_not_at_all(treasury: Treasury) -> None:
    good = BankPayment(reference="1", line=treasury.roads, payee="示例单位", amount_fen=1, paid_on=PAID_ON)
    bad = BankPayment(
        reference="2", line=treasury.school, payee="示例单位", amount_fen=1, paid_on=PAID_ON,
        payment=await treasury.pay(1),
    )  # fmt: skip
    with pytest.raises(FundBankPaymentInvalid) as refused:
        await treasury.funds.import_bank_payments([good, bad], ONE)
    assert refused.value.facts == {"reference": "2"}
    assert (await bank_payment_cards(treasury.roads, None, 10))[0] == []


async def test_what_does_not_exist_is_refused(treasury: Treasury) -> None:
    other = await treasury.funds.enter("示例另一资金", 1, "示例文件", ONE)
    with pytest.raises(FundUnknown):
        await treasury.funds.add_line("NOBODY", draft("示例"), ONE)
    with pytest.raises(FundLineExists):
        await treasury.funds.add_line(treasury.fund, draft("物流"), ONE)
    with pytest.raises(FundLineUnknown):
        await treasury.funds.propose_change(other, {treasury.roads: 1}, "示例", ONE)
    for moves in ({}, {treasury.roads: 0}):
        with pytest.raises(FundChangeInvalid):
            await treasury.funds.propose_change(treasury.fund, moves, "示例", ONE)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE county_fund SET total_fen = 1",
        "UPDATE fund_line SET name = 'x'",
        "UPDATE fund_move SET delta_fen = 1",
        "UPDATE fund_change SET document = 'x'",
        "UPDATE fund_payment SET amount_fen = 1",
        "UPDATE fund_payment SET state = 'refused'",
        "INSERT INTO fund_change (number, fund_id, document, state, made_by, made_at, decided_by, decided_at,"
        " decision_note) SELECT 'x', id, 'x', 'approved', 'a', now(), 'b', now(), '' FROM county_fund",
        "UPDATE fund_bank_payment SET amount_fen = 1",
        "DELETE FROM fund_bank_payment",
        "DELETE FROM fund_payment",
        "DELETE FROM fund_line",
    ],
)
async def test_what_was_entered_stays(treasury: Treasury, attack: str) -> None:
    await treasury.bank("1", 2, await treasury.pay(2))
    with pytest.raises(BaseORMException):
        await execute(attack)
