"""Whole ways of a case, deadlines in whose favour they are written, and what comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from accounts.actors import MerchantClerk
from console_api.after_sales.endpoints import list_merchant_cases, show_merchant_case
from console_api.after_sales.schemas import CasesQuery
from content.errors import PictureNotUsable
from content.pictures import pictures_of
from content.texts import Texts
from kit.database import execute, row, rows, scalar, transaction
from orders.cases.desk import OrderDesks
from orders.cases.models import CaseKind, Cause
from orders.cases.queries import case_counts, case_dossier, cases_by_due, newest_cases
from orders.errors import (
    AfterSalesOver,
    CaseDecided,
    CaseNotFound,
    ClaimNotPossible,
    NothingToRefund,
    OfferInvalid,
    OrderStateConflict,
    PicturesMissing,
    ReturnAddressMissing,
)
from orders.events import CaseMoved, LineRefunded
from orders.jobs import pass_case_deadlines
from orders.models import CaseState
from products.drafts import ReturnPolicy
from products.service import SalePolicies
from products.terms import AfterSalesTerms, merged_terms
from tests.orders.cases import (
    CLERK,
    OFFICER,
    RETURNS,
    case_of_kind,
    case_row,
    claim,
    order_of,
    put_into,
    set_return_address,
    state_of_case,
)
from tests.orders.mall import CheckoutLine, Mall, facts, state_of, stock_of, trade
from tests.statements import counted_statements


async def arrive(mall: Mall, case: str) -> None:
    """The refund of the case arrives, told twice."""
    raw = await mall.refund_notice(case)
    await mall.receive_notice(raw)
    await mall.receive_notice(raw)


async def test_a_return_goes_out_comes_back_and_is_paid(mall: Mall) -> None:
    await set_return_address(mall)
    order = await order_of(mall, "received")
    case = await claim(mall, order, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND)
    desks = mall.built.services[OrderDesks]
    assert isinstance(desks, OrderDesks)
    assert await desks.address_of("C1", case) is None, "not before the merchant has agreed"
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    assert await desks.address_of("C1", case) == RETURNS
    with pytest.raises(CaseNotFound):
        await desks.address_of("C2", case)
    sealed = bytes((await case_row(case))["return_address"])
    assert RETURNS.phone.encode() not in sealed
    assert "示例仓库".encode() not in sealed
    await mall.after_sales.send_back("C1", case, "SF", "SF0000000002")
    assert await scalar("SELECT count(*) FROM payment_refund") == 0
    before = await stock_of(mall.skus[0])
    await mall.after_sales.take_back(mall.merchant, case, CLERK, fit_for_sale=True)
    assert await stock_of(mall.skus[0]) == (before[0] + 1, 0, before[2] - 1)
    await mall.after_sales.take_back(mall.merchant, case, CLERK, fit_for_sale=True)
    assert await stock_of(mall.skus[0]) == (before[0] + 1, 0, before[2] - 1), "taken back once"
    await arrive(mall, case)
    assert (await case_row(case))["return_freight_by"] == "buyer"
    assert [(f.quantity, f.amount_fen) for f in await facts(LineRefunded)] == [(1, 3990)]
    assert await state_of(order.number) == "received"


async def test_an_exchange_takes_stock_once_and_moves_no_money(mall: Mall) -> None:
    await set_return_address(mall)
    order = await order_of(mall, "received")
    case = await claim(mall, order, CaseKind.EXCHANGE)
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    await mall.after_sales.send_back("C1", case, "SF", "SF0000000002")
    await mall.after_sales.take_back(mall.merchant, case, CLERK, fit_for_sale=True)
    assert await stock_of(mall.skus[0]) == (99, 0, 2)
    for _ in range(2):
        await mall.after_sales.ship_again(mall.merchant, case, "SF", "SF0000000003", CLERK)
    assert await stock_of(mall.skus[0]) == (98, 0, 2)
    await mall.after_sales.confirm("C1", case)
    assert await scalar("SELECT count(*) FROM payment_refund") == 0
    assert (await case_row(case))["return_freight_by"] == "merchant"
    again = await claim(mall, order, CaseKind.RETURN_REFUND, pieces=2)
    assert await state_of_case(again) == "requested", "the pieces are free for another claim"


async def test_bad_fruit_needs_a_picture_fresh_goods_and_two_days(mall: Mall) -> None:
    order = await order_of(mall, "received", ReturnPolicy.NONE_FRESH, pieces=3)
    line = order.lines[0].reference
    with pytest.raises(PicturesMissing):
        await mall.after_sales.request("C1", order.number, line, 1, "烂了", kind=CaseKind.BAD_FRUIT, cause=Cause.ROTTEN)
    for kind in (CaseKind.RETURN_REFUND, CaseKind.EXCHANGE):
        with pytest.raises(ClaimNotPossible):
            await claim(mall, order, kind)
    mall.watch.forward(hours=47)
    case = await claim(mall, order, CaseKind.BAD_FRUIT, Cause.ROTTEN)
    (number,) = (await case_dossier("consumer", "C1", case)).case.pictures
    assert [shown.number for shown in await pictures_of(f"case:{case}")] == [number]
    with pytest.raises(PictureNotUsable):
        await mall.after_sales.request(
            "C1", order.number, line, 1, "烂了", kind=CaseKind.BAD_FRUIT, cause=Cause.ROTTEN, pictures=[number]
        )
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    await arrive(mall, case)
    mall.watch.forward(hours=1)
    with pytest.raises(AfterSalesOver):
        await claim(mall, order, CaseKind.BAD_FRUIT, Cause.ROTTEN)
    with pytest.raises(ClaimNotPossible):
        await claim(mall, await order_of(mall, "received"), CaseKind.BAD_FRUIT, Cause.ROTTEN)


# State of the order, return policy, kind, cause -> allowed.
RIGHTS: list[tuple[str, ReturnPolicy, CaseKind, Cause, bool]] = [
    ("paid", ReturnPolicy.NONE_FRESH, CaseKind.REFUND_ONLY, Cause.CHANGED_MIND, True),
    ("paid", ReturnPolicy.VOUCHER, CaseKind.REFUND_ONLY, Cause.CHANGED_MIND, True),
    ("paid", ReturnPolicy.SEVEN_DAYS, CaseKind.RETURN_REFUND, Cause.QUALITY, False),
    ("packed", ReturnPolicy.SEVEN_DAYS, CaseKind.EXCHANGE, Cause.QUALITY, False),
    ("shipped", ReturnPolicy.SEVEN_DAYS, CaseKind.REFUND_ONLY, Cause.CHANGED_MIND, False),
    ("shipped", ReturnPolicy.SEVEN_DAYS, CaseKind.REFUND_ONLY, Cause.NOT_ARRIVED, True),
    ("shipped", ReturnPolicy.VOUCHER, CaseKind.REFUND_ONLY, Cause.QUALITY, True),
    ("received", ReturnPolicy.VOUCHER, CaseKind.RETURN_REFUND, Cause.QUALITY, False),
    ("received", ReturnPolicy.SEVEN_DAYS_UNOPENED, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND, True),
    ("received", ReturnPolicy.NONE_CUSTOM, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND, False),
    ("received", ReturnPolicy.NONE_CUSTOM, CaseKind.RETURN_REFUND, Cause.WRONG_GOODS, True),
    ("received", ReturnPolicy.NONE_FRESH, CaseKind.REFUND_ONLY, Cause.DAMAGED, True),
    ("received", ReturnPolicy.NONE_FRESH, CaseKind.BAD_FRUIT, Cause.CHANGED_MIND, False),
]


async def test_rights_follow_the_return_policy_and_the_reason(mall: Mall) -> None:
    for state, policy, kind, cause, allowed in RIGHTS:
        order = await order_of(mall, state, policy)
        if allowed:
            assert await claim(mall, order, kind, cause)
        else:
            with pytest.raises(ClaimNotPossible):
                await claim(mall, order, kind, cause)


async def test_no_reason_ends_with_its_days_and_the_rest_with_the_window(mall: Mall) -> None:
    await SalePolicies().enter(
        "standard", 1800, 30 * 86400, "x", "示例文件 9 号", AfterSalesTerms(no_reason_s=3 * 86400)
    )
    order = await order_of(mall, "received", pieces=3)
    mall.watch.forward(days=3)
    with pytest.raises(AfterSalesOver):
        await claim(mall, order, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND)
    assert await claim(mall, order, CaseKind.RETURN_REFUND, Cause.QUALITY)


def test_an_order_of_several_products_has_the_best_windows_for_its_buyer() -> None:
    one, two = AfterSalesTerms(decide_s=100, return_s=100), AfterSalesTerms(decide_s=50, return_s=50)
    found = merged_terms([one, two])
    assert (found.decide_s, found.return_s) == (50, 100)


async def test_terms_are_copied_and_a_new_policy_leaves_old_orders_alone(mall: Mall) -> None:
    old = await order_of(mall, "received")
    await SalePolicies().enter("standard", 1800, 604800, "x", "示例文件 9 号", AfterSalesTerms(decide_s=60))
    new = await order_of(mall, "received")
    for order, seconds in ((old, 172800), (new, 60)):
        case = await case_row(await claim(mall, order, CaseKind.REFUND_ONLY))
        assert case["due_at"] - case["requested_at"] == timedelta(seconds=seconds)


async def test_an_offer_is_a_part_and_the_buyer_keeps_the_pieces(mall: Mall) -> None:
    order = await order_of(mall, "received", pieces=3)
    case = await claim(mall, order, CaseKind.REFUND_ONLY, pieces=2)
    for amount in (0, 7980, 10_000):
        with pytest.raises(OfferInvalid):
            await mall.after_sales.offer(mall.merchant, case, amount, "x", CLERK)
    for amount in (500, 501, 502):
        await mall.after_sales.offer(mall.merchant, case, amount, "部分退款", CLERK)
        if amount < 502:
            await mall.after_sales.answer("C1", case, accepts=False)
    await mall.after_sales.answer("C1", case, accepts=True)
    await arrive(mall, case)
    (fact,) = await facts(LineRefunded)
    assert (fact.quantity, fact.amount_fen, fact.remaining_quantity, fact.remaining_net_fen) == (
        0,
        502,
        3,
        3 * 3990 - 502,
    )
    rest = await claim(mall, order, CaseKind.REFUND_ONLY, pieces=3)
    await mall.after_sales.approve(mall.merchant, rest, CLERK)
    await arrive(mall, rest)
    assert await scalar("SELECT sum(amount_fen)::bigint FROM payment_refund") == 3 * 3990
    assert await state_of(order.number) == "closed"


async def test_a_fourth_offer_is_refused(mall: Mall) -> None:
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    for amount in (1, 2, 3):
        await mall.after_sales.offer(mall.merchant, case, amount, "x", CLERK)
        await mall.after_sales.answer("C1", case, accepts=False)
    with pytest.raises(OfferInvalid):
        await mall.after_sales.offer(mall.merchant, case, 4, "x", CLERK)


async def test_a_paid_order_is_given_up_whole_and_silence_agrees(mall: Mall) -> None:
    _, (other,) = await mall.another_product()
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2), CheckoutLine(other, 3)])
    with pytest.raises(OrderStateConflict):
        await mall.after_sales.cancel("C1", order.number, "不想要了")
    await mall.pay(order.number)
    case = await mall.after_sales.cancel("C1", order.number, "不想要了")
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.pack(mall.merchant, order.number, {}, CLERK)
    with pytest.raises(NothingToRefund):
        await mall.after_sales.cancel("C1", order.number, "再点一次")
    mall.watch.forward(hours=23)
    assert await pass_case_deadlines(mall.after_sales) == 0
    mall.watch.forward(hours=1)
    assert await pass_case_deadlines(mall.after_sales) == 1
    assert await scalar("SELECT amount_fen FROM payment_refund") == order.amount_fen
    await arrive(mall, case)
    assert await state_of(order.number) == "closed"
    assert (await stock_of(mall.skus[0]), await stock_of(other)) == ((100, 0, 0), (100, 0, 0))
    assert len(await facts(LineRefunded)) == 2


async def test_a_refused_cancellation_lets_the_parcel_go_and_a_new_claim_takes_its_place(mall: Mall) -> None:
    order = await order_of(mall, "paid")
    case = await mall.after_sales.cancel("C1", order.number, "不想要了")
    await mall.after_sales.refuse(mall.merchant, case, "已备货", CLERK)
    again = await mall.after_sales.cancel("C1", order.number, "仍不想要")
    assert await state_of_case(case) == "closed"
    await mall.after_sales.refuse(mall.merchant, again, "已备货", CLERK)
    await mall.fulfilment.pack(mall.merchant, order.number, {}, CLERK)
    with pytest.raises(OrderStateConflict):
        await mall.after_sales.cancel("C1", order.number, "晚了")


async def test_silence_with_no_return_address_pays_without_the_goods(mall: Mall) -> None:
    case = await case_of_kind(mall, CaseKind.RETURN_REFUND)
    with pytest.raises(ReturnAddressMissing):
        await mall.after_sales.approve(mall.merchant, case, CLERK)
    mall.watch.forward(days=2)
    assert await pass_case_deadlines(mall.after_sales) == 1
    assert await state_of_case(case) == "refunding"
    other = await case_of_kind(mall, CaseKind.EXCHANGE)
    await put_into(other, CaseState.ESCALATED)
    await mall.after_sales.settle(other, "支持", OFFICER, grants=True)
    assert await state_of_case(other) == "refunding"


async def test_many_workers_and_people_at_once_make_one_refund(mall: Mall) -> None:
    """Whoever comes second waits for the case and then finds the work done."""
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=2)
    done = await asyncio.gather(
        *(mall.after_sales.approve(mall.merchant, case, CLERK) for _ in range(50)),
        *(pass_case_deadlines(mall.after_sales) for _ in range(8)),
    )
    assert sum(each or 0 for each in done) <= 1
    assert await scalar("SELECT count(*) FROM payment_refund") == 1
    assert [f.state for f in await facts(CaseMoved)].count("refunding") == 1


async def test_a_worker_killed_between_decision_and_refund_leaves_both_or_neither(mall: Mall) -> None:
    """The server ends the worker's connection while it waits for the payment; the next run finishes the work."""
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    mall.watch.forward(days=2)
    locked = asyncio.Event()

    async def lapse() -> None:
        await locked.wait()
        await pass_case_deadlines(mall.after_sales)

    lapsing = asyncio.create_task(lapse())
    async with transaction():
        await rows("SELECT 1 FROM payment FOR UPDATE")
        own = await scalar("SELECT pg_backend_pid()")
        locked.set()
        for _ in range(100):
            waiting = await scalar(
                "SELECT pid FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid))",
                own,
            )
            if waiting:
                break
            await asyncio.sleep(0.02)
        assert await scalar("SELECT pg_terminate_backend($1)", waiting)
        with pytest.raises(Exception, match=r"terminat|closed"):
            await lapsing
    assert (await state_of_case(case), await scalar("SELECT count(*) FROM payment_refund")) == ("requested", 0)
    assert await pass_case_deadlines(mall.after_sales) == 1
    assert await pass_case_deadlines(mall.after_sales) == 0
    assert (await state_of_case(case), await scalar("SELECT count(*) FROM payment_refund")) == ("refunding", 1)


