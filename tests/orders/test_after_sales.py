"""Refunds to the fen (R15), and what is earned only when nobody can claim any more."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import MerchantClerk
from api_kit.errors import ContentInvalid
from console_api.after_sales.endpoints import decide_case
from console_api.after_sales.schemas import Decision
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import DomainError
from orders.cases.queries import case_dossier, newest_cases
from orders.errors import AfterSalesOver, CaseDecided, NothingToRefund, RefundUnfinished
from orders.events import LineRefunded, OrderClosed, OrderEarned
from orders.jobs import pass_after_sales_windows
from orders.placements import PlacedOrder
from payments.events import RefundSucceeded
from products.errors import QuantityInvalid
from tests.orders.mall import CheckoutLine, Mall, facts, state_of, stock_of, trade
from tests.payments import channel


async def discounted(mall: Mall, quantity: int, discount_fen: int, consumer: str = "C1") -> PlacedOrder:
    """An order whose one line carries a share of a discount, so that a piece has no whole number of fen."""
    order = await mall.place(quantity, consumer=consumer)
    for sql in (
        "UPDATE order_line l SET discount_fen = $2, net_fen = gross_fen - $2 FROM customer_order o"
        " WHERE o.id = l.order_id AND o.number = $1",
        "UPDATE customer_order SET discount_fen = $2, amount_fen = goods_fen - $2 WHERE number = $1",
        "UPDATE payment SET amount_fen = amount_fen - $2 WHERE reference = $1",
    ):
        assert await execute(sql, order.number, discount_fen) == 1
    await mall.pay(order.number)
    return order


async def line_of(order: PlacedOrder) -> dict[str, int]:
    found = await row(
        "SELECT l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, l.refund_steps FROM order_line l"
        " JOIN customer_order o ON o.id = l.order_id WHERE o.number = $1",
        order.number,
    )
    assert found is not None
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_r15_partial_refunds_in_any_order_end_exactly_at_what_was_paid(mall: Mall, data: st.DataObject) -> None:
    quantity = data.draw(st.integers(1, 9))
    order = await discounted(mall, quantity, data.draw(st.integers(0, 3990 * quantity - 1)))
    steps = data.draw(st.lists(st.integers(1, 4), max_size=6))
    refusals = data.draw(st.lists(st.booleans(), min_size=len(steps), max_size=len(steps)))
    running: list[str] = []
    claimed = 0
    for pieces, refused in zip(steps, refusals, strict=True):
        line = order.lines[0].reference
        if claimed + pieces > quantity:
            with pytest.raises(NothingToRefund):
                await mall.after_sales.request("C1", order.number, line, pieces, "破损")
            continue
        case = await mall.after_sales.request("C1", order.number, line, pieces, "破损")
        if refused:
            await mall.after_sales.refuse(mall.merchant, case, "完好", "staff:clerk")
            continue
        claimed += pieces
        await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
        running.append(case)
    for case in data.draw(st.permutations(running)):
        await arrive(mall, case)
        now = await line_of(order)
        assert now["refunded_fen"] <= now["net_fen"]
    if claimed < quantity:
        case = await mall.after_sales.request(
            "C1", order.number, order.lines[0].reference, quantity - claimed, "余下全退"
        )
        await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
        await arrive(mall, case)
    end = await line_of(order)
    assert (end["refunded_quantity"], end["refunded_fen"]) == (quantity, end["net_fen"])
    assert await state_of(order.number) == "closed"
    told = [f for f in await facts(LineRefunded) if f.order == order.number]
    assert (sum(f.amount_fen for f in told), sum(f.quantity for f in told)) == (end["net_fen"], quantity)
    assert [f.refund_step for f in told] == list(range(1, len(told) + 1))
    assert (told[-1].remaining_net_fen, told[-1].remaining_quantity) == (0, 0)
    sent = await scalar(
        "SELECT coalesce(sum(r.amount_fen), 0)::bigint FROM payment_refund r"
        " JOIN payment p ON p.id = r.payment_id WHERE p.reference = $1",
        order.number,
    )
    assert sent == end["net_fen"]


async def arrive(mall: Mall, case: str) -> None:
    """The refund of a case arrives, told twice; a case of no money is refunded at its approval."""
    if await scalar("SELECT amount_fen FROM after_sales_case WHERE number = $1", case):
        raw = await mall.refund_notice(case)
        await mall.receive_notice(raw)
        await mall.receive_notice(raw)
    await mall.deliver()


async def test_r15_claims_and_approvals_at_once_never_pass_the_pieces(mall: Mall) -> None:
    order = await discounted(mall, 5, 1)
    line = order.lines[0].reference
    claims = await asyncio.gather(
        *(mall.after_sales.request("C1", order.number, line, 2, "破损") for _ in range(12)),
        return_exceptions=True,
    )
    cases = [c for c in claims if isinstance(c, str)]
    assert len(cases) == 2
    assert all(isinstance(c, str | NothingToRefund) for c in claims), claims
    await asyncio.gather(*(mall.after_sales.approve(mall.merchant, c, "staff:clerk") for c in cases * 6))
    assert await scalar("SELECT count(*) FROM payment_refund") == 2
    notices = [await mall.refund_notice(c) for c in cases] * 5
    random.Random(1).shuffle(notices)
    for raw in notices:
        await mall.receive_notice(raw)
    net = (await line_of(order))["net_fen"]
    assert (await line_of(order))["refunded_fen"] == net * 2 // 5 + (net * 4 // 5 - net * 2 // 5)
    assert len(await facts(LineRefunded)) == 2


async def test_approving_and_refusing_at_once_has_one_winner(mall: Mall) -> None:
    order = await discounted(mall, 2, 0)
    case = await mall.after_sales.request("C1", order.number, order.lines[0].reference, 1, "破损")
    done = await asyncio.gather(
        *(
            mall.after_sales.approve(mall.merchant, case, "staff:a")
            if n % 2
            else mall.after_sales.refuse(mall.merchant, case, "完好", "staff:b")
            for n in range(20)
        ),
        return_exceptions=True,
    )
    assert all(d is None or isinstance(d, CaseDecided) for d in done), done
    state = await scalar("SELECT state FROM after_sales_case")
    assert await scalar("SELECT count(*) FROM payment_refund") == (1 if state == "refunding" else 0)
    assert sum(d is None for d in done) == 10, "the losing word is refused each time"


async def test_quantities_of_a_claim_are_whole_and_positive(mall: Mall) -> None:
    order = await discounted(mall, 3, 0)
    before = await trade()
    for quantity in (0, -1, -(2**31), 2**31, 2**63, True):
        with pytest.raises(QuantityInvalid):
            await mall.after_sales.request("C1", order.number, order.lines[0].reference, quantity, "x")
    with pytest.raises(NothingToRefund):
        await mall.after_sales.request("C1", order.number, order.lines[0].reference, 4, "x")
    assert await trade() == before


async def test_pieces_refunded_before_packing_go_back_on_sale_and_later_ones_do_not(mall: Mall) -> None:
    order = await discounted(mall, 4, 0)
    await mall.refund(order, 0, 1)
    assert await stock_of(mall.skus[0]) == (97, 0, 3)
    await mall.fulfilment.pack(mall.merchant, order.number, {}, "staff:clerk")
    await mall.refund(order, 0, 1)
    assert await stock_of(mall.skus[0]) == (97, 0, 3)


async def test_a_refund_wechat_could_not_make_waits_and_counts_once_it_arrives(mall: Mall) -> None:
    order = await discounted(mall, 2, 0)
    case = await mall.after_sales.request("C1", order.number, order.lines[0].reference, 2, "破损")
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    await mall.receive_notice(await mall.refund_notice(case, "ABNORMAL"))
    assert await scalar("SELECT state FROM after_sales_case") == "failed"
    assert (await line_of(order))["refunded_fen"] == 0
    with pytest.raises(NothingToRefund):
        await mall.after_sales.request("C1", order.number, order.lines[0].reference, 1, "again")
    await mall.receive_notice(await mall.refund_notice(case))
    assert await scalar("SELECT state FROM after_sales_case") == "refunded"
    assert await state_of(order.number) == "closed"
    assert [f.amount_fen for f in await facts(RefundSucceeded)] == [7980]


async def test_a_full_refund_of_one_line_leaves_the_other_alone(mall: Mall) -> None:
    _, (other,) = await mall.another_product()
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 1), CheckoutLine(other, 1)])
    await mall.bring_to("shipped", order)
    await mall.refund(order, 0, 1)
    assert await state_of(order.number) == "shipped"
    await mall.refund(order, 1, 1)
    assert await state_of(order.number) == "closed"
    assert [(f.order, f.reason) for f in await facts(OrderClosed)] == [(order.number, "refunded")]


async def test_earned_only_after_the_window_and_never_with_an_open_case(mall: Mall) -> None:
    plain, claimed = await mall.place(1), await mall.place(2, consumer="C2")
    for order in (plain, claimed):
        await mall.bring_to("received", order)
    case = await mall.after_sales.request("C2", claimed.number, claimed.lines[0].reference, 1, "破损")
    mall.watch.forward(days=6, hours=23)
    assert await pass_after_sales_windows(mall.life) == 0
    mall.watch.forward(hours=1, seconds=1)
    assert await pass_after_sales_windows(mall.life) == 1
    assert await pass_after_sales_windows(mall.life) == 0
    assert [(f.order, f.lines) for f in await facts(OrderEarned)] == [(plain.number, (plain.lines[0].reference,))]
    for order, consumer in ((plain, "C1"), (claimed, "C2")):
        with pytest.raises(AfterSalesOver):
            await mall.after_sales.request(consumer, order.number, order.lines[0].reference, 1, "太晚")
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    assert await pass_after_sales_windows(mall.life) == 0
    await mall.receive_notice(await mall.refund_notice(case))
    assert await pass_after_sales_windows(mall.life) == 1
    assert [f.order for f in await facts(OrderEarned)] == [plain.number, claimed.number]


async def test_only_received_orders_are_earned_and_several_workers_earn_them_once(mall: Mall) -> None:
    for n, state in enumerate(("paid", "packed", "shipped", "received", "closed", "received", "received")):
        await mall.bring_to(state, await mall.place(1, consumer=f"C{n}"))
    gone = await mall.place(1)
    await mall.bring_to("received", gone)
    await mall.refund(gone, 0, 1)
    mall.watch.forward(days=8)
    done = await asyncio.gather(*(pass_after_sales_windows(mall.life) for _ in range(8)))
    assert sum(done) == 3
    assert len(await facts(OrderEarned)) == 3


async def test_a_claim_and_the_end_of_the_window_at_once_never_both_win(mall: Mall) -> None:
    """The claim holds the order's row while the sweep comes by."""
    order = await mall.place(1)
    await mall.bring_to("received", order)
    mall.watch.forward(days=6, hours=23, minutes=59)
    claimed, swept = asyncio.Event(), asyncio.Event()

    async def claim() -> None:
        async with transaction():
            await mall.after_sales.request("C1", order.number, order.lines[0].reference, 1, "破损")
            claimed.set()
            await swept.wait()

    claiming = asyncio.create_task(claim())
    await claimed.wait()
    mall.watch.forward(days=1)
    assert await pass_after_sales_windows(mall.life) == 0, "the row is held, so the sweep passes by"
    swept.set()
    await claiming
    assert await pass_after_sales_windows(mall.life) == 0
    assert await rows("SELECT earned_at FROM customer_order") == [{"earned_at": None}]


