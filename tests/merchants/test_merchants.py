"""Merchants: their states, their licence, their money."""

import asyncio
import itertools
from datetime import UTC, date, datetime

import pytest

from kit.clock import utc_now
from merchants.errors import (
    LicenceNotValid,
    LicenceSpanInvalid,
    MerchantNotMovable,
    MerchantUnknown,
    SubMerchantTaken,
)
from merchants.licences import Licence, LicenceKind
from merchants.models import TRANSITIONS, Merchant, MerchantState
from merchants.queries import merchant, merchants, payee
from merchants.service import Merchants
from places.errors import DivisionUnknown
from tests.products.shelf import TOWNSHIP, open_county

pytestmark = pytest.mark.asyncio

BY = "staff:test"
OPEN = Licence(kind=LicenceKind.COMPANY, number="DEMO000001", valid_from=date(2020, 1, 1))


async def enter(serial: int = 1, licence: Licence | None = None) -> str:
    await open_county()
    paper = licence or Licence(kind=LicenceKind.COMPANY, number=f"DEMO{serial:06d}", valid_from=date(2020, 1, 1))
    return await Merchants().enter(f"示例商户{serial}", paper, TOWNSHIP, f"19000{serial:05d}", BY)


async def test_every_pair_of_states_moves_exactly_as_the_table_says(database: str) -> None:
    number = await enter()
    for source, target in itertools.product(MerchantState, MerchantState):
        reason = "例行检查"
        await Merchant.filter(number=number).update(state=source, suspension_reason=reason)
        found = await Merchant.get(number=number)
        if target in TRANSITIONS[source]:
            await found.move(target, BY, utc_now(), reason)
            assert (await Merchant.get(number=number)).state is target
        else:
            with pytest.raises(MerchantNotMovable):
                await found.move(target, BY, utc_now(), reason)
            assert (await Merchant.get(number=number)).state is source


async def test_one_of_many_approvals_wins(database: str) -> None:
    number = await enter()
    results = await asyncio.gather(
        *(Merchants().approve(number, f"staff:{n}") for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, MerchantNotMovable) for result in results) == 9
    assert (await merchant(number)).state == "approved"


async def test_a_licence_is_valid_to_the_end_of_its_last_day_in_china(database: str) -> None:
    span = Licence(
        kind=LicenceKind.COMPANY,
        number="DEMO000002",
        valid_from=date(2025, 1, 1),
        valid_until=date(2025, 12, 31),
    )
    number = await enter(2, span)
    after = Merchants(lambda: datetime(2025, 12, 31, 16, 0, tzinfo=UTC))
    with pytest.raises(LicenceNotValid):
        await after.approve(number, BY)
    before = Merchants(lambda: datetime(2025, 12, 31, 15, 59, tzinfo=UTC))
    await before.approve(number, BY)


async def test_what_does_not_fit_is_not_entered(database: str) -> None:
    await enter(1)
    with pytest.raises(SubMerchantTaken):
        await enter(1)
    with pytest.raises(DivisionUnknown):
        await Merchants().enter("示例", OPEN, "533124999", None, BY)
    backwards = Licence(
        kind=LicenceKind.COMPANY, number="DEMO9", valid_from=date(2025, 1, 2), valid_until=date(2025, 1, 1)
    )
    with pytest.raises(LicenceSpanInvalid):
        await Merchants().enter("示例", backwards, TOWNSHIP, None, BY)
    assert len((await merchants(None, None, 20))[0]) == 1


async def test_the_payee_is_known_in_every_state(database: str) -> None:
    """A paid order is settled with its merchant, also when that one has been suspended since."""
    number = await enter()
    assert (await payee(number)).sub_mchid == "1900000001"
    await Merchants().approve(number, BY)
    await Merchants().suspend(number, "例行检查", BY)
    assert (await payee(number)).name == "示例商户1"
    with pytest.raises(MerchantUnknown):
        await payee("M1")


async def test_the_list_pages_and_filters(database: str) -> None:
    numbers = [await enter(n) for n in range(1, 6)]
    await Merchants().approve(numbers[2], BY)
    first, cursor = await merchants(None, None, 3)
    second, end = await merchants(None, cursor, 3)
    assert [m.number for m in first + second] == numbers
    assert end is None
    approved, _ = await merchants("approved", None, 20)
    assert [m.number for m in approved] == [numbers[2]]
