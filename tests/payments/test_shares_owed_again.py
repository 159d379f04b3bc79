"""A refund that fails for good after its share came back: the share is owed again, to the fen, and nothing twice."""

import random

import pytest

from kit.clock import CHINA
from kit.database import execute, row, scalar, transaction
from payments.fund_bills import FundBills
from payments.jobs import send_refunds
from payments.ports import RefundState
from payments.queries import moved_money_of
from payments.sharing.events import ShareRestored, SplitReturned
from payments.sharing.ports import ReturnResult, ShareState
from payments.sharing.queries import SplitView, split_of
from payments.sharing.returns import Returns
from payments.sharing.shares import kept
from tests.payments.conftest import Shop
from tests.payments.test_payments_room import refund_seen, seen
from tests.payments.test_sharing import Desk, desk
from tests.payments.test_sharing_states import Nobody

__all__ = ["desk"]


async def view_of(desk: Desk, reference: str) -> SplitView:
    return await split_of((await desk.state(reference))["number"], desk.shop.watch())


async def test_a_refund_that_fails_after_its_share_came_back_leaves_the_share_owed(desk: Desk) -> None:
    """Fails when the end of a refund does not look at its share: tried."""
    await desk.paid("G1")
    await desk.plan("G1", 1000)
    await desk.work()
    desk.shop.sandbox.fault("refund.create", "answer", status=400, code="PARAM_ERROR", times=None)
    await desk.refund("G1", "g1", 2500)
    await desk.work()
    assert await scalar("SELECT state FROM payment_refund WHERE reference = 'g1'") == "closed"
    (fact,) = await desk.shop.facts(ShareRestored)
    assert (fact.reference, fact.payee, fact.owed_fen, fact.kept_fen) == ("G1", "M1", 250, 0)
    shown = await view_of(desk, "G1")
    assert (shown.split_fen, shown.returned_fen, shown.owed_fen, shown.is_stuck) == (1000, 250, 250, True)
    # What moved at the channel is what moved, also on the bills of both accounts.
    assert (await moved_money_of(["G1"]))["G1"].split_fen == 750
    day = desk.shop.watch().astimezone(CHINA).date()
    bills = FundBills(desk.shop.gateway, desk.shop.watch)
    for account in (desk.account, (await desk.shop.row("G1"))["sub_mchid"]):
        await bills.import_day(day, account)
    assert not await scalar("SELECT count(*) FROM payment_fund_line WHERE business LIKE '分账%'"
                            " AND difference IS NOT NULL AND transaction_id = (SELECT transaction_id FROM payment"
                            " WHERE reference = 'G1')")  # fmt: skip
    # It is asked for again: nothing has to come back a second time, and nothing is owed any more.
    desk.shop.sandbox.control("DELETE", "/faults")
    await desk.refund("G1", "g2", 2500)
    assert await send_refunds(desk.shop.refunds) == 1
    await desk.work()
    assert await scalar("SELECT state FROM payment_refund WHERE reference = 'g2'") == "succeeded"
    assert [(f.returned_fen, f.waived_fen) for f in await desk.shop.facts(SplitReturned)] == [(250, 0), (0, 250)]
    shown = await view_of(desk, "G1")
    assert (shown.split_fen - shown.returned_fen, shown.owed_fen, shown.is_stuck) == (750, 0, False)


async def test_a_return_that_was_too_late_is_not_owed_when_its_refund_fails(desk: Desk) -> None:
    await desk.paid("K1")
    await desk.plan("K1", 1000)
    await desk.work()
    await execute("UPDATE payment_split SET finished_at = finished_at - interval '181 days'")
    desk.shop.sandbox.fault("refund.create", "answer", status=400, code="PARAM_ERROR", times=None)
    await desk.refund("K1", "k", 5000)
    (told,) = await desk.shop.facts(SplitReturned)
    assert (told.returned_fen, told.waived_fen, told.owed_fen) == (0, 0, 500)
    shown = await view_of(desk, "K1")
    assert (shown.receiver_owes_fen, shown.owed_fen, shown.is_stuck) == (500, 0, True)
    await desk.work()
    (fact,) = await desk.shop.facts(ShareRestored)
    assert (fact.owed_fen, fact.kept_fen) == (0, 500)
    shown = await view_of(desk, "K1")
    assert (shown.receiver_owes_fen, shown.owed_fen, shown.is_stuck) == (0, 0, False)


