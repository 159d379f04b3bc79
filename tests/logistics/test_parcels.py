"""Parcels: the table of transitions walked, orders split and merged, and nothing sent that was refunded."""

import asyncio
from datetime import timedelta

import pytest

from kit.clock import utc_now
from kit.database import row, rows, scalar, transaction
from kit.errors import DomainError
from kit.facts import Fact
from logistics.errors import CarrierUnknown, ParcelStateConflict, ParcelUnknown, WaybillMissing
from logistics.events import ParcelLost, ParcelReturned, ParcelShipped, ParcelSigned
from logistics.models import HANDED_OVER_STATES, PARCEL_TRANSITIONS, ParcelState
from logistics.parcels import Parcels, Piece
from logistics.ports import Tracks, TrackStep
from logistics.queries import parcels_of, pieces_in_parcels, shipments_of
from orders.errors import DeliveriesDiffer, LineNotFound, OrderNotFound, OrderStateConflict, ParcelsFull, PiecesNotLeft
from orders.events import OrderShipped
from orders.parcels import MAX_PARCELS
from orders.placements import Delivery, PlacedOrder
from orders.quotes import Expectation
from orders.shipments import pick_list, shipments_for
from tests.orders.mall import CheckoutLine, Mall, facts, openid_of, state_of
from tests.statements import counted_statements

CLERK = "staff:clerk"
ENDS: dict[ParcelState, type[Fact]] = {
    ParcelState.SIGNED: ParcelSigned,
    ParcelState.RETURNED: ParcelReturned,
    ParcelState.LOST: ParcelLost,
}


async def fresh(state: ParcelState) -> int:
    """A parcel that was led to a state along the table; answers its row id."""
    way = {
        ParcelState.CREATED: (),
        ParcelState.CANCELLED: (),
        ParcelState.HANDED_OVER: (),
        ParcelState.IN_TRANSIT: (ParcelState.IN_TRANSIT,),
        ParcelState.DELIVERED: (ParcelState.DELIVERED,),
        ParcelState.SIGNED: (ParcelState.SIGNED,),
        ParcelState.RETURNED: (ParcelState.RETURNED,),
        ParcelState.LOST: (ParcelState.LOST,),
    }[state]
    parcels = Parcels()
    piece = Piece(reference="O1", line="O1-1", title="古法红糖", quantity=1)
    number = await parcels.make("M1", "SF", "SF0000000001", "0001", [piece], CLERK)
    if state is ParcelState.CANCELLED:
        await parcels.cancel("M1", number, CLERK)
    elif state is not ParcelState.CREATED:
        await parcels.hand_over("M1", number, CLERK)
    parcel_id = int(await scalar("SELECT id FROM parcel WHERE number = $1", number))
    for step in way:
        await parcels.record(parcel_id, said(step), "carrier")
    assert await scalar("SELECT state FROM parcel WHERE id = $1", parcel_id) == state
    return parcel_id


def said(state: ParcelState | None, *texts: str, minutes: float = 0) -> Tracks:
    """What a carrier says now."""
    moment = utc_now() + timedelta(minutes=minutes)
    return Tracks(state=state, steps=tuple(TrackStep(happened_at=moment, text=text) for text in texts or ("一步",)))


async def test_every_state_meets_every_word_of_a_carrier_as_the_table_says(database: str) -> None:
    """A word that is not in the table moves nothing; handing over and cancelling are never the carrier's to say."""
    for state in ParcelState:
        for word in ParcelState:
            parcel = await fresh(state)
            before = len(await facts(*ENDS.values()))
            await Parcels().record(parcel, said(word, f"{state} {word}"), "carrier")
            is_allowed = word in PARCEL_TRANSITIONS[state] and word not in (
                ParcelState.HANDED_OVER,
                ParcelState.CANCELLED,
            )
            assert await scalar("SELECT state FROM parcel WHERE id = $1", parcel) == (word if is_allowed else state)
            told = await rows("SELECT state FROM parcel_event WHERE parcel_id = $1 ORDER BY id", parcel)
            assert told[-1]["state"] == (word if is_allowed else state)
            assert len(await facts(*ENDS.values())) - before == (is_allowed and word in ENDS)


