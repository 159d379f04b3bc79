"""Booked services that are given up: freely in time, later for the part that the rule on the line says, to the fen."""

import asyncio

import pytest

from kit.database import execute, row, rows, scalar
from kit.errors import DomainError
from orders.cases.models import CaseKind, Cause
from orders.errors import CancellationOver, ClaimNotPossible, NothingToRefund, QuoteChanged, VoucherNotUsable
from orders.placements import PlacedOrder
from orders.queries import order_of
from orders.quotes import Expectation
from products.calendars import Calendars, calendar_differences
from tests.orders.lodging import GUEST, book, codes_of, open_lodging, stay, terms_with
from tests.orders.mall import Mall, openid_of, state_of

CLERK = "staff:clerk"


async def line_of(order: PlacedOrder) -> dict[str, int]:
    found = await row(
        "SELECT l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, l.kept_fen FROM order_line l"
        " JOIN customer_order o ON o.id = l.order_id WHERE o.number = $1",
        order.number,
    )
    assert found is not None
    return found


async def paid_stay(mall: Mall, late_refund_bp: int, rooms: int, price_fen: int = 16801) -> PlacedOrder:
    """Rooms for one night from tomorrow on: the free time is over."""
    sku = await open_lodging(mall, terms_with(late_refund_bp=late_refund_bp), capacity=9, price_fen=price_fen)
    order = await book(mall, stay(mall, sku, begins_in=1, nights=1, rooms=rooms))
    await mall.pay(order.number)
    return order


async def change_of_mind(mall: Mall, order: PlacedOrder, rooms: int, cause: Cause = Cause.CHANGED_MIND) -> str:
    return await mall.after_sales.request(
        "C1", order.number, order.lines[0].reference, rooms, "行程有变", kind=CaseKind.REFUND_ONLY, cause=cause
    )


async def refunded(mall: Mall, case: str) -> None:
    await mall.receive_notice(await mall.refund_notice(case))


