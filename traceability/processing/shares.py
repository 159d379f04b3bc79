"""How a processed lot inherits the shares of what it is made of. Pure, in exact fractions (domain reference 2.5, 4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple


class Consumed(NamedTuple):
    """A lot's mass that went into a run, and the lot's weights by delivery."""

    mass_gram: int
    weights: Mapping[int, int]


def inherited(inputs: Sequence[Consumed]) -> dict[int, int]:
    """The weights of the lot that was made of ``inputs``: whole numbers without a common divisor, by delivery.

    Each input counts by the mass that was consumed of it, and divides that by its own weights. Losses and what is
    added without a lot (water, salt) change no proportion.
    """
    parts: dict[int, Fraction] = defaultdict(Fraction)
    for consumed in inputs:
        whole = sum(consumed.weights.values())
        for delivery, weight in consumed.weights.items():
            parts[delivery] += Fraction(consumed.mass_gram * weight, whole)
    scale = lcm(*(part.denominator for part in parts.values()))
    weights = {delivery: int(part * scale) for delivery, part in sorted(parts.items())}
    divisor = gcd(*weights.values())
    return {delivery: weight // divisor for delivery, weight in weights.items()}
