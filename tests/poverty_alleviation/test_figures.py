"""What the poverty office reads: both measures, where they come from, and whether everything ties up."""

from datetime import date, timedelta

import asyncpg
import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows
from ledger.jobs import seal_journals
from ledger.service import Sealer
from payments.events import PaymentArrivedLate, PaymentSettled, PaymentSucceeded, RefundSucceeded
from poverty_alleviation.errors import (
    ConfirmedBefore,
    HouseholdUnknown,
    IncomeUnknown,
    PayoutDiffers,
    VoucherUsed,
)
from poverty_alleviation.payouts import Due, due, payout_cards
from poverty_alleviation.queries import Figure, drill_down, figures, statement, totals
from poverty_alleviation.reconciliation import Mismatch, reconciliation
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import CHANNEL, NOW, OFFICER, County
from tests.poverty_alleviation.test_books_of_sales import SUGAR, announced
from tests.superuser import as_superuser
from traceability.models import IntakeMode

DAY = date(2026, 11, 24)


async def sold(county: County, order: str = "O1") -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3}, order)
    await county.tell(county.paid(order), county.packed(order), county.earned(order))


async def test_a_payout_pays_what_is_earned_and_the_household_confirms_it(county: County) -> None:
    await sold(county)
    assert await due() == [
        Due("示例H1", county.merchant, 872, 1),
        Due("示例H2", county.merchant, 697, 1),
    ]
    number = await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    assert [d.household for d in await due()] == ["示例H2"]
    shown = (await statement("示例H1")).figures
    assert (shown.income_paid_fen, shown.income_confirmed_fen, shown.income_earned_fen) == (872, 0, 0)
    for _ in range(2):
        await county.payouts.confirm("payout", number, "signed_statement", "示例签字单1", NOW, OFFICER)
    shown = (await statement("示例H1")).figures
    assert (shown.income_paid_fen, shown.income_confirmed_fen) == (872, 872)
    with pytest.raises(ConfirmedBefore):
        await county.payouts.confirm("payout", number, "visit", "示例签字单2", NOW, OFFICER)
    with pytest.raises(IncomeUnknown):
        await county.payouts.confirm("payout", "P404", "visit", "示例签字单2", NOW, OFFICER)
    (card,) = await payout_cards("示例H1")
    assert (card.amount_fen, card.bank_voucher, card.confirmed_at) == (872, "回单1", NOW)


async def test_a_payout_of_another_amount_or_on_a_used_voucher_is_refused(county: County) -> None:
    await sold(county)
    for wrong in (871, 873, 1):
        with pytest.raises(PayoutDiffers) as refused:
            await county.payouts.record("示例H1", county.merchant, wrong, "回单1", DAY, OFFICER)
        assert refused.value.facts["earned_fen"] == 872
    with pytest.raises(HouseholdUnknown):
        await county.payouts.record("示例H9", county.merchant, 872, "回单1", DAY, OFFICER)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    with pytest.raises(PayoutDiffers):
        await county.payouts.record("示例H1", county.merchant, 872, "回单2", DAY, OFFICER)
    await sold(county, "O2")
    with pytest.raises(VoucherUsed):
        await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    assert (await statement("示例H1")).figures.income_paid_fen == 872


async def test_income_at_the_scale_is_paid_at_once_and_can_be_confirmed(county: County) -> None:
    await county.sealed_lot({"H1": 10_000, "N1": 5_000}, IntakeMode.PAID_AT_SCALE)
    paid = await announced()
    await county.tell(*paid)
    ours = next(fact for fact in paid if fact.supplier == county.suppliers["H1"])
    theirs = next(fact for fact in paid if fact.supplier == county.suppliers["N1"])
    await county.payouts.confirm("intake", ours.intake, "signed_slip", "示例收购单1", NOW, OFFICER)
    shown = await statement("示例H1")
    assert (shown.figures.income_paid_fen, shown.figures.income_confirmed_fen) == (12_000, 12_000)
    assert [(c.category, c.paid_fen) for c in shown.income_by_category] == [("production", 12_000)]
    with pytest.raises(IncomeUnknown):
        await county.payouts.confirm("intake", theirs.intake, "signed_slip", "示例收购单2", NOW, OFFICER)


