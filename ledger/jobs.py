"""What time does to the books."""

from ledger.service import SEAL_BATCH, Sealer


async def seal_journals(sealer: Sealer) -> int:
    """Seal everything that waits; answers how many journals."""
    total = 0
    while True:
        sealed = await sealer.seal()
        total += sealed
        if sealed < SEAL_BATCH:
            return total
