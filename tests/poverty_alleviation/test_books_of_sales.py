"""From a paid order to a household's record, on a real database, to the fen."""

import asyncio
import random
from datetime import date, timedelta

import msgspec
import pytest

from kit.database import rows, scalar
from kit.facts import Fact
from ledger.jobs import seal_journals
from ledger.queries import unbalanced_journals, verify_chain
from ledger.service import Sealer
from payments.events import PaymentSettled
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contract_cards import contract_card
from poverty_alleviation.contracts import RuleTerms
from poverty_alleviation.errors import LineNotRecorded, OrderDoesNotAdd, RulePending, RuleUnknown
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus
from tests.poverty_alleviation.conftest import CHANNEL, NOW, OFFICER, SOURCE, County, balances
from traceability.events import IntakePaid
from traceability.models import IntakeMode

SUGAR = {"H1": 25_000, "H2": 20_000, "N1": 15_000}


def named(county: County, found: dict[tuple[str, str, str], int]) -> dict[tuple[str, str, str], int]:
    """The balances with short names for the generated numbers."""
    names = {number: name for name, number in county.suppliers.items()}
    names |= {code: name for name, code in county.households.items()}
    names |= {county.merchant: "M", CHANNEL: "wechat", SOURCE: "live"}
    return {(code, names.get(owner, owner), state): fen for (code, owner, state), fen in found.items()}


async def test_the_worked_vector_in_the_books(county: County) -> None:
    """Domain reference 2.5: the sale, one jar refunded, the rest refunded."""
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid())
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 10_970,
        ("2109", "M", ""): -10_970,
    }
    await county.bind({lot: 3})
    await county.tell(county.packed())
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 10_970,
        ("2101", "H1", "accrued"): -872,
        ("2101", "H2", "accrued"): -697,
        ("2102", "N1", "accrued"): -450,
        ("2104", "live", "accrued"): -877,
        ("2103", "M", "accrued"): -8_074,
        ("9101", "H1", "accrued"): -4_571,
        ("9101", "H2", "accrued"): -3_657,
        ("9100", "M", ""): 8_228,
    }
    await county.tell(county.refunded(1, 2, 7_314, amount_fen=3_656))
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 7_314,
        ("2101", "H1", "accrued"): -581,
        ("2101", "H2", "accrued"): -465,
        ("2102", "N1", "accrued"): -300,
        ("2104", "live", "accrued"): -585,
        ("2103", "M", "accrued"): -5_383,
        ("9101", "H1", "accrued"): -3_048,
        ("9101", "H2", "accrued"): -2_438,
        ("9100", "M", ""): 5_486,
    }
    posted = await rows(
        "SELECT p.amount_fen FROM ledger_posting p JOIN ledger_journal j ON j.id = p.journal_id"
        " JOIN ledger_account a ON a.id = p.account_id WHERE j.source_id = 'O1-F1:O1-1' AND"
        " a.owner = '示例H1'"
        " AND a.code = '2101' ORDER BY p.amount_fen DESC"
    )
    assert [each["amount_fen"] for each in posted] == [250, 41]
    await county.tell(county.refunded(2, 0, 0, amount_fen=7_314, quantity=2))
    assert await balances() == {}


async def test_earned_moves_both_books_and_a_later_refund_takes_from_there(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    found = named(county, await balances())
    assert found["2101", "H1", "earned"] == -872
    assert found["9101", "H1", "earned"] == -4_571
    assert not [key for key in found if key[2] == "accrued"]
    await county.tell(county.refunded(1, 2, 7_314))
    assert named(county, await balances())["2101", "H1", "earned"] == -581
    await county.tell(county.refunded(2, 0, 0))
    assert await balances() == {}


async def test_a_refund_before_packing_leaves_less_unattributed(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid(freight_fen=800), county.refunded(1, 2, 7_314, freight_fen=300))
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 7_314 + 500,
        ("2105", "M", ""): -500,
        ("2109", "M", ""): -7_314,
    }
    await county.bind({lot: 2})
    await county.tell(county.packed())
    assert named(county, await balances())["2101", "H1", "accrued"] == -581


