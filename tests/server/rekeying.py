"""A worker that seals fields anew, batch by batch, until it is killed: ``python -m tests.server.rekeying``."""

import asyncio

from server.bootstrap import bootstrap
from server.database import connected
from server.settings import load_settings


async def main() -> None:
    """Start as a worker does and go on, slowly enough to be killed in the middle."""
    settings = load_settings()
    built = bootstrap(settings)
    async with connected(settings):
        await built.start()
        for _ in range(1000):
            await built.resealing.run(for_s=0)
            await asyncio.sleep(0.05)


asyncio.run(main())
