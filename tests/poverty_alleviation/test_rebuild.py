"""The books once more from their facts alone, byte for byte."""

from pathlib import Path

from tests.conftest import Databases
from tests.poverty_alleviation.conftest import County
from tests.poverty_alleviation.rebuilt import unlike
from tests.poverty_alleviation.test_books_of_sales import SUGAR


async def test_a_sale_with_its_refunds(county: County, databases: Databases, tmp_path: Path) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(freight_fen=800), county.packed(), county.earned())
    await county.tell(county.refunded(1, 2, 7_314, freight_fen=200))
    assert await unlike(databases, tmp_path) == []