async def test_a_deadline_whose_refund_is_refused_waits_and_holds_nobody_up(mall: Mall) -> None:
    stuck, good = await case_of_kind(mall, CaseKind.REFUND_ONLY), await case_of_kind(mall, CaseKind.REFUND_ONLY)
    await execute(
        "UPDATE payment SET captured_at = captured_at - interval '366 days' WHERE reference = (SELECT o.number"
        " FROM customer_order o JOIN after_sales_case c ON c.order_id = o.id WHERE c.number = $1)",
        stuck,
    )
    mall.watch.forward(days=2)
    assert await pass_case_deadlines(mall.after_sales) == 1
    assert (await state_of_case(stuck), await state_of_case(good)) == ("requested", "refunding")
    assert (await case_row(stuck))["due_at"] > mall.watch()


async def test_lists_are_one_statement_ordered_by_what_is_due(mall: Mall) -> None:
    cases = [await case_of_kind(mall, CaseKind.REFUND_ONLY) for _ in range(3)]
    await mall.after_sales.refuse(mall.merchant, cases[0], "x", CLERK)
    await mall.after_sales.escalate("C1", cases[0], "y")
    with counted_statements() as sent:
        page = await cases_by_due(mall.merchant, None, None, 2)
    assert len(sent) == 1
    assert ([case.number for case in page.cases], page.cases[0].items[0].quantity) == ([cases[1], cases[2]], 1)
    last = await cases_by_due(mall.merchant, None, page.next, 2)
    assert ([case.number for case in last.cases], last.next) == ([cases[0]], None)
    assert (await cases_by_due("M2", None, None, 20)).cases == []
    with counted_statements() as sent:
        counts = await case_counts(mall.merchant, mall.watch())
    assert len(sent) == 1
    assert {c.state: (c.cases, c.due_within_a_day) for c in counts} == {"requested": (2, 0), "escalated": (1, 0)}
    with counted_statements() as sent:
        county = await cases_by_due(None, ["escalated", "return_escalated"], None, 20)
        mine = await newest_cases("C1", None, 2)
        dossier = await case_dossier("merchant", mall.merchant, cases[0])
    assert len(sent) == 3
    assert [case.number for case in county.cases] == [cases[0]]
    assert [case.number for case in mine.cases] == [cases[2], cases[1]]
    assert [step.actor for step in dossier.steps] == ["consumer", "staff", "consumer"]
    with pytest.raises(CaseNotFound):
        await case_dossier("merchant", "M2", cases[0])


