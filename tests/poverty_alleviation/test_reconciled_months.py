"""What a closed month came to is kept, and the comparison of orders, payments, bank and books grows no more with it."""

import asyncpg
import pytest

from kit.database import rows
from poverty_alleviation.reconciliation import reconciliation
from tests.poverty_alleviation.conftest import County
from tests.poverty_alleviation.test_figures import captured, settled
from tests.poverty_alleviation.test_lives import close_the_month
from tests.superuser import as_superuser


async def sale(county: County, order: str) -> None:
    """Paid, told, and settled by the bill."""
    await county.tell(county.paid(order), captured(county, order, 10_970), settled(county, order, 10_970, 66))


async def test_a_closed_month_is_compared_from_what_was_kept(county: County) -> None:
    """Fails when postings of closed months are read as well, or instead."""
    await sale(county, "O1")
    before = await reconciliation()
    assert before.is_exact
    assert before.movement_fen == 10_970
    (closed,) = await close_the_month(county)
    assert await reconciliation() == before
    await sale(county, "O2")
    after = await reconciliation()
    assert after.is_exact
    assert (after.movement_fen, after.channels[0].bank_fen) == (2 * 10_970, 2 * (10_970 - 66))
    await as_superuser(
        "ALTER TABLE reconciled_month DISABLE TRIGGER USER",
        "UPDATE reconciled_month SET part = jsonb_set(part, '{payables_fen}', '10969')",
    )
    assert [each["period"] for each in await rows("SELECT period FROM reconciled_month")] == [closed]
    assert (await reconciliation()).payables_difference_fen == 1


async def test_money_that_is_told_in_another_month_than_it_is_booked_makes_good(county: County) -> None:
    """An order booked in November and told in December is off by itself in both, and agrees over both."""
    await county.tell(county.paid("O1"), settled(county, "O1", 10_970, 66))
    assert [(each.reference, each.told_fen) for each in (await reconciliation()).mismatches] == [("O1", 0)]
    await close_the_month(county)
    assert not (await reconciliation()).is_exact
    await county.tell(captured(county, "O1", 10_970))
    found = await reconciliation()
    assert found.mismatches == []
    assert found.is_exact


async def test_what_was_kept_stays(county: County) -> None:
    await sale(county, "O1")
    await close_the_month(county)
    for attack in ("UPDATE reconciled_month SET period = '2020-01'", "DELETE FROM reconciled_month"):
        with pytest.raises(asyncpg.PostgresError):
            await as_superuser(attack)
