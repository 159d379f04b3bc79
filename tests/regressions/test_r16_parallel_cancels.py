"""R16: many cancellations at once reverse once (commerce reference 2)."""

import asyncio

from kit.database import scalar
from orders.events import OrderClosed
from payments.events import PaymentClosed
from tests.orders.mall import Mall, facts, replayed, stock_of


async def test_r16_fifty_cancellations_at_once_give_the_stock_back_once(mall: Mall) -> None:
    """Fails when ``state = 'pending'`` is taken out of ``payments.bundles.PENDING``: tried."""
    order = await mall.place(10)
    await asyncio.gather(*(mall.trades.cancel("C1", order.trade) for _ in range(50)))
    await asyncio.gather(*(mall.delivery.deliver_due() for _ in range(3)))
    await mall.deliver()
    assert await stock_of(mall.skus[0]) == (100, 0, 0)
    assert await replayed(order.number) == ["pending_payment", "closed"]
    assert [f.reason for f in await facts(OrderClosed)] == ["cancelled"]
    assert len(await facts(PaymentClosed)) == 1
    assert await scalar("SELECT reason FROM order_event ORDER BY id DESC LIMIT 1") == "cancelled"