async def test_the_case_of_another_does_not_exist(mall: Mall) -> None:
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    before = await trade()
    strangers: list[Callable[[], Awaitable[None]]] = [
        lambda: mall.after_sales.withdraw("C2", case),
        lambda: mall.after_sales.answer("C2", case, accepts=True),
        lambda: mall.after_sales.escalate("C2", case, "x"),
        lambda: mall.after_sales.send_back("C2", case, "SF", "SF0000000002"),
        lambda: mall.after_sales.confirm("C2", case),
        lambda: mall.after_sales.offer("M2", case, 1, "x", CLERK),
        lambda: mall.after_sales.take_back("M2", case, CLERK, fit_for_sale=True),
        lambda: mall.after_sales.ship_again("M2", case, "SF", "SF0000000002", CLERK),
    ]
    for foreign in strangers:
        with pytest.raises(CaseNotFound):
            await foreign()
    with pytest.raises(CaseDecided):
        await mall.after_sales.settle(case, "x", OFFICER, grants=True)
    assert await trade() == before


async def test_a_merchant_reads_a_buyers_words_when_they_have_passed(mall: Mall) -> None:
    """Fails when either route shows the case as its buyer sees it, or shows words of any state: tried."""
    texts = Texts(mall.watch)
    clerk = MerchantClerk(caller=CLERK, id=1, number="U1", name="示例职员", merchant=mall.merchant)
    order = await order_of(mall, "received", pieces=3)
    case = await claim(mall, order, CaseKind.REFUND_ONLY)
    await mall.after_sales.refuse(mall.merchant, case, "示例拒绝", CLERK)
    await mall.after_sales.escalate("C1", case, "示例申诉")

    async def seen() -> tuple[str | None, dict[str, str | None]]:
        page = await list_merchant_cases(clerk, CasesQuery())
        dossier = (await show_merchant_case(clerk, case)).case
        assert page.cases == [dossier.case]
        return dossier.case.reason, {step.event: step.note for step in dossier.steps}

    async def judge(subject: str, passed: bool) -> None:
        number = await scalar("SELECT number FROM content_text WHERE subject = $1", subject)
        await texts.decide(str(number), passed, OFFICER, "示例")

    assert await seen() == (None, {"request": None, "refuse": "示例拒绝", "escalate": None})
    own = await case_dossier("consumer", "C1", case)
    assert (own.case.reason, [step.note for step in own.steps]) == ("示例理由", ["示例理由", "示例拒绝", "示例申诉"])
    await judge(f"case:{case}", True)
    assert await seen() == ("示例理由", {"request": "示例理由", "refuse": "示例拒绝", "escalate": None})
    await judge(f"case:{case}:escalated", False)
    assert (await seen())[1]["escalate"] is None
    with counted_statements() as sent:
        await list_merchant_cases(clerk, CasesQuery())
    assert len(sent) == 2
    cancelled = await order_of(mall, "paid")
    wish = await mall.after_sales.cancel("C1", cancelled.number, "示例取消理由")
    other = (await show_merchant_case(clerk, wish)).case
    assert (other.case.reason, other.steps[0].note) == (None, None)


