"""Money is a whole number of fen; shares are exact fractions. No float comes near either."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

from kit.errors import Invalid

_YUAN = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,2}))?")

MAX_FEN = 10**15
"""A bound for every amount in the system (ten trillion yuan), far inside a signed 64-bit column."""


class NotAnAmount(Invalid):
    """A text is not an amount in yuan with at most two decimals."""

    code = "not_an_amount"
    title = "金额格式有误"
    title_en = "Not an amount"


def split_fen(total_fen: int, weights: Sequence[int | Fraction], ties: Sequence[str | int] | None = None) -> list[int]:
    """Split ``total_fen`` in proportion to ``weights`` so that the parts sum to it exactly.

    Method of the largest remainder on the absolute amount; equal remainders go to the smaller entry of ``ties``
    (default: the earlier position), so the same input always gives the same parts. All-zero weights are refused
    unless there is nothing to split. Source: domain reference 2.5, objects 7 and 8.
    """
    if weights and min(weights) < 0:
        raise ValueError("a weight is negative")
    scale = lcm(*[weight.denominator for weight in weights])
    scaled = [weight.numerator * (scale // weight.denominator) for weight in weights]
    whole = sum(scaled)
    if whole == 0:
        if total_fen:
            raise ValueError("nothing to split the amount over")
        return [0] * len(weights)
    size = abs(total_fen)
    parts, left = [], []
    for weight in scaled:
        part, remainder = divmod(weight * size, whole)
        parts.append(part)
        left.append(remainder)
    if missing := size - sum(parts):
        order = sorted(range(len(parts)), key=lambda i: (-left[i], ties[i] if ties is not None else i))
        for i in order[:missing]:
            parts[i] += 1
    return parts if total_fen >= 0 else [-part for part in parts]


def yuan(fen: int) -> str:
    """``11970`` as ``"119.70"``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def yuan_amount(fen: int) -> Decimal:
    """``11970`` as 119.70 for a cell that is summed by somebody."""
    return Decimal(fen).scaleb(-2)


def parse_yuan(text: str) -> int:
    """``"119.7"`` as ``11970``. Raises :class:`NotAnAmount` for anything but at most two decimals."""
    found = _YUAN.fullmatch(text.strip())
    if not found:
        raise NotAnAmount(text=text[:40])
    sign, whole, decimals = found.groups()
    fen = int(whole) * 100 + int((decimals or "0").ljust(2, "0"))
    return -fen if sign else fen
