"""Every kind of case in every state meets everything that can happen to it."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from kit.database import rows, scalar
from kit.errors import DomainError
from orders.cases.models import CASE_STEPS, CASE_TRANSITIONS, DEADLINES, FINAL, FINAL_STATES, CaseEvent, CaseKind
from orders.cases.steps import deadline, held, step
from orders.errors import CaseDecided
from orders.models import CaseState
from products.terms import AfterSalesTerms
from tests.orders.cases import (
    CLERK,
    OFFICER,
    case_of_kind,
    case_row,
    put_into,
    rolled_back,
    set_return_address,
    state_of_case,
)
from tests.orders.mall import Mall, trade

S = CaseState


def test_the_table_is_whole() -> None:
    """Every state that is reached is known, final states lead nowhere, and only a refund waits without a deadline."""
    for table in CASE_STEPS.values():
        reached = {S.REQUESTED} | {to for steps in table.values() for to in steps.values()}
        assert reached == set(table), "a state is reached that the kind does not know, or known and never reached"
        for state, steps in table.items():
            assert (steps == {}) is (state in FINAL_STATES)
            waits = state not in FINAL_STATES and state not in (S.REFUNDING, S.FAILED)
            assert (state in DEADLINES) is waits, state
            assert (CaseEvent.LAPSE in steps) is waits, state
    assert {state.value for state in FINAL_STATES} == {part.strip(" '") for part in FINAL.strip("()").split(",")}
    assert CASE_TRANSITIONS[CaseKind.BAD_FRUIT][S.REFUNDING] == {S.REFUNDED, S.FAILED}


def test_every_case_ends_though_nobody_ever_acts_again() -> None:
    """From any state that waits, silence alone leads to the end or to a refund."""
    for kind, table in CASE_STEPS.items():
        for start in table:
            state, steps = start, 0
            while state not in FINAL_STATES and state not in (S.REFUNDING, S.FAILED):
                state, steps = table[state][CaseEvent.LAPSE], steps + 1
                assert steps < 5, (kind, start)


async def test_every_event_in_every_state_goes_where_the_table_says(mall: Mall) -> None:
    for kind, table in CASE_STEPS.items():
        case = await case_of_kind(mall, kind)
        for state in CaseState:
            for event in CaseEvent:
                expected = table.get(state, {}).get(event)
                async with rolled_back():
                    await put_into(case, state)
                    now, told = mall.watch(), await scalar("SELECT count(*) FROM after_sales_event")
                    found = await held(case)
                    assert found is not None
                    if expected is None:
                        with pytest.raises(CaseDecided):
                            await step(found, event, now=now, actor="test")
                        assert await state_of_case(case) == state
                    else:
                        assert await step(found, event, now=now, actor="test") is expected
                        moved = await case_row(case)
                        terms = msgspec.json.decode(found["terms"], type=AfterSalesTerms)
                        assert (moved["state"], moved["due_at"]) == (expected, deadline(expected, terms, now))
                    more = await scalar("SELECT count(*) FROM after_sales_event") - told
                    assert more == (expected is not None)


def verbs(mall: Mall, case: str) -> dict[str, tuple[CaseEvent, Callable[[], Awaitable[object]]]]:
    """What people and time can do, each with the event that it is."""
    a, e, m = mall.after_sales, CaseEvent, mall.merchant
    return {
        "withdraw": (e.WITHDRAW, lambda: a.withdraw("C1", case)),
        "accept": (e.ACCEPT, lambda: a.answer("C1", case, accepts=True)),
        "decline": (e.DECLINE, lambda: a.answer("C1", case, accepts=False)),
        "escalate": (e.ESCALATE, lambda: a.escalate("C1", case, "不同意")),
        "send back": (e.SEND_BACK, lambda: a.send_back("C1", case, "SF", "SF0000000002")),
        "confirm": (e.CONFIRM, lambda: a.confirm("C1", case)),
        "approve": (e.APPROVE, lambda: a.approve(m, case, CLERK)),
        "award": (e.AWARD, lambda: a.approve(m, case, CLERK, keeps_goods=True)),
        "refuse": (e.REFUSE, lambda: a.refuse(m, case, "完好", CLERK)),
        "offer": (e.OFFER, lambda: a.offer(m, case, 100, "部分退款", CLERK)),
        "take back": (e.TAKE_BACK, lambda: a.take_back(m, case, CLERK, fit_for_sale=True)),
        "ship again": (e.SHIP_AGAIN, lambda: a.ship_again(m, case, "SF", "SF0000000003", CLERK)),
        "grant": (e.APPROVE, lambda: a.settle(case, "支持买家", OFFICER, grants=True)),
        "dismiss": (e.DISMISS, lambda: a.settle(case, "维持", OFFICER, grants=False)),
        "time": (e.LAPSE, a.lapse_due),
    }


ESCALATED = (S.ESCALATED, S.RETURN_ESCALATED)
COUNTY = ("grant", "dismiss")


async def test_every_use_case_in_every_state_of_every_kind(mall: Mall) -> None:
    """What the table allows is done; what it does not is refused and changes nothing."""
    await set_return_address(mall)
    done = set()
    for kind, table in CASE_STEPS.items():
        case = await case_of_kind(mall, kind)
        for state, steps in table.items():
            for name, (event, act) in verbs(mall, case).items():
                expected = steps.get(event)
                if name in COUNTY and state not in ESCALATED:
                    expected = None
                async with rolled_back():
                    await put_into(case, state)
                    before, refusal = await trade(), None
                    try:
                        await act()
                    except DomainError as error:
                        refusal = error
                    if expected is None or state is S.FAILED:
                        assert await trade() == before, (kind, state, name)
                    else:
                        assert refusal is None, (kind, state, name, refusal)
                        assert await state_of_case(case) == expected, (kind, state, name)
                        done.add((kind, state, event))
    people = {event for event, _ in verbs(mall, "").values()}
    assert done == {
        (kind, state, event)
        for kind, table in CASE_STEPS.items()
        for state, steps in table.items()
        for event in steps
        if event in people and state is not S.FAILED
    }


async def test_steps_leave_their_words_and_nobody_rewrites_them(mall: Mall) -> None:
    case = await case_of_kind(mall, CaseKind.REFUND_ONLY)
    await mall.after_sales.refuse(mall.merchant, case, "完好", CLERK)
    await mall.after_sales.escalate("C1", case, "照片可见破损")
    await mall.after_sales.settle(case, "证据充分", OFFICER, grants=True)
    told = await rows("SELECT event, state, actor, note FROM after_sales_event ORDER BY id")
    assert [(t["event"], t["state"], t["actor"], t["note"]) for t in told] == [
        ("request", "requested", "consumer:C1", "示例理由"),
        ("refuse", "refused", CLERK, "完好"),
        ("escalate", "escalated", "consumer:C1", "照片可见破损"),
        ("approve", "refunding", OFFICER, "证据充分"),
    ]
    with pytest.raises(Exception, match="after_sales_event"):
        await rows("UPDATE after_sales_event SET note = 'x' RETURNING id")
