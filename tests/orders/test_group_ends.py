"""The end of a group: judged by who has paid, undone whatever stands in the way, and lists of groups page by page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from kit.database import execute, rows, scalar
from kit.paging import CursorInvalid
from orders.after_sales import AfterSales
from orders.errors import GroupNotFormed, OrderNotFound, OrderNotPayable
from orders.groups.joining import SEAT_HELD_FOR
from orders.groups.queries import group_of, groups_to_join, groups_under
from orders.invoices.errors import InvoiceNotPossible
from orders.invoices.models import TitleKind
from orders.invoices.service import Invoices, InvoiceTitle
from orders.jobs import look_after_groups
from payments.jobs import close_expired_payments
from products.group_offers import group_offers, group_offers_of
from tests.orders.mall import Mall, state_of
from tests.orders.test_groups import group_with, join, money, publish, refunded

pytestmark = pytest.mark.asyncio

TITLE = InvoiceTitle("示例收货人", None, "buyer@example.com")


async def tick(mall: Mall) -> str:
    """One round of the jobs that a group waits for."""
    await close_expired_payments(mall.payments)
    await mall.deliver()
    await look_after_groups(mall.groups)
    return str(await scalar("SELECT state FROM buying_group ORDER BY id LIMIT 1"))


async def test_a_seat_is_to_be_paid_before_its_group_ends_and_holds_nobody_up(mall: Mall) -> None:
    """Fails when a seat keeps the whole time to pay of its goods: tried."""
    offer = await publish(mall, min_buyers=2)
    group = await group_with(await join(mall, offer, "C1"))
    closes_at = (await group_of(group)).closes_at
    mall.watch.forward(hours=23, minutes=45)
    unpaid = await join(mall, offer, "C2", group=group, pays=False)
    assert unpaid.expires_at == closes_at
    found = await rows("SELECT expires_at FROM payment UNION SELECT expires_at FROM stock_reservation ORDER BY 1")
    assert closes_at in [each["expires_at"] for each in found]
    mall.watch.forward(minutes=16)
    assert await tick(mall) == "failed"
    assert await state_of(unpaid.number) == "closed"


async def test_who_joins_at_the_last_minute_has_a_moment_to_pay(mall: Mall) -> None:
    offer = await publish(mall, min_buyers=2)
    group = await group_with(await join(mall, offer, "C1"))
    mall.watch.forward(hours=23, minutes=59)
    unpaid = await join(mall, offer, "C2", group=group, pays=False)
    assert unpaid.expires_at == unpaid.placed_at + SEAT_HELD_FOR
    mall.watch.forward(minutes=2)
    assert await tick(mall) == "open"
    mall.watch.forward(minutes=2)
    assert await tick(mall) == "failed"


async def test_a_group_that_is_ended_early_is_judged_by_who_has_paid(mall: Mall) -> None:
    """Fails when seats are not ended with their group: tried."""
    offer = await publish(mall, min_buyers=2)
    group = await group_with(await join(mall, offer, "C1"))
    early = await join(mall, offer, "C2", group=group, pays=False)
    mall.watch.forward(minutes=4)
    late = await join(mall, offer, "C3", group=group, pays=False)
    await mall.groups.end_offer(offer, "产地遭灾", "staff:clerk", mall.merchant)
    assert await tick(mall) == "open"  # who has just sat down may pay
    with pytest.raises(OrderNotPayable):
        await mall.trades.pay("C2", early.trade)
    mall.watch.forward(minutes=3)
    await tick(mall)
    assert await tick(mall) == "failed"
    assert [await state_of(each.number) for each in (early, late)] == ["closed", "closed"]


async def test_a_payer_who_is_faster_than_the_end_is_in_the_group(mall: Mall) -> None:
    offer = await publish(mall, min_buyers=2)
    group = await group_with(await join(mall, offer, "C1"))
    unpaid = await join(mall, offer, "C2", group=group, pays=False)
    notice = await mall.payment_notice(unpaid.number)
    mall.watch.forward(minutes=4)
    await mall.groups.end_offer(offer, "产地遭灾", "staff:clerk", mall.merchant)
    await mall.groups.decide_due()  # asks for the close; WeChat has the money
    await mall.receive_notice(notice)
    assert (await group_of(group)).state == "formed"


@dataclass(frozen=True)
class _Stubborn(AfterSales):
    """Cannot give one order back."""

    poison: str = ""

    async def grant_left(self, consumer: str, number: str, pieces: int, reason: str, actor: str) -> None:
        if number == self.poison:
            raise OrderNotFound()
        await super().grant_left(consumer, number, pieces, reason, actor)


async def test_orders_that_cannot_be_given_back_keep_nobody_else_waiting(mall: Mall) -> None:
    """Fails when what has nothing left stays in the batch, and when a batch is not followed by the next: tried."""
    offer = await publish(mall, min_buyers=9)
    first = await join(mall, offer, "C1")
    group = await group_with(first)
    second = await join(mall, offer, "C2", group=group)
    third = await join(mall, offer, "C3", group=group)
    mall.watch.forward(days=1, minutes=1)
    await mall.groups.decide_due()
    # Nothing is left of the first, and the second is refused.
    await execute("UPDATE order_line SET refunded_quantity = quantity WHERE reference = $1", first.lines[0].reference)
    members = {each.name: getattr(mall.after_sales, each.name) for each in fields(mall.after_sales)}
    groups = replace(mall.groups, after_sales=_Stubborn(**members, poison=second.number))
    assert await groups.undo_failed(1) == 1
    assert await scalar("SELECT o.number FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id") == (
        third.number
    )
    assert await groups.undo_failed(1) == 0
    assert await mall.groups.undo_failed(1) == 1
    await refunded(mall)
    taken, given = await money()
    assert taken - given == first.amount_fen


async def test_an_invoice_waits_for_the_group(mall: Mall) -> None:
    """Fails when the request does not ask for the group: tried."""
    invoices = Invoices(mall.cipher, mall.watch)
    await invoices.enter_window(date(2026, 1, 1), 90, "示例文件 1 号", "staff:office")
    offer = await publish(mall, min_buyers=2)
    first = await join(mall, offer, "C1")
    with pytest.raises(GroupNotFormed):
        await invoices.request("C1", first.number, TitleKind.PERSONAL, TITLE)
    await join(mall, offer, "C2", group=await group_with(first))
    await invoices.request("C1", first.number, TitleKind.PERSONAL, TITLE)
    alone = await join(mall, offer, "C3")
    mall.watch.forward(days=1, minutes=1)
    await look_after_groups(mall.groups)
    with pytest.raises(GroupNotFormed):
        await invoices.request("C3", alone.number, TitleKind.PERSONAL, TITLE)
    await refunded(mall)
    with pytest.raises(InvoiceNotPossible):
        await invoices.request("C3", alone.number, TitleKind.PERSONAL, TITLE)


async def _pages(read: Callable[..., Awaitable[tuple[list[Any], str | None]]], name: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await read(cursor=cursor, limit=2)
        assert len(page) <= 2
        found += [getattr(each, name) for each in page]
        if cursor is None:
            return found


async def test_every_list_of_groups_goes_on_page_by_page(mall: Mall) -> None:
    offer = await publish(mall, pieces=20, min_buyers=9)
    groups = [await group_with(await join(mall, offer, f"C{n}", 1 + n % 3)) for n in range(5)]
    now = mall.watch()
    assert await _pages(lambda **page: groups_under(offer, **page), "number") == groups[::-1]
    # The fullest leading, the older of two first.
    assert await _pages(lambda **page: groups_to_join(offer, now, **page), "number") == [
        groups[n] for n in (2, 1, 4, 0, 3)
    ]
    others = []
    for n in range(4):
        _, skus = await mall.another_product()
        mall.skus = skus
        others.append(await publish(mall, pieces=5))
        await execute(
            "UPDATE flash_offer SET ends_at = $2 WHERE number = $1", others[-1], now + timedelta(days=3 - n // 2)
        )
    offers = [offer, *others]
    assert await _pages(lambda **page: group_offers_of(mall.merchant, **page), "offer") == offers[::-1]
    running = await _pages(lambda **page: group_offers(None, mall.watch(), **page), "offer")
    assert running == [offers[n] for n in (0, 3, 4, 1, 2)]
    for read in (groups_under(offer, "x"), group_offers(None, cursor="x"), groups_to_join(offer, cursor="WyJhIl0")):
        with pytest.raises(CursorInvalid):
            await read
