"""Parcels that are fetched: no freight, a code for the buyer alone, one handing over, a way back when nobody comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kit.belongings import Person
from kit.database import row, scalar
from logistics.freight import FreightRule
from logistics.ports import ShippingNews
from logistics.reports import Reporter
from logistics.templates import FreightDraft, FreightTemplates
from orders.errors import (
    OrderStateConflict,
    PickupNotFound,
    PickupNotWaiting,
    ReceiptNotExtendable,
    RedemptionBlocked,
    RedemptionCodeWrong,
)
from orders.events import OrderReceived, PickupLapsed, PickupPrepared, PickupReminded
from orders.handovers.models import PICKUP_TRANSITIONS, PickupState
from orders.jobs import look_after_pickups, pass_case_deadlines, receive_of_itself
from orders.own_records import personal_data
from orders.pickups import Pickups, _step
from orders.placements import PlacedOrder
from orders.quotes import CheckoutLine, Expectation
from places.errors import SiteNotOpen
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from tests.logistics.test_reports import Desk
from tests.orders.cases import rolled_back
from tests.orders.mall import Mall, facts, openid_of, replayed, state_of, stock_of
from tests.poverty_alleviation.damage import damage
from tests.products.shelf import TOWNSHIP

KEEPER = "staff:keeper"


@pytest_asyncio.fixture
async def pickups(mall: Mall) -> AsyncIterator[Pickups]:
    """The mall with a station that is open and one that is not."""
    for code, state in (("S1", SiteState.OPERATING), ("S2", SiteState.SUSPENDED)):
        await Places().enter_site(code, "示例自提站", SiteKind.LOGISTICS, SiteLevel.STATION, TOWNSHIP, state)
    yield Pickups(mall.cipher, mall.watch)


async def fetched(
    mall: Mall, state: str = "packed", consumer: str = "C1", lines: list[CheckoutLine] | None = None
) -> PlacedOrder:
    """An order that its buyer wants to fetch."""
    delivery = await mall.checkout.fetching("S1", "示例取件人", "19900001234")
    wanted = lines or [CheckoutLine(mall.skus[0], 2)]
    placed = await mall.checkout.place(consumer, openid_of(consumer), wanted, (), delivery, Expectation())
    await mall.bring_to(state, placed.orders[0])
    return placed.orders[0]


async def arrived(mall: Mall, pickups: Pickups) -> tuple[str, str]:
    """A parcel at the station; answers its order and its code."""
    order = await fetched(mall)
    await pickups.arrive(("township", TOWNSHIP), order.number, KEEPER)
    code = (await pickups.of_buyer("C1", order.number)).code
    assert code is not None
    assert len(code) == 8
    assert code.isdigit()
    return order.number, code


async def test_a_damaged_delivery_hides_itself_alone(mall: Mall, pickups: Pickups) -> None:
    """At the station, and in what the buyer is told of everything. Fails when either opens it unasked: tried."""
    first, second = (await arrived(mall, pickups))[0], (await arrived(mall, pickups))[0]
    await damage("customer_order", "delivery", where=f"number = '{first}'")
    found = {each.order: each for each in await pickups.waiting(TOWNSHIP, PickupState.READY)}
    assert (found[first].recipient, found[first].phone_tail, found[first].unreadable) == ("", "", ["delivery"])
    assert (len(found[second].phone_tail), found[second].unreadable) == (4, [])
    told = await personal_data(mall.cipher, Person("C1", openid_of("C1")))
    orders = {each["number"]: each for each in told["orders"]}
    assert (orders[first]["delivery"], orders[first]["unreadable"]) == (None, ["delivery"])
    assert orders[second]["delivery"]["recipient"]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


async def test_what_is_fetched_costs_no_freight_and_only_open_stations_hand_out(mall: Mall, pickups: Pickups) -> None:
    draft = FreightDraft(
        name="示例", unit="piece", rules=(FreightRule(first=1, first_fen=900, further=1, further_fen=500),)
    )
    template = await FreightTemplates(mall.watch).make(mall.merchant, draft, "staff:clerk")
    _, (sku,) = await mall.another_product(freight_template=template)
    lines = [CheckoutLine(sku, 1)]
    assert (await mall.checkout.quote("C1", lines, (), "533124")).freight_fen == 900
    assert (await mall.checkout.quote("C1", lines, (), None)).freight_fen == 0
    order = await fetched(mall, "paid", lines=lines)
    assert (order.freight_fen, order.amount_fen) == (0, order.goods_fen)
    for code in ("S2", "S3"):
        with pytest.raises(SiteNotOpen):
            await mall.checkout.fetching(code, "示例取件人", "19900001234")


async def test_the_buyer_alone_sees_the_code_and_the_keeper_a_masked_name(mall: Mall, pickups: Pickups) -> None:
    order = await fetched(mall)
    assert (await pickups.of_buyer("C1", order.number)).code is None, "it is not there yet"
    assert await pickups.waiting(TOWNSHIP, PickupState.READY) == []
    for stranger in (("township", "533124201"), ("merchant", "M0")):
        with pytest.raises(PickupNotFound):
            await pickups.arrive(stranger, order.number, KEEPER)
    await pickups.arrive(("merchant", mall.merchant), order.number, "staff:clerk")
    await pickups.arrive(("township", TOWNSHIP), order.number, KEEPER)
    with pytest.raises(PickupNotFound):
        await pickups.of_buyer("C2", order.number)
    code = (await pickups.of_buyer("C1", order.number)).code
    kept = await scalar("SELECT to_jsonb(p)::text FROM order_pickup p")
    assert code is not None
    assert code not in kept
    (parcel,) = await pickups.waiting(TOWNSHIP, PickupState.READY)
    assert (parcel.recipient, parcel.phone_tail) == ("示****", "1234")
    assert await pickups.waiting("533124201", PickupState.READY) == []
    assert [each.order for each in await facts(PickupPrepared)] == [order.number], "once, however often it is said"


async def test_of_fifty_redemptions_at_once_one_wins(mall: Mall, pickups: Pickups) -> None:
    """Fails when the state is read without a lock and written without a condition: tried."""
    number, code = await arrived(mall, pickups)
    done = await asyncio.gather(
        *(pickups.redeem(TOWNSHIP, number, code, KEEPER) for _ in range(50)), return_exceptions=True
    )
    assert done.count(None) == 1
    assert {type(each) for each in done if each is not None} == {PickupNotWaiting}
    assert await state_of(number) == "received"
    assert (await replayed(number)).count("received") == 1
    assert len(await facts(OrderReceived)) == 1
    assert (await pickups.of_buyer("C1", number)).code is None


async def test_wrong_codes_are_counted_and_then_even_the_right_one_waits(mall: Mall, pickups: Pickups) -> None:
    """Fails when the wrong code is counted inside the transaction that its refusal rolls back: tried."""
    number, code = await arrived(mall, pickups)
    tried = await asyncio.gather(
        *(pickups.redeem(TOWNSHIP, number, wrong(code), KEEPER) for _ in range(20)), return_exceptions=True
    )
    assert [type(each) for each in tried].count(RedemptionCodeWrong) == 5
    with pytest.raises(RedemptionBlocked):
        await pickups.redeem(TOWNSHIP, number, code, KEEPER)
    with pytest.raises(PickupNotFound):
        await pickups.redeem("533124201", number, code, KEEPER)
    assert await state_of(number) == "shipped"
    mall.watch.forward(days=1, minutes=1)
    await pickups.redeem(TOWNSHIP, number, code, KEEPER)
    assert await state_of(number) == "received"


async def test_nobodys_word_or_silence_receives_what_is_fetched(mall: Mall, pickups: Pickups) -> None:
    number, _ = await arrived(mall, pickups)
    with pytest.raises(OrderStateConflict):
        await mall.life.receive("C1", number)
    with pytest.raises(ReceiptNotExtendable):
        await mall.receipts.extend("C1", number)
    await mall.receipts.confirm_elsewhere(number, "wechat", mall.watch())
    mall.watch.forward(days=30)
    assert await receive_of_itself(mall.receipts) == 0
    assert await state_of(number) == "shipped"


async def test_what_nobody_fetches_is_called_to_mind_and_goes_back_with_the_money(mall: Mall, pickups: Pickups) -> None:
    number, code = await arrived(mall, pickups)
    mall.watch.forward(days=4, minutes=1)
    assert await look_after_pickups(pickups) == 1
    assert await look_after_pickups(pickups) == 0
    assert len(await facts(PickupReminded)) == 1
    mall.watch.forward(days=3)
    assert sum(await asyncio.gather(*(pickups.lapse_due() for _ in range(5)))) == 1
    assert len(await facts(PickupLapsed)) == 1
    assert [each.order for each in await pickups.waiting(TOWNSHIP, PickupState.LAPSED)] == [number]
    with pytest.raises(PickupNotWaiting):
        await pickups.redeem(TOWNSHIP, number, code, KEEPER)
    case = await row("SELECT number, state, amount_fen, return_carrier FROM after_sales_case")
    assert case is not None
    assert (case["state"], case["amount_fen"]) == ("returned", 7980)
    await mall.after_sales.take_back(mall.merchant, case["number"], "staff:clerk", fit_for_sale=True)
    await mall.receive_notice(await mall.refund_notice(case["number"]))
    assert await state_of(number) == "closed"
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    assert await pickups.waiting(TOWNSHIP, PickupState.LAPSED) == []


async def test_a_merchant_who_is_silent_about_the_way_back_has_paid(mall: Mall, pickups: Pickups) -> None:
    await arrived(mall, pickups)
    mall.watch.forward(days=8)
    await look_after_pickups(pickups)
    mall.watch.forward(days=8)
    assert await pass_case_deadlines(mall.after_sales) == 1
    assert await scalar("SELECT state FROM after_sales_case") == "refunding"


async def test_a_parcel_takes_no_step_that_is_not_in_its_table(mall: Mall, pickups: Pickups) -> None:
    await arrived(mall, pickups)
    found = await row("SELECT id FROM order_pickup")
    assert found is not None
    moments = {"code": None, "ready_at": mall.watch(), "ended_at": mall.watch()}
    for state, targets in PICKUP_TRANSITIONS.items():
        for to in PickupState:
            async with rolled_back():
                sealed = b"x" if state is PickupState.READY else None
                over = state in (PickupState.REDEEMED, PickupState.LAPSED)
                await row(
                    "UPDATE order_pickup SET state = $1::text, code = $2,"
                    " ready_at = CASE WHEN $1::text <> 'awaited' THEN now() END,"
                    " ended_at = CASE WHEN $3 THEN now() END RETURNING id",
                    state.value,
                    sealed,
                    over,
                )
                noted = moments | {"code": b"y" if to is PickupState.READY else None}
                if to in (PickupState.AWAITED, PickupState.READY):
                    noted["ended_at"] = None
                if to in targets:
                    await _step(found["id"], to, **noted)
                else:
                    with pytest.raises(PickupNotWaiting):
                        await _step(found["id"], to, **noted)


async def test_wechat_is_told_that_the_parcel_is_fetched_and_names_no_waybill(mall: Mall, pickups: Pickups) -> None:
    await arrived(mall, pickups)
    desk = Desk()
    mall.watch.forward(minutes=2)
    assert await Reporter(desk, mall.watch).tell_due() == 1
    (news,) = desk.heard
    assert isinstance(news, ShippingNews)
    assert (news.logistics_type, news.is_split, news.is_complete) == (4, False, True)
    assert [(each.waybill, each.goods) for each in news.parcels] == [("", "古法红糖×2")]
    assert await scalar("SELECT state FROM shipping_report") == "sent"