async def test_every_state_meets_the_merchants_verbs_as_the_table_says(database: str) -> None:
    for state in ParcelState:
        for verb, target in (("hand_over", ParcelState.HANDED_OVER), ("cancel", ParcelState.CANCELLED)):
            parcel = await fresh(state)
            number = str(await scalar("SELECT number FROM parcel WHERE id = $1", parcel))
            if target in PARCEL_TRANSITIONS[state] or (verb == "cancel" and state is ParcelState.CANCELLED):
                async with transaction():
                    await getattr(Parcels(), verb)("M1", number, CLERK)
                assert await scalar("SELECT state FROM parcel WHERE id = $1", parcel) == target
            else:
                with pytest.raises(ParcelStateConflict):
                    async with transaction():
                        await getattr(Parcels(), verb)("M1", number, CLERK)
                assert await scalar("SELECT state FROM parcel WHERE id = $1", parcel) == state
    assert set(ParcelState) - {ParcelState.CREATED, ParcelState.CANCELLED} == HANDED_OVER_STATES


async def packed(mall: Mall, quantity: int = 4, **more: str) -> PlacedOrder:
    order = await mall.place(quantity, **more)  # type: ignore[arg-type]
    await mall.bring_to("packed", order)
    return order


async def test_an_order_goes_in_several_parcels_and_is_shipped_with_the_last(mall: Mall) -> None:
    order = await packed(mall)
    number, line = order.number, order.lines[0].reference
    first = await mall.shipping.make(mall.merchant, {number: {line: 1}}, "SF", None, CLERK)
    with pytest.raises(WaybillMissing):
        await mall.shipping.hand_over(mall.merchant, first, CLERK)
    await mall.shipping.correct(mall.merchant, first, "YTO", "YT0000000001", CLERK)
    await mall.shipping.hand_over(mall.merchant, first, CLERK)
    assert await state_of(number) == "packed"
    for wrong, refusal in (
        ({number: {line: 4}}, PiecesNotLeft),
        ({number: {line: 0}}, PiecesNotLeft),
        ({number: {f"{number}-9": 1}}, LineNotFound),
        ({"20261123NOBODY0000": {line: 1}}, OrderNotFound),
    ):
        with pytest.raises(refusal):
            await mall.shipping.make(mall.merchant, wrong, "SF", "SF0000000001", CLERK)
    with pytest.raises(CarrierUnknown):
        await mall.shipping.make(mall.merchant, {number: {line: 1}}, "PIGEON", "P0000001", CLERK)
    second = await mall.shipping.make(mall.merchant, {number: {line: 3}}, "SF", "SF0000000002", CLERK)
    await mall.shipping.cancel(mall.merchant, second, CLERK)
    third = await mall.shipping.make(mall.merchant, {number: {line: 2}}, "SF", "SF0000000003", CLERK)
    await mall.shipping.hand_over(mall.merchant, third, CLERK)
    assert await state_of(number) == "packed"
    await mall.fulfilment.ship(mall.merchant, number, "SF", "SF0000000004", CLERK)
    await mall.deliver()
    assert await state_of(number) == "shipped"
    (shipped,) = await facts(OrderShipped)
    assert (shipped.carrier, shipped.waybill) == ("SF", "SF0000000004")
    assert [fact.waybill for fact in await facts(ParcelShipped)] == ["YT0000000001", "SF0000000003", "SF0000000004"]
    sent = [(each.waybill, each.pieces[0].quantity) for each in await shipments_of(number)]
    assert sent == [("YT0000000001", 1), ("SF0000000003", 2), ("SF0000000004", 1)]
    assert (await pieces_in_parcels([line]))[line].handed_over == 4
    for repeated in ("YT0000000001", "SF0000000004"):
        await mall.fulfilment.ship(mall.merchant, number, "SF" if repeated[0] == "S" else "YTO", repeated, CLERK)
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.ship(mall.merchant, number, "SF", "SF0000000009", CLERK)


async def test_one_piece_goes_into_one_parcel_however_many_clerks_pack_it(mall: Mall) -> None:
    order = await packed(mall, 3)
    picks = {order.number: {order.lines[0].reference: 1}}
    made = await asyncio.gather(
        *(mall.shipping.make(mall.merchant, picks, "SF", f"SF000000{n:04d}", CLERK) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, str) for each in made) == 3
    assert sum(isinstance(each, PiecesNotLeft) for each in made) == 5
    numbers = [each for each in made if isinstance(each, str)]
    await asyncio.gather(*(mall.shipping.hand_over(mall.merchant, each, CLERK) for each in numbers))
    assert await state_of(order.number) == "shipped"
    assert len(await facts(OrderShipped)) == 1