async def test_a_line_without_a_lot_stays_unattributed_even_when_earned(county: County) -> None:
    await county.tell(county.paid(), county.packed(), county.earned())
    assert named(county, await balances()) == {("1101", "wechat", ""): 10_970, ("2109", "M", ""): -10_970}


async def test_a_refund_after_payout_is_borne_by_the_merchants_reserve(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    await county.payouts.record("示例H1", county.merchant, 872, "示例回单1", date(2026, 11, 24), OFFICER)
    await county.tell(county.refunded(1, 2, 7_314))
    found = named(county, await balances())
    assert found["2101", "H1", "paid"] == -872
    assert found["2107", "M", ""] == 872 - 581
    assert found["2101", "H2", "earned"] == -465
    assert ("2101", "H1", "earned") not in found
    await county.tell(county.refunded(2, 0, 0))
    assert named(county, await balances()) == {("2101", "H1", "paid"): -872, ("2107", "M", ""): 872}


async def test_goods_paid_at_the_scale(county: County) -> None:
    """A vector of our own: bought at the scale, sold in two channels, with fees, one refund.

    H1 delivers 30.000 kg at 11.50/kg = 345.00 at the scale, N1 the same: 345.00. One lot of 60 kg. Both
    deliveries are income there and then: 2101.H1 paid 345.00, 2102.N1 paid 345.00, both against 1401.M
    690.00; 1101 and 1102 do not move. Order O1 (live, mini-program): 2 × 39.90 = 79.80; order O2 (no live,
    display centre): 1 × 39.90. No PER_UNIT and no PCT_NET applies. O1: host 8 % = 6.384 -> 6.38, merchant
    73.42. O2: no host, merchant 39.90. Attributed sales by mass, 30 of 60: H1 39.90 of O1 and 19.95 of O2 =
    59.85. One jar of O1 goes back (39.90): host 3.192 -> 3.19, merchant 36.71; H1 19.95 + 19.95 = 39.90.
    Bills at 0.60 %, rounded: O1 +79.80 fee 0.48, refund −39.90 fee −0.24, O2 +39.90 fee 0.24: 1102 = 79.80
    − 39.90 + 39.90 − 0.48 = 79.32, fees 0.48, 1101 = 0.
    """
    rule = await county.add_rule(
        RuleKind.PER_UNIT, 1150, RuleScope.REGISTERED_ONLY, recognition=Recognition.INTAKE_PAID
    )
    for name in ("H1", "N1"):
        await county.take_in(name, 30_000, IntakeMode.PAID_AT_SCALE, fen_per_kg=1150)
    intakes = await rows("SELECT number FROM intake ORDER BY id")
    numbers = [each["number"] for each in intakes]
    lot = await county.lots.make(county.merchant, county.product, 60_000, numbers, "staff:clerk")
    await county.lots.seal(county.merchant, lot, "staff:clerk")
    await county.tell(*await announced())
    at_scale = {
        ("1401", "M", ""): 69_000,
        ("2101", "H1", "paid"): -34_500,
        ("2102", "N1", "paid"): -34_500,
    }
    assert named(county, await balances()) == at_scale
    stamped = await rows("SELECT p.rule, a.owner FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE p.rule <> ''")  # fmt: skip
    assert [(each["rule"], each["owner"]) for each in stamped] == [(rule, "示例H1")]

    await county.bind({lot: 2}, "O1")
    await county.bind({lot: 1}, "O2")
    for order, source, channel, pieces in (("O1", SOURCE, CHANNEL, 2), ("O2", None, "display_centre", 1)):
        paid = county.paid(order, net_fen=3_990 * pieces, quantity=pieces, source=source, channel=channel)
        await county.tell(paid, county.packed(order), county.earned(order))
    found = named(county, await balances())
    assert found["2104", "live", "earned"] == -638
    assert found["2103", "M", "earned"] == -(7_342 + 3_990)
    assert found["9101", "H1", "earned"] == -5_985
    assert found["2101", "H1", "paid"] == -34_500

    await county.tell(county.refunded(1, 1, 3_990))
    bills = (
        (CHANNEL, "O1", None, 7_980, 48),
        (CHANNEL, "O1", "F1", -3_990, -24),
        ("display_centre", "O2", None, 3_990, 24),
    )
    for channel, order, refund, gross, fee in bills:
        settled = PaymentSettled(
            reference=order,
            number=f"pay-{order}",
            refund_reference=refund,
            payee=county.merchant,
            channel=channel,
            gross_fen=gross,
            fee_fen=fee,
            transaction_id=f"t-{order}",
            day=date(2026, 11, 24),
            occurred_at=NOW,
        )
        await county.tell(settled, settled)
    assert named(county, await balances()) == at_scale | {
        ("1102", "wechat", ""): 3_966,
        ("5101", "wechat", ""): 24,
        ("1102", "display_centre", ""): 3_966,
        ("5101", "display_centre", ""): 24,
        ("2104", "live", "earned"): -319,
        ("2103", "M", "earned"): -(3_671 + 3_990),
        ("9101", "H1", "earned"): -3_990,
        ("9100", "M", ""): 3_990,
    }


async def announced() -> list[IntakePaid]:
    """The facts in the outbox that the books listen to, as the dispatcher would read them."""
    found = await rows(
        "SELECT payload::text AS payload FROM outbox_message WHERE topic = 'traceability.intake_paid' ORDER BY id"
    )
    return [IntakePaid.read(each["payload"]) for each in found]


async def test_the_same_delivery_is_never_income_twice(county: County) -> None:
    """A delivery paid at the scale earns nothing when it is sold; the reverse is refused by a unique key."""
    lot = await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    await county.bind({lot: 3})
    (paid,) = await announced()
    await county.tell(paid, paid, county.paid(), county.packed(), county.earned(), paid)
    found = named(county, await balances())
    assert {key: fen for key, fen in found.items() if key[0] == "2101"} == {("2101", "H1", "paid"): -12_000}
    consigned = await county.sealed_lot({"H2": 10_000})
    await county.bind({consigned: 3}, "O2")
    await county.tell(county.paid("O2"), county.packed("O2"))
    intake = await scalar("SELECT intake FROM income_claim WHERE recognition = 'order_completed'")
    with pytest.raises(Exception, match="income_claimed_twice"):
        await county.tell(msgspec.structs.replace(paid, intake=intake))


async def test_nothing_is_posted_to_a_household_outside_a_valid_span(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.registry.decide("示例H1", AssistanceStatus.CANCELLED, date(2026, 11, 23), "示例文件9号", OFFICER)
    await county.registry.unlink("示例H2", county.suppliers["H2"], date(2026, 11, 23))
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())
    found = named(county, await balances())
    assert not [key for key in found if key[0] in ("2101", "9101")]
    # Rule A still pays every supplier; rule B has no registered household left to share in it.
    assert [found["2102", name, "earned"] for name in ("H1", "H2", "N1")] == [-750, -600, -450]


async def test_the_day_before_the_span_ends_still_counts(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.registry.decide("示例H1", AssistanceStatus.CANCELLED, date(2026, 11, 24), "示例文件9号", OFFICER)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed())
    county.now += timedelta(days=3)
    await county.tell(county.earned(), county.refunded(1, 2, 7_314))
    # The tag was fixed at packing: what came from the household goes back to the same account.
    assert named(county, await balances())["2101", "H1", "earned"] == -581


async def test_a_new_version_of_a_rule_leaves_packed_lines_alone(county: County) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed())
    code = await scalar("SELECT code FROM benefit_rule WHERE kind = 'per_unit'")
    (terms,) = [rule for rule in (await contract_card(county.contract)).rules if rule.rule == code]
    changed = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind(terms.kind),
        rate=2400,
        scope=RuleScope.ALL_SUPPLIERS,
        category=IncomeCategory.PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=date(2026, 11, 23),
    )
    assert await county.contracts.change_rule(county.contract, code, changed, OFFICER) == (code, 2)
    await county.approve_rule(code)
    await county.tell(county.refunded(1, 2, 7_314))
    assert named(county, await balances())["2102", "N1", "accrued"] == -300
    await county.bind({lot: 3}, "O2")
    await county.tell(county.paid("O2"), county.packed("O2"))
    assert named(county, await balances())["2102", "N1", "accrued"] == -300 - 900


