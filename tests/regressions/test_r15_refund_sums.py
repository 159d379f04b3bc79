"""R15: refunds add up to what was paid, to the fen, whatever is refunded in whatever order (commerce reference R15).

Pieces, parts that a merchant offers, refusals that are claimed again, and refunds that arrive in any order: the sum by
line and by order never passes what was paid, and when the last pieces go back it is exactly that. Fails when
``orders.cases.rules.share_fen`` takes the line's price per piece instead of what is left, when ``lines_for_claim``
forgets what open cases hold, and when ``keep_offer`` leaves the claimed amount: each tried.
"""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.database import execute, row, rows, scalar
from orders.cases.models import CaseKind
from orders.events import LineRefunded
from orders.placements import PlacedOrder
from poverty_alleviation.reconciliation import reconciliation
from tests.orders.cases import CLERK, case_of_kind, claim
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import Mall, facts, state_of


async def priced(mall: Mall, quantity: int, discount_fen: int, freight_fen: int) -> PlacedOrder:  # noqa: F811
    """A paid order whose one line bears a discount and a freight that no number of pieces divides."""
    order = await mall.place(quantity)
    for sql in (
        "UPDATE order_line l SET discount_fen = $2, net_fen = gross_fen - $2, freight_fen = $3 FROM customer_order o"
        " WHERE o.id = l.order_id AND o.number = $1",
        "UPDATE customer_order SET discount_fen = $2, freight_fen = $3, amount_fen = goods_fen - $2 + $3"
        " WHERE number = $1",
        "UPDATE payment SET amount_fen = amount_fen - $2 + $3 WHERE reference = $1",
    ):
        assert await execute(sql, order.number, discount_fen, freight_fen) == 1
    await mall.pay(order.number)
    return order


async def left_of(order: PlacedOrder) -> dict[str, Any]:
    """The line with what nobody has claimed yet."""
    found = await row(
        "SELECT l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, l.quantity - l.refunded_quantity"
        "   - COALESCE(sum(i.quantity) FILTER (WHERE c.state NOT IN ('refunded', 'completed', 'closed')), 0)::int"
        " AS free"
        " FROM order_line l JOIN customer_order o ON o.id = l.order_id"
        " LEFT JOIN after_sales_item i ON i.line_id = l.id LEFT JOIN after_sales_case c ON c.id = i.case_id"
        " WHERE o.number = $1 GROUP BY l.id",
        order.number,
    )
    assert found is not None
    return found


async def arrive(mall: Mall, case: str) -> None:  # noqa: F811
    """The refund arrives, told twice; one of no money was counted when it was decided."""
    if await scalar("SELECT count(*) FROM payment_refund WHERE reference = $1", case):
        raw = await mall.refund_notice(case)
        for _ in range(2):
            await mall.receive_notice(raw)
    await mall.deliver()


STEPS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(("approve", "offer", "refuse", "withdraw")), st.integers(1, 10_000)),
    max_size=5,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantity=st.integers(1, 6), off=st.integers(0, 3989), freight=st.integers(0, 2000), steps=STEPS, data=st.data())
async def test_r15_any_mixture_of_refunds_ends_at_what_was_paid(
    mall: Mall,  # noqa: F811
    quantity: int,
    off: int,
    freight: int,
    steps: list[tuple[int, str, int]],
    data: st.DataObject,
) -> None:
    await mall.stock.add(mall.skus[0], quantity, "示例补货")
    order = await priced(mall, quantity, off * quantity, freight)
    running = []
    for pieces, decision, amount in steps:
        if pieces > (await left_of(order))["free"]:
            continue
        case = await claim(mall, order, CaseKind.REFUND_ONLY, pieces=pieces)
        worth = await scalar("SELECT amount_fen FROM after_sales_case WHERE number = $1", case)
        if decision == "offer" and worth > 1:
            await mall.after_sales.offer(mall.merchant, case, 1 + amount % (worth - 1), "部分退款", CLERK)
            await mall.after_sales.answer("C1", case, accepts=True)
            running.append(case)
        elif decision == "refuse":
            await mall.after_sales.refuse(mall.merchant, case, "完好", CLERK)
        elif decision == "withdraw":
            await mall.after_sales.withdraw("C1", case)
        else:
            await mall.after_sales.approve(mall.merchant, case, CLERK)
            running.append(case)
    for case in data.draw(st.permutations(running)):
        await arrive(mall, case)
        now = await left_of(order)
        assert now["refunded_fen"] <= now["net_fen"]
    for refused in await rows(
        "SELECT c.number FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id"
        " WHERE o.number = $1 AND c.state = 'refused'",
        order.number,
    ):
        await mall.after_sales.withdraw("C1", refused["number"])
    rest = (await left_of(order))["free"]
    if rest:
        case = await claim(mall, order, CaseKind.REFUND_ONLY, pieces=rest)
        await mall.after_sales.approve(mall.merchant, case, CLERK)
        await arrive(mall, case)
    end = await left_of(order)
    assert (end["refunded_quantity"], end["refunded_fen"]) == (quantity, end["net_fen"])
    assert await state_of(order.number) == "closed"
    told = [fact for fact in await facts(LineRefunded) if fact.order == order.number]
    assert sum(fact.amount_fen for fact in told) == end["net_fen"]
    assert sum(fact.freight_fen for fact in told) == freight, "nothing was shipped, so all of it comes back"
    assert [fact.refund_step for fact in told] == list(range(1, len(told) + 1))
    sent = await scalar(
        "SELECT COALESCE(sum(r.amount_fen), 0)::bigint FROM payment_refund r JOIN payment p ON p.id = r.payment_id"
        " WHERE p.reference = $1",
        order.number,
    )
    assert sent == end["net_fen"] + freight
    books = await reconciliation()
    assert books.is_exact, books


async def test_r15_one_decision_is_one_refund_however_often_it_is_made(mall: Mall) -> None:  # noqa: F811
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    await asyncio.gather(*(mall.after_sales.approve(mall.merchant, case, CLERK) for _ in range(50)))
    assert [r["reference"] for r in await rows("SELECT reference FROM payment_refund")] == [case]