@pytest.mark.parametrize("seed", range(12))
async def test_refunds_that_succeed_and_fail_in_any_order_leave_the_share_of_what_was_kept(
    shop: Shop, seed: int
) -> None:
    """Two at a time, some too late for the channel; what the facts tell adds up to what is due at every step."""
    chance = random.Random(seed)
    captured = chance.randint(50, 20_000)
    reference = await shop.open(captured)
    await shop.payments.confirm(await seen(shop, reference))
    payment = await shop.row(reference)
    shared, owed = chance.randint(0, captured // 3), chance.randint(0, captured // 10)
    split = await scalar(
        "INSERT INTO payment_split (number, round, payment_id, due_fen, base_fen, amount_fen, owed_fen, state,"
        " attempts, refusals, note, planned_at, finished_at)"
        " VALUES ('S1', 1, $1, $2::bigint + $3::bigint, $4, $2, $3, 'split', 1, 0, '', now(), now()) RETURNING id",
        payment["id"], shared, owed, captured,
    )  # fmt: skip
    open_refunds: list[str] = []
    for n in range(14):
        left = int(captured - await scalar("SELECT COALESCE(sum(amount_fen), 0)::bigint FROM payment_refund"
                                           " WHERE state <> 'closed'"))  # fmt: skip
        if left and len(open_refunds) < 2:
            if n == 8:
                await execute("UPDATE payment_split SET finished_at = now() - interval '181 days' WHERE id = $1", split)
            async with transaction():
                open_refunds.append(
                    await shop.refunds.request(
                        reference=reference, refund_reference=f"R{n}", amount_fen=chance.randint(1, left), reason="退款"
                    )
                )
            for each in await shop_returns(shop):
                await shop_returned(shop, each)
        else:
            number = open_refunds.pop(chance.randrange(len(open_refunds)))
            news = chance.choice([RefundState.SUCCESS, RefundState.CLOSED])
            await shop.refunds.confirm(await refund_seen(shop, number, news))
            await shop.refunds.confirm(await refund_seen(shop, number, news))
        left = int(captured - await scalar("SELECT COALESCE(sum(amount_fen), 0)::bigint FROM payment_refund"
                                           " WHERE state <> 'closed'"))  # fmt: skip
        told = [f for f in await shop.facts() if isinstance(f, SplitReturned | ShareRestored)]
        stands = shared + owed
        for fact in told:
            if isinstance(fact, SplitReturned):
                stands -= fact.returned_fen + fact.waived_fen + fact.owed_fen
            else:
                stands += fact.owed_fen + fact.kept_fen
        assert stands == kept(shared, left, captured) + kept(owed, left, captured), (seed, n)
        shown = await split_of("S1", shop.watch())
        assert shown.split_fen - shown.returned_fen - shown.receiver_owes_fen + shown.owed_fen == stands
        assert min(shown.owed_fen, shown.receiver_owes_fen, shown.split_fen - shown.returned_fen) >= 0


async def shop_returns(shop: Shop) -> list[str]:
    found = await row("SELECT array_agg(number ORDER BY id) AS numbers FROM payment_split_return"
                      " WHERE finished_at IS NULL")  # fmt: skip
    return list(found["numbers"] or []) if found else []


async def shop_returned(shop: Shop, number: str) -> None:
    """The channel has brought a return about."""
    returns = Returns(Nobody(), shop.watch)  # type: ignore[arg-type]
    await execute("UPDATE payment_split_return SET state = 'processing' WHERE number = $1", number)
    amount = await scalar("SELECT amount_fen FROM payment_split_return WHERE number = $1", number)
    await returns.confirm(ReturnResult(number, "B1", ShareState.SUCCESS, amount))
