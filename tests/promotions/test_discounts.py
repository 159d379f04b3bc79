"""What coupons take off, for any mix of coupons and lines (commerce reference R7)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotions.coupons import CouponTerms, PricedLine, discount_of, discounts_of
from promotions.errors import CouponsNotStackable
from tests.promotions.shop import terms_of

MERCHANTS, PRODUCTS = ("M1", "M2", "M3"), ("P1", "P2", "P3", "P4")

lines_of = st.lists(
    st.tuples(st.sampled_from(MERCHANTS), st.sampled_from(PRODUCTS), st.integers(0, 10**8)), min_size=1, max_size=12
).map(lambda found: [PricedLine(f"L{i}", *each) for i, each in enumerate(found)])


@st.composite
def stacks(draw: st.DrawFn) -> list[CouponTerms]:
    """At most one coupon of each issuer."""
    found = []
    for issuer in draw(st.sets(st.sampled_from([None, *MERCHANTS]), min_size=1)):
        off = draw(st.one_of(st.integers(1, 10**8).map(lambda fen: {"off_fen": fen}),
                             st.tuples(st.integers(1, 9_999), st.integers(1, 10**8)).map(
                                 lambda both: {"off_bp": both[0], "cap_fen": both[1]})))  # fmt: skip
        products = draw(st.none() | st.frozensets(st.sampled_from(PRODUCTS), min_size=1))
        threshold = draw(st.integers(off.get("off_fen", 0) + 1, 2 * 10**8))
        found.append(terms_of(f"Q{issuer}", issuer, threshold_fen=threshold, products=products, **off))
    return found


@given(stacks(), lines_of, st.randoms(use_true_random=False))
def test_any_mix_adds_up_to_the_fen_in_any_order_and_no_line_goes_below_zero(
    terms: list[CouponTerms], lines: list[PricedLine], order: random.Random
) -> None:
    found = discounts_of(terms, lines)
    assert set(found) == {line.reference for line in lines}
    for line in lines:
        assert all(off > 0 for off in found[line.reference].values())
        assert sum(found[line.reference].values()) <= line.left_fen
    for each in terms:
        off = sum(taken.get(each.coupon, 0) for taken in found.values())
        meant = [m for m in lines if each.merchant in (None, m.merchant)
                 and (each.products is None or m.product in each.products)]  # fmt: skip
        assert all(each.coupon not in found[line.reference] for line in lines if line not in meant)
        assert 0 <= off <= each.cap_fen
        if each.off_fen and off:
            assert off == each.off_fen
    assert sum(line.left_fen for line in lines) >= sum(sum(taken.values()) for taken in found.values())
    if any(found.values()):
        assert sum(line.left_fen for line in lines) > sum(sum(taken.values()) for taken in found.values())
    shuffled = list(terms)
    order.shuffle(shuffled)
    assert discounts_of(shuffled, lines) == found


@given(lines_of, st.integers(1, 9_999), st.integers(1, 10**8))
def test_a_percentage_is_of_the_whole_and_never_above_its_cap(lines: list[PricedLine], bp: int, cap: int) -> None:
    whole = sum(line.left_fen for line in lines)
    found = discount_of(terms_of(off_bp=bp, cap_fen=cap), lines)
    assert sum(found.values()) == min(whole * bp // 10_000, cap)


def test_a_merchants_coupon_comes_first_and_the_countys_threshold_is_judged_on_what_is_left() -> None:
    lines = [PricedLine("L1", "M1", "P1", 10_000), PricedLine("L2", "M2", "P2", 5_000)]
    own = terms_of("QM", "M1", threshold_fen=10_000, off_fen=3_000)
    county = terms_of("QC", threshold_fen=12_000, off_fen=1_200)
    assert discounts_of([county, own], lines) == {"L1": {"QM": 3_000, "QC": 700}, "L2": {"QC": 500}}
    assert discounts_of([terms_of("QC", threshold_fen=12_001, off_fen=1_200), own], lines)["L2"] == {}


def test_below_the_threshold_and_out_of_scope_nothing_is_off() -> None:
    lines = [PricedLine("L1", "M1", "P1", 9_999), PricedLine("L2", "M1", "P2", 9_999)]
    narrow = terms_of(threshold_fen=10_000, off_fen=100, products=frozenset({"P1"}))
    assert discount_of(narrow, lines) == {"L1": 0, "L2": 0}
    assert discount_of(terms_of(merchant="M2", off_fen=1), lines) == {"L1": 0, "L2": 0}


def test_two_coupons_of_one_issuer_do_not_stack() -> None:
    lines = [PricedLine("L1", "M1", "P1", 9_999)]
    for merchant in (None, "M1"):
        with pytest.raises(CouponsNotStackable):
            discounts_of([terms_of("Q1", merchant, off_fen=1), terms_of("Q2", merchant, off_fen=1)], lines)