async def test_the_two_measures_stand_side_by_side(county: County) -> None:
    await sold(county)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3}, "O2")
    await county.tell(county.paid("O2"), county.packed("O2"))
    first, second = await figures()
    assert (first.household, second.household) == ("示例H1", "示例H2")
    assert (first.attributed_sales_fen, first.provisional_sales_fen) == (4_571, 4_571)
    assert (first.income_paid_fen, first.income_earned_fen, first.income_accrued_fen) == (872, 0, 872)
    assert (second.income_paid_fen, second.income_earned_fen, second.income_accrued_fen) == (0, 697, 697)
    sums = totals([first, second])
    assert (sums.households, sums.attributed_sales_fen, sums.income_paid_fen) == (2, 4_571 + 3_657, 872)
    assert await figures(township="533124201") == []
    by_category = (await statement("示例H1")).income_by_category
    assert [(c.category, c.paid_fen) for c in by_category] == [("production", 750), ("transfer", 122)]


async def test_figures_of_a_span_of_days_in_china(county: County) -> None:
    await sold(county)
    county.now = NOW + timedelta(days=1)
    await county.tell(county.refunded(1, 2, 7_314))
    today, tomorrow = date(2026, 11, 23), date(2026, 11, 24)
    assert (await statement("示例H1", today, tomorrow)).figures.attributed_sales_fen == 4_571
    assert (await statement("示例H1", tomorrow)).figures.attributed_sales_fen == 3_048 - 4_571
    assert (await statement("示例H1", None, today)).figures.attributed_sales_fen == 0
    assert (await statement("示例H1")).figures.attributed_sales_fen == 3_048
    with pytest.raises(HouseholdUnknown):
        await statement("示例H9")


async def test_every_figure_equals_its_parts_down_to_the_evidence(county: County) -> None:
    await sold(county)
    number = await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    (at_scale,) = await announced()
    await county.tell(at_scale, county.refunded(1, 2, 7_314))
    await seal_journals(Sealer())
    header = (await statement("示例H1")).figures
    for figure in Figure:
        apart = await drill_down("示例H1", figure)
        assert apart.total_fen == sum(part.amount_fen for part in apart.parts)
        assert apart.total_fen == getattr(header, f"{figure}_fen")
    income = await drill_down("示例H1", Figure.INCOME_PAID)
    assert [(p.source_type, p.subject_kind, p.amount_fen) for p in income.parts] == [
        ("poverty_alleviation.payout", "order_line", 750),
        ("poverty_alleviation.payout", "order_line", 122),
        ("traceability.intake_paid", "intake", 12_000),
    ]
    line, _, intake = income.parts
    assert (line.order, line.title, line.quantity, line.note) == ("O1", "古法红糖 500 g", 3, "回单1")
    assert line.seq is not None
    assert (intake.mass_gram, intake.unit_price_fen, intake.evidence) == (10_000, 1_200, at_scale.evidence)
    sales = await drill_down("示例H1", Figure.ATTRIBUTED_SALES)
    assert [p.amount_fen for p in sales.parts] == [4_571, 3_048 - 4_571]


async def test_a_long_drill_down_comes_in_pages_with_one_total(county: County) -> None:
    for i in range(5):
        await sold(county, f"O{i}")
    seen, cursor = [], None
    while True:
        page = await drill_down("示例H1", Figure.INCOME_EARNED, cursor=cursor, limit=4)
        assert page.total_fen == 5 * 872
        seen += [part.amount_fen for part in page.parts]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [750, 122] * 5


def captured(county: County, order: str, fen: int) -> PaymentSucceeded:
    return PaymentSucceeded(
        reference=order,
        number=f"pay-{order}",
        payee=county.merchant,
        channel=CHANNEL,
        amount_fen=fen,
        transaction_id=f"t-{order}",
        occurred_at=NOW,
    )


def returned(county: County, order: str, fen: int) -> RefundSucceeded:
    return RefundSucceeded(
        reference=order,
        number=f"pay-{order}",
        refund_reference=f"{order}-F1",
        refund_number=f"refund-{order}",
        payee=county.merchant,
        channel=CHANNEL,
        amount_fen=fen,
        transaction_id=f"t-{order}",
        refund_id=f"r-{order}",
        occurred_at=NOW,
    )


