"""What this room needs from the world."""

from collections.abc import Collection
from typing import Protocol


class SoldOutSigns(Protocol):
    """Signs that answer "sold out" early, before the database is asked. They are a guess that dies within a second.

    PostgreSQL is the truth: a sign hangs because it said so, falls by itself, and is never renewed by being read. So
    the first buyer after that asks the truth again, pieces that came back are sold, and signs may be lost at any time.
    """

    async def hang(self, sku: str) -> None:
        """A SKU was just found to have no piece left."""
        ...

    async def hangs(self, skus: Collection[str]) -> str | None:
        """The first of the SKUs at which a sign hangs, or None."""
        ...