async def test_of_two_changes_of_a_rule_at_once_one_waits_for_the_others_decision(county: County) -> None:
    code = await scalar("SELECT code FROM benefit_rule WHERE kind = 'per_unit'")
    changed = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind.PER_UNIT,
        rate=2400,
        scope=RuleScope.ALL_SUPPLIERS,
        category=IncomeCategory.PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=date(2026, 11, 23),
    )
    both = (county.contracts.change_rule(county.contract, code, changed, OFFICER) for _ in range(2))
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert [each for each in answers if isinstance(each, tuple)] == [(code, 2)]
    assert [type(each) for each in answers if isinstance(each, Exception)] == [RulePending]
    decisions = (county.approve_rule(code) for _ in range(2))
    decided = await asyncio.gather(*decisions, return_exceptions=True)
    assert [type(each) for each in decided if each is not None] == [RuleUnknown]
    assert await county.contracts.change_rule(county.contract, code, changed, OFFICER) == (code, 3)
    versions = await rows("SELECT version, state, valid_until FROM benefit_rule WHERE code = $1 ORDER BY version", code)
    assert [(each["state"], each["valid_until"]) for each in versions] == [
        ("approved", date(2026, 11, 23)), ("approved", None), ("proposed", None),
    ]  # fmt: skip


