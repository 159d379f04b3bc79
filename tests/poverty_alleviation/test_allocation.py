"""The worked vector of the domain reference 2.5, to the fen, and what holds for every other line."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.money import split_fen
from poverty_alleviation.allocation import (
    LINE_KINDS,
    Allocation,
    AppliedRule,
    IncomeCategory,
    LotShare,
    LotUse,
    RuleKind,
    RuleScope,
    allocate,
)

RULE_A = AppliedRule(
    version="A-1",
    kind=RuleKind.PER_UNIT,
    rate=1200,
    scope=RuleScope.ALL_SUPPLIERS,
    category=IncomeCategory.PRODUCTION,
)
RULE_B = AppliedRule(
    version="B-1",
    kind=RuleKind.PCT_NET,
    rate=200,
    scope=RuleScope.REGISTERED_ONLY,
    category=IncomeCategory.TRANSFER,
)
SUGAR = LotUse(
    lot="L1",
    quantity=3,
    mass_gram=1500,
    shares=(
        LotShare(intake="I1", party="H1", mass_gram=25_000, household="示例01"),
        LotShare(intake="I2", party="H2", mass_gram=20_000, household="示例02"),
        LotShare(intake="I3", party="N1", mass_gram=15_000),
    ),
)


def by_rule_and_party(allocation: Allocation) -> dict[tuple[str, str], int]:
    """Fen by rule and party, with host and merchant."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for part in allocation.parts:
        found[part.rule[0], part.party] += part.amount_fen
    found["host", ""] = allocation.host_fen
    found["merchant", ""] = allocation.merchant_fen
    return {key: amount for key, amount in found.items() if amount}


