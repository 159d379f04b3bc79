"""Every state of a split and of its return meets all that the channel may say of it."""

from itertools import product

from kit.database import execute, rows, scalar
from payments.sharing.models import RETURN_TRANSITIONS, SPLIT_TRANSITIONS, ReturnState, SplitState
from payments.sharing.ports import ReturnResult, ShareState, SplitResult
from payments.sharing.returns import Returns
from payments.sharing.service import Sharing
from tests.payments.conftest import Shop
from tests.payments.test_payments_room import a_refund


class Nobody:
    """A channel that is not asked."""


async def test_every_split_state_meets_all_news_as_the_table_says(shop: Shop) -> None:
    """The news of one that is only planned, and what no news brings about, are the sender's doing."""
    sharing = Sharing(Nobody(), 3_000, shop.watch)  # type: ignore[arg-type]
    taken = set()
    for state, news, amount_fen in product(SplitState, ShareState, (300, 0)):
        await a_refund(shop)
        payment = await scalar("SELECT max(id) FROM payment")
        done = state in (SplitState.SPLIT, SplitState.UNFROZEN, SplitState.OWED)
        (split,) = await rows(
            "INSERT INTO payment_split (number, round, payment_id, due_fen, base_fen, amount_fen, owed_fen, state,"
            " attempts, refusals, note, planned_at, finished_at) VALUES ('S' || $1::bigint, 1, $1::bigint,"
            " $2::bigint, 1000, $2::bigint, 0, $3, 1, 0, '', now(), CASE WHEN $4 THEN now() END)"
            " RETURNING id, number",
            payment, amount_fen, state.value, done,
        )  # fmt: skip
        await sharing.confirm(split["id"], SplitResult(split["number"], "O1", news, amount_fen))
        after = SplitState(str(await scalar("SELECT state FROM payment_split WHERE id = $1", split["id"])))
        assert after is state or after in SPLIT_TRANSITIONS[state], (state, news, amount_fen)
        taken |= {(state, after)} - {(state, state)}
    steps = {(state, to) for state, after in SPLIT_TRANSITIONS.items() for to in after}
    assert {state for state, _ in steps - taken} == {SplitState.PLANNED, SplitState.ASKED}
    assert (SplitState.ASKED, SplitState.PLANNED) in steps - taken


async def test_every_return_state_meets_all_news_as_the_table_says(shop: Shop) -> None:
    returns = Returns(Nobody(), shop.watch)  # type: ignore[arg-type]
    taken = set()
    for state, news in product(ReturnState, ShareState):
        refund = await scalar("SELECT id FROM payment_refund WHERE number = $1", await a_refund(shop))
        done = state in (ReturnState.RETURNED, ReturnState.FAILED, ReturnState.OWED)
        await execute(
            "INSERT INTO payment_split (number, round, payment_id, due_fen, base_fen, amount_fen, owed_fen, state,"
            " attempts, refusals, note, planned_at, finished_at) SELECT 'S' || id, 1, payment_id, 300, 1000, 300, 0,"
            " 'split', 1, 0, '', now(), now() FROM payment_refund WHERE id = $1",
            refund,
        )
        number = f"SR{refund}"
        await execute(
            "INSERT INTO payment_split_return (number, split_id, refund_id, attempt, amount_fen, waived_fen, state,"
            " attempts, requested_at, finished_at, owed_again_fen, kept_fen)"
            " SELECT $1, s.id, r.id, 1, 100, 0, $3, 1, now(), CASE WHEN $4 THEN now() END, 0, 0"
            " FROM payment_refund r JOIN payment_split s ON s.payment_id = r.payment_id"
            " WHERE r.id = $2",
            number, refund, state.value, done,
        )  # fmt: skip
        await returns.confirm(ReturnResult(number, "B1", news, 100))
        after = ReturnState(str(await scalar("SELECT state FROM payment_split_return WHERE number = $1", number)))
        before = ReturnState.ASKED if state is ReturnState.REQUESTED else state
        assert after is state or after in RETURN_TRANSITIONS[before], (state, news)
        taken |= {(before, after)} - {(before, state)}
    steps = {(state, to) for state, after in RETURN_TRANSITIONS.items() for to in after}
    # That one is asked for, and not after all, is the sender's doing and no news.
    assert {state for state, _ in steps - taken} == {ReturnState.REQUESTED, ReturnState.ASKED}
