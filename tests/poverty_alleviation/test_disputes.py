"""A dispute holds its rows until it is settled or rejected."""

from collections.abc import Callable
from datetime import date
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from kit.database import scalar
from poverty_alleviation.confirming.confirmations import (
    statement_standing,
)
from poverty_alleviation.confirming.disputes import Disputes, RowName, dispute_card, dispute_cards
from poverty_alleviation.confirming.errors import (
    CorrectionNotOfDispute,
    DisputedRowUnknown,
    DisputeStands,
    RowDisputed,
)
from poverty_alleviation.confirming.models import (
    DISPUTE_TRANSITIONS,
    DisputedKind,
    DisputeState,
)
from poverty_alleviation.errors import PayoutDiffers
from poverty_alleviation.payouts import due
from tests.poverty_alleviation.conftest import OFFICER, County, balances
from tests.poverty_alleviation.said import PAID, call, confirmations, payout_of, statements
from tests.poverty_alleviation.test_figures import sold
from tests.poverty_alleviation.test_statements import try_out


async def test_a_disputed_row_is_left_out_until_it_is_settled_by_a_correction(county: County) -> None:
    """Fails when confirming does not look at what is held: tried."""
    first, _ = await statements(county)
    room, payout = confirmations(county), await payout_of(county)
    disputes = Disputes(county.clock)
    number = await disputes.open("示例H1", [payout], "只收到 8.00 元", OFFICER)
    with pytest.raises(RowDisputed):
        await disputes.open("示例H1", [payout], "再说一次", OFFICER)
    done = await room.record_call(first, call(county), OFFICER)
    assert (done.confirmed, done.held) == (0, 1)
    with pytest.raises(RowDisputed):
        await county.payouts.confirm("payout", payout.source_id, "visit", "示例走访", county.now, OFFICER)
    assert (await balances())[PAID] == -872
    (row,) = (await statement_standing(first, with_words=True)).paid
    assert row.dispute == number
    await disputes.answer(number, "银行退回", OFFICER)
    wrong = await county.correct("intake", await scalar("SELECT number FROM intake ORDER BY id DESC LIMIT 1"))
    for correction in ("C404", wrong):
        with pytest.raises(CorrectionNotOfDispute):
            await disputes.close(number, DisputeState.SETTLED, "更正", correction, OFFICER)
    correction = await county.correct("payout", payout.source_id)
    with pytest.raises(CorrectionNotOfDispute):
        await disputes.close(number, DisputeState.REJECTED, "不成立", correction, OFFICER)
    await disputes.close(number, DisputeState.SETTLED, "付款已冲回，重新支付", correction, OFFICER)
    card = await dispute_card(number)
    assert (card.state, card.correction, card.held_rows[0].amount_fen) == (DisputeState.SETTLED, correction, 872)
    assert card.held_rows[0].released_at is not None
    assert (await statement_standing(first, with_words=True)).paid == [], "what was taken back is no income"
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [payout], "再说一次", OFFICER)


async def test_a_rejected_dispute_frees_the_row_and_confirms_nothing_by_itself(county: County) -> None:
    first, _ = await statements(county)
    room, payout, disputes = confirmations(county), await payout_of(county), Disputes(county.clock)
    number = await disputes.open("示例H1", [payout], "没有收到", OFFICER)
    await room.record_call(first, call(county), OFFICER)
    await disputes.answer(number, "银行回单显示已入账", OFFICER)
    await disputes.close(number, DisputeState.REJECTED, "农户已查到入账", None, OFFICER)
    assert (await balances())[PAID] == -872
    assert (await room.record_call(first, call(county), OFFICER)).confirmed == 1
    with pytest.raises(DisputedRowUnknown):
        await disputes.open("示例H1", [payout], "确认之后", OFFICER)
    others = RowName(DisputedKind.INTAKE, await scalar("SELECT number FROM intake ORDER BY id DESC LIMIT 1"))
    for foreign in (others, RowName(DisputedKind.LINE, "O1-1"), RowName(DisputedKind.PAYOUT, "P404")):
        with pytest.raises(DisputedRowUnknown):
            await disputes.open("示例H1", [foreign], "不是本户的", OFFICER)
    for attack in (
        "UPDATE income_dispute SET verdict = 'x' WHERE number = $1",
        "UPDATE disputed_row SET released_at = NULL WHERE source_id <> $1",
        "DELETE FROM disputed_row WHERE source_id <> $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, number)


async def test_a_disputed_line_is_not_due_and_not_paid(county: County) -> None:
    """Fails when what is due does not look at what is held: tried."""
    await sold(county)
    owed = {each.household: each.amount_fen for each in await due()}
    disputes = Disputes(county.clock)
    number = await disputes.open("示例H1", [RowName(DisputedKind.LINE, "O1-1")], "重量不对", OFFICER)
    assert {each.household: each.amount_fen for each in await due()} == {"示例H2": owed["示例H2"]}
    with pytest.raises(PayoutDiffers):
        await county.payouts.record("示例H1", county.merchant, owed["示例H1"], "回单", date(2026, 11, 24), OFFICER)
    await county.payouts.record("示例H2", county.merchant, owed["示例H2"], "回单", date(2026, 11, 24), OFFICER)
    await disputes.answer(number, "已复秤", OFFICER)
    await disputes.close(number, DisputeState.REJECTED, "重量无误", None, OFFICER)
    assert {each.household: each.amount_fen for each in await due()} == {"示例H1": owed["示例H1"]}


async def test_every_pair_of_states_of_a_dispute_moves_as_the_table_says(county: County) -> None:
    await statements(county)
    disputes, payout = Disputes(county.clock), await payout_of(county)
    acts: dict[DisputeState, Callable[[str], Any]] = {
        DisputeState.ANSWERED: lambda number: disputes.answer(number, "示例答复", OFFICER),
        DisputeState.SETTLED: lambda number: disputes.close(number, DisputeState.SETTLED, "办结", None, OFFICER),
        DisputeState.REJECTED: lambda number: disputes.close(number, DisputeState.REJECTED, "不成立", None, OFFICER),
        DisputeState.OPEN: lambda number: disputes.close(number, DisputeState.OPEN, "重开", None, OFFICER),
    }
    ways = {
        DisputeState.OPEN: (), DisputeState.ANSWERED: (DisputeState.ANSWERED,),
        DisputeState.SETTLED: (DisputeState.ANSWERED, DisputeState.SETTLED),
        DisputeState.REJECTED: (DisputeState.ANSWERED, DisputeState.REJECTED),
    }  # fmt: skip
    for state, way in ways.items():
        for to, act in acts.items():
            number = await disputes.open("示例H1", [payout], "不对", OFFICER)
            for step in way:
                await acts[step](number)
            if to in DISPUTE_TRANSITIONS[state]:
                await act(number)
            else:
                with pytest.raises(DisputeStands):
                    await act(number)
            card = await dispute_card(number)
            assert card.state == (to if to in DISPUTE_TRANSITIONS[state] else state)
            for step in (DisputeState.ANSWERED, DisputeState.REJECTED):  # so that the row is free again
                if step in DISPUTE_TRANSITIONS[(await dispute_card(number)).state]:
                    await acts[step](number)
    page, following = await dispute_cards(DisputeState.REJECTED, None, 2)
    assert len(page) == 2
    assert following is not None
