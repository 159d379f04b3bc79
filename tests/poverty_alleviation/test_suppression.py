"""What is kept back of a table can be told neither from a cell nor by subtraction."""

from hypothesis import given, settings
from hypothesis import strategies as st

from poverty_alleviation.office.suppression import Limits, is_safe, merged, withheld

THREE = Limits(3, 8_000)


def cell(*fen: int, at: int = 0) -> dict[str, int]:
    return {f"H{at + number}": each for number, each in enumerate(fen)}


def test_a_cell_needs_three_households_and_none_that_is_nearly_all_of_it() -> None:
    assert not is_safe(cell(100), THREE)
    assert not is_safe(cell(100, 100), THREE)
    assert is_safe(cell(100, 100, 100), THREE)
    assert is_safe(cell(800, 100, 100), THREE)
    assert not is_safe(cell(801, 100, 99), THREE)
    assert not is_safe(cell(100, 100, 0), THREE), "who had nothing hides nobody"
    assert not is_safe(cell(-900, 50, 50), THREE), "what went back is somebody's too"
    assert is_safe({}, THREE)


def test_one_small_cell_takes_the_smallest_other_with_it() -> None:
    cells = {
        "a": cell(500, 500, 500),
        "b": cell(300, 300, 300, at=10),
        "c": cell(200, 200, at=20),
        "d": cell(900, 900, 900, at=30),
    }
    assert withheld(cells, THREE) == (frozenset({"b", "c"}), False)
    assert withheld({"c": cells["c"], "e": cell(5, at=40)}, THREE) == (frozenset({"c", "e"}), False), "3 together"
    assert withheld({"c": cells["c"]}, THREE) == (frozenset({"c"}), True)
    assert withheld({"a": cells["a"], "z": {}}, THREE) == (frozenset(), False), "an empty cell is no secret"


AMOUNTS = st.dictionaries(st.sampled_from([f"H{n}" for n in range(12)]), st.integers(-50, 2_000), max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefg"), AMOUNTS, max_size=7))
def test_nothing_that_can_be_computed_is_unsafe(cells: dict[str, dict[str, int]]) -> None:
    """Fails without the loop that keeps a second cell back: tried."""
    found = withheld(cells, THREE)
    if found.total:
        assert found.cells == set(cells)
        return
    assert is_safe(merged(cells.values()), THREE)
    assert all(is_safe(amounts, THREE) for key, amounts in cells.items() if key not in found.cells)
    assert is_safe(merged(cells[key] for key in found.cells), THREE)
