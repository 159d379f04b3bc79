"""Which cells of a table may be shown: of enough households, none of them nearly all of it, and none by subtraction.

Domain reference 5, must 4. A cell is the amounts of its households; one measure at a time.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Amounts = Mapping[str, int]
"""Fen by household code."""


class Limits(NamedTuple):
    """``households``: at least so many in a sum. ``dominance_bp``: nobody's part of it is larger."""

    households: int
    dominance_bp: int


class Withheld(NamedTuple):
    """The keys of the cells that are not shown, and whether the sum of all is not shown either."""

    cells: frozenset[str]
    total: bool


def merged(cells: Iterable[Amounts]) -> dict[str, int]:
    """The amounts of several cells together, each household once."""
    together: dict[str, int] = {}
    for cell in cells:
        for household, fen in cell.items():
            together[household] = together.get(household, 0) + fen
    return together


def is_safe(amounts: Amounts, limits: Limits) -> bool:
    """Whether a sum may be shown. That nobody had anything may be."""
    sizes = [abs(fen) for fen in amounts.values() if fen]
    if not sizes:
        return True
    return len(sizes) >= limits.households and max(sizes) * 10_000 <= sum(sizes) * limits.dominance_bp


def withheld(cells: Mapping[str, Amounts], limits: Limits) -> Withheld:
    """What is kept back of a table whose total is shown beside it.

    What is kept back together is what the total minus the shown cells tells, so it must be safe itself: the smallest
    shown cells go too until it is, and at last the total.
    """
    if not is_safe(merged(cells.values()), limits):
        return Withheld(frozenset(cells), total=True)
    hidden = {key for key, amounts in cells.items() if not is_safe(amounts, limits)}
    shown = [key for key, amounts in cells.items() if key not in hidden and any(amounts.values())]
    shown.sort(key=lambda key: (sum(map(abs, cells[key].values())), key), reverse=True)
    while hidden and shown and not is_safe(merged(cells[key] for key in hidden), limits):
        hidden.add(shown.pop())
    return Withheld(frozenset(hidden), total=False)