async def test_a_decided_case_stays_decided(mall: Mall) -> None:
    order = await discounted(mall, 3, 0)
    line = order.lines[0].reference
    refused = await mall.after_sales.request("C1", order.number, line, 1, "x")
    await mall.after_sales.refuse(mall.merchant, refused, "完好", "staff:a")
    before = await trade()
    await mall.after_sales.refuse(mall.merchant, refused, "别的理由", "staff:b")
    assert await trade() == before
    with pytest.raises(CaseDecided):
        await mall.after_sales.approve(mall.merchant, refused, "staff:a")
    agreed = await mall.refund(order, 0, 1)
    before = await trade()
    await mall.after_sales.approve(mall.merchant, agreed, "staff:a")
    with pytest.raises(DomainError):
        await mall.after_sales.refuse(mall.merchant, agreed, "x", "staff:a")
    assert await trade() == before


async def test_r15_a_refusal_between_other_claims_moves_no_fen(mall: Mall) -> None:
    """Three pieces for 100 fen and one for 1: the first claim of each is refused when the others are decided."""
    for discount, quantity in ((3 * 3990 - 100, 3), (3 * 3990 - 1, 3), (3 * 3990 - 2, 3)):
        order = await discounted(mall, quantity, discount)
        line = order.lines[0].reference
        first, *others = [await mall.after_sales.request("C1", order.number, line, 1, "破损") for _ in range(quantity)]
        await mall.after_sales.refuse(mall.merchant, first, "完好", "staff:clerk")
        again = await mall.after_sales.request("C1", order.number, line, 1, "再次申请")
        for case in (again, *others):
            await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
            await arrive(mall, case)
        end = await line_of(order)
        assert (end["refunded_quantity"], end["refunded_fen"]) == (quantity, end["net_fen"])
        assert await state_of(order.number) == "closed"