async def test_an_order_that_does_not_add_up_posts_nothing(county: County) -> None:
    with pytest.raises(OrderDoesNotAdd):
        await county.tell(msgspec.structs.replace(county.paid(), amount_fen=10_971))
    with pytest.raises(LineNotRecorded):
        await county.tell(county.packed())
    assert await scalar("SELECT count(*) FROM ledger_journal") == 0


async def test_every_fact_ten_times_in_any_order_gives_the_same_books(county: County) -> None:
    """Only the payment comes first: the rest waits for it, as the dispatcher repeats what failed."""
    lot = await county.sealed_lot(SUGAR)
    await county.bind({lot: 3})
    rest: list[Fact] = [
        county.packed(),
        county.earned(),
        county.refunded(1, 2, 7_314, freight_fen=100),
        county.refunded(2, 1, 3_700, freight_fen=50),
    ] * 10
    random.Random(20261123).shuffle(rest)
    await county.tell(county.paid(freight_fen=800), *rest, county.paid(freight_fen=800))
    shuffled = await balances()
    found = named(county, shuffled)
    assert found["1101", "wechat", ""] == 3_700 + 650
    assert found["2105", "M", ""] == -650
    # 500 g: A 6.00 -> 2.50, 2.00, 1.50; B 0.74 -> 0.41, 0.33; host 2.96; merchant the rest.
    assert found["2101", "H1", "earned"] == -(250 + 41)
    assert found["2102", "N1", "earned"] == -150
    assert found["2103", "M", "earned"] == -(3_700 - 600 - 74 - 296)
    assert sum(shuffled.values()) == 0


async def test_many_workers_at_once_post_each_fact_once(county: County) -> None:
    lot = await county.sealed_lot({"H1": 60_000, "N1": 40_000})
    orders = [f"O{i}" for i in range(12)]
    for order in orders:
        await county.bind({lot: 3}, order)

    async def all_of(order: str) -> None:
        await county.tell(county.paid(order))
        await asyncio.gather(*(county.tell(county.packed(order), county.earned(order)) for _ in range(3)))
        await asyncio.gather(*(county.tell(county.refunded(1, 2, 7_314, order=order)) for _ in range(3)))

    await asyncio.gather(*(all_of(order) for order in orders))
    found = named(county, await balances())
    assert found["1101", "wechat", ""] == 12 * 7_314
    # 1 kg each: A 12.00 of which 60 % = 7.20; B 2 % of 73.14 = 1.46, all of it H1's.
    assert found["2101", "H1", "earned"] == -12 * (720 + 146)
    assert await unbalanced_journals() == 0
    assert await seal_journals(Sealer()) == await scalar("SELECT count(*) FROM ledger_journal")
    assert (await verify_chain())[0].broken_at is None
