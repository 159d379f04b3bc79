"""One measured figure and its goal. Says whether the goal is met; judges nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTHS = (62, 12)


@dataclass(frozen=True)
class Figure:
    """``value`` in ``unit``; ``goal`` is the most that is good, or the least when ``at_least`` is set. Without a goal
    it is only told.
    """

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """A figure that could not be measured (NaN) meets nothing."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> str:
        """As it is printed."""
        told = f"{self.what:<{WIDTHS[0]}}{_plain(self.value):>{WIDTHS[1]}} {self.unit:<5}"
        if self.goal is None:
            return told.rstrip()
        bound = f"{'>=' if self.at_least else '<='} {_plain(self.goal)}"
        return f"{told} goal {bound:<9} {'met' if self.is_met else 'NOT met'}"


def _plain(value: float) -> str:
    if value != value:
        return "none"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all stand; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