async def test_orders_of_one_buyer_to_one_address_go_into_one_parcel(mall: Mall) -> None:
    one, two, other = await packed(mall), await packed(mall, 2), await packed(mall, consumer="C2")
    picks = {order.number: {order.lines[0].reference: order.lines[0].quantity} for order in (one, two)}
    with pytest.raises(DeliveriesDiffer):
        await mall.shipping.make(
            mall.merchant, {**picks, other.number: {other.lines[0].reference: 1}}, "SF", "SF0000000001", CLERK
        )
    parcel = await mall.shipping.make(mall.merchant, picks, "SF", "SF0000000001", CLERK)
    await mall.shipping.hand_over(mall.merchant, parcel, CLERK)
    assert [await state_of(order.number) for order in (one, two, other)] == ["shipped", "shipped", "packed"]
    (mine,) = await shipments_of(one.number)
    assert [piece.reference for piece in mine.pieces] == [one.number], "an order shows its own pieces alone"
    assert await scalar("SELECT phone_tail FROM parcel WHERE number = $1", parcel) == "0001"


async def test_another_address_does_not_go_into_the_parcel(mall: Mall) -> None:
    one = await packed(mall)
    elsewhere = Delivery("示例收货人", "19900000001", "533124", "云南省德宏州陇川县城子镇示例路 2 号")
    wanted = [CheckoutLine(mall.skus[0], 1)]
    placed = await mall.checkout.place("C1", openid_of("C1"), wanted, (), elsewhere, Expectation())
    (two,) = placed.orders
    await mall.bring_to("packed", two)
    picks = {order.number: {order.lines[0].reference: 1} for order in (one, two)}
    with pytest.raises(DeliveriesDiffer):
        await mall.shipping.make(mall.merchant, picks, "SF", "SF0000000001", CLERK)


async def test_what_was_refunded_is_not_sent_and_what_is_left_decides(mall: Mall) -> None:
    order = await packed(mall)
    number, line = order.number, order.lines[0].reference
    whole = await mall.shipping.make(mall.merchant, {number: {line: 4}}, "SF", "SF0000000001", CLERK)
    await mall.refund(order, 0, 1)
    with pytest.raises(PiecesNotLeft):
        await mall.shipping.hand_over(mall.merchant, whole, CLERK)
    assert await scalar("SELECT state FROM parcel WHERE number = $1", whole) == "created"
    await mall.shipping.cancel(mall.merchant, whole, CLERK)
    part = await mall.shipping.make(mall.merchant, {number: {line: 2}}, "SF", "SF0000000002", CLERK)
    await mall.shipping.hand_over(mall.merchant, part, CLERK)
    assert await state_of(number) == "packed"
    await mall.refund(order, 0, 1)
    await mall.deliver()
    assert await state_of(number) == "shipped", "the last pieces were refunded, the others are with the carrier"
    assert len(await facts(OrderShipped)) == 1


async def test_what_was_refunded_after_it_was_sent_does_not_hold_up_the_other_lines(mall: Mall) -> None:
    """Fails when the handing over looks at every line of the order instead of the parcel's own: tried."""
    _, (other,) = await mall.another_product()
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2), CheckoutLine(other, 1)])
    await mall.bring_to("packed", order)
    number, (sent, left) = order.number, [line.reference for line in order.lines]
    first = await mall.shipping.make(mall.merchant, {number: {sent: 2}}, "SF", "SF0000000001", CLERK)
    await mall.shipping.hand_over(mall.merchant, first, CLERK)
    await mall.refund(order, 0, 1)
    assert await state_of(number) == "packed"
    second = await mall.shipping.make(mall.merchant, {number: {left: 1}}, "SF", "SF0000000002", CLERK)
    await mall.shipping.hand_over(mall.merchant, second, CLERK)
    assert await state_of(number) == "shipped"


async def test_an_order_of_nothing_but_refunds_is_closed_and_never_shipped(mall: Mall) -> None:
    order = await packed(mall, 1)
    await mall.refund(order, 0, 1)
    await mall.deliver()
    assert await state_of(order.number) == "closed"
    assert await facts(OrderShipped) == []


