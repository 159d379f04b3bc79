"""Requests for invoices: the check character, the window, the table of steps, and what a refund does to them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
import pytest_asyncio

from kit.database import row, rows, scalar
from kit.errors import DomainError
from orders.errors import OrderNotFound
from orders.invoices.errors import (
    InvoiceNotOffered,
    InvoiceNotPossible,
    InvoiceNumberUsed,
    InvoiceRequested,
    InvoiceRequestNotFound,
    InvoiceStateConflict,
    InvoiceWindowKnown,
    TaxNumberInvalid,
)
from orders.invoices.models import INVOICE_TRANSITIONS, InvoiceState, TitleKind
from orders.invoices.queries import invoice_of_order, invoices_of
from orders.invoices.service import Invoices, InvoiceTitle
from orders.invoices.tax_numbers import well_formed
from tests.orders.cases import rolled_back
from tests.orders.mall import Mall

CLERK = "staff:clerk"
CODE = "91350100M000100Y43"  # the example of GB 32100-2015
PERSONAL = InvoiceTitle("示例收货人", None, "buyer@example.com")
COMPANY = InvoiceTitle("示例公司", CODE, "buyer@example.com")
INVOICE = "26537000000000000001"


def test_the_check_character_finds_every_single_wrong_character() -> None:
    assert well_formed(CODE)
    for place in range(18):
        for other in "0123456789ABCDEFGHJKLMNPQRTUWXY":  # pragma: allowlist secret
            if other != CODE[place]:
                assert not well_formed(CODE[:place] + other + CODE[place + 1 :]), (place, other)
    assert not any(map(well_formed, ("", CODE.lower(), CODE + "0", CODE[:17] + "I", "９" + CODE[1:], CODE + "\n")))


@pytest_asyncio.fixture
async def invoices(mall: Mall) -> Invoices:
    built = Invoices(mall.cipher, mall.watch)
    await built.enter_window(date(2026, 1, 1), 90, "示例文件 1 号", "staff:office")
    return built


async def paid(mall: Mall, quantity: int = 2) -> str:
    order = await mall.place(quantity)
    await mall.bring_to("paid", order)
    return order.number


async def newest(order: str) -> dict[str, object]:
    found = await row(
        "SELECT r.number, r.state, r.amount_fen FROM invoice_request r JOIN customer_order o ON o.id = r.order_id"
        " WHERE o.number = $1 ORDER BY r.id DESC LIMIT 1",
        order,
    )
    assert found is not None
    return found


async def test_every_step_in_every_state_goes_where_the_table_says(mall: Mall, invoices: Invoices) -> None:
    order = await paid(mall)
    number = await invoices.request("C1", order, TitleKind.COMPANY, COMPANY)
    steps: dict[InvoiceState, Callable[[], Awaitable[object]]] = {
        InvoiceState.ISSUED: lambda: invoices.issue(mall.merchant, number, INVOICE, CLERK),
        InvoiceState.REFUSED: lambda: invoices.refuse(mall.merchant, number, "信息有误", CLERK),
        InvoiceState.WITHDRAWN: lambda: invoices.withdraw("C1", order),
    }
    assert set(INVOICE_TRANSITIONS) == set(InvoiceState)
    for state in InvoiceState:
        for to, act in steps.items():
            async with rolled_back():
                if state is not InvoiceState.REQUESTED:
                    await steps[state]()
                before = await newest(order)
                if to in INVOICE_TRANSITIONS[state] or to is state:  # the same step once more is no news
                    await act()
                    assert (await newest(order))["state"] == to
                else:
                    with pytest.raises(InvoiceStateConflict):
                        await act()
                    assert await newest(order) == before
            if state in (InvoiceState.REFUSED, InvoiceState.WITHDRAWN):
                async with rolled_back():
                    await steps[state]()
                    await invoices.request("C1", order, TitleKind.PERSONAL, PERSONAL)  # may be asked for anew


async def refused(act: Awaitable[object], kind: type[DomainError]) -> None:
    with pytest.raises(kind):
        await act


async def test_who_may_ask_for_what_and_when(mall: Mall, invoices: Invoices) -> None:
    unpaid, order = (await mall.place(1)).number, await paid(mall)
    await refused(invoices.request("C1", unpaid, TitleKind.PERSONAL, PERSONAL), InvoiceNotPossible)
    await refused(invoices.request("C2", order, TitleKind.PERSONAL, PERSONAL), OrderNotFound)
    await refused(invoices.request("C1", order, TitleKind.COMPANY, PERSONAL), TaxNumberInvalid)
    await refused(invoices.request("C1", order, TitleKind.PERSONAL, COMPANY), TaxNumberInvalid)
    await refused(invoices.withdraw("C1", order), InvoiceRequestNotFound)
    several = await asyncio.gather(
        *(invoices.request("C1", order, TitleKind.PERSONAL, PERSONAL) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in several) == ["InvoiceRequested"] * 4 + ["str"]
    number = str((await newest(order))["number"])
    await refused(invoices.issue("M2", number, INVOICE, CLERK), InvoiceRequestNotFound)
    await refused(invoices.refuse("M2", number, "信息有误", CLERK), InvoiceRequestNotFound)
    sealed = await scalar("SELECT sealed FROM invoice_request")
    assert b"buyer" not in bytes(sealed)
    found = await invoice_of_order("C1", order)
    assert found is not None
    assert invoices.opened(number, found[1]) == PERSONAL
    assert await invoice_of_order("C2", order) is None
    later = await paid(mall)
    await refused(invoices.enter_window(date(2026, 1, 1), 30, "示例文件 2 号", "staff:office"), InvoiceWindowKnown)
    mall.watch.forward(days=90)
    async with rolled_back():
        await invoices.request("C1", later, TitleKind.PERSONAL, PERSONAL)
    mall.watch.forward(days=2)
    await refused(invoices.request("C1", later, TitleKind.PERSONAL, PERSONAL), InvoiceNotOffered)


async def test_the_amount_is_what_is_left_and_a_full_refund_is_to_be_reversed(mall: Mall, invoices: Invoices) -> None:
    placed = await mall.place(3)
    await mall.bring_to("paid", placed)
    number = await invoices.request("C1", placed.number, TitleKind.PERSONAL, PERSONAL)
    assert (await newest(placed.number))["amount_fen"] == 3 * 3990
    await mall.refund(placed, 0, 1)
    await invoices.issue(mall.merchant, number, INVOICE, CLERK)
    assert (await newest(placed.number))["amount_fen"] == 2 * 3990
    await refused(invoices.request("C1", placed.number, TitleKind.PERSONAL, PERSONAL), InvoiceRequested)
    other = await invoices.request("C1", await paid(mall), TitleKind.PERSONAL, PERSONAL)
    await refused(invoices.issue(mall.merchant, other, INVOICE, CLERK), InvoiceNumberUsed)
    assert await invoices_of(mall.merchant, None, True, None, 20) == ([], None)
    await mall.refund(placed, 0, 2)
    (listed,), _ = await invoices_of(mall.merchant, None, True, None, 20)
    assert (listed.number, listed.to_reverse, listed.amount_fen) == (number, True, 2 * 3990)
    first, cursor = await invoices_of(mall.merchant, None, False, None, 1)
    second, end = await invoices_of(mall.merchant, None, False, cursor, 1)
    assert ([each.number for each in first + second], end) == ([other, number], None)
    assert await invoices_of("M2", None, False, None, 20) == ([], None)
    assert len(await rows("SELECT 1 FROM invoice_request")) == 2


async def test_nothing_left_is_not_invoiced(mall: Mall, invoices: Invoices) -> None:
    placed = await mall.place(1)
    await mall.bring_to("received", placed)
    number = await invoices.request("C1", placed.number, TitleKind.PERSONAL, PERSONAL)
    await mall.refund(placed, 0, 1)
    await refused(invoices.issue(mall.merchant, number, INVOICE, CLERK), InvoiceNotPossible)
    await invoices.refuse(mall.merchant, number, "已全额退款", CLERK)
    await refused(invoices.request("C1", placed.number, TitleKind.PERSONAL, PERSONAL), InvoiceNotPossible)
