"""Parcels that come back or are lost: a case of itself, once, which the merchant decides and silence pays."""

import pytest

from kit.database import rows, scalar
from logistics.models import ParcelState
from logistics.parcels import Parcels
from orders.jobs import pass_case_deadlines
from orders.placements import PlacedOrder
from tests.logistics.test_parcels import said
from tests.orders.mall import Mall, state_of, stock_of


async def shipped(mall: Mall, quantity: int = 3) -> PlacedOrder:
    order = await mall.place(quantity)
    await mall.bring_to("shipped", order)
    return order


async def carrier_says(mall: Mall, state: ParcelState) -> None:
    await Parcels(mall.watch).record(int(await scalar("SELECT id FROM parcel")), said(state), "carrier")
    await mall.deliver()


async def cases() -> list[dict[str, object]]:
    return await rows("SELECT kind, cause, state, quantity, amount_fen FROM after_sales_case ORDER BY id")


async def test_a_parcel_that_came_back_waits_for_its_merchant_and_pays_the_buyer(mall: Mall) -> None:
    order = await shipped(mall)
    await carrier_says(mall, ParcelState.RETURNED)
    assert await cases() == [
        {"kind": "return_refund", "cause": "changed_mind", "state": "returned", "quantity": 3, "amount_fen": 11_970}
    ]
    case = str(await scalar("SELECT number FROM after_sales_case"))
    await mall.after_sales.take_back(mall.merchant, case, "staff:clerk", fit_for_sale=True)
    await mall.receive_notice(await mall.refund_notice(case))
    assert await state_of(order.number) == "closed"
    assert await stock_of(mall.skus[0]) == (100, 0, 0)


async def test_silence_about_a_lost_parcel_pays_the_buyer(mall: Mall) -> None:
    await shipped(mall)
    await carrier_says(mall, ParcelState.LOST)
    assert [(each["cause"], each["state"]) for each in await cases()] == [("not_arrived", "requested")]
    mall.watch.forward(days=30)
    await pass_case_deadlines(mall.after_sales)
    assert [each["state"] for each in await cases()] == ["refunding"]


async def test_a_parcel_that_turns_up_again_is_refused_with_the_reason(mall: Mall) -> None:
    await shipped(mall)
    await carrier_says(mall, ParcelState.LOST)
    case = str(await scalar("SELECT number FROM after_sales_case"))
    await mall.after_sales.refuse(mall.merchant, case, "包裹已找到，正在派送", "staff:clerk")
    await carrier_says(mall, ParcelState.SIGNED)
    assert [each["state"] for each in await cases()] == ["refused"]


@pytest.mark.parametrize("first", ["claimed", "lost"])
async def test_pieces_that_are_claimed_already_make_no_second_case(mall: Mall, first: str) -> None:
    """Fails when claimed pieces are not taken off: tried."""
    order = await shipped(mall, 2)
    if first == "claimed":
        await mall.after_sales.request("C1", order.number, order.lines[0].reference, 2, "未收到")
    else:
        await carrier_says(mall, ParcelState.LOST)
    await carrier_says(mall, ParcelState.RETURNED)
    assert len(await cases()) == 1


async def test_a_received_order_is_left_alone(mall: Mall) -> None:
    order = await shipped(mall)
    await mall.life.receive("C1", order.number)
    await carrier_says(mall, ParcelState.RETURNED)
    assert await cases() == []