async def test_the_buyers_tick_stands_on_the_line_and_without_it_seven_days_hold(mall: Mall) -> None:
    """Fails when the line keeps the product's policy without a tick: the table refuses it, tried."""
    _, (sku,) = await mall.another_product(return_policy=ReturnPolicy.NONE_ACTIVATED)
    for ticked, policy in ((False, "seven_days"), (True, "none_activated")):
        order = await mall.place(lines=[CheckoutLine(sku, 1, confirmed=ticked)])
        kept = await row(
            "SELECT l.confirmed, l.return_policy FROM order_line l JOIN customer_order o ON o.id = l.order_id"
            " WHERE o.number = $1",
            order.number,
        )
        assert kept == {"confirmed": ticked, "return_policy": policy}
        await mall.bring_to("received", order)
        wish = claim(mall, order, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND)
        if ticked:
            with pytest.raises(ClaimNotPossible):
                await wish
        else:
            assert await wish
    with pytest.raises(Exception, match="ck_order_line_confirmed"):
        await execute("UPDATE order_line SET return_policy = 'none_activated', confirmed = false")
    plain = await mall.place(lines=[CheckoutLine(mall.skus[0], 1, confirmed=True)])
    assert not plain.lines[0].confirmed, "a tick that nothing asked for is no consent"
