"""A processed lot in the books: the shares of the cane divide the money of the sugar."""

from datetime import timedelta

from tests.poverty_alleviation.conftest import OFFICER, County, balances
from tests.poverty_alleviation.test_books_of_sales import SUGAR, named
from tests.products.shelf import listed_product
from traceability.lots import PLAIN
from traceability.processing.service import Processing, RecipeTerms, RunOutcome


async def test_the_worked_vector_of_a_processed_lot(county: County) -> None:
    """By hand. Cane A: H1 25, H2 20, N1 15 kg; cane B: N1 40 kg. A run takes 30 kg of A and 20 kg of B and makes 5 kg
    of sugar (12 % is the most, 6 kg). Of the 50 kg: H1 12.5, H2 10, N1 7.5 and N1 again 20, or 5 : 4 : 3 : 8.

    Three jars of 500 g for 109.70 net. Rule A, 12.00 per kg for all: 1.5 kg = 18.00: H1 4.50, H2 3.60, N1 2.70 + 7.20.
    Rule B, 2 % for registered ones: 2.194 -> 2.19, by 5 : 4: 1.2166 and 0.9733 -> H1 1.22, H2 0.97. Host 8 %: 8.776
    -> 8.77. Merchant: 109.70 − 18.00 − 2.19 − 8.77 = 80.74. Attributed: 109.70 by twentieths: H1 27.425, H2 21.94, N1
    16.455 and 43.88; the fen that is left over of equal remainders goes to H1: 27.43.

    One jar back, 36.56: of 73.14 and 1 kg A is 12.00: H1 3.00, H2 2.40, N1 1.80 + 4.80; B 1.4628 -> 1.46: 0.8111 and
    0.6488 -> 0.81, 0.65; host 5.8512 -> 5.85; merchant 73.14 − 12.00 − 1.46 − 5.85 = 53.83. The rest back: nothing.
    """
    sugar = county.product
    county.product, _ = await listed_product(county.merchant)
    cane_a, cane_b = await county.sealed_lot(SUGAR), await county.sealed_lot({"N1": 40_000})
    processing = Processing(county.clock)
    terms = RecipeTerms(product=sugar, inputs=[county.product], max_yield_bp=1_200, document="示例规程1号")
    recipe = await processing.write_recipe(county.merchant, terms, OFFICER)
    run = RunOutcome(
        recipe=recipe,
        inputs={cane_a: 30_000, cane_b: 20_000},
        output_gram=5_000,
        finished_at=county.now - timedelta(hours=1),
    )
    lot = await processing.finish(county.merchant, run, PLAIN, OFFICER)
    county.product = sugar
    await county.tell(county.paid())
    await county.bind({lot: 3})
    await county.tell(county.packed(), county.earned())
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 10_970,
        ("2101", "H1", "earned"): -(450 + 122),
        ("2101", "H2", "earned"): -(360 + 97),
        ("2102", "N1", "earned"): -(270 + 720),
        ("2104", "live", "earned"): -877,
        ("2103", "M", "earned"): -8_074,
        ("9101", "H1", "earned"): -2_743,
        ("9101", "H2", "earned"): -2_194,
        ("9100", "M", ""): 4_937,
    }
    await county.tell(county.refunded(1, 2, 7_314, amount_fen=3_656))
    found = named(county, await balances())
    assert [found["2101", name, "earned"] for name in ("H1", "H2")] == [-(300 + 81), -(240 + 65)]
    assert (found["2102", "N1", "earned"], found["2103", "M", "earned"]) == (-660, -5_383)
    await county.tell(county.refunded(2, 0, 0, amount_fen=7_314, quantity=2))
    assert await balances() == {}
