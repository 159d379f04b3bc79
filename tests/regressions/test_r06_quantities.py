"""R6: no quantity but a small whole number ever changes a total or a stock (commerce reference 2)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.quotes import CheckoutLine
from products.errors import QuantityInvalid
from tests.orders.mall import Mall, trade

ODD = st.one_of(
    st.integers(-(2**31), 0),
    st.integers(10_001, 2**63),
    st.decimals(allow_nan=False),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([True, 1.5, 2.0, None, "3", [1]]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantity=ODD)
async def test_r06_no_quantity_but_a_small_whole_number_has_an_effect(
    mall: Mall,
    quantity: int,
) -> None:
    """Fails when ``check_quantity`` is taken out of ``orders.quotes.check_lines`` and of ``Stock.reserve``: tried."""
    before = await trade()
    for lines in (
        [CheckoutLine(mall.skus[0], quantity)],
        [CheckoutLine(mall.skus[0], 1), CheckoutLine("NONE", quantity)],
    ):
        with pytest.raises(QuantityInvalid):
            await mall.place_trade(lines)
        with pytest.raises(QuantityInvalid):
            await mall.checkout.quote("C1", lines, [], "533124")
    assert await trade() == before
