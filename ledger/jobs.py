"""What time does to the books."""

from ledger.anchors import Anchors
from ledger.service import SEAL_BATCH, Sealer


async def seal_journals(sealer: Sealer) -> int:
    """Seal everything that waits; answers how many journals."""
    total = 0
    while True:
        sealed = await sealer.seal()
        total += sealed
        if sealed < SEAL_BATCH:
            return total


async def anchor_days(anchors: Anchors) -> int:
    """Sign how far the books have come, once a day, and lay it down; answers how many anchors were laid down."""
    await anchors.make()
    laid_down = await anchors.store()
    await anchors.make_of_access_log()
    return laid_down + await anchors.store()
