"""What every figure must be, worked out from what was done, with exact fractions and nothing of the product's code.

The rules are those of the demo county's contracts: 12.00 yuan per kilogram to every supplier who delivered on
consignment, 2 % of the line's net to the registered households, 8 % to the host, the rest to the merchant (domain
reference 2.5 with its worked vector).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

PER_KG_FEN = 1200
SHARE_BP = 200
HOST_BP = 800
FEE_PPM = 6000


@dataclass(frozen=True)
class Part:
    """What one supplier brought into a lot. ``household`` is None when the supplier stands for none."""

    supplier: str
    household: str | None
    registered: bool
    mass_gram: int
    consigned: bool


@dataclass(frozen=True)
class Lot:
    """A sealed lot."""

    number: str
    parts: tuple[Part, ...]


@dataclass
class Line:
    """A packed line: pieces, their mass, its money, its lot; ``refunded`` pieces count in the remaining shares."""

    lot: Lot
    quantity: int
    mass_gram: int
    net_fen: int
    refunded: int = 0

    def shares(self) -> dict[str, int]:
        """Who gets what of what remains, in fen: by supplier, and ``host`` and ``merchant``."""
        left = self.quantity - self.refunded
        net = self.net_fen - self.net_fen * self.refunded // self.quantity
        mass = self.mass_gram * left
        given: dict[str, int] = {}
        whole = sum(part.mass_gram for part in self.parts)
        # Per kilogram: each contribution's own pool is its part of the mass times the rate, never guessed.
        consigned = [part for part in self.parts if part.consigned]
        pool = Fraction(mass * sum(p.mass_gram for p in consigned), whole) * PER_KG_FEN / 1000
        _add(given, consigned, _largest_remainder(int(pool), [p.mass_gram for p in consigned], _names(consigned)))
        # Two per cent of the net: the registered households alone, by mass.
        registered = [part for part in self.parts if part.registered and part.consigned]
        share = net * SHARE_BP // 10000 if registered else 0
        _add(given, registered, _largest_remainder(share, [p.mass_gram for p in registered], _names(registered)))
        given["host"] = net * HOST_BP // 10000
        given["merchant"] = net - sum(given.values())
        return given

    def attributed(self) -> dict[str, int]:
        """The consumers' money by supplier, by mass, in fen: the other measure."""
        left = self.net_fen - self.net_fen * self.refunded // self.quantity
        parts = _largest_remainder(left, [p.mass_gram for p in self.parts], _names(self.parts))
        return {part.supplier: fen for part, fen in zip(self.parts, parts, strict=True)}

    @property
    def parts(self) -> tuple[Part, ...]:
        """The lot's parts."""
        return self.lot.parts


@dataclass
class Books:
    """All packed lines of the story."""

    lines: list[Line] = field(default_factory=list)

    def income(self, household: str) -> int:
        """What the household has earned by its consigned goods."""
        return sum(
            line.shares().get(part.supplier, 0)
            for line in self.lines
            for part in line.parts
            if part.household == household
        )

    def attributed_sales(self, household: str) -> int:
        """What consumers paid, net of refunds, for goods from the household."""
        return sum(
            line.attributed()[part.supplier]
            for line in self.lines
            for part in line.parts
            if part.household == household and part.registered
        )


def fee(amount_fen: int) -> int:
    """WeChat's fee on an amount, rounded half up to the fen."""
    return (amount_fen * FEE_PPM * 2 + 1_000_000) // 2_000_000


def _names(parts: Sequence[Part]) -> list[str]:
    return [part.supplier for part in parts]


def _add(given: dict[str, int], parts: Sequence[Part], amounts: Sequence[int]) -> None:
    for part, amount in zip(parts, amounts, strict=True):
        given[part.supplier] = given.get(part.supplier, 0) + amount


def _largest_remainder(total: int, weights: Sequence[int], names: Sequence[str]) -> list[int]:
    if not weights or total == 0:
        return [0] * len(weights)
    whole = sum(weights)
    floors = [total * weight // whole for weight in weights]
    left = total - sum(floors)
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), names[i]))
    for i in order[:left]:
        floors[i] += 1
    return floors
