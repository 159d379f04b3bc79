"""The journals of some months in slices, so that no statement over them grows with the months."""

from collections.abc import AsyncIterator

from kit.database import row
from ledger.periods import period_cards

SLICE = 10_000


async def slices(after: str, until: str) -> AsyncIterator[tuple[str, tuple[object, ...]]]:
    """Conditions on journals ``j``, with their parameters, that part those of the months after one and up to another.

    Each is of ``SLICE`` journals at most. Whoever reads while journals are sealed does so at one moment.
    """
    for month in sorted(await period_cards(), key=lambda card: card.period):
        if after < month.period <= until:
            for first in range(0, month.journals, SLICE):
                last = min(first + SLICE, month.journals)
                yield "j.period = $1 AND j.seq > $2 AND j.seq <= $3", (month.period, first, last)
    waiting = await row("SELECT min(id) AS first, max(id) AS last FROM ledger_journal WHERE hash IS NULL")
    assert waiting is not None
    if waiting["first"] is not None:
        for first in range(waiting["first"] - 1, waiting["last"], SLICE):
            unsealed = "j.hash IS NULL AND j.period > $1 AND j.period <= $2 AND j.id > $3 AND j.id <= $4"
            yield unsealed, (after, until, first, first + SLICE)