async def test_a_refund_that_failed_for_good_is_tried_again_under_a_name_of_its_own(mall: Mall) -> None:
    order = await discounted(mall, 3, 1)
    case = await mall.after_sales.request("C1", order.number, order.lines[0].reference, 2, "破损")
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    await mall.receive_notice(await mall.refund_notice(case, "ABNORMAL"))
    before = await trade()
    with pytest.raises(RefundUnfinished):
        await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    assert await trade() == before, "WeChat still holds the money; a person settles it there"
    closed = await mall.refund_notice(case, "CLOSED")
    await mall.notices.receive(channel.signed_headers(closed), closed)
    await asyncio.gather(*(mall.after_sales.approve(mall.merchant, case, "staff:clerk") for _ in range(5)))
    await mall.deliver()
    assert await scalar("SELECT state FROM after_sales_case") == "refunding", "the old end is no end of the new refund"
    assert await rows("SELECT reference, state FROM payment_refund ORDER BY id") == [
        {"reference": case, "state": "closed"},
        {"reference": f"{case}-2", "state": "requested"},
    ]
    await mall.receive_notice(await mall.refund_notice(f"{case}-2", "CLOSED"))
    assert await scalar("SELECT state FROM after_sales_case") == "failed"
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    raw = await mall.refund_notice(f"{case}-3")
    for _ in range(2):
        await mall.receive_notice(raw)
    net = (await line_of(order))["net_fen"]
    assert (await line_of(order))["refunded_fen"] == net * 2 // 3
    assert [(f.refund, f.amount_fen, f.quantity) for f in await facts(LineRefunded)] == [(case, net * 2 // 3, 2)]
    last = await mall.refund(order, 0, 1)
    assert (await line_of(order))["refunded_fen"] == net
    assert await state_of(order.number) == "closed"
    assert last != case


async def test_a_refund_and_a_claim_take_their_locks_in_one_order(mall: Mall) -> None:
    """The order first: whoever has it may wait for nobody who waits for it."""
    order = await discounted(mall, 1, 0)
    line = order.lines[0].reference
    case = await mall.after_sales.request("C1", order.number, line, 1, "破损")
    await mall.after_sales.approve(mall.merchant, case, "staff:clerk")
    told = asyncio.Event()

    async def refund() -> None:
        await told.wait()
        async with transaction():
            await mall.after_sales.record_refund(case, mall.watch())

    waiting = asyncio.create_task(refund())
    async with transaction():
        await rows("SELECT 1 FROM customer_order WHERE number = $1 FOR UPDATE", order.number)
        told.set()
        await asyncio.sleep(0.3)
        assert await rows("SELECT 1 FROM order_line WHERE reference = $1 FOR UPDATE NOWAIT", line)
    await waiting
    assert (await line_of(order))["refunded_quantity"] == 1


async def test_a_refusal_has_words_and_its_reader_does_not_learn_who_wrote_them(mall: Mall) -> None:
    """Fails when the decision is shown as it is kept, and when a refusal may be silent: tried."""
    order = await mall.place(2)
    await mall.pay(order.number)
    case = await mall.after_sales.request("C1", order.number, order.lines[0].reference, 1, "破损")
    clerk = MerchantClerk(
        caller="staff:U20261127ABCDEF", id=1, number="U20261127ABCDEF", name="店员", merchant=mall.merchant
    )
    for silent in ("", "  "):
        with pytest.raises(ContentInvalid):
            await decide_case(clerk, case, Decision("refuse", silent), mall.after_sales)
    await decide_case(clerk, case, Decision("refuse", "商品完好"), mall.after_sales)
    (told,) = (await newest_cases("C1", None, 20)).cases
    assert (told.decision, told.decided_by) == ("商品完好", "staff")
    assert clerk.caller not in str(await case_dossier("merchant", mall.merchant, case))
