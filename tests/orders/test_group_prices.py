"""What a group offer is compared with."""

from datetime import timedelta

import pytest

from kit.database import execute
from products.group_offers import group_offer, group_offers, group_offers_of
from tests.orders.conftest import mall
from tests.orders.mall import Mall
from tests.orders.test_groups import GROUP_FEN, LIST_FEN, publish

__all__ = ["mall"]
pytestmark = pytest.mark.asyncio


async def test_a_list_price_that_was_raised_for_it_stands_beside_no_group_offer(mall: Mall) -> None:
    """In every list, by the week before the offer began. Fails when a group offer shows the list price as it is."""
    offer = await publish(mall)
    changed = (
        "INSERT INTO price_change (sku_id, old_price_fen, new_price_fen, changed_at, changed_by)"
        " SELECT id, 3500, $2, $3, 'staff:test' FROM sku WHERE code = $1"
    )

    async def compared() -> list[tuple[int, int | None]]:
        shown = [await group_offer(offer), *(await group_offers(None))[0], *(await group_offers_of(mall.merchant))[0]]
        return [(each.price_fen, each.list_price_fen) for each in shown]

    await execute(changed, mall.skus[0], LIST_FEN, mall.watch() - timedelta(days=7, minutes=2))
    assert await compared() == [(GROUP_FEN, LIST_FEN)] * 3, "it has stood for a week"
    await execute(changed, mall.skus[0], LIST_FEN, mall.watch() - timedelta(days=6))
    assert await compared() == [(GROUP_FEN, None)] * 3
