"""The table of transitions is the truth: every pair of states, and every use case in every state."""

import pytest

from kit.database import row, scalar, transaction
from kit.errors import DomainError
from orders.errors import LineNotFound, OrderNotPayable, OrderStateConflict, TradeNotFound
from orders.models import ORDER_TRANSITIONS, OrderState
from orders.placements import PlacedOrder
from orders.transitions import advance
from tests.orders.mall import Mall, replayed, state_of, trade

MOMENTS = {"paid": "paid_at", "packed": "packed_at", "shipped": "shipped_at", "received": "received_at",
           "closed": "closed_at"}  # fmt: skip


async def test_every_pair_of_states_moves_as_the_table_says_and_leaves_its_event(mall: Mall) -> None:
    for state in OrderState:
        for target in OrderState:
            if target is OrderState.PENDING_PAYMENT:
                continue
            order = await mall.place(1)
            await mall.bring_to(state, order)
            before = await trade()
            async with transaction():
                moved = await advance(order.number, target, moment=mall.watch(), actor="test")
            allowed = target in ORDER_TRANSITIONS[state]
            assert (moved is not None) is allowed, (state, target)
            if allowed:
                assert await state_of(order.number) == target
                assert await scalar(
                    f"SELECT {MOMENTS[target]} IS NOT NULL FROM customer_order WHERE number = $1",
                    order.number,
                )
            else:
                assert await trade() == before
            assert (await replayed(order.number))[-1] == await state_of(order.number)


async def test_nothing_leads_back_to_waiting_for_money_nor_around_the_table(mall: Mall) -> None:
    order = await mall.place(1)
    await mall.pay(order.number)
    with pytest.raises(ValueError, match="table of transitions"):
        await advance(order.number, OrderState.PENDING_PAYMENT, moment=mall.watch(), actor="test")
    for source in OrderState:
        for target in OrderState:
            if target not in ORDER_TRANSITIONS[source]:
                with pytest.raises(ValueError, match="table of transitions"):
                    await advance(order.number, target, moment=mall.watch(), actor="test", sources=frozenset({source}))
    assert await state_of(order.number) == "paid"


async def test_replaying_the_events_of_a_long_life_gives_the_row(mall: Mall) -> None:
    order = await mall.place(3)
    await mall.bring_to("received", order)
    await mall.refund(order, 0, 1)
    await mall.refund(order, 0, 2)
    assert await replayed(order.number) == [
        "pending_payment",
        "paid",
        "packed",
        "shipped",
        "received",
        "closed",
    ]
    events = await row(
        "SELECT array_agg(e.happened_at ORDER BY e.id) AS told, array_agg(e.actor ORDER BY e.id) AS actors,"
        " (array_agg(e.reason ORDER BY e.id))[6] AS reason, o.placed_at, o.paid_at, o.packed_at,"
        " o.shipped_at, o.received_at, o.closed_at, o.close_reason"
        " FROM customer_order o JOIN order_event e ON e.order_id = o.id WHERE o.number = $1 GROUP BY o.id",
        order.number,
    )
    assert events is not None
    moments = ("placed_at", "paid_at", "packed_at", "shipped_at", "received_at", "closed_at")
    assert [events[name] for name in moments] == list(events["told"])
    assert events["actors"][:2] == ["consumer:C1", "payment"]
    assert (events["reason"], events["close_reason"]) == ("refunded", "refunded")


async def attempt(mall: Mall, verb: str, order: PlacedOrder) -> type[DomainError] | None:
    """What the use case refuses with, or None."""
    number = order.number
    try:
        if verb == "cancel":
            await mall.trades.cancel("C1", order.trade)
        elif verb == "pay":
            await mall.trades.pay("C1", order.trade)
        elif verb == "pack":
            await mall.fulfilment.pack(mall.merchant, number, {}, "staff:clerk")
        elif verb == "ship":
            await mall.fulfilment.ship(mall.merchant, number, "YTO", "YT0000000009", "staff:clerk")
        elif verb == "receive":
            await mall.life.receive("C1", number)
        else:
            await mall.after_sales.request("C1", number, order.lines[0].reference, 1, "不想要了")
    except DomainError as refusal:
        return type(refusal)
    return None


# What each use case refuses with in each state; None: it is done, or was done before.
REFUSALS: dict[str, dict[str, type[DomainError] | None]] = {
    "cancel": {"pending_payment": None, "closed": None, "paid": OrderNotPayable, "packed": OrderNotPayable,
               "shipped": OrderNotPayable, "received": OrderNotPayable},
    "pay": {"paid": OrderNotPayable, "packed": OrderNotPayable, "shipped": OrderNotPayable,
            "received": OrderNotPayable, "closed": OrderNotPayable},
    "pack": {"pending_payment": OrderStateConflict, "paid": None, "packed": None,
             "shipped": OrderStateConflict, "received": OrderStateConflict, "closed": OrderStateConflict},
    "ship": {"pending_payment": OrderStateConflict, "paid": OrderStateConflict, "packed": None,
             "shipped": OrderStateConflict, "received": OrderStateConflict, "closed": OrderStateConflict},
    "receive": {"pending_payment": OrderStateConflict, "paid": OrderStateConflict,
                "packed": OrderStateConflict, "shipped": None, "received": None,
                "closed": OrderStateConflict},
    "claim": {"pending_payment": OrderStateConflict, "paid": None, "packed": None, "shipped": None,
              "received": None, "closed": OrderStateConflict},
}  # fmt: skip
SILENT = {("cancel", "closed"), ("receive", "received"), ("pack", "packed")}


async def test_every_use_case_in_every_state(mall: Mall) -> None:
    for verb, outcomes in REFUSALS.items():
        for state, expected in outcomes.items():
            order = await mall.place(1)
            await mall.bring_to(state, order)
            before = await trade()
            assert await attempt(mall, verb, order) is expected, (
                verb,
                state,
            )
            changed = await trade() != before
            assert changed is (expected is None and (verb, state) not in SILENT), (verb, state)


async def test_what_is_somebody_elses_does_not_exist(mall: Mall) -> None:
    order = await mall.place(1)
    await mall.bring_to("packed", order)
    case = await mall.after_sales.request("C1", order.number, order.lines[0].reference, 1, "破损")
    before = await trade()
    number, line = order.number, order.lines[0].reference
    for foreign in (
        lambda: mall.trades.pay("C2", order.trade),
        lambda: mall.trades.cancel("C2", order.trade),
        lambda: mall.life.receive("C2", number),
        lambda: mall.after_sales.request("C2", number, line, 1, "x"),
        lambda: mall.after_sales.request("C1", number, f"{number}-9", 1, "x"),
        lambda: mall.after_sales.approve("M2", case, "staff:x"),
        lambda: mall.after_sales.refuse("M2", case, "x", "staff:x"),
        lambda: mall.fulfilment.pack("M2", number, {}, "staff:x"),
        lambda: mall.fulfilment.ship("M2", number, "SF", "SF00000001", "staff:x"),
    ):
        with pytest.raises(DomainError) as refusal:
            await foreign()
        assert refusal.value.status == 404
    assert await trade() == before
    with pytest.raises(TradeNotFound):
        await mall.trades.cancel("C1", "T20261123NOBODY0000")
    with pytest.raises(LineNotFound):
        await mall.after_sales.request("C1", "20261123NOBODY0000", line, 1, "x")