async def test_an_order_has_at_most_ten_parcels(mall: Mall) -> None:
    order = await packed(mall, MAX_PARCELS + 1)
    picks = {order.number: {order.lines[0].reference: 1}}
    for n in range(MAX_PARCELS):
        await mall.shipping.make(mall.merchant, picks, "SF", f"SF000000{n:04d}", CLERK)
    with pytest.raises(ParcelsFull):
        await mall.shipping.make(mall.merchant, picks, "SF", "SF0000009999", CLERK)


async def test_r8_a_foreign_merchants_parcel_does_not_exist(mall: Mall) -> None:
    """Regression R8; fails when ``hold`` asks for the number alone: tried."""
    order = await packed(mall)
    number, line = order.number, order.lines[0].reference
    parcel = await mall.shipping.make(mall.merchant, {number: {line: 1}}, "SF", "SF0000000001", CLERK)
    for foreign in (
        mall.shipping.make("M2", {number: {line: 1}}, "SF", "SF0000000002", CLERK),
        mall.shipping.hand_over("M2", parcel, CLERK),
        mall.shipping.cancel("M2", parcel, CLERK),
        mall.shipping.correct("M2", parcel, "SF", "SF0000000002", CLERK),
        Parcels().hold("M2", parcel),
        shipments_for("C2", number),
        mall.shipping.receiver("M2", number),
    ):
        with pytest.raises(DomainError) as refusal:
            await foreign
        assert refusal.value.status == 404
    assert (await parcels_of("M2", None, None, 20)).parcels == []
    assert await scalar("SELECT state FROM parcel") == "created"
    with pytest.raises(ParcelUnknown):
        await mall.shipping.cancel(mall.merchant, "BNOBODY", CLERK)


async def test_a_wrong_waybill_is_corrected_until_the_carrier_has_seen_it(mall: Mall) -> None:
    order = await packed(mall)
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", CLERK)
    parcel = str(await scalar("SELECT number FROM parcel"))
    for _ in range(2):
        await mall.shipping.correct(mall.merchant, parcel, "YTO", "YT0000000002", CLERK)
    told = await rows("SELECT note FROM parcel_event WHERE note IS NOT NULL")
    assert [each["note"] for each in told] == ["SF SF0000000001 -> YTO YT0000000002"]
    found = await row("SELECT wanted, is_split, is_complete FROM shipping_report")
    assert found == {"wanted": 2, "is_split": False, "is_complete": True}
    await Parcels().record(int(await scalar("SELECT id FROM parcel")), said(ParcelState.IN_TRANSIT), "carrier")
    with pytest.raises(ParcelStateConflict):
        await mall.shipping.correct(mall.merchant, parcel, "SF", "SF0000000003", CLERK)


async def test_the_pick_list_sums_what_is_paid_and_not_refunded(mall: Mall) -> None:
    one, two = await mall.place(4), await mall.place(2)
    for order in (one, two):
        await mall.bring_to("paid", order)
    await mall.refund(one, 0, 1)
    await packed(mall)
    (pick,) = await pick_list(mall.merchant, None)
    assert (pick.sku, pick.quantity, pick.mass_gram) == (mall.skus[0], 5, 2500)
    assert pick.orders == {one.number: 3, two.number: 2}
    (only,) = await pick_list(mall.merchant, [two.number, "20261123NOBODY0000"])
    assert only.orders == {two.number: 2}
    assert await pick_list("M2", None) == []


async def test_lists_cost_the_same_statements_however_long_they_are(mall: Mall) -> None:
    order = await packed(mall, 6)
    number, line = order.number, order.lines[0].reference
    counts = []
    for n in range(3):
        parcel = await mall.shipping.make(mall.merchant, {number: {line: 2}}, "SF", f"SF000000000{n}", CLERK)
        await mall.shipping.hand_over(mall.merchant, parcel, CLERK)
        parcel_id = int(await scalar("SELECT id FROM parcel WHERE number = $1", parcel))
        await Parcels().record(parcel_id, said(ParcelState.IN_TRANSIT, *"一二三"), "carrier")
        with counted_statements() as sent:
            assert len(await shipments_for("C1", number)) == n + 1
            assert len((await parcels_of(mall.merchant, None, None, 20)).parcels) == n + 1
            await pick_list(mall.merchant, None)
        counts.append(len(sent))
    assert counts == [4, 4, 4]
    page = await parcels_of(mall.merchant, "in_transit", None, 2)
    rest = await parcels_of(mall.merchant, "in_transit", page.next, 2)
    assert len({each.number for each in page.parcels + rest.parcels}) == 3
    assert rest.next is None