def settled(county: County, order: str, gross_fen: int, fee_fen: int) -> PaymentSettled:
    return PaymentSettled(
        reference=order,
        number=f"pay-{order}",
        refund_reference=None if gross_fen > 0 else f"{order}-F1",
        payee=county.merchant,
        channel=CHANNEL,
        gross_fen=gross_fen,
        fee_fen=fee_fen,
        transaction_id=f"t-{order}",
        day=DAY,
        occurred_at=NOW,
    )


async def test_reconciliation_ties_payments_orders_bank_and_books(county: County) -> None:
    await sold(county)
    await county.tell(
        captured(county, "O1", 10_970),
        captured(county, "O1", 10_970),
        returned(county, "O1", 3_656),
        county.refunded(1, 2, 7_314),
        settled(county, "O1", 10_970, 66),
        settled(county, "O1", -3_656, -22),
    )
    await county.payouts.record("示例H1", county.merchant, 581, "回单1", DAY, OFFICER)
    await county.sealed_lot({"H2": 10_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced())
    found = await reconciliation()
    assert found.is_exact
    (channel,) = found.channels
    assert (channel.told_captured_fen, channel.told_refunded_fen) == (10_970, 3_656)
    assert (channel.booked_captured_fen, channel.booked_refunded_fen) == (10_970, 3_656)
    assert channel.movement_fen == found.movement_fen == found.payables_fen == 7_314
    assert (channel.bank_fen, channel.fees_fen, channel.in_transit_fen) == (7_314 - 44, 44, 0)
    assert found.trial_balance_fen == {"cash": 0, "statistics": 0}
    assert (found.unbalanced_journals, found.unattributed_fen) == (0, 0)


async def test_reconciliation_names_the_order_that_is_off(county: County) -> None:
    late = msgspec.convert(captured(county, "O2", 5_000), PaymentArrivedLate, from_attributes=True)
    await county.tell(county.paid(), captured(county, "O1", 10_960), late)
    found = await reconciliation()
    assert not found.is_exact
    assert found.told_difference_fen == 10_970 - 15_960
    assert found.mismatches == [Mismatch("O1", 10_960, 10_970), Mismatch("O2", 5_000, 0)]
    await county.tell(returned(county, "O2", 5_000))  # a payment that came too late goes back
    assert [m.reference for m in (await reconciliation()).mismatches] == ["O1"]


async def test_an_empty_county_is_exact(county: County) -> None:
    found = await reconciliation()
    assert found.is_exact
    assert found.channels == []
    assert totals(await figures()).households == 0


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE payout SET amount_fen = 1",
        "DELETE FROM payout",
        "UPDATE income_confirmation SET evidence = 'x'",
        "DELETE FROM income_confirmation",
        "UPDATE income_claim SET recognition = 'intake_paid'",
        "UPDATE channel_money SET amount_fen = 1",
        "UPDATE household_status SET valid_from = '2000-01-01'",
        "DELETE FROM supplier_link",
        "UPDATE benefit_rule SET rate = 1",
        "UPDATE benefit_rule SET state = 'refused'",
        "DELETE FROM benefit_rule",
        "UPDATE benefit_contract SET merchant = 'x'",
        "UPDATE benefit_contract SET state = 'submitted'",
        "DELETE FROM benefit_contract",
        "DELETE FROM contract_party",
    ],
)
async def test_evidence_cannot_be_changed(county: County, attack: str) -> None:
    await sold(county)
    number = await county.payouts.record("示例H1", county.merchant, 872, "回单1", DAY, OFFICER)
    await county.payouts.confirm("payout", number, "visit", "示例走访1", NOW, OFFICER)
    await county.tell(captured(county, "O1", 10_970))
    table = attack.split()[1] if attack.startswith("UPDATE") else attack.split()[2]
    async with household_rights():
        before = await rows(f"SELECT * FROM {table} ORDER BY id")
    assert before
    with pytest.raises(BaseORMException):
        async with household_rights():
            await execute(attack)
    async with household_rights():
        assert await rows(f"SELECT * FROM {table} ORDER BY id") == before
    # And past the rights, where the guard's trigger alone stands.
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"append-only|only be (ended|decided|moved)"):
        await as_superuser(attack)