@pytest.mark.parametrize("late_refund_bp", [1, 3_333, 5_000, 9_999])
async def test_late_the_rules_part_comes_back_to_the_fen_piece_by_piece(mall: Mall, late_refund_bp: int) -> None:
    """Fails when what the seller keeps is not taken out of what is left: tried; the other rooms then bring too much."""
    order = await paid_stay(mall, late_refund_bp, rooms=3)
    part = -(-16801 * late_refund_bp // 10_000)
    one = await change_of_mind(mall, order, 1)
    assert await scalar("SELECT state FROM after_sales_case WHERE number = $1", one) == "refunding", "nobody decides"
    await refunded(mall, one)
    assert await line_of(order) == {
        "quantity": 3, "net_fen": 3 * 16801, "refunded_quantity": 1, "refunded_fen": part, "kept_fen": 16801 - part,
    }  # fmt: skip
    assert await state_of(order.number) == "paid"
    rest = await mall.after_sales.cancel("C1", order.number, "行程有变")
    both = -(-2 * 16801 * late_refund_bp // 10_000)
    assert await scalar("SELECT amount_fen FROM after_sales_case WHERE number = $1", rest) == both
    await refunded(mall, rest)
    end = await line_of(order)
    assert (end["refunded_quantity"], end["refunded_fen"]) == (3, part + both)
    assert end["refunded_fen"] + end["kept_fen"] == end["net_fen"]
    assert await state_of(order.number) == "received", "the host keeps money, so the order is not undone"
    assert await rows("SELECT DISTINCT state FROM voucher") == [{"state": "void"}]
    assert await calendar_differences() == []
    assert await scalar("SELECT sum(taken)::int FROM calendar_day") == 0, "the rooms can be sold to others"
    seen = await order_of("consumer", "C1", order.number)
    assert seen is not None
    assert seen.lines[0].kept_fen == end["kept_fen"]
    assert seen.lines[0].booking is not None
    assert seen.lines[0].booking.terms.late_refund_bp == late_refund_bp
    mall.watch.forward(days=9)
    assert await mall.life.earn_due() == 1
    await mall.deliver()
    sums = await rows("SELECT kind, sum(amount_fen)::bigint AS fen FROM settlement_entry GROUP BY kind")
    by_kind = {each["kind"]: each["fen"] for each in sums}
    assert by_kind["gross"] + by_kind["refund"] == end["kept_fen"], "what is kept is what the merchant sold"


async def test_in_time_and_at_a_whole_share_everything_comes_back(mall: Mall) -> None:
    order = await paid_stay(mall, 10_000, rooms=2)
    await refunded(mall, await mall.after_sales.cancel("C1", order.number, "行程有变"))
    assert await state_of(order.number) == "closed"
    sku = order.lines[0].sku
    early = await book(mall, stay(mall, sku, begins_in=5, rooms=2))
    await mall.pay(early.number)
    await Calendars(mall.watch).set_rule(mall.merchant, sku, terms_with(late_refund_bp=1), CLERK)
    await refunded(mall, await change_of_mind(mall, early, 2, Cause.ORDERED_WRONG))
    assert (await line_of(early))["kept_fen"] == 0
    assert await state_of(early.number) == "closed"


async def test_without_a_late_share_nothing_is_taken_after_the_free_time_whichever_way(mall: Mall) -> None:
    """Fails when the claim does not ask the booking's rule: tried; silence would grant it."""
    order = await paid_stay(mall, 0, rooms=2)
    for give_up in (mall.after_sales.cancel("C1", order.number, "x"), change_of_mind(mall, order, 1)):
        with pytest.raises(CancellationOver) as refused:
            await give_up
        assert "free_until" in refused.value.facts
    with pytest.raises(ClaimNotPossible):
        await mall.after_sales.request(
            "C1", order.number, order.lines[0].reference, 1, "x", kind=CaseKind.RETURN_REFUND, cause=Cause.CHANGED_MIND
        )
    assert await scalar("SELECT count(*) FROM after_sales_case") == 0
    case = await change_of_mind(mall, order, 1, Cause.QUALITY)
    assert await scalar("SELECT state FROM after_sales_case WHERE number = $1", case) == "requested"
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    await refunded(mall, case)
    assert (await line_of(order))["refunded_fen"] == 16801, "what the seller is to blame for comes back whole"


async def test_the_rule_that_was_shown_holds_and_another_one_is_shown_first(mall: Mall) -> None:
    sku = await open_lodging(mall, terms_with(late_refund_bp=5_000))
    line, calendars = stay(mall, sku, begins_in=1, nights=1), Calendars(mall.watch)
    shown = await mall.checkout.quote("C1", [line], (), None)
    booking = shown.orders[0].lines[0].booking
    assert booking is not None
    assert (booking.terms.cancel_hours, booking.terms.late_refund_bp) == (24, 5_000)
    await calendars.set_rule(mall.merchant, sku, terms_with(late_refund_bp=100), CLERK)
    with pytest.raises(QuoteChanged) as changed:
        await mall.checkout.place("C1", openid_of("C1"), [line], (), GUEST, Expectation(digest=shown.digest))
    assert changed.value.facts["quote"]["orders"][0]["lines"][0]["booking"]["terms"]["late_refund_bp"] == 100  # type: ignore[index]
    await calendars.set_rule(mall.merchant, sku, terms_with(late_refund_bp=5_000), CLERK)
    placed = await mall.checkout.place("C1", openid_of("C1"), [line], (), GUEST, Expectation(digest=shown.digest))
    await mall.pay(placed.orders[0].number)
    await calendars.set_rule(mall.merchant, sku, terms_with(), CLERK)
    await refunded(mall, await mall.after_sales.cancel("C1", placed.orders[0].number, "x"))
    assert (await line_of(placed.orders[0]))["refunded_fen"] == 8_400


async def test_a_guest_who_has_come_cannot_give_up_and_who_gives_up_cannot_come(mall: Mall) -> None:
    order = await paid_stay(mall, 5_000, rooms=2)
    code, other = await codes_of(mall, order.number)
    mall.watch.forward(days=1)
    await mall.vouchers.redeem(mall.merchant, order.number, code, CLERK)
    with pytest.raises(NothingToRefund):
        await change_of_mind(mall, order, 2)
    case = await mall.after_sales.cancel("C1", order.number, "x")
    assert await scalar("SELECT quantity FROM after_sales_case WHERE number = $1", case) == 1
    with pytest.raises(VoucherNotUsable):
        await mall.vouchers.redeem(mall.merchant, order.number, other, CLERK)
    with pytest.raises(NothingToRefund):
        await mall.after_sales.cancel("C1", order.number, "x")
    await refunded(mall, case)
    assert await state_of(order.number) == "received"
    assert (await line_of(order))["kept_fen"] == 8_400


@pytest.mark.parametrize("seed", range(3))
async def test_coming_giving_up_and_time_at_once_pay_every_room_once(mall: Mall, seed: int) -> None:
    """Whoever is first: each room is used, given up or forfeited, and the money of the line adds up."""
    order = await paid_stay(mall, 4_999, rooms=3)
    codes = await codes_of(mall, order.number)
    mall.watch.forward(days=1)
    acts = [
        mall.vouchers.redeem(mall.merchant, order.number, codes[seed % 3], CLERK),
        change_of_mind(mall, order, 1),
        mall.after_sales.cancel("C1", order.number, "x"),
        change_of_mind(mall, order, 2),
    ]
    done = await asyncio.gather(*acts[seed:], *acts[:seed], return_exceptions=True)
    assert all(isinstance(each, str | DomainError) for each in done), done
    for case in await rows("SELECT number FROM after_sales_case"):
        await refunded(mall, case["number"])
    mall.watch.forward(days=5)
    await mall.vouchers.expire_due()
    await mall.deliver()
    end = await line_of(order)
    states = {s["state"]: s["n"] for s in await rows("SELECT state, count(*)::int AS n FROM voucher GROUP BY state")}
    assert end["refunded_quantity"] == states.get("void", 0)
    assert sum(states.values()) == 3
    paid_back = await scalar(
        "SELECT COALESCE(sum(amount_fen), 0)::bigint FROM payment_refund WHERE state = 'succeeded'"
    )
    assert end["refunded_fen"] == paid_back
    assert end["refunded_fen"] + end["kept_fen"] == 16801 * end["refunded_quantity"]
    assert await state_of(order.number) == "received"
    assert await calendar_differences() == []


async def test_the_table_itself_keeps_the_sums(mall: Mall) -> None:
    await paid_stay(mall, 5_000, rooms=1)
    for wrong in ("kept_fen = -1", "kept_fen = net_fen + 1", "kept_fen = 1, refunded_fen = net_fen"):
        with pytest.raises(Exception, match="ck_order_line_kept"):
            await execute(f"UPDATE order_line SET {wrong}")
