"""A line that was packed without a lot is bound afterwards: pieces, product and the day are those of the parcel."""

import asyncio
from datetime import timedelta

import pytest

from kit.clock import china_day
from kit.database import scalar
from kit.errors import DomainError
from orders.errors import LineNotFound, OrderStateConflict
from orders.events import LotsAssigned
from orders.models import OrderState
from orders.unattributed import unattributed_lines
from poverty_alleviation.reconciliation import reconciliation
from tests.orders.mall import Mall, facts, trade
from tests.products.shelf import approved_merchant
from traceability.errors import (
    LineBound,
    LotNotSealed,
    LotOfAnotherProduct,
    LotPastBestBefore,
    LotShort,
    LotUnknown,
    LotYoungerThanParcel,
    PiecesInvalid,
)
from traceability.lots import LotNotes
from traceability.models import LateReason

CLERK = "staff:clerk"
REASON = LateReason.NOT_SCANNED


async def packed_line(mall: Mall, quantity: int = 3, consumer: str = "C1") -> tuple[str, str]:
    """An order that was packed without a lot, and its line."""
    order = await mall.place(quantity, consumer=consumer)
    await mall.bring_to(OrderState.PACKED, order)
    return order.number, order.lines[0].reference


async def test_a_line_waits_in_the_list_until_it_is_bound_wherever_its_order_is(mall: Mall) -> None:
    lot = await mall.sealed_lot(5000)
    placed = await mall.place(3)
    await mall.bring_to(OrderState.RECEIVED, placed)
    line = placed.lines[0].reference
    (waiting,), following = await unattributed_lines(mall.merchant, None, 10)
    assert (waiting.line, waiting.order, waiting.pieces, waiting.mass_gram) == (line, placed.number, 3, 1500)
    assert following is None
    await mall.fulfilment.assign(mall.merchant, line, {lot: 3}, REASON, CLERK)
    assert await unattributed_lines(None, None, 10) == ([], None)
    (fact,) = await facts(LotsAssigned)
    assert (fact.order, fact.line, fact.reason) == (placed.number, line, "not_scanned")
    assert await scalar("SELECT late_reason || ' ' || late_by FROM line_lot WHERE line = $1", line) == (
        f"not_scanned {CLERK}"
    )
    await mall.deliver()
    found = await reconciliation()
    assert (found.is_exact, found.unattributed_fen) == (True, 0)


async def test_the_list_goes_by_merchant_and_by_pages(mall: Mall) -> None:
    lines = [(await packed_line(mall, 1, f"C{n}"))[1] for n in range(3)]
    first, following = await unattributed_lines(mall.merchant, None, 2)
    second, end = await unattributed_lines(mall.merchant, following, 2)
    assert ([each.line for each in [*first, *second]], end) == (lines, None)
    assert await unattributed_lines("M404", None, 2) == ([], None)


async def test_pieces_that_were_refunded_are_not_bound(mall: Mall) -> None:
    lot = await mall.sealed_lot(5000)
    placed = await mall.place(3)
    await mall.bring_to(OrderState.SHIPPED, placed)
    await mall.refund(placed, 0, 1)
    line = placed.lines[0].reference
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.assign(mall.merchant, line, {lot: 3}, REASON, CLERK)
    await mall.fulfilment.assign(mall.merchant, line, {lot: 2}, REASON, CLERK)
    assert await scalar("SELECT bound_gram FROM lot WHERE number = $1", lot) == 1000


async def test_wrong_lots_are_refused_and_nothing_is_half_done(mall: Mall) -> None:
    fitting, small = await mall.sealed_lot(5000), await mall.sealed_lot(999)
    unsealed = await mall.lots.make(mall.merchant, mall.product, 5000, [], CLERK)
    other, _ = await mall.another_product()
    of_another = await mall.sealed_lot(5000, product=other)
    _, line = await packed_line(mall)
    stranger = await approved_merchant(2, "另一家合作社")
    unpacked = await mall.place(1, consumer="C2")
    before = await trade()
    cases: list[tuple[str, str, dict[str, int], type[DomainError]]] = [
        (mall.merchant, line, {fitting: 2}, OrderStateConflict),
        (mall.merchant, line, {fitting: 4}, OrderStateConflict),
        (mall.merchant, line, {}, PiecesInvalid),
        (mall.merchant, line, {fitting: 4, small: -1}, PiecesInvalid),
        (mall.merchant, line, {unsealed: 3}, LotNotSealed),
        (mall.merchant, line, {of_another: 3}, LotOfAnotherProduct),
        (mall.merchant, line, {small: 3}, LotShort),
        (mall.merchant, line, {"L-NOBODY": 3}, LotUnknown),
        (mall.merchant, "X-1", {fitting: 3}, LineNotFound),
        (stranger, line, {fitting: 3}, LineNotFound),
        (mall.merchant, unpacked.lines[0].reference, {fitting: 1}, OrderStateConflict),
    ]
    for merchant, of_line, lots, refusal in cases:
        with pytest.raises(refusal):
            await mall.fulfilment.assign(merchant, of_line, lots, REASON, CLERK)
        assert await trade() == before, lots
    assert await facts(LotsAssigned) == []
    await mall.fulfilment.assign(mall.merchant, line, {fitting: 3}, REASON, CLERK)
    before = await trade()
    await mall.fulfilment.assign(mall.merchant, line, {fitting: 3}, REASON, CLERK)
    with pytest.raises(LineBound):
        await mall.fulfilment.assign(mall.merchant, line, {fitting: 2, small: 1}, REASON, CLERK)
    assert await trade() == before
    assert len(await facts(LotsAssigned)) == 1


async def test_a_parcel_holds_nothing_that_was_weighed_after_it_or_was_past_its_day(mall: Mall) -> None:
    """Fails when the guard in ``Lots._take`` is removed: tried. What is past its day by now was good then."""
    weighed_at = mall.watch()
    _, line = await packed_line(mall)
    packed_on = china_day(mall.watch())
    mall.watch.forward(days=2)
    young = await mall.sealed_lot(5000, weighed_at=mall.watch())
    with pytest.raises(LotYoungerThanParcel):
        await mall.fulfilment.assign(mall.merchant, line, {young: 3}, REASON, CLERK)
    stale = await mall.sealed_lot(
        5000, weighed_at=weighed_at, notes=LotNotes(best_before=packed_on - timedelta(days=1))
    )
    with pytest.raises(LotPastBestBefore):
        await mall.fulfilment.assign(mall.merchant, line, {stale: 3}, REASON, CLERK)
    good_then = await mall.sealed_lot(5000, weighed_at=weighed_at, notes=LotNotes(best_before=packed_on))
    await mall.fulfilment.assign(mall.merchant, line, {good_then: 3}, REASON, CLERK)


async def test_of_many_clerks_one_binds_a_line_and_no_lot_is_overdrawn(mall: Mall) -> None:
    lot = await mall.sealed_lot(3 * 500)
    lines = [(await packed_line(mall, 1, f"C{n}"))[1] for n in range(5)]
    done = await asyncio.gather(
        *(mall.fulfilment.assign(mall.merchant, line, {lot: 1}, REASON, CLERK) for line in lines * 3),
        return_exceptions=True,
    )
    assert all(each is None or isinstance(each, LotShort) for each in done), done
    assert await scalar("SELECT count(*) FROM line_lot") == 3
    assert len(await facts(LotsAssigned)) == 3
    assert len((await unattributed_lines(None, None, 10))[0]) == 2
