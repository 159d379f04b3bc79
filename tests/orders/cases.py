"""After-sales cases for tests: one of each kind, led anywhere."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kit.database import Row, execute, row, scalar, transaction
from orders.cases.desk import OrderDesks, ReturnAddress
from orders.cases.models import DEADLINES, CaseKind, Cause
from orders.models import CaseState
from orders.placements import PlacedOrder
from orders.quotes import CheckoutLine
from products.drafts import ReturnPolicy
from tests.content.paint import paint
from tests.orders.mall import Mall

CLERK, OFFICER = "staff:clerk", "staff:officer"
RETURNS = ReturnAddress("示例仓库", "19900000002", "云南省德宏州陇川县示例路 2 号")


async def set_return_address(mall: Mall) -> None:
    """The merchant says where goods come back to."""
    desks = mall.built.services[OrderDesks]
    assert isinstance(desks, OrderDesks)
    await desks.set_return_address(mall.merchant, RETURNS, CLERK)


async def order_of(
    mall: Mall, state: str, policy: ReturnPolicy = ReturnPolicy.SEVEN_DAYS, pieces: int = 2
) -> PlacedOrder:
    """An order of a product with some return policy, in some state."""
    sku = mall.skus[0]
    if policy is not ReturnPolicy.SEVEN_DAYS:
        _, (sku,) = await mall.another_product(return_policy=policy)
    order = await mall.place(lines=[CheckoutLine(sku, pieces)])
    await mall.bring_to(state, order)
    return order


async def picture(mall: Mall, consumer: str = "C1") -> str:
    """A picture that the buyer has uploaded for a claim."""
    colour = tuple(secrets.randbelow(256) for _ in range(3))
    taken = await mall.built.pictures.take(paint(colour=colour), f"consumer:{consumer}", "after_sales", "openid")
    return taken.number


async def claim(
    mall: Mall, order: PlacedOrder, kind: CaseKind, cause: Cause = Cause.DAMAGED, pieces: int = 1, line: int = 0
) -> str:
    """A claim on the first line unless told otherwise."""
    pictures = [await picture(mall)] if kind is CaseKind.BAD_FRUIT else []
    return await mall.after_sales.request(
        await mall.consumer(order.number), order.number, order.lines[line].reference, pieces, "示例理由",
        kind=kind, cause=cause, pictures=pictures,
    )  # fmt: skip


async def case_of_kind(mall: Mall, kind: CaseKind) -> str:
    """An open case of a kind on an order of its own."""
    policy = ReturnPolicy.NONE_FRESH if kind is CaseKind.BAD_FRUIT else ReturnPolicy.SEVEN_DAYS
    return await claim(mall, await order_of(mall, "received", policy), kind)


async def put_into(case: str, state: CaseState) -> None:
    """Set a case into a state as if it had been led there."""
    assert await execute(
        "UPDATE after_sales_case SET state = $2::text, due_at = CASE WHEN $3 THEN now() - interval '1 second' END,"
        " offer_fen = CASE WHEN $2::text = 'offered' THEN 1 END WHERE number = $1",
        case,
        state.value,
        state in DEADLINES,
    )


async def case_row(case: str) -> Row:
    """The case as it stands."""
    found = await row("SELECT * FROM after_sales_case WHERE number = $1", case)
    assert found is not None
    return found


async def state_of_case(case: str) -> str:
    """Where the case is."""
    return str(await scalar("SELECT state FROM after_sales_case WHERE number = $1", case))


class _Seen(Exception):
    """Ends a transaction whose outcome has been seen."""


@asynccontextmanager
async def rolled_back() -> AsyncIterator[None]:
    """What happens inside has not happened afterwards."""
    try:
        async with transaction():
            yield
            raise _Seen
    except _Seen:
        pass
