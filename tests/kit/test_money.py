from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import NotAnAmount, parse_yuan, split_fen, yuan

weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@given(st.integers(-(10**12), 10**12), weights)
def test_parts_sum_to_the_whole_and_are_off_by_less_than_one_fen(total: int, given_weights: list[int]) -> None:
    parts = split_fen(total, given_weights)
    assert sum(parts) == total
    whole = sum(given_weights)
    for part, weight in zip(parts, given_weights, strict=True):
        assert abs(Fraction(total * weight, whole) - part) < 1


@given(st.integers(0, 10**9), weights, st.randoms())
def test_the_order_of_the_input_does_not_change_anybodys_part(
    total: int, given_weights: list[int], random: object
) -> None:
    names = [f"n{i:02d}" for i in range(len(given_weights))]
    shuffled = list(zip(names, given_weights, strict=True))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = dict(zip(names, split_fen(total, given_weights, names), strict=True))
    other_names = [name for name, _ in shuffled]
    other = dict(zip(other_names, split_fen(total, [w for _, w in shuffled], other_names), strict=True))
    assert one == other


def test_the_discount_vector_of_the_domain_reference() -> None:
    assert split_fen(1000, [11970, 2680]) == [817, 183]


@given(st.integers(-(10**12), 10**12))
def test_yuan_is_read_back(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen


@pytest.mark.parametrize("text", ["", "1.234", "1e3", "NaN", "１２", "1,000.00", "--1", "+1", " 1 .0", "0x10"])
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_yuan(text)


def test_nothing_can_be_split_over_nobody() -> None:
    with pytest.raises(ValueError, match="nothing to split"):
        split_fen(1, [0, 0])