def difference(new: dict[tuple[str, str], int], old: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """What a refund posts: new − already posted."""
    return {key: new.get(key, 0) - old.get(key, 0) for key in new.keys() | old.keys()}


def test_the_worked_vector_of_the_sale() -> None:
    sale = allocate(10_970, 3, [SUGAR], [RULE_A, RULE_B], 800)
    assert by_rule_and_party(sale) == {
        ("A", "H1"): 750,
        ("A", "H2"): 600,
        ("A", "N1"): 450,
        ("B", "H1"): 122,
        ("B", "H2"): 97,
        ("host", ""): 877,
        ("merchant", ""): 8_074,
    }
    assert sale.unattributed_fen == 0


def test_the_worked_vector_of_one_jar_refunded_and_then_the_rest() -> None:
    sale = by_rule_and_party(allocate(10_970, 3, [SUGAR], [RULE_A, RULE_B], 800))
    two_left = by_rule_and_party(allocate(7_314, 2, [SUGAR], [RULE_A, RULE_B], 800))
    assert difference(two_left, sale) == {
        ("A", "H1"): -250,
        ("A", "H2"): -200,
        ("A", "N1"): -150,
        ("B", "H1"): -41,
        ("B", "H2"): -32,
        ("host", ""): -292,
        ("merchant", ""): -2_691,
    }
    assert by_rule_and_party(allocate(0, 0, [SUGAR], [RULE_A, RULE_B], 800)) == {}


def test_the_worked_vector_of_the_discount_split() -> None:
    assert split_fen(1_000, [11_970, 2_680]) == [817, 183]


def test_attributed_sales_follow_mass_and_count_every_supplier() -> None:
    sale = allocate(10_970, 3, [SUGAR], [RULE_A, RULE_B], 800)
    # 109.70 × 25/60 = 45.708, × 20/60 = 36.567, × 15/60 = 27.425: the two spare fen go to the largest
    # remainders.
    assert {s.party: s.amount_fen for s in sale.attributed} == {"H1": 4_571, "H2": 3_657, "N1": 2_742}


def test_goods_paid_at_the_scale_earn_no_second_time_and_still_count_as_attributed_sales() -> None:
    bought = LotUse(
        lot="L2",
        quantity=3,
        mass_gram=1500,
        shares=(
            LotShare(intake="I4", party="H1", mass_gram=30_000, household="示例01", paid_at_scale=True),
            LotShare(intake="I5", party="H2", mass_gram=30_000, household="示例02"),
        ),
    )
    sale = allocate(10_970, 3, [bought], [RULE_A, RULE_B], 0)
    # A: 750 g at 12.00/kg. B: 2 % of the 54.85 that was not bought outright = 1.097.
    assert by_rule_and_party(sale) == {("A", "H2"): 900, ("B", "H2"): 109, ("merchant", ""): 9_961}
    assert {s.party: s.amount_fen for s in sale.attributed} == {"H1": 5_485, "H2": 5_485}


def test_pieces_without_a_lot_stay_unattributed_and_are_refunded_first() -> None:
    two_of_three = LotUse(lot="L1", quantity=2, mass_gram=1000, shares=SUGAR.shares)
    sale = allocate(10_970, 3, [two_of_three], [RULE_A], 800)
    assert (sale.unattributed_fen, sale.host_fen) == (3_657, 585)
    after = allocate(7_313, 2, [two_of_three], [RULE_A], 800)
    assert after.unattributed_fen == 0
    assert [p.amount_fen for p in after.parts] == [p.amount_fen for p in sale.parts]
    assert allocate(500, 1, [], [RULE_A], 800).unattributed_fen == 500


def test_a_price_above_the_proceeds_is_borne_by_the_merchant() -> None:
    sale = allocate(1_000, 3, [SUGAR], [RULE_A], 0)
    assert (sale.merchant_fen, sum(p.amount_fen for p in sale.parts)) == (-800, 1_800)


def test_a_price_per_piece_and_a_sum_per_line_among_lots_and_neighbours() -> None:
    """C 1.05 per piece to registered households, D 0.50 per line to them; 2 of 3 pieces come from the lot of 60 kg.

    C: 2 × 1.05 × 45/60 = 1.575 -> 1.57: H1 25/45 = 0.8722, H2 20/45 = 0.6978 -> 0.87 and 0.70. D: 0.50 over the lots
    by pieces = 0.33 and 0.17; of the first H1 0.1833 and H2 0.1467 -> 0.18 and 0.15. The second lot is N1's alone:
    nothing. With one piece left C is 1.05 × (2/3) × 45/60 = 0.525 -> 0.52 (0.289, 0.231), D as it was; with none, none.
    """
    per_piece = AppliedRule(
        version="C-1", kind=RuleKind.PER_PIECE, rate=105, scope=RuleScope.REGISTERED_ONLY,
        category=IncomeCategory.PRODUCTION,
    )  # fmt: skip
    per_line = AppliedRule(
        version="D-1", kind=RuleKind.FIXED_LINE, rate=50, scope=RuleScope.REGISTERED_ONLY,
        category=IncomeCategory.TRANSFER,
    )  # fmt: skip
    lots = [
        LotUse(lot="L1", quantity=2, mass_gram=1000, shares=SUGAR.shares),
        LotUse(lot="L2", quantity=1, mass_gram=500, shares=SUGAR.shares[2:]),
    ]
    sale = by_rule_and_party(allocate(10_970, 3, lots, [per_piece, per_line], 0))
    assert sale == {("C", "H1"): 87, ("C", "H2"): 70, ("D", "H1"): 18, ("D", "H2"): 15, ("merchant", ""): 10_780}
    one = by_rule_and_party(allocate(3_657, 1, lots, [per_piece, per_line], 0))
    assert one == {("C", "H1"): 29, ("C", "H2"): 23, ("D", "H1"): 18, ("D", "H2"): 15, ("merchant", ""): 3_572}
    assert by_rule_and_party(allocate(0, 0, lots, [per_piece, per_line], 0)) == {}


def test_a_rule_of_a_period_divides_no_line() -> None:
    wage = AppliedRule(
        version="W-1", kind=RuleKind.WAGE, rate=0, scope=RuleScope.REGISTERED_ONLY, category=IncomeCategory.WAGE
    )
    with pytest.raises(ValueError, match="divides no line"):
        allocate(100, 1, [SUGAR], [wage], 0)


def test_what_remains_is_never_negative() -> None:
    with pytest.raises(ValueError, match="never negative"):
        allocate(-1, 1, [SUGAR], [], 0)


shares = st.lists(st.tuples(st.integers(1, 5_000_000), st.booleans(), st.booleans()), min_size=1, max_size=6).map(
    lambda drawn: tuple(
        LotShare(
            intake=f"I{i}",
            party=f"P{i:02d}",
            mass_gram=mass,
            household=f"示例{i:02d}" if registered else None,
            paid_at_scale=paid,
        )
        for i, (mass, registered, paid) in enumerate(drawn)
    )
)
lot_uses = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 20_000), shares), min_size=0, max_size=3).map(
    lambda drawn: [
        LotUse(lot=f"L{i}", quantity=q, mass_gram=q * gram, shares=s) for i, (q, gram, s) in enumerate(drawn)
    ]
)
rules = st.lists(
    st.tuples(st.sampled_from(LINE_KINDS), st.integers(0, 5_000), st.sampled_from(RuleScope)), max_size=4
).map(
    lambda drawn: [
        AppliedRule(version=f"R{i}", kind=k, rate=rate, scope=s, category=IncomeCategory.PRODUCTION)
        for i, (k, rate, s) in enumerate(drawn)
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 200), lot_uses, rules, st.integers(0, 2_000))
def test_every_allocation_is_exact(
    net: int, quantity: int, lots: list[LotUse], drawn_rules: list[AppliedRule], host: int
) -> None:
    found = allocate(net, quantity, lots, drawn_rules, host)
    paid_out = sum(p.amount_fen for p in found.parts)
    assert paid_out + found.host_fen + found.merchant_fen + found.unattributed_fen == net
    assert all(p.amount_fen > 0 for p in found.parts)
    assert 0 <= found.unattributed_fen <= net
    if quantity and lots:
        assert sum(s.amount_fen for s in found.attributed) == net - found.unattributed_fen
    keys = [(p.rule, p.lot, p.intake) for p in found.parts]
    assert len(keys) == len(set(keys))
    for use in lots:
        outright = {s.intake for s in use.shares if s.paid_at_scale}
        assert not outright & {p.intake for p in found.parts if p.lot == use.lot}


@settings(max_examples=200, deadline=None)
@given(st.data(), lot_uses, rules)
def test_any_refunds_in_steps_end_at_exactly_zero_and_never_below(
    data: st.DataObject, lots: list[LotUse], drawn_rules: list[AppliedRule]
) -> None:
    quantity = max(1, sum(use.quantity for use in lots))
    net = data.draw(st.integers(0, 10**7))
    posted: dict[tuple[str, str], int] = {}
    while True:
        target = by_rule_and_party(allocate(net, quantity, lots, drawn_rules, 800))
        for key, amount in difference(target, posted).items():
            posted[key] = posted.get(key, 0) + amount
        assert all(amount >= 0 for key, amount in posted.items() if key[0] != "merchant")
        if quantity == 0:
            break
        quantity -= data.draw(st.integers(1, quantity))
        net = data.draw(st.integers(0, net)) if quantity else 0
    assert not any(posted.values())
