"""Whether the migrations have one head and say all that the models say.

Tortoise has no ``--check``, and two heads apply silently, so both are asked here, without a database.
"""

import asyncio
import sys

from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector

from server.database import APP, TORTOISE


async def problems() -> list[str]:
    """Every complaint as a sentence."""
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE, init_connections=False)
        assert context.apps is not None
        detector = MigrationAutodetector(context.apps, TORTOISE["apps"])
        changes = await detector.changes()
    heads = [key.name for key in detector.loader.graph.leaf_nodes(APP)]
    found = [f"the models say more than the migrations; missing: {change.as_string()}" for change in changes]
    if len(heads) != 1:
        found.append(f"the migrations have {len(heads)} heads: {heads}")
    return found


def main() -> None:
    """Print what is wrong and end with 1, or end with 0."""
    found = asyncio.run(problems())
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
