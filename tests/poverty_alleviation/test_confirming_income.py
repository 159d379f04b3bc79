"""A household's word on its statement reaches what it was paid for a period: wages, dividends and rents."""

from datetime import date, timedelta

from poverty_alleviation.confirming.confirmations import statement_standing
from poverty_alleviation.income.models import AgreementKind
from tests.poverty_alleviation.conftest import OFFICER, County, balances
from tests.poverty_alleviation.said import CONFIRMED, PAID, call, confirmations
from tests.poverty_alleviation.test_figures import captured, sold
from tests.poverty_alleviation.test_month_close import DECEMBER, NOVEMBER, everything_is_delivered, signed
from tests.poverty_alleviation.test_period_income import LATER, agreed, approved, employed, payment, sheets
from tests.poverty_alleviation.test_statements import JANUARY, QUARTER, kept, statements_of
from tests.products.shelf import TOWNSHIP, VILLAGE


async def test_a_word_on_the_statement_confirms_wages_dividends_and_rents_too(county: County) -> None:
    """By hand: 8.72 of sugar, wages 1,200.00, a dividend of 1,000.00, a rent of 300.00: 2,508.72.

    Fails when a statement confirms payouts and deliveries alone: tried.
    """
    await sold(county)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", date(2026, 11, 24), OFFICER)
    await county.tell(captured(county, "O1", 10_970))
    await everything_is_delivered()
    county.now = LATER
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    work = await employed(county)
    await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1)
    lease = await agreed(county, "H1", kind=AgreementKind.LEASE, rent_fen=30_000, every_months=3)
    desk = sheets(county)
    for made in (
        await desk.propose_wages(payment(county), [(work, 120_000)], OFFICER),
        await desk.propose_dividends(payment(county), date(2026, 11, 30), 100_000, OFFICER),
        await desk.propose_rents(payment(county), [lease], OFFICER),
    ):
        await approved(county, made)
    await everything_is_delivered()
    county.now = JANUARY
    await signed(county, await county.close.begin(DECEMBER, OFFICER))
    await statements_of(county).issue(TOWNSHIP, VILLAGE, QUARTER, OFFICER)
    (issued,) = await kept(
        "SELECT s.number FROM household_statement s JOIN household h ON h.id = s.household_id WHERE h.code = '示例H1'"
    )
    assert (await balances())[PAID] == -250_872
    county.now += timedelta(days=3)
    done = await confirmations(county).record_call(issued["number"], call(county), OFFICER)
    assert (done.confirmed, done.held) == (4, 0)
    found = await balances()
    assert PAID not in found
    assert found[CONFIRMED] == -250_872
    rows = (await statement_standing(issued["number"], with_words=False)).paid
    assert sorted((each.kind, each.amount_fen) for each in rows) == [
        ("payout", 872), ("period_income", 30_000), ("period_income", 100_000), ("period_income", 120_000),
    ]  # fmt: skip
    assert all(each.confirmed_at is not None for each in rows)
