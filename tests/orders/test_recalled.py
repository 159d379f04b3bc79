"""What a held or recalled lot means to orders: none is packed from it, and those that were are listed."""

from kit.database import row
from orders.models import OrderState
from orders.recalled import recalled_lines
from orders.waves.queries import wave_card
from tests.orders.mall import Mall, state_of
from tests.orders.test_waves import due_orders, waves_of
from traceability.quality.holds import Holds, Placing
from traceability.quality.models import HoldReason
from traceability.quality.recalls import RecallOrder, Recalls

CLERK = "staff:clerk"


async def test_an_order_of_a_wave_waits_when_its_lot_was_held_meanwhile(mall: Mall) -> None:
    """It does not ship without a lot, because the goods at hand are those of the held one. Fails when LotOnHold is
    among the refusals that a wave passes over: tried.
    """
    lot = await mall.sealed_lot(5_000)
    (line,) = await due_orders(mall, 2)
    number = await waves_of(mall).propose(mall.merchant, None, CLERK)
    await Holds(mall.watch).place(mall.merchant, lot, Placing(reason=HoldReason.STORAGE, note="冷库故障"), CLERK)
    await waves_of(mall).pack(mall.merchant, number, CLERK)
    ((order,)) = (await wave_card(mall.merchant, number)).orders
    assert (order.packed_at, order.refused_code) == (None, "lot_on_hold")
    assert await state_of(line.rpartition("-")[0]) == OrderState.PAID


async def test_the_orders_and_parcels_of_a_recall_are_listed_for_their_seller(mall: Mall) -> None:
    lot, good = await mall.sealed_lot(5_000), await mall.sealed_lot(5_000)
    numbers = []
    for n, chosen in enumerate((lot, good, lot)):
        order = await mall.place(1, consumer=f"C{n}")
        await mall.pay(order.number)
        await mall.fulfilment.pack(mall.merchant, order.number, {order.lines[0].reference: {chosen: 1}}, CLERK)
        numbers.append(order.number)
    await mall.fulfilment.ship(mall.merchant, numbers[0], "SF", "SF100000001", CLERK)
    told = RecallOrder(lot=lot, cause="农残超标", document="示例召回1号")
    recall = await Recalls(mall.watch).call_back(mall.merchant, told, CLERK)
    (first,), following = await recalled_lines(mall.merchant, recall, None, 1)
    (second,), end = await recalled_lines(mall.merchant, recall, following, 1)
    assert [(each.order, each.state, each.lot, each.pieces) for each in (first, second)] == [
        (numbers[0], "shipped", lot, 1),
        (numbers[2], "packed", lot, 1),
    ]
    assert (end, second.parcels) == (None, [])
    parcel = await row("SELECT p.number, p.waybill FROM parcel p JOIN parcel_item i ON i.parcel_id = p.id")
    assert parcel is not None
    assert [(each.number, each.waybill) for each in first.parcels] == [(parcel["number"], "SF100000001")]
    assert await recalled_lines("M404", recall, None, 9) == ([], None)
