"""Which lots the lines of a wave are taken from: first expired, first out. Pure, without a database."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from traceability.queries import LotOnHand


class DueLine(NamedTuple):
    """Pieces of one product that are to be packed; ``mass_gram`` is of one piece."""

    wave_order: int
    line: str
    product: str
    pieces: int
    mass_gram: int


class Take(NamedTuple):
    """Pieces of a line from a lot."""

    wave_order: int
    line: str
    lot: str
    pieces: int
    mass_gram: int


def propose(lines: Sequence[DueLine], lots: Sequence[LotOnHand], promised: Mapping[str, int]) -> list[Take]:
    """Lots for lines, in the order of the lines; ``lots`` come in the order in which they are to be used up.

    A line may be split over several lots. One that the lots cannot cover whole has none: it ships unattributed and
    takes nothing away from a line that can be covered. ``promised`` is what other waves are about to take, in gram by
    lot. Lots in pieces go to lines of that size alone.
    """
    left = {lot.lot: lot.left_gram - promised.get(lot.lot, 0) for lot in lots}
    found: list[Take] = []
    for line in lines:
        wanted, takes = line.pieces, list[Take]()
        for lot in lots:
            if lot.product != line.product or lot.piece_gram not in (None, line.mass_gram):
                continue
            pieces = min(wanted, max(left[lot.lot], 0) // line.mass_gram)
            if pieces:
                takes.append(Take(line.wave_order, line.line, lot.lot, pieces, pieces * line.mass_gram))
                wanted -= pieces
        if wanted == 0:
            for take in takes:
                left[take.lot] -= take.mass_gram
            found += takes
    return found
